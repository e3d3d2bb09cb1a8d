"""Find the experiment that a command line names by its id or its directory."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from automl.cli.output import FAILED, fail, refusals
from automl.errors import UserError
from automl.host import home

if TYPE_CHECKING:
    from automl.experiments.experiment import Experiment

ARGUMENT = typer.Argument(metavar="E", help="An experiment's id or directory.")
MODEL_FILES = ("model.onnx", "labels.json", "settings.json")


def find(named: str) -> "Experiment":
    """Return the experiment. Ends the command if it does not exist or cannot be read."""
    from automl.experiments import experiment_id, store
    from automl.experiments.experiment import Experiment

    parent = home.experiments_dir()
    # the id of an experiment is made from its name, so the name is accepted too
    candidates = (
        home.absolute(named),
        parent / named,
        parent / experiment_id.slug(named),
    )
    for candidate in candidates:
        if named and store.is_experiment(candidate):
            experiment = Experiment(candidate)
            try:
                store.load_experiment(candidate)
                store.load_job(candidate)
            except (UserError, OSError) as error:
                fail(store.unreadable(error, candidate), FAILED)
            return experiment
    return fail(_unknown_sentence(named, parent))


def find_model(named: str) -> Path:
    """Return the directory of an exported model, or of an experiment's best model.

    Ends the command if it does not exist.
    """
    folder = home.absolute(named)
    if (folder / MODEL_FILES[0]).is_file():
        missing = [name for name in MODEL_FILES if not (folder / name).is_file()]
        if missing:
            fail(f"{folder} has a model but no {' and no '.join(missing)}. Export the model again.")
        return folder
    with refusals():
        return find(named).model_dir


def experiment_of(model_dir: Path) -> str:
    """Id of the experiment whose best model lies there; empty for an exported model."""
    return model_dir.parent.name if model_dir.name == "best_model" else ""


def _unknown_sentence(named: str, parent: Path) -> str:
    from automl.experiments import store

    ids = [path.name for path in store.experiment_dirs(parent)]
    nearest = difflib.get_close_matches(named, ids, n=3, cutoff=0.4)
    hint = "There are no experiments yet. Start one with automl run DATA."
    if ids:
        hint = "List all experiments with automl list."
    if nearest:
        hint = f"Did you mean {', '.join(nearest)}?"
    return f"There is no experiment {named!r} in {parent}. {hint}"
