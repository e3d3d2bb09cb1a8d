"""Labels that are probably wrong: several models confidently agree on another class."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_TRIALS = 3
"""Trials that must agree, the best ones; fewer if no more answered for the same pictures."""


class Suspect(NamedTuple):
    """A picture whose label is in doubt."""

    position: int
    """Position of the picture among those that were scored."""

    suggested: int
    """Class index that the trials agree on."""

    probability: float
    """Mean probability of the suggested class."""

    given_probability: float
    """Mean probability of its label."""


def suspects(
    probabilities: Sequence[NDArray[np.floating]], labels: NDArray[np.integer]
) -> list[Suspect]:
    """Find pictures with a doubtful label, the clearest first.

    A label is doubtful if all trials predict the same other class and its mean probability is at
    least the mean probability of that class on pictures labelled so: the threshold of confident
    learning (Northcutt, Jiang and Chuang, 2021), so that an underconfident model can flag labels
    too. The trials must not have been trained on these pictures.

    Args:
        probabilities: (N, K) of each trial for the same pictures; best trials only.
        labels: class indices (N,).
    """
    answers = np.stack([each.argmax(axis=1) for each in probabilities])
    mean: NDArray[np.float64] = np.stack(probabilities).astype(np.float64).mean(axis=0)
    rows = np.arange(len(labels))
    own = mean[rows, labels]
    sizes = np.bincount(labels, minlength=mean.shape[1])
    threshold = np.bincount(labels, own, mean.shape[1]) / np.maximum(sizes, 1)
    suggested = answers[0]
    trials_agree = (answers == suggested).all(axis=0) & (suggested != labels)
    is_confident = mean[rows, suggested] >= threshold[suggested]
    doubtful = np.flatnonzero(trials_agree & is_confident & (sizes[suggested] > 0))
    suspects = [
        Suspect(int(row), int(suggested[row]), float(mean[row, suggested[row]]), float(own[row]))
        for row in doubtful
    ]
    return sorted(suspects, key=lambda each: each.given_probability - each.probability)
