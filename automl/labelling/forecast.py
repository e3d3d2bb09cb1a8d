"""Worth of more labels: learning curves of a probe, overall and of each class.

Probes are fitted to parts of the pictures and asked about pictures that they have not seen. Their
errors follow a power law of the number of pictures, as those of each class do of its own (Tae and
Whang, Slice Tuner, 2021); its parameters are drawn again by the bootstrap for the intervals.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation.label_next import Worth

Fit = Callable[[NDArray[np.int64]], NDArray[np.int64]]
"""From the rows that a probe is fitted to, to its answers (N,) for all rows."""

FEWEST = 40
"""Pictures below which nothing is forecast: each part would have a handful."""

_HELD_OUT = 0.2
_SHARES = (0.125, 0.25, 0.5, 1.0)
_NUM_REPEATS = 4
_NUM_MIXED = 24
"""Probes with another part of each class, which tell what the pictures of one class bring."""

_EXPONENTS = np.linspace(0.2, 0.8, 7)
_NUM_DRAWS = 200
_LEVELS = (0.05, 0.95)
_WIDENED = 2.0
"""Factor by which intervals are wider than the spread of the curves, each way: beyond the pictures
that are there they err by more than that (`benchmarks/label_next.py`)."""


class Runs(NamedTuple):
    """Probes, and what they got wrong."""

    fitted: NDArray[np.int64]
    """(R, K) pictures of each class that each was fitted to."""

    wrong: NDArray[np.int64]
    """(R, K) of those held out."""

    asked: NDArray[np.int64]
    """(R, K) held out."""

    def of_all(self) -> "Runs":
        """The same with all classes taken together."""
        return Runs(*(each.sum(axis=1, keepdims=True) for each in self))


class Curve(NamedTuple):
    """Error rates floor + height * n ** -exponent: each is (draws,).

    A single fit wavers between a low floor and a high one; the mean of the draws is the estimate.
    """

    floor: NDArray[np.float64]
    height: NDArray[np.float64]
    exponent: NDArray[np.float64]

    def error(self, count: float) -> NDArray[np.float64]:
        """(draws,) error rates with so many pictures."""
        return self.floor + self.height * count**-self.exponent

    def count_for(self, error: float) -> float:
        """Pictures at which the mean error rate is reached; infinite beyond a million."""
        counts = np.geomspace(1, 1e6, 2_000)
        means = np.array([self.error(count).mean() for count in counts])
        reached = np.flatnonzero(means <= error)
        return float(counts[reached[0]]) if len(reached) else np.inf


def observe(
    fit: Fit, labels: NDArray[np.int64], num_classes: int, seed: int = 0
) -> tuple[Runs, Runs]:
    """Errors of probes on equal parts of all classes, and on another part of each class.

    Args:
        fit: fits a probe.
        labels: (N,) class indices.
        num_classes: K.
        seed: of the parts.
    """
    rng = np.random.default_rng(seed)

    def run(shares: NDArray[np.float64]) -> list[NDArray[np.int64]]:
        order = rng.permutation(len(labels))
        num_held_out = max(1, round(_HELD_OUT * len(labels)))
        held_out, rest = order[:num_held_out], order[num_held_out:]
        rows = rest[rng.random(len(rest)) < shares[labels[rest]]]
        if len(np.unique(labels[rows])) < 2:
            rows = rest
        wrong = held_out[fit(rows)[held_out] != labels[held_out]]
        return [
            np.bincount(labels[each], minlength=num_classes) for each in (rows, wrong, held_out)
        ]

    alike = [run(np.full(num_classes, share)) for share in _SHARES for _ in range(_NUM_REPEATS)]
    mixed = [run(rng.uniform(0.2, 1, num_classes)) for _ in range(_NUM_MIXED)]
    every, each_own = (Runs(*map(np.array, zip(*runs, strict=True))) for runs in (alike, mixed))
    return every, each_own


def curve(runs: Runs, of: int, seed: int = 0) -> Curve:
    """The curve of one column of the runs, with draws of the bootstrap."""
    used = (runs.asked[:, of] > 0) & (runs.fitted[:, of] > 0)
    counts, wrong, asked = (each[used, of].astype(float) for each in runs)
    rng = np.random.default_rng(seed)
    draws = [rng.integers(0, len(counts), len(counts)) for _ in range(_NUM_DRAWS)]
    fits = [_fitted(counts[rows], wrong[rows] / asked[rows], asked[rows]) for rows in draws]
    return Curve(*np.array(fits).T)


def worth(runs: tuple[Runs, Runs], labels: NDArray[np.int64], names: list[str]) -> list[Worth]:
    """Gain from twice the pictures of all classes, and of each class, the most useful first."""
    counts = np.bincount(labels, minlength=len(names))
    found = [_gain(curve(runs[0].of_all(), 0), len(labels), None, 1.0)]
    for index in np.flatnonzero(counts >= 2).tolist():
        if (runs[1].asked[:, index] > 0).sum() >= 4:  # a class that is hardly asked has no curve
            share = counts[index] / len(labels)
            found.append(_gain(curve(runs[1], index), counts[index], names[index], share))
    return [found[0], *sorted(found[1:], key=lambda each: -each.gain)]


def _gain(found: Curve, count: int, name: str | None, share: float) -> Worth:
    gains = share * (found.error(count) - found.error(2 * count))
    low, high = np.quantile(gains, _LEVELS)
    return Worth(
        class_name=name,
        num_pictures=int(count),
        num_more=int(count),
        gain=float(gains.mean()),
        low=float(low) / _WIDENED,
        high=float(high) * _WIDENED,
    )


def _fitted(
    counts: NDArray[np.float64], errors: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Floor, height and exponent by weighted least squares, none of them negative."""
    best = (np.inf, 0.0, 0.0, 1.0)
    for exponent in _EXPONENTS:
        floor, height = _line(counts**-exponent, errors, weights)
        loss = float((weights * (floor + height * counts**-exponent - errors) ** 2).sum())
        if loss < best[0]:
            best = loss, floor, height, float(exponent)
    return best[1:]


def _line(
    inputs: NDArray[np.float64], targets: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Intercept and slope by weighted least squares, none of them negative."""
    mean, target = np.average(inputs, weights=weights), np.average(targets, weights=weights)
    spread = float((weights * (inputs - mean) ** 2).sum())
    slope = float((weights * (inputs - mean) * targets).sum()) / spread if spread > 0 else 0.0
    if slope <= 0:
        return float(target), 0.0
    if target - slope * mean >= 0:
        return float(target - slope * mean), slope
    return 0.0, float((weights * inputs * targets).sum() / (weights * inputs**2).sum())
