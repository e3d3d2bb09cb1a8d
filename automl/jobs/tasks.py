"""Rules of every task that a job can name: all that depends on the task is decided here.

A task is an entry of `TASKS`: no other module compares `Job.task` with a name.
"""

from dataclasses import dataclass

from automl.evaluation.metrics import MULTILABEL, primary_metrics
from automl.texts import mark


@dataclass(frozen=True)
class TaskRules:
    """Everything about a job that its task decides."""

    name: str
    """Value of the key `task`."""

    primary_metrics: tuple[str, ...]
    """Metrics that can rank trials; all of them are maximised."""

    default_metric: str
    """Primary metric of a job that names none."""

    title: str
    """Number of labels of a picture, as a choice on a page."""

    about_labels: str
    """Labels of a picture, as a clause of a sentence."""

    floor: str
    """Answer of the method `majority_class`, which any model must beat."""

    has_label_sets: bool
    """True if a picture has any number of labels: what is true is then a row of them (N, K), and
    everything that depends on it goes by its shape."""


IMAGE_CLASSIFICATION = TaskRules(
    name="image_classification",
    primary_metrics=primary_metrics("image_classification"),
    default_metric="accuracy",
    title="One label",
    about_labels="every picture has one label",
    floor=mark("majority class"),
    has_label_sets=False,
)

IMAGE_CLASSIFICATION_MULTILABEL = TaskRules(
    name=MULTILABEL,
    primary_metrics=primary_metrics(MULTILABEL),
    default_metric="iou",
    title="Any number of labels",
    about_labels="every picture has any number of labels",
    floor=mark("label frequencies"),
    has_label_sets=True,
)

TASKS = {task.name: task for task in (IMAGE_CLASSIFICATION, IMAGE_CLASSIFICATION_MULTILABEL)}
"""Every task by its name."""
