"""Find the experiment that a command line names by its id or its directory."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from automl.cli.output import FAILED, fail, refusals
from automl.errors import UserError

if TYPE_CHECKING:
    from automl.experiments.experiment import Experiment

ARGUMENT = typer.Argument(metavar="E", help="An experiment's id or directory.")
_MODEL_FILES = ("model.onnx", "labels.json", "settings.json")


def find(named: str) -> "Experiment":
    """The experiment; ends the command if there is none, or if it cannot be read."""
    from pydantic import ValidationError

    from automl.experiments import experiment_id, store
    from automl.experiments.experiment import Experiment
    from automl.host import home

    parent = home.experiments_dir()
    # a name is found as well as the id that was made from it
    places = (
        Path(named).expanduser().absolute(),
        parent / named,
        parent / experiment_id.slug(named),
    )
    for candidate in places:
        if named and store.is_experiment(candidate):
            experiment = Experiment(candidate)
            try:
                assert experiment.record, experiment.job
            except (UserError, ValidationError, OSError) as error:
                fail(store.unreadable(error, candidate), FAILED)
            return experiment
    return fail(_unknown(named, parent))


def find_model(named: str) -> Path:
    """The folder of an exported model: the named one, or that of an experiment's best model.

    Ends the command if there is none.
    """
    folder = Path(named).expanduser().absolute()
    if (folder / _MODEL_FILES[0]).is_file():
        missing = [name for name in _MODEL_FILES if not (folder / name).is_file()]
        if missing:
            fail(f"{folder} has a model, but no {' and no '.join(missing)}. Export it again.")
        return folder
    with refusals():
        return find(named).model_dir


def _unknown(named: str, parent: Path) -> str:
    from automl.experiments import store

    ids = [path.name for path in store.experiment_dirs(parent)]
    nearest = difflib.get_close_matches(named, ids, n=3, cutoff=0.4)
    hint = "There are none yet: start one with automl run DATA."
    if ids:
        hint = "All of them: automl list."
    if nearest:
        hint = f"Did you mean {', '.join(nearest)}?"
    return f"There is no experiment {named!r} in {parent}. {hint}"
