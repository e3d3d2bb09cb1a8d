"""Tasks that a job can name, and everything that depends on the task.

A second task is a second entry of `TASKS`: no other module compares `Job.task` with a name.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """Everything about a job that its task decides."""

    name: str
    """Value of the key `task`."""

    primary_metrics: tuple[str, ...]
    """Metrics that can rank trials; all of them are maximised."""

    default_metric: str
    """Primary metric of a job that names none."""

    about_labels: str
    """Labels of a picture, as a clause of a sentence."""


IMAGE_CLASSIFICATION = Task(
    name="image_classification",
    primary_metrics=(
        "accuracy",
        "auc_weighted",
        "norm_macro_recall",
        "average_precision_score_weighted",
        "precision_score_weighted",
    ),
    default_metric="accuracy",
    about_labels="every picture has one label",
)

TASKS = {task.name: task for task in (IMAGE_CLASSIFICATION,)}
"""Every task by its name."""
