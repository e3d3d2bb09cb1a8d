"""Order of trials with label sets: by what their models score with thresholds of their own.

The scores that are shown are those at 0.5, as Azure has them. A model is handed out with thresholds
that were chosen for it, so where AutoMode chooses the model it compares them with such thresholds.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from automl.evaluation import metrics
from automl.experiments import groups, store
from automl.jobs.job import Job

if TYPE_CHECKING:
    from automl.evaluation.predictions import Predictions

_MANY = 500_000
"""Probabilities of a trial whose thresholds take more than a tenth of a second."""


def decide(job: Job, metric: str) -> bool:
    """True if trials of the job are ranked by a metric with the thresholds of their models."""
    known = metrics.METRICS_OF_TASK[job.task].get(metric)
    return job.is_automode and known is not None and known.has_thresholds


def scores(experiment_dir: Path, predictions: "Predictions", metric: str) -> dict[str, float]:
    """The score by which a trial is ranked, by the metric; empty if that is the one at 0.5."""
    moved = applied(experiment_dir, predictions, metric)
    if moved is predictions:
        return {}
    return {metric: metrics.primary(metric, moved.probabilities, moved.labels)}


def tested(experiment_dir: Path, predictions: "Predictions", metric: str) -> "Predictions":
    """The answers of a trial as the tests against the best one take them, which a page waits for:
    of many probabilities those with a threshold of 0.5."""
    is_large = predictions.probabilities.size > _MANY
    return predictions if is_large else applied(experiment_dir, predictions, metric)


def applied(experiment_dir: Path, predictions: "Predictions", metric: str) -> "Predictions":
    """The answers of a trial as they rank it, see `thresholds.as_handed_out`."""
    if not predictions.has_label_sets or not decide(store.load_job(experiment_dir), metric):
        return predictions
    from automl.evaluation import thresholds  # slow to import

    return thresholds.as_handed_out(metric, predictions, groups.of(experiment_dir))
