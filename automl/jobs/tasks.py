"""Rules of every task that a job can name: all that depends on the task is decided here.

A second task is a second entry of `TASKS`: no other module compares `Job.task` with a name.
"""

from dataclasses import dataclass

from automl.evaluation.metrics import primary_metrics


@dataclass(frozen=True)
class TaskRules:
    """Everything about a job that its task decides."""

    name: str
    """Value of the key `task`."""

    primary_metrics: tuple[str, ...]
    """Metrics that can rank trials; all of them are maximised."""

    default_metric: str
    """Primary metric of a job that names none."""

    about_labels: str
    """Labels of a picture, as a clause of a sentence."""


IMAGE_CLASSIFICATION = TaskRules(
    name="image_classification",
    primary_metrics=primary_metrics("image_classification"),
    default_metric="accuracy",
    about_labels="every picture has one label",
)

TASKS = {task.name: task for task in (IMAGE_CLASSIFICATION,)}
"""Every task by its name."""
