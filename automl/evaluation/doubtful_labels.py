"""Labels that are probably wrong: several models confidently agree on another answer."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import label_matrices
from automl.evaluation.decisions import THRESHOLD

MAX_TRIALS = 3
"""Trials that must agree, the best ones; fewer if no more answered for the same pictures."""


class Suspect(NamedTuple):
    """A picture whose label is in doubt; of label sets, one of its labels."""

    position: int
    """Position of the picture among those that were scored."""

    suggested: int
    """Class index that the trials agree on; of label sets the label that they agree to be missing,
    or to be false."""

    probability: float
    """Mean probability of what is suggested."""

    given_probability: float
    """Mean probability of what the labels say."""


def suspects(probabilities: Sequence[NDArray[np.floating]], labels: NDArray[Any]) -> list[Suspect]:
    """Find pictures with a doubtful label, the clearest first.

    A label is doubtful if all trials predict the same other class and its mean probability is at
    least the mean probability of that class on pictures labelled so: the threshold of confident
    learning (Northcutt, Jiang and Chuang, 2021), so that an underconfident model can flag labels
    too. Of label sets, each label is a question of two answers, with and without it (Thyagarajan
    et al., Identifying Incorrect Annotations in Multi-Label Classification Data, 2022). The trials
    must not have been trained on these pictures.

    Args:
        probabilities: (N, K) of each trial for the same pictures; best trials only.
        labels: class indices (N,); or the labels of each picture (N, K).
    """
    found = _among_classes if labels.ndim == 1 else _among_sets
    suspects = found(probabilities, labels)
    return sorted(suspects, key=lambda each: each.given_probability - each.probability)


def _among_classes(
    probabilities: Sequence[NDArray[np.floating]], labels: NDArray[np.integer]
) -> list[Suspect]:
    answers = np.stack([each.argmax(axis=1) for each in probabilities])
    mean = _mean(probabilities)
    rows = np.arange(len(labels))
    own = mean[rows, labels]
    sizes = np.bincount(labels, minlength=mean.shape[1])
    threshold = np.bincount(labels, own, mean.shape[1]) / np.maximum(sizes, 1)
    suggested = answers[0]
    trials_agree = (answers == suggested).all(axis=0) & (suggested != labels)
    is_confident = mean[rows, suggested] >= threshold[suggested]
    doubtful = np.flatnonzero(trials_agree & is_confident & (sizes[suggested] > 0))
    return [
        Suspect(int(row), int(suggested[row]), float(mean[row, suggested[row]]), float(own[row]))
        for row in doubtful
    ]


def _among_sets(
    probabilities: Sequence[NDArray[np.floating]], labels: NDArray[np.bool_]
) -> list[Suspect]:
    trials_agree = np.ones_like(labels)
    for each in probabilities:
        trials_agree &= (each >= THRESHOLD) != labels
    mean = _mean(probabilities)
    counts = label_matrices.counts(labels, 0)
    given_labels = label_matrices.places(labels)  # with many labels a small part of all decisions
    own, columns = mean[given_labels], given_labels[1]
    sums, hits = (np.bincount(columns, each, len(counts)) for each in (own, own >= THRESHOLD))
    # (K,) mean probability of a label where it is, and of its absence where it is not; above all
    # probabilities where no picture says so
    present = _mean_of(sums, counts)
    num_absent = len(labels) - counts
    absent = _mean_of(num_absent - (mean.sum(axis=0) - sums), num_absent)
    # trials that miss most pictures with a label know too little of it to doubt that it is there
    is_known = 2 * hits >= counts
    rows, columns = label_matrices.places(trials_agree)
    is_there, of_label = labels[rows, columns], mean[rows, columns]
    is_confident = np.where(
        is_there,
        (1 - of_label >= absent[columns]) & is_known[columns],
        of_label >= present[columns],
    )
    given = np.where(is_there, of_label, 1 - of_label)
    return [
        Suspect(int(rows[at]), int(columns[at]), 1 - float(given[at]), float(given[at]))
        for at in np.flatnonzero(is_confident)
    ]


def _mean(probabilities: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    total = np.zeros(probabilities[0].shape)
    for each in probabilities:
        total += each
    return total / len(probabilities)


def _mean_of(sums: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(K,) mean of so many values with these sums; infinite without any."""
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
