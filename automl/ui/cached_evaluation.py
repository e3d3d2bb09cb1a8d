"""Numbers computed from the answers of a trial, once for every version of their file."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from automl.evaluation.predictions import Predictions
from automl.experiments import groups, store
from automl.texts import mark
from automl.ui import cached
from automl.ui.version_cache import Version, for_version, version

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from automl.evaluation.confidence import Calibration, Coverage
    from automl.evaluation.curves import Average, Curve, Kind
    from automl.evaluation.doubtful_labels import Suspect
    from automl.evaluation.slices import Slice


class Answers(NamedTuple):
    """Answers on a set of pictures, and the experiment they belong to.

    Equal, and so the same key of a cache, as long as the file of the answers is unchanged.
    """

    path: Path
    version: Version
    experiment_dir: Path

    @property
    def are_test_answers(self) -> bool:
        """True if they are about the test pictures."""
        return self.path == store.test_predictions_path(self.experiment_dir)

    @property
    def trial_id(self) -> str:
        """Trial that gave the answers."""
        if self.are_test_answers:
            opening = store.load_test_opening(self.experiment_dir)
            assert opening is not None  # the answers are only read once the record exists
            return opening.trial_id
        return self.path.parent.name

    @property
    def predictions(self) -> Predictions:
        return cached.predictions_at(self.path)

    @property
    def class_names(self) -> list[str]:
        return cached.class_names(self.experiment_dir)

    @property
    def samples(self) -> "pd.DataFrame":
        """One row per answer, in the same order."""
        return _samples(self)


def answers(experiment_dir: Path, path: Path) -> Answers | None:
    """Answers in the file; None if it does not exist yet."""
    if not path.is_file() or not store.samples_path(experiment_dir).is_file():
        return None
    return Answers(path, version(path), experiment_dir)


def of_trial(experiment_dir: Path, trial_id: str) -> Answers | None:
    """Answers of the trial's best evaluation."""
    return answers(experiment_dir, store.predictions_path(experiment_dir, trial_id))


def in_key(*_: object) -> None:
    """No version beside the key: `Answers` are part of the key and hold the version."""


@for_version(in_key, max_entries=32)
def _samples(answers: Answers) -> "pd.DataFrame":
    samples = cached.samples(answers.experiment_dir)
    assert samples is not None
    return samples.loc[answers.predictions.sample_ids]


@for_version(in_key, max_entries=64)
def matrix(answers: Answers) -> "NDArray[np.int64]":
    """(K, K) counts, rows true, columns predicted."""
    from automl.evaluation import confusion

    predictions = answers.predictions
    return confusion.matrix(predictions.labels, predictions.predicted, len(answers.class_names))


@for_version(in_key, max_entries=32, spinner=mark("Scoring every class"))
def class_report(answers: Answers) -> "pd.DataFrame":
    from automl.evaluation import class_report

    return class_report.class_report(answers.predictions, answers.class_names)


@for_version(in_key, max_entries=32, spinner=mark("Scoring every class"))
def label_report(answers: Answers) -> "pd.DataFrame":
    from automl.evaluation import class_report

    return class_report.label_report(answers.predictions, answers.class_names)


@for_version(in_key, max_entries=500, spinner=mark("Drawing the curve"))
def curve(answers: Answers, kind: "Kind", class_or_average: "int | Average") -> "Curve":
    from automl.evaluation import curves

    probabilities, labels = answers.predictions.probabilities, answers.predictions.labels
    return curves.curve(kind, probabilities, labels, class_or_average)


@for_version(in_key, max_entries=100)
def calibration(answers: Answers, class_index: int | None) -> "Calibration":
    """Calibration of all answers, or of one class against the rest."""
    from automl.evaluation import confidence

    probabilities, labels = answers.predictions.probabilities, answers.predictions.labels
    if class_index is None:
        return confidence.calibration(probabilities, labels)
    return confidence.class_calibration(probabilities, labels, class_index)


@for_version(in_key, max_entries=32)
def coverage(answers: Answers) -> "Coverage":
    from automl.evaluation import confidence

    return confidence.coverage(answers.predictions.probabilities, answers.predictions.labels)


@for_version(in_key, max_entries=32, spinner=mark("Comparing parts of the pictures"))
def slices(answers: Answers) -> "list[Slice]":
    from automl.evaluation import decisions, slices

    predictions = answers.predictions
    is_right = decisions.is_right(predictions.probabilities, predictions.labels)
    return slices.slices(answers.samples, is_right, groups.of(answers.experiment_dir))


@for_version(in_key, max_entries=16, spinner=mark("Looking for doubtful labels"))
def suspects(by_trial: tuple[Answers, ...]) -> "list[Suspect]":
    """Doubtful labels according to several trials that answered for the same pictures."""
    from automl.evaluation import doubtful_labels

    labels = by_trial[0].predictions.labels
    probabilities = [answers.predictions.probabilities for answers in by_trial]
    return doubtful_labels.suspects(probabilities, labels)
