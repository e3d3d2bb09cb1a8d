"""Worth of more labels: learning curves of a probe, overall and of each class.

Probes are fitted to parts of the pictures and asked about pictures that they have not seen. Their
errors follow a power law of the number of pictures, as those of each class do of its own (Tae and
Whang, Slice Tuner, 2021). Few pictures say nothing about its exponent, so that it is drawn from
those that are usual (`benchmarks/label_next.py`); the pictures, or for a class the probes, are
drawn again by the bootstrap.
"""

import itertools
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl.evaluation.label_next import Worth

Fit = Callable[[NDArray[np.int64]], NDArray[np.int64]]
"""From the rows that a probe is fitted to, to its answers (N,) for all rows."""

FEWEST = 40
"""Pictures below which nothing is forecast: each part would have a handful."""

_NUM_FOLDS = 5
_REPEATS = {0.125: 3, 0.25: 3, 0.5: 2, 1.0: 1}
"""Probes of each fold, by the share of its training pictures that they are fitted to."""

_NUM_MIXED, _FEWEST_MIXED = 24, 4
"""Probes with another part of each class, which tell what the pictures of one class bring; and
those without which a class has no curve."""

_EXPONENTS = (0.2, 0.3, 0.4, 0.5)
_NUM_DRAWS = 200
_LEVELS = (0.05, 0.95)
_WIDENED = 1.1
"""Factor by which intervals are wider than the spread of the curves, each way: beyond the pictures
that are there they err by more than that (`benchmarks/label_next.py`)."""


class Answered(NamedTuple):
    """Probes that were fitted to more and more pictures, asked about the others."""

    fitted: NDArray[np.float64]
    """(S,) pictures."""

    wrong: NDArray[np.float64]
    """(S, N) share of the probes that got each picture wrong."""


class Runs(NamedTuple):
    """Probes, and what they got wrong."""

    fitted: NDArray[np.int64]
    """(R, K) pictures of each class that each was fitted to."""

    wrong: NDArray[np.int64]
    """(R, K) of those held out."""

    asked: NDArray[np.int64]
    """(R, K) held out."""

    def of_class(self, index: int) -> "Runs":
        """(U,) each, of the U probes that were fitted to pictures of a class and asked about it."""
        used = (self.fitted[:, index] > 0) & (self.asked[:, index] > 0)
        return Runs(*(each[used, index] for each in self))


class Curve(NamedTuple):
    """Error rates floor + height * n ** -exponent: each is (draws,), their mean is the estimate."""

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
) -> tuple[Answered, Runs]:
    """Errors of probes on equal parts of all classes, and on another part of each class.

    Args:
        fit: fits a probe.
        labels: (N,) class indices.
        num_classes: K.
        seed: of the parts.
    """
    rng = np.random.default_rng(seed)
    fold = rng.permutation(len(labels)) % _NUM_FOLDS
    folds = [
        (np.flatnonzero(fold == each), np.flatnonzero(fold != each)) for each in range(_NUM_FOLDS)
    ]

    def taught(rows: NDArray[np.int64], rest: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows, or all if these are of one class, which teaches nothing."""
        return rows if len(np.unique(labels[rows])) > 1 else rest

    fitted, wrong = np.zeros(len(_REPEATS)), np.zeros((len(_REPEATS), len(labels)))
    for asked, rest in folds:
        for size, (share, repeats) in enumerate(_REPEATS.items()):
            for _ in range(repeats):
                rows = taught(rng.permutation(rest)[: round(share * len(rest))], rest)
                fitted[size] += len(rows) / repeats / _NUM_FOLDS
                wrong[size, asked] += (fit(rows) != labels)[asked] / repeats

    def mixed(asked: NDArray[np.int64], rest: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        is_in = rng.random(len(rest)) < rng.uniform(0.2, 1, num_classes)[labels[rest]]
        rows = taught(rest[is_in], rest)
        found = rows, asked[(fit(rows) != labels)[asked]], asked
        return [np.bincount(labels[each], minlength=num_classes) for each in found]

    runs = [mixed(*folds[number % _NUM_FOLDS]) for number in range(_NUM_MIXED)]
    return Answered(fitted, wrong), Runs(*map(np.array, zip(*runs, strict=True)))


def curve_of_all(found: Answered, seed: int = 0) -> Curve:
    """The curve of all classes, with draws of the pictures."""
    rng, (_, num_pictures) = np.random.default_rng(seed), found.wrong.shape
    drawn = rng.multinomial(num_pictures, np.full(num_pictures, 1 / num_pictures), _NUM_DRAWS)
    return _curve(
        (found.fitted, errors, found.fitted) for errors in drawn @ found.wrong.T / num_pictures
    )


def curve(of_class: Runs, seed: int = 0) -> Curve:
    """The curve of one class, with draws of the runs."""
    counts, wrong, asked = (each.astype(float) for each in of_class)
    drawn = np.random.default_rng(seed).integers(0, len(counts), (_NUM_DRAWS, len(counts)))
    return _curve((counts[rows], wrong[rows] / asked[rows], asked[rows]) for rows in drawn)


def worth(runs: tuple[Answered, Runs], labels: NDArray[np.int64], names: list[str]) -> list[Worth]:
    """Gain from twice the pictures of all classes, and of each class, the most useful first."""
    counts = np.bincount(labels, minlength=len(names))
    found = [_gain(curve_of_all(runs[0]), len(labels), None, 1.0)]
    for index in np.flatnonzero(counts >= 2).tolist():
        of_class = runs[1].of_class(index)
        if len(of_class.asked) >= _FEWEST_MIXED:
            share = counts[index] / len(labels)
            found.append(_gain(curve(of_class), counts[index], names[index], share))
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


def _curve(draws: Iterable[tuple[NDArray[np.float64], ...]]) -> Curve:
    """A curve of each draw of counts, errors and weights, with the exponents in turn."""
    fits = []
    for exponent, (counts, errors, weights) in zip(
        itertools.cycle(_EXPONENTS), draws, strict=False
    ):
        floor, height = _line(counts**-exponent, errors, weights)
        fits.append((floor, height, exponent))
    return Curve(*np.array(fits).T)


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
