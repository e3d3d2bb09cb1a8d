"""`python -m automl.engine.label_next PLACE COUNT [nothing-labelled] < job.yml`.

Prints `done total` for the pictures while it reads them, the pictures to label next as JSON, and
then the same with the forecast.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from automl.dataset import manifest, split, unlabelled
from automl.dataset.manifest import Manifest
from automl.dataset.report import DatasetReport
from automl.engine import first_score, side_answers
from automl.engine.first_score import Looked
from automl.engine.side_answers import Counted
from automl.evaluation.label_next import NOTHING_LABELLED, LabelNext
from automl.jobs.job import Job
from automl.labelling import forecast, suggesting
from automl.labelling.suggesting import Labelled
from automl.training import trial_data

MAX_PICTURES = 10_000
"""Pictures without a label that are ranked: of more a random choice, for which there is time."""

_NO_NAMES = ["one", "other"]
"""Classes of the head of a network whose features alone are wanted."""


def suggest(
    job: Job, place: Path, count: int, progress: Counted, *, has_labels: bool = True
) -> Iterator[LabelNext]:
    """Rank the pictures of a place by what their labels would teach; then add the forecast.

    Args:
        job: the data with the labels so far.
        place: folder or archive of pictures without a label.
        count: of the pictures to label.
        progress: called with the number of pictures that are read and that of all.
        has_labels: False if nothing is labelled yet, so that the data is not read.

    Raises:
        UserError: the data or the place cannot be used, or there are no pretrained weights.
    """
    unlabelled.check(place)
    data = first_score.read(job) if has_labels else None
    known = manifest.contents(job) if has_labels else []
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
        num_labelled=0 if data is None else len(first_score.in_use(data)),
        num_unlabelled=len(paths),
        num_unreadable=num_unreadable,
        suggestions=suggesting.suggested(paths, features, labelled, count, job.seed),
    )
    yield answer
    worth = []
    if data and labelled and labelled.can_forecast:
        runs = suggesting.observed(labelled, job.seed)
        every = trial_data.labels_of(first_score.in_use(data), data.class_names)
        worth = forecast.worth(runs, every, data.class_names)
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
    given_place, given_count, *rest = sys.argv[1:]
    side_answers.give(
        lambda job, counted: suggest(
            job, Path(given_place), int(given_count), counted, has_labels=rest != [NOTHING_LABELLED]
        )
    )
