"""Confidence interval of a score over the pictures it was measured on."""

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import decisions, metrics

MIN_DEFINED_SHARE = 0.5
"""Share of the resamples in which a score must be defined. A resample without a class has no area
under its ROC curve; the rest of the resamples would describe other data if they were few."""

_MANY_PROBABILITIES = 20_000
"""For more, 1,000 resamples that sort the probabilities take too long."""


def bootstrap_interval(
    name: str,
    probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
    *,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a primary metric over the pictures.

    1,000 resamples, or 100 for more than 20,000 probabilities (accuracy always has 1,000). If all
    answers are right, or all wrong, every resample has the same score; the interval is then the
    exact one (Clopper and Pearson, 1934) for accuracy, and (NaN, NaN) for other metrics. It is
    also (NaN, NaN) if the score is undefined in more than half of the resamples.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    rng = np.random.default_rng(seed)
    if name == "accuracy":
        correct = int(decisions.is_right(probabilities, labels).sum())
        least = 0.025 ** (1 / len(labels))
        if correct == len(labels):
            return least, 1.0
        if correct == 0:
            return 0.0, 1 - least
        scores = rng.binomial(len(labels), correct / len(labels), size=1000) / len(labels)
    else:
        count = 100 if probabilities.size > _MANY_PROBABILITIES else 1000
        draws = (rng.integers(len(labels), size=len(labels)) for _ in range(count))
        scores = np.array(
            [metrics.primary(name, probabilities[draw], labels[draw]) for draw in draws]
        )
    defined = scores[~np.isnan(scores)]
    if len(defined) < MIN_DEFINED_SHARE * len(scores):
        return float("nan"), float("nan")
    low, high = np.percentile(defined, [2.5, 97.5])
    return (float(low), float(high)) if low < high else (float("nan"), float("nan"))
