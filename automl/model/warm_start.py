"""Find the model of an earlier trial that training starts from: `checkpoint_run_id`. No torch."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from automl.errors import UserError
from automl.experiments import store
from automl.host import home
from automl.jobs.hyperparameters import Hyperparameters
from automl.model.description import ModelDescription

_NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True)
class EarlierModel:
    """A checkpoint; weights: a file, or its bytes when Ray carries them to another machine."""

    name: str
    """experiment/trial."""

    description: ModelDescription
    weights: Path | bytes


def find_all(
    trials: Iterable[Hyperparameters], experiments_dir: Path, *, for_other_machines: bool
) -> dict[str, EarlierModel]:
    """The earlier models that trials start from, by `checkpoint_run_id`.

    Raises:
        UserError: there is no such model, or its `model_name` differs from the trial's.
    """
    models: dict[str, EarlierModel] = {}
    for hyperparameters in trials:
        run_id = hyperparameters.checkpoint_run_id
        if not run_id:
            continue
        if run_id not in models:
            model = find(run_id, experiments_dir)
            models[run_id] = _in_memory(model) if for_other_machines else model
        model_name = models[run_id].description.model_name
        if model_name != hyperparameters.model_name:
            raise UserError(
                f"checkpoint_run_id {run_id} is a {model_name}, but model_name is "
                f"{hyperparameters.model_name}. Set model_name to {model_name}."
            )
    return models


def _in_memory(model: EarlierModel) -> EarlierModel:
    assert isinstance(model.weights, Path)
    return replace(model, weights=model.weights.read_bytes())


def find(run_id: str, experiments_dir: Path) -> EarlierModel:
    """The model of `experiment/trial`, or of the best trial of `experiment`.

    Raises:
        UserError: there is no such trial, or it has no model.
    """
    experiment_id, _, trial_id = run_id.strip("/").partition("/")
    experiment_dir = experiments_dir / experiment_id
    # both become parts of a path, which must stay inside experiments_dir
    is_name = _NAME.fullmatch(experiment_id) and (not trial_id or _NAME.fullmatch(trial_id))
    if not is_name or not store.is_experiment(experiment_dir):
        raise UserError(
            f"checkpoint_run_id is {run_id}, but there is no experiment {experiment_id} in "
            f"{experiments_dir}. Give experiment/trial, as `automl list` and `automl leaderboard` "
            "show them."
        )
    trial_id = trial_id or store.load_experiment(experiment_dir).best_trial or "its best trial"
    checkpoint = store.checkpoint_dir(experiment_dir, trial_id)
    if not (checkpoint / "model.json").is_file():
        raise UserError(
            f"checkpoint_run_id is {run_id}, but {trial_id} of {experiment_id} has no model. "
            "Choose a trial that was scored: "
            f"automl leaderboard {home.reference(experiment_dir)} shows them."
        )
    description = ModelDescription.model_validate_json((checkpoint / "model.json").read_bytes())
    if description.parts:
        raise UserError(
            f"checkpoint_run_id is {run_id}, but {trial_id} of {experiment_id} is made of "
            f"{description.composition}, and a trial starts from one plain network. Choose a trial "
            "of one network."
        )
    return EarlierModel(
        f"{experiment_id}/{trial_id}", description, checkpoint / "model.safetensors"
    )
