"""The best model of an earlier trial, to go on from: `checkpoint_run_id`. No torch."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from automl.experiments import store
from automl.jobs.hyperparameters import Hyperparameters
from automl.model.description import ModelDescription

_NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True)
class EarlierModel:
    """A checkpoint: its weights as a file, or their bytes when Ray carries them elsewhere."""

    name: str
    """experiment/trial."""

    description: ModelDescription
    weights: Path | bytes


def find_all(
    wanted: Iterable[Hyperparameters], experiments_dir: Path, *, for_other_machines: bool
) -> dict[str, EarlierModel]:
    """What the trials that ask for it go on from, by `checkpoint_run_id`.

    Raises:
        ValueError: there is no such model, or it is another than the trial's.
    """
    found: dict[str, EarlierModel] = {}
    for hyperparameters in wanted:
        run_id = hyperparameters.checkpoint_run_id
        if not run_id:
            continue
        if run_id not in found:
            found[run_id] = find(run_id, experiments_dir)
            if for_other_machines:
                path = found[run_id].weights
                assert isinstance(path, Path)
                found[run_id] = replace(found[run_id], weights=path.read_bytes())
        model_name = found[run_id].description.model_name
        if model_name != hyperparameters.model_name:
            raise ValueError(
                f"checkpoint_run_id {run_id} is a {model_name}, but model_name is "
                f"{hyperparameters.model_name}. Set model_name to {model_name}."
            )
    return found


def find(run_id: str, experiments_dir: Path) -> EarlierModel:
    """The model of `experiment/trial`, or of the best trial of `experiment`.

    Raises:
        ValueError: there is no such trial, or it has no model; says what to give.
    """
    experiment_id, _, trial_id = run_id.strip("/").partition("/")
    experiment_dir = experiments_dir / experiment_id
    # both become parts of paths: nothing may lead to a model that is elsewhere
    is_name = _NAME.fullmatch(experiment_id) and (not trial_id or _NAME.fullmatch(trial_id))
    if not is_name or not store.is_experiment(experiment_dir):
        raise ValueError(
            f"checkpoint_run_id is {run_id}, but there is no experiment {experiment_id} in "
            f"{experiments_dir}. Give experiment/trial, as `automl list` and `automl leaderboard` "
            "show them."
        )
    trial_id = trial_id or store.load_experiment(experiment_dir).best_trial or "its best trial"
    checkpoint = store.checkpoint_dir(experiment_dir, trial_id)
    if not (checkpoint / "model.json").is_file():
        raise ValueError(
            f"checkpoint_run_id is {run_id}, but {trial_id} of {experiment_id} has no model. "
            f"Choose a trial that was scored; `automl leaderboard {experiment_id}` shows them."
        )
    description = ModelDescription.model_validate_json((checkpoint / "model.json").read_bytes())
    return EarlierModel(
        f"{experiment_id}/{trial_id}", description, checkpoint / "model.safetensors"
    )
