"""`python -m automl.engine.first_score < job.yml`: score the data with a linear probe.

Prints `done total` for the pictures while it reads them, and the first score as JSON at the end.
Torch is imported only if there are pictures whose features are not known yet: after corrections the
answer takes a second.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset import caches, label_sets, manifest, pixels, split
from automl.dataset.checks import classes
from automl.dataset.manifest import Manifest
from automl.engine import preview, side_answers
from automl.engine.side_answers import Counted
from automl.errors import DataError, UserError
from automl.evaluation import first_score
from automl.evaluation.first_score import FirstScore
from automl.evaluation.predictions import Predictions
from automl.experiments import groups
from automl.host import cores
from automl.jobs import automode
from automl.jobs.compatibility import resolve
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.model import cross_validated_probe, kept_features
from automl.training import trial_data

MAX_PICTURES = 4_000
"""Pictures that are looked at: of a larger data set a random choice, so that it takes a minute."""

_MOST_ALONE = 1_000
"""Pictures up to which one thread fits the probe."""


def score(job: Job, progress: Counted) -> FirstScore:
    """Score the pictures that are not test pictures, each by a probe that has not seen it.

    The network is the one that AutoMode begins with, so a search finds its features in the cache.

    Args:
        job: the data; the rest of the job has no part in it.
        progress: called with the number of pictures that are read and that of all.

    Raises:
        UserError: the data cannot be used, or there are no pretrained weights.
    """
    return scored(read(job), job, progress)


def scored(data: Manifest, job: Job, progress: Counted) -> FirstScore:
    """Score the pictures of some data that was read already; see `score`."""
    return _cross_validated(look_at(_readable(data), job, progress))


@dataclass(frozen=True)
class Looked:
    """Pictures that are not test pictures, with what a frozen network sees in them."""

    hyperparameters: Hyperparameters
    class_names: list[str]
    samples: pd.DataFrame
    features: NDArray[np.float32]
    """(N, D) of the samples."""

    num_left_out: int
    """Pictures of the data that are not among them, because there are too many."""


def read(job: Job) -> Manifest:
    """The data of a job, also with classes that are too small for an experiment.

    Raises:
        DataError: it cannot be read, or no picture can be used.
    """
    caches.hold_data()
    return _readable(manifest.look(job))


def _readable(data: Manifest) -> Manifest:
    for finding in data.report.blocking:
        if finding.kind == classes.NO_READABLE_PICTURE.name:
            raise DataError(finding.said())
    return data


def look_at(
    everything: Manifest, job: Job, progress: Counted, *, most: int | None = None
) -> Looked:
    """The features of the pictures of some data that was read already.

    Args:
        everything: the data.
        job: see `score`.
        progress: see `score`.
        most: of more pictures a random choice is looked at; `MAX_PICTURES` if left out.
    """
    data = _some(everything, job.seed, MAX_PICTURES if most is None else most)
    # two threads wait for each other longer than small matrix products take
    is_small = len(data.samples) <= _MOST_ALONE
    cores.limit_matrix_threads(1 if is_small else cores.usable_cores())
    hyperparameters = probe(job, data)
    samples = in_use(data)
    features = features_of(hyperparameters, data, samples, progress)
    num_left_out = len(in_use(everything)) - len(samples)
    return Looked(hyperparameters, data.class_names, samples, features, num_left_out)


def in_use(data: Manifest) -> pd.DataFrame:
    """The pictures of some data that are not test pictures."""
    return data.samples[data.samples["split"].isin(["train", "validation"])]


def probe(job: Job, data: Manifest) -> Hyperparameters:
    """The first linear probe of AutoMode's plan.

    Raises:
        UserError: there are no pretrained weights.
    """
    asked = job.model_copy(update={"training_parameters": {}, "search_space": []})
    opening = automode.plan(preview.situation(asked, data), num_trials=2).opening
    found = next(
        (one.values for one in opening if one.values.get("method") == "linear_probe"), None
    )
    if found is None:
        raise UserError(
            "No network has pretrained weights here, and a first score needs them. Add some with "
            "automl weights add FILE, or start a search: it trains from scratch."
        )
    return resolve(found)


def _some(data: Manifest, seed: int, most: int) -> Manifest:
    """The data, or a random choice of it that hardly changes when pictures are added."""
    if len(in_use(data)) <= most:
        return data
    kept = split.in_random_order(in_use(data), seed).index[:most]
    samples = data.samples.loc[data.samples.index.isin(kept)]
    return Manifest(samples, data.class_names, data.report, data.concerned)


def features_of(
    hyperparameters: Hyperparameters, data: Manifest, samples: pd.DataFrame, progress: Counted
) -> NDArray[np.float32]:
    """Features (N, D) of samples of the data; only pictures without any are read."""
    contents = pixels.contents(samples, pixels.picture_sizes(hyperparameters), data.rendering)
    extractor = kept_features.extractor_of(hyperparameters)
    found = None if extractor is None else extractor.kept(contents)
    if found is None:
        from automl.engine import feature_extraction

        found = feature_extraction.features_of(hyperparameters, data, samples, progress)
    progress(2 * len(samples), 2 * len(samples))
    return found


def _cross_validated(looked: Looked) -> FirstScore:
    samples, class_names = looked.samples, looked.class_names
    can_be_fitted = (samples["split"] == "train") | samples["fold"].notna()
    is_fitted = can_be_fitted.to_numpy(bool) & ~_is_alone(samples)
    fitted = samples[is_fitted]
    folds = fitted["fold"].fillna(-1).to_numpy(np.int64)
    if not len(folds) or folds.max() < 0:
        raise UserError(
            "The pictures cannot be divided into folds: each class needs pictures of at least two "
            "contents or groups. Add pictures, or change the column of the groups."
        )
    labels, paths = trial_data.labels_of(fitted, class_names), fitted["path"].tolist()
    if len(np.unique(labels, axis=0)) < 2:
        raise UserError(
            "All pictures have the same label, so there is nothing to tell apart. Add pictures of "
            "another class."
        )
    found = cross_validated_probe.fit(looked.features[is_fitted], labels, folds, len(class_names))
    scored = np.flatnonzero(folds >= 0)
    ids = fitted["id"].to_numpy(np.int64)
    return first_score.summary(
        Predictions(ids[scored], labels[scored], found.probabilities[scored]),
        class_names,
        [paths[row] for row in scored.tolist()],
        model_name=looked.hyperparameters.model_name,
        side=looked.hyperparameters.validation_crop_size,
        share=1 - 1 / (int(folds.max()) + 1),
        groups=groups.of_samples(fitted),
    ).model_copy(update={"unscored": _unscored(samples, fitted.iloc[scored])})


def _is_alone(samples: pd.DataFrame) -> NDArray[np.bool_]:
    """(N,) True for the only picture of a class, without which the others are told apart."""
    if label_sets.are_in(samples):
        return np.zeros(len(samples), bool)
    sizes = samples.groupby("label")["path"].transform("size")
    return (sizes == 1).to_numpy(bool)


def _unscored(samples: pd.DataFrame, scored: pd.DataFrame) -> dict[str, int]:
    """Pictures of each class of which none was asked about."""
    sizes = label_sets.each_label(samples).value_counts()
    asked = set(label_sets.each_label(scored))
    return {str(name): int(size) for name, size in sizes.items() if name not in asked}


if __name__ == "__main__":
    side_answers.give(lambda job, counted: [score(job, counted)])
