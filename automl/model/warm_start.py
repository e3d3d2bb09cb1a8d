"""Find the model of an earlier trial that training starts from: `checkpoint_run_id`. No torch."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from automl.errors import UserError
from automl.experiments import store
from automl.host import home
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.model.description import ModelDescription
from automl.texts import mark

_NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True)
class EarlierModel:
    """A checkpoint; weights: a file, or its bytes when Ray carries them to another machine."""

    name: str
    """experiment/trial."""

    description: ModelDescription
    weights: Path | bytes


def check(job: Job, experiments_dir: Path | None = None) -> None:
    """Find the model that a job starts from before anything else begins, if it names one.

    Args:
        job: a job that has not started.
        experiments_dir: folder of its experiment; the one in our home if left out.

    Raises:
        UserError: see `find_all`.
    """
    parameters = job.training_parameters
    if run_id := parameters.get("checkpoint_run_id"):
        model = find(run_id, experiments_dir or home.experiments_dir())
        searched = {key for space in job.search_space or [] for key in space}
        if "model_name" in parameters and "model_name" not in searched:
            _refuse_other(model, run_id, parameters["model_name"])


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
        _refuse_other(models[run_id], run_id, hyperparameters.model_name)
    return models


def _refuse_other(model: EarlierModel, run_id: str, model_name: str) -> None:
    earlier = model.description.model_name
    if earlier != model_name:
        raise UserError(
            f"checkpoint_run_id {run_id} is a {earlier}, but model_name is {model_name}. Set "
            f"model_name to {earlier}."
        )


def _in_memory(model: EarlierModel) -> EarlierModel:
    assert isinstance(model.weights, Path)
    return replace(model, weights=model.weights.read_bytes())


def find(run_id: str, experiments_dir: Path) -> EarlierModel:
    """The model of `experiment/trial`, or of the best trial of `experiment`.

    Raises:
        UserError: there is no such trial, or its model is missing or damaged.
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
    trial_id = (
        trial_id or store.load_experiment(experiment_dir).best_trial or mark("its best trial")
    )
    checkpoint = store.checkpoint_dir(experiment_dir, trial_id)
    if not (checkpoint / "model.json").is_file():
        raise UserError(
            f"checkpoint_run_id is {run_id}, but {trial_id} of {experiment_id} has no model. "
            "Choose a trial that was scored: "
            f"automl leaderboard {home.reference(experiment_dir)} shows them."
        )
    weights = checkpoint / "model.safetensors"
    try:
        description = ModelDescription.model_validate_json((checkpoint / "model.json").read_bytes())
        with safe_open(weights, "numpy"):
            pass  # its table of contents is whole
    except (OSError, ValidationError, SafetensorError):
        raise UserError(
            f"checkpoint_run_id is {run_id}, but the model of {trial_id} of {experiment_id} is "
            "damaged. Choose another trial."
        ) from None
    if description.parts:
        raise UserError(
            f"checkpoint_run_id is {run_id}, but {trial_id} of {experiment_id} is made of "
            f"{description.composition}, and a trial starts from one plain network. Choose a trial "
            "of one network."
        )
    return EarlierModel(f"{experiment_id}/{trial_id}", description, weights)
