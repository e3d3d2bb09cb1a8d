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
    num_classes = probabilities[0].shape[1]
    rows, suggested = np.arange(len(labels)), answers[0]
    own, likely = (_mean_at(probabilities, rows, each) for each in (labels, suggested))
    sizes = np.bincount(labels, minlength=num_classes)
    threshold = np.bincount(labels, own, num_classes) / np.maximum(sizes, 1)
    trials_agree = (answers == suggested).all(axis=0) & (suggested != labels)
    is_confident = likely >= threshold[suggested]
    doubtful = np.flatnonzero(trials_agree & is_confident & (sizes[suggested] > 0))
    return [
        Suspect(int(row), int(suggested[row]), float(likely[row]), float(own[row]))
        for row in doubtful
    ]


def _among_sets(
    probabilities: Sequence[NDArray[np.floating]], labels: NDArray[np.bool_]
) -> list[Suspect]:
    rows, columns = label_matrices.places(labels)  # with many labels a small part of all decisions
    own = _mean_at(probabilities, rows, columns)
    counts, sums, hits = (
        np.bincount(columns, each, labels.shape[1]) for each in (None, own, own >= THRESHOLD)
    )
    totals = np.mean([each.sum(axis=0, dtype=np.float64) for each in probabilities], axis=0)
    # (K,) mean probability of a label where it is, and of its absence where it is not; above all
    # probabilities where no picture says so
    present = _mean_of(sums, counts)
    num_absent = len(labels) - counts
    absent = _mean_of(num_absent - (totals - sums), num_absent)
    # trials that miss most pictures with a label know too little of it to doubt that it is there
    is_known = 2 * hits >= counts
    rows, columns = _all_wrong(probabilities, labels)
    is_there, of_label = labels[rows, columns], _mean_at(probabilities, rows, columns)
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


def _all_wrong(
    probabilities: Sequence[NDArray[np.floating]], labels: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pictures and labels where every trial decides otherwise than the labels (N, K)."""
    first, *others = probabilities
    rows, columns = label_matrices.places((first >= THRESHOLD) != labels)
    for each in others:
        is_wrong = (each[rows, columns] >= THRESHOLD) != labels[rows, columns]
        rows, columns = rows[is_wrong], columns[is_wrong]
    return rows, columns


def _mean_at(
    probabilities: Sequence[NDArray[np.floating]],
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
) -> NDArray[np.float64]:
    """(T,) mean over the trials at T places."""
    values = [each[rows, columns] for each in probabilities]
    return np.asarray(np.mean(values, axis=0, dtype=np.float64))


def _mean_of(sums: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(K,) mean of so many values with these sums; infinite without any."""
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
