"""Labels that a choice of pictures saves: `python -m benchmarks.label_next [SET …]`.

Pictures of real sets are labelled 20 at a time, from none on, and a linear probe is fitted to those
with a label after each batch. The first table says how many labels it needs until it has 95 % of
the accuracy of a probe with all labels, on a third of the pictures that is never labelled; it is
read off the mean curve of several beginnings. The second has these as shares of what random choices
need. The third compares the forecast with the mean of many choices of the pictures: it says what
twice as many labels bring, and how many are needed for what twice and four times as many bring.
Features are those of `benchmarks.frozen_features`.
"""

import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.labelling import forecast, queries, suggesting
from automl.labelling.suggesting import Labelled
from automl.model import linear_probe
from benchmarks import frozen_features, label_queries
from benchmarks.frozen_features import THIRD_NETWORK, FrozenSet
from benchmarks.label_queries import Pool, Query

SETS = ("trashnet", "clothing", "sign_digits", "cifar10_10k", "mnist_5k")
_BATCH = 20
_AIM = 0.95
_NUM_BEGINNINGS, _NUM_FORECASTS = 6, 3
_MARGIN = 0.015
_MAX_LABELS = 1_200
_NUM_RANKED = 10_000
_NUM_CHOSEN = 100
_SIZES, _MORE, _NUM_TRUE = (160, 320, 480), (2, 4), 5


class Split(NamedTuple):
    """Pictures to label, and those that the accuracy is measured on."""

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    asked: NDArray[np.float32]
    truth: NDArray[np.int64]
    num_classes: int

    def accuracy(self, rows: NDArray[np.int64]) -> float:
        """Accuracy of a probe that is fitted to some of the pictures."""
        probe = linear_probe.fit(self.features[rows], self.labels[rows], self.num_classes)
        return float((probe.probabilities(self.asked).argmax(axis=1) == self.truth).mean())


def split(frozen: FrozenSet, seed: int) -> Split:
    """A third of the pictures to measure on, the rest to label."""
    features, labels = frozen.features[THIRD_NETWORK], frozen.labels
    order = np.random.default_rng(seed).permutation(len(labels))
    asked, pool = order[: len(order) // 3], order[len(order) // 3 :]
    count = int(labels.max()) + 1
    return Split(features[pool], labels[pool], features[asked], labels[asked], count)


def curve(data: Split, query: Query, enough: float, seed: int) -> list[float]:
    """Accuracy after each batch, until it is clearly above what is enough."""
    labelled, accuracies = np.zeros(0, np.int64), [0.0]
    while len(labelled) < min(_MAX_LABELS, len(data.labels)) and accuracies[-1] < enough:
        rest = np.setdiff1d(np.arange(len(data.labels)), labelled)
        labelled = np.append(labelled, rest[_next(data, query, labelled, rest, seed)])
        accuracies.append(data.accuracy(labelled))
    return accuracies


def labels_needed(curves: Sequence[Sequence[float]], aim: float) -> float:
    """Labels until the mean of the accuracies stays above the aim, between batches in proportion.

    Each curve goes on with its last accuracy.
    """
    length = max(map(len, curves))
    mean = np.mean([[*each, *[each[-1]] * (length - len(each))] for each in curves], axis=0)
    below = np.flatnonzero(mean < aim)
    last = int(below[-1])
    if last == length - 1:
        return float(_BATCH * last)
    return float(_BATCH * (last + (aim - mean[last]) / (mean[last + 1] - mean[last])))


def _next(
    data: Split, query: Query, labelled: NDArray[np.int64], rest: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    if not len(labelled) and query is not label_queries.at_random:
        return queries.central(data.features[rest], _BATCH, seed)
    known = data.features[labelled]
    probe = linear_probe.LinearProbe(
        np.zeros((data.num_classes, data.features.shape[1]), np.float32),
        np.zeros(data.num_classes, np.float32),
    )
    if len(labelled):
        probe = linear_probe.fit(known, data.labels[labelled], data.num_classes)
    return query(Pool(data.features[rest], known, probe, seed + len(labelled)), _BATCH)


def _rows(frozen: FrozenSet) -> Iterator[dict[str, object]]:
    splits = [split(frozen, seed) for seed in range(_NUM_BEGINNINGS)]
    best = [data.accuracy(np.arange(len(data.labels))) for data in splits]
    for name, query in label_queries.QUERIES:
        curves = [
            [accuracy / full for accuracy in curve(data, query, (_AIM + _MARGIN) * full, seed)]
            for seed, (data, full) in enumerate(zip(splits, best, strict=True))
        ]
        row = {"set": frozen.name, "choice": name, "needed": labels_needed(curves, _AIM)}
        print(row, flush=True, file=sys.stderr)
        yield row


def seconds_to_rank() -> float:
    """Processor seconds in which 10,000 pictures are ranked, their features being there."""
    rng = np.random.default_rng(0)
    features = rng.random((_NUM_RANKED, 1280), np.float32)
    labelled = Labelled(features[:200], np.arange(200) % 10, list("abcdefghij"))
    paths = [str(row) for row in range(_NUM_RANKED)]
    started = time.process_time()
    suggesting.suggested(paths, features, labelled, _NUM_CHOSEN)
    return time.process_time() - started


def _forecasts(frozen: FrozenSet) -> Iterator[dict[str, object]]:
    """Gains from more labels, by forecast and as the mean of many choices of the pictures."""
    features, labels = frozen.features[THIRD_NETWORK], frozen.labels
    names = [str(each) for each in range(int(labels.max()) + 1)]
    splits = [split(frozen, 100 + draw) for draw in range(_NUM_TRUE)]
    errors = {
        size: 1 - float(np.mean([data.accuracy(np.arange(size)) for data in splits]))
        for size in sorted({size * more for size in _SIZES for more in (1, *_MORE)})
        if size <= len(splits[0].labels)
    }
    for size, seed in itertools.product(_SIZES, range(_NUM_FORECASTS)):
        known = np.random.default_rng(seed).permutation(len(labels))[:size]
        runs = suggesting.observed(Labelled(features[known], labels[known], names), seed)
        curve, twice = forecast.curve_of_all(runs[0]), forecast.worth(runs, labels[known], names)[0]
        row = {"set": frozen.name, "labels": size, "forecast": twice.gain}
        row |= {"low": twice.low, "high": twice.high, "true": errors[size] - errors[2 * size]}
        # on other pictures the same probe errs a little more or less
        shift = errors[size] - curve.error(size).mean()
        for more in _MORE:
            if more * size in errors:
                needed = curve.count_for(errors[more * size] - shift)
                row[f"needed / true {more * size}"] = needed / (more * size)
        print(row, flush=True, file=sys.stderr)
        yield row


def _main(names: list[str]) -> None:
    rows, forecasts = [], []
    for name in names or SETS:
        frozen = frozen_features.load(name, (THIRD_NETWORK,))
        if frozen is not None:
            forecasts += list(_forecasts(frozen))
            rows += list(_rows(frozen))
    print(pd.DataFrame(forecasts).round(3).to_string())
    table = pd.DataFrame(rows).pivot_table(index="choice", columns="set", values="needed")
    print(table.round(0).to_string())
    print((table / table.loc["at random"]).round(2).to_string())
    print(f"ranking {_NUM_RANKED:,} pictures: {seconds_to_rank():.1f} s of a processor")


if __name__ == "__main__":
    _main(sys.argv[1:])
