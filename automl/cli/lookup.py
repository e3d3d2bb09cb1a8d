"""From what is typed for an experiment, its id or its directory, to the experiment."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from automl.cli.output import FAILED, fail

if TYPE_CHECKING:
    from automl.experiment import Experiment

ARGUMENT = typer.Argument(metavar="E", help="An experiment's id or directory.")


def find(named: str) -> "Experiment":
    """The experiment, which can be read; ends the command where there is none."""
    from automl import home, launcher, store
    from automl.experiment import Experiment

    parent = home.experiments_dir()
    # a name is found as well as the id that was made from it
    places = (Path(named).expanduser().absolute(), parent / named, parent / launcher.slug(named))
    for candidate in places:
        if named and store.is_experiment(candidate):
            experiment = Experiment(candidate)
            try:
                assert experiment.record, experiment.job
            except (ValueError, OSError) as error:
                fail(store.unreadable(error, candidate), FAILED)
            return experiment
    return fail(_unknown(named, parent))


def _unknown(named: str, parent: Path) -> str:
    from automl import store

    ids = [path.name for path in store.experiment_dirs(parent)]
    nearest = difflib.get_close_matches(named, ids, n=3, cutoff=0.4)
    hint = "There are none yet: start one with automl run DATA."
    if ids:
        hint = "All of them: automl list."
    if nearest:
        hint = f"Did you mean {', '.join(nearest)}?"
    return f"There is no experiment {named!r} in {parent}. {hint}"
