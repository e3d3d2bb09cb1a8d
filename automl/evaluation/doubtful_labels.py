"""Labels that are probably wrong: pictures that several models, sure of it, call something else."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Suspect(NamedTuple):
    """A picture whose label is in doubt."""

    position: int
    """Of the picture among those that were scored."""

    suggested: int
    """Class index that the trials agree on."""

    probability: float
    """Mean probability of the suggested class."""

    given_probability: float
    """Mean probability of the label it has."""


def suspects(
    probabilities: Sequence[NDArray[np.floating]], labels: NDArray[np.integer]
) -> list[Suspect]:
    """Pictures with a doubtful label, the clearest first.

    All trials must answer with the same other class, and give it on average at least the
    probability that pictures which really have that label get on average: the threshold of
    confident learning (Northcutt, Jiang and Chuang, 2021), which lets a hesitant model be heard.
    The pictures must not be those the trials were trained on.

    Args:
        probabilities: (N, K) of each trial for the same pictures, best trials only.
        labels: class indices (N,).
    """
    answers = np.stack([each.argmax(axis=1) for each in probabilities])
    mean: NDArray[np.float64] = np.stack(probabilities).astype(np.float64).mean(axis=0)
    rows = np.arange(len(labels))
    own = mean[rows, labels]
    sizes = np.bincount(labels, minlength=mean.shape[1])
    usual = np.bincount(labels, own, mean.shape[1]) / np.maximum(sizes, 1)
    suggested = answers[0]
    agreed = (answers == suggested).all(axis=0) & (suggested != labels)
    sure = mean[rows, suggested] >= usual[suggested]
    doubtful = np.flatnonzero(agreed & sure & (sizes[suggested] > 0))
    found = [
        Suspect(int(row), int(suggested[row]), float(mean[row, suggested[row]]), float(own[row]))
        for row in doubtful
    ]
    return sorted(found, key=lambda one: one.given_probability - one.probability)
