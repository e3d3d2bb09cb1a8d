"""Trials of two experiments on the pictures that both answered for: did a new version help?"""

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from automl.errors import UserError
from automl.evaluation import metrics, pairing, picture_groups, significance
from automl.evaluation.picture_groups import Groups
from automl.evaluation.predictions import Predictions
from automl.experiments import groups, leaderboard, store
from automl.experiments.records import ExperimentRecord, TrialRecord
from automl.host import home
from automl.jobs import data_versions
from automl.jobs.corrections import Corrections
from automl.jobs.job import Job

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Side:
    """The answers of one trial, and what is needed to compare them with those of another."""

    predictions: Predictions
    contents: Sequence[str]
    """(N,) hashes of the contents of the pictures."""

    class_names: Sequence[str]
    corrections: Corrections
    created_at: datetime
    """Time of the experiment: of two labels of a picture, that of the later experiment is right."""

    together: Groups = field(default_factory=dict)
    """Groups of the pictures."""

    @classmethod
    def of(
        cls, predictions: Predictions, samples: "pd.DataFrame", job: Job, record: ExperimentRecord
    ) -> "Side":
        """The side of a trial whose experiment has these samples, indexed by id."""
        return cls(
            predictions,
            samples.loc[predictions.sample_ids, "content_hash"].tolist(),
            store.class_names(samples),
            job.corrections,
            record.created_at,
            groups.of_samples(samples),
        )

    @classmethod
    def load(cls, experiment_dir: Path, trial_id: str) -> "Side":
        """The side of a trial.

        Raises:
            UserError: it has no answers.
        """
        path = store.predictions_path(experiment_dir, trial_id)
        if not path.is_file():
            raise UserError(
                f"{trial_id} of {experiment_dir.name} has no answers to compare. Choose a trial "
                f"with a score: automl leaderboard {home.reference(experiment_dir)}."
            )
        samples = store.load_samples(experiment_dir).set_index("id", drop=False)
        job, record = store.load_job(experiment_dir), store.load_experiment(experiment_dir)
        return cls.of(store.load_predictions(path), samples, job, record)


@dataclass(frozen=True)
class Comparison:
    """Two trials on the pictures that both answered for."""

    num_pictures: int
    num_relabelled: int
    """Those whose labels differ between the two experiments."""

    first: float
    second: float
    """Scores on these pictures."""

    p_value: float


def compare(first: Side, second: Side, metric: str) -> Comparison | None:
    """Compare two trials by the labels of the later experiment, with the paired test.

    No answer is of a model that has seen the picture. None if the two share no picture, or a
    score is not a number.
    """
    if first.predictions.has_label_sets != second.predictions.has_label_sets:
        return None
    if first.created_at > second.created_at:
        turned = compare(second, first, metric)
        return turned and replace(turned, first=turned.second, second=turned.first)
    names = _renamed(first.class_names, first.corrections, second.corrections)
    shared = pairing.on_shared(
        pairing.Named(first.predictions, first.contents, names),
        pairing.Named(second.predictions, second.contents, second.class_names),
    )
    labels = shared.second.labels
    if not len(labels):
        return None
    answers = [
        metrics.answers_for(each.probabilities, labels) for each in (shared.first, shared.second)
    ]
    members = picture_groups.members(shared.second.sample_ids, second.together)
    p_value = significance.p_value_between(metric, *answers, members=members)
    if p_value is None:
        return None
    scores = [metrics.value(metric, each) for each in answers]
    return Comparison(len(labels), shared.num_relabelled, scores[0], scores[1], p_value)


def _renamed(names: Sequence[str], own: Corrections, later: Corrections) -> list[str]:
    """The names that later corrections give to classes which were renamed in another way."""
    before = {new: old for old, new in reversed(own.rename_labels.items())}
    return [later.rename_labels.get(before.get(name, name), name) for name in names]


@dataclass(frozen=True)
class VersionScore:
    """The best score on one version of a data set, on the pictures that its experiment has."""

    version: str
    experiment_dir: Path
    trial_id: str
    score: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Readers:
    """How the job, the record and the trials of an experiment are read; pages have caches."""

    job: Callable[[Path], Job] = store.load_job
    experiment: Callable[[Path], ExperimentRecord] = store.load_experiment
    trials: Callable[[Path], list[TrialRecord]] = lambda folder: store.readable_trials(folder)[0]


_FROM_DISK = Readers()


def over_versions(
    experiments: Sequence[Path], experiment_dir: Path, read: Readers = _FROM_DISK
) -> list[VersionScore]:
    """The best experiment of each version of the data of an experiment, the oldest version first.

    Args:
        experiments: those to choose from; others' data and metrics are passed over, and so is what
            cannot be read.
        experiment_dir: says the data and the metric.
        read: how to read them.

    Raises:
        UserError: the experiment, or the versions of its data, cannot be read.
    """
    job = read.job(experiment_dir)
    best: dict[str, VersionScore] = {}
    for directory in experiments:
        with contextlib.suppress(UserError, OSError):
            found = _best(directory, job, read)
            if found and (found.version not in best or found.score > best[found.version].score):
                best[found.version] = found
    order = [version.name for version in data_versions.of(job.training_data.path)]
    return sorted(best.values(), key=lambda v: _place(v.version, order))


def _place(version: str, order: list[str]) -> tuple[int, str]:
    return (order.index(version) if version in order else len(order)), version


def _best(experiment_dir: Path, job: Job, read: Readers) -> VersionScore | None:
    """The best trial of an experiment on the same data; None if there is none."""
    own, metric = read.job(experiment_dir), job.primary_metric
    if (own.training_data.path, own.primary_metric) != (job.training_data.path, metric):
        return None
    version = read.experiment(experiment_dir).data_version
    if not version:
        return None
    best = next(iter(leaderboard.by_score(read.trials(experiment_dir), metric)), None)
    score = best.score(metric) if best else None
    if best is None or score is None or math.isnan(score):
        return None
    return VersionScore(
        version, experiment_dir, best.trial_id, score, best.score_low, best.score_high
    )
