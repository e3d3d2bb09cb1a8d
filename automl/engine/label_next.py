"""`python -m automl.engine.label_next PLACE COUNT < job.yml`: which pictures to label next.

Prints `done total` for the pictures while it reads them, the pictures to label as JSON, and then
the same with the forecast. Without a job nothing has a label yet.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from automl.dataset import split, unlabelled
from automl.dataset.manifest import Manifest
from automl.dataset.report import DatasetReport
from automl.engine import first_score, side_answers
from automl.engine.first_score import Looked
from automl.engine.side_answers import Counted
from automl.evaluation.label_next import LabelNext
from automl.jobs.job import Job
from automl.labelling import forecast, suggesting
from automl.labelling.suggesting import Labelled
from automl.training import trial_data

MAX_PICTURES = 10_000
"""Pictures without a label that are ranked: of more a random choice, for which there is time."""

_NO_NAMES = ["one", "other"]
"""Classes of the head of a network whose features alone are wanted."""


def suggest(job: Job, place: Path, count: int, progress: Counted) -> Iterator[LabelNext]:
    """Rank the pictures of a place by what their labels would teach; then add the forecast.

    Args:
        job: the data with the labels so far; its path is that of the place if there are none.
        place: folder or archive of pictures without a label.
        count: of the pictures to label.
        progress: called with the number of pictures that are read and that of all.

    Raises:
        UserError: the data or the place cannot be used, or there are no pretrained weights.
    """
    unlabelled.check(place)
    data = None if job.training_data.path == place else first_score.read(job)
    known = () if data is None else data.samples["content_hash"].dropna().tolist()
    found, num_unreadable = unlabelled.find(place, but=known, background=job.background)
    looked = first_score.look_at(data, job, progress) if data else None
    labelled = _labelled(looked) if looked else None
    found = split.in_random_order(found.assign(label=""), job.seed)[:MAX_PICTURES]
    given = data or _without_labels(found)
    hyperparameters = looked.hyperparameters if looked else first_score.probe(job, given)
    features = first_score.features_of(hyperparameters, given, found, progress)
    paths = found["path"].tolist()
    answer = LabelNext(
        model_name=hyperparameters.model_name,
        side=hyperparameters.validation_crop_size,
        num_labelled=0 if labelled is None else len(labelled.labels),
        num_unlabelled=len(paths),
        num_unreadable=num_unreadable,
        suggestions=suggesting.suggested(paths, features, labelled, count, job.seed),
    )
    yield answer
    worth = []
    if labelled and labelled.can_forecast:
        runs = suggesting.observed(labelled, job.seed)
        worth = forecast.worth(runs, labelled.labels, labelled.class_names)
    yield answer.model_copy(update={"forecast": worth})


def _labelled(looked: Looked) -> Labelled:
    labels = trial_data.labels_of(looked.samples, looked.class_names)
    return Labelled(looked.features, labels, looked.class_names)


def _without_labels(found: pd.DataFrame) -> Manifest:
    """A manifest of pictures of no class."""
    samples = found.assign(split="train", fold=np.nan)
    report = DatasetReport(num_images=len(found), classes={}, splits={}, findings=[], data_hash="")
    return Manifest(samples, _NO_NAMES, report, {})


if __name__ == "__main__":
    side_answers.give(
        lambda job, counted: suggest(job, Path(sys.argv[1]), int(sys.argv[2]), counted)
    )
