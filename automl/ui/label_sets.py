"""Experiments whose pictures have any number of labels."""

from pathlib import Path

from automl.jobs.tasks import TASKS
from automl.ui import cached


def are_in(experiment_dir: Path) -> bool:
    """True if a picture of the experiment has any number of labels."""
    return TASKS[cached.job(experiment_dir).task].has_label_sets
