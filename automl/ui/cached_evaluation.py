"""What is heavy to compute from a trial's answers, done once for every version of their file."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.ui import cached

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from automl.evaluation.confidence import Calibration, Coverage
    from automl.evaluation.curves import Average, Curve, Kind
    from automl.evaluation.doubtful_labels import Suspect
    from automl.evaluation.slices import Slice


class Answers(NamedTuple):
    """Answers with the names of what they are about; equal while the files stay the same."""

    path: Path
    mtime_ns: int
    experiment_dir: Path

    @property
    def trial_id(self) -> str:
        """Whose answers they are."""
        if self.path == store.test_predictions_path(self.experiment_dir):
            opening = store.load_test_opening(self.experiment_dir)
            assert opening is not None  # it is written after the answers, but read after both
            return opening.trial_id
        return self.path.parent.name

    @property
    def predictions(self) -> Predictions:
        return cached.predictions_at(self.path, self.mtime_ns)

    @property
    def class_names(self) -> list[str]:
        return cached.class_names(self.experiment_dir)

    @property
    def samples(self) -> "pd.DataFrame":
        """One row an answer, in the same order."""
        return _rows(self)


def answers(experiment_dir: Path, path: Path) -> Answers | None:
    """None where there are none yet."""
    if not path.is_file() or not store.samples_path(experiment_dir).is_file():
        return None
    return Answers(path, path.stat().st_mtime_ns, experiment_dir)


def of_trial(experiment_dir: Path, trial_id: str) -> Answers | None:
    """Of the trial's best evaluation on the validation data."""
    return answers(experiment_dir, store.predictions_path(experiment_dir, trial_id))


def matrix(of: Answers) -> "NDArray[np.int64]":
    """(K, K) counts, rows true, columns predicted."""
    return _matrix(of)


def class_report(of: Answers) -> "pd.DataFrame":
    return _class_report(of)


def curve(of: Answers, kind: "Kind", what: "int | Average") -> "Curve":
    return _curve(of, kind, what)


def calibration(of: Answers, class_index: int | None) -> "Calibration":
    """Of the answers, or of one class against the rest."""
    return _calibration(of, class_index)


def coverage(of: Answers) -> "Coverage":
    return _coverage(of)


def slices(of: Answers) -> "list[Slice]":
    return _slices(of)


def suspects(of: tuple[Answers, ...]) -> "list[Suspect]":
    """Over several trials that answered for the same pictures."""
    return _suspects(of)


@st.cache_resource(max_entries=32, show_spinner=False)
def _rows(of: Answers) -> "pd.DataFrame":
    samples = cached.samples(of.experiment_dir)
    assert samples is not None
    return samples.loc[of.predictions.sample_ids]


@st.cache_resource(max_entries=64, show_spinner=False)
def _matrix(of: Answers) -> "NDArray[np.int64]":
    from automl.evaluation import confusion

    predictions = of.predictions
    return confusion.matrix(predictions.labels, predictions.predicted, len(of.class_names))


@st.cache_resource(max_entries=32, show_spinner="Scoring every class")
def _class_report(of: Answers) -> "pd.DataFrame":
    from automl.evaluation import class_report

    return class_report.class_report(of.predictions, of.class_names)


@st.cache_resource(max_entries=500, show_spinner="Drawing the curve")
def _curve(of: Answers, kind: "Kind", what: "int | Average") -> "Curve":
    from automl.evaluation import curves

    predictions = of.predictions
    return curves.curve(kind, predictions.probabilities, predictions.labels, what)


@st.cache_resource(max_entries=100, show_spinner=False)
def _calibration(of: Answers, class_index: int | None) -> "Calibration":
    from automl.evaluation import confidence

    predictions = of.predictions
    if class_index is None:
        return confidence.calibration(predictions.probabilities, predictions.labels)
    return confidence.class_calibration(predictions.probabilities, predictions.labels, class_index)


@st.cache_resource(max_entries=32, show_spinner=False)
def _coverage(of: Answers) -> "Coverage":
    from automl.evaluation import confidence

    return confidence.coverage(of.predictions.probabilities, of.predictions.labels)


@st.cache_resource(max_entries=32, show_spinner="Comparing parts of the pictures")
def _slices(of: Answers) -> "list[Slice]":
    from automl.evaluation import slices

    predictions = of.predictions
    return slices.slices(of.samples, predictions.predicted == predictions.labels)


@st.cache_resource(max_entries=16, show_spinner="Looking for doubtful labels")
def _suspects(of: tuple[Answers, ...]) -> "list[Suspect]":
    from automl.evaluation import doubtful_labels

    first = of[0].predictions
    return doubtful_labels.suspects([one.predictions.probabilities for one in of], first.labels)
