"""Thresholds of the probability from which a label is predicted, for label sets. Pure.

They are chosen on answers of models that have not seen the pictures, for the highest F1: one for
all labels, or one a label. Scores with them belong to other pictures, see `cross_fitted`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.evaluation.decisions import THRESHOLD
from automl.evaluation.set_answers import SetAnswers

_NUM_FOLDS = 5
_FEW_PICTURES = 10
"""Pictures with a label below which it takes the threshold of all labels: its own would be luck."""


def for_all(probabilities: NDArray[np.floating], truth: NDArray[Any]) -> float:
    """The threshold for all labels with the highest micro F1, from (N, K) each."""
    return _best(probabilities.ravel(), truth.ravel())


def by_label(probabilities: NDArray[np.floating], truth: NDArray[Any]) -> NDArray[np.float64]:
    """(K,) thresholds with the highest F1 of each label; of rare ones that of all labels."""
    thresholds = np.full(truth.shape[1], for_all(probabilities, truth))
    for index in np.flatnonzero(truth.sum(axis=0) >= _FEW_PICTURES):
        thresholds[index] = _best(probabilities[:, index], truth[:, index])
    return thresholds


def cross_fitted(
    probabilities: NDArray[np.floating], truth: NDArray[Any], *, seed: int = 0
) -> SetAnswers:
    """Answers with thresholds by label, for each fifth of the pictures chosen on the others."""
    folds = np.random.default_rng(seed).permutation(len(truth)) % _NUM_FOLDS
    thresholds = np.full(truth.shape, THRESHOLD)
    for fold in range(_NUM_FOLDS):
        others = folds != fold
        if others.any():
            thresholds[~others] = by_label(probabilities[others], truth[others])
    return SetAnswers(probabilities, truth, thresholds)


def _best(scores: NDArray[np.floating], truth: NDArray[Any]) -> float:
    """The threshold with the highest F1 of decisions (N,); 0.5 where nothing is true.

    It lies in the middle between two scores. Of equally good ones the nearest to 0.5 is taken.
    """
    if not truth.any():
        return THRESHOLD
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order].astype(np.float64)
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + hits[-1])
    following = np.append(ranked[1:], 0.0)
    is_last = ranked > following  # equal scores are decided alike
    if not is_last.any():
        return THRESHOLD
    middles, values = ((ranked + following) / 2)[is_last], f1[is_last]
    best = np.flatnonzero(values >= values.max() - 1e-12)
    return float(middles[best[np.abs(middles[best] - THRESHOLD).argmin()]])
