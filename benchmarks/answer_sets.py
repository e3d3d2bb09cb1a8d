"""Coverage of answer sets on pictures never seen: `python -m benchmarks.answer_sets [SET …]`.

Pictures of a real set are drawn again and again. Answer sets are calibrated on them as an export
does it, and the share of other pictures whose right class is in the set is counted, three ways:

- `held out`: a probe is fitted to three quarters of them and calibrated on the rest, which is what
  the theory is about;
- `out of fold`: the probe of all of them, calibrated on the answers of those of the folds;
- `best of three`: the same for the most accurate of the probes of three networks, which was chosen
  on the pictures that calibrate.

Held out, less is covered than asked for in one of twenty draws at most, if the promise holds; out
of fold the mean over the draws should not be below it. The table has both. Sets and features are
those of `benchmarks.frozen_features`.
"""

import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.errors import PredictionError
from automl.evaluation import answer_sets
from automl.model import cross_validated_probe, linear_probe
from automl.model.cross_validated_probe import CrossValidated
from benchmarks import draws, frozen_features
from benchmarks.draws import Draw
from benchmarks.frozen_features import NETWORKS, THIRD_NETWORK, FrozenSet

SETS = ("trashnet", "clothing", "sign_digits", "mnist_5k")
_DRAWS = {150: 6, 500: 4}
_COVERAGES = (0.8, 0.9, 0.95)

_Rows = NDArray[np.float32]


class Result(NamedTuple):
    """Answer sets of one model for pictures that it has not seen."""

    way: str
    set_name: str
    size: int
    asked: float
    """Coverage that was asked for."""

    covered: float
    """Share of the pictures whose right class is in the set."""

    num_classes: float
    """Mean number of classes in a set."""

    is_low: bool
    """True if less is covered than was asked for."""


class _Answers(NamedTuple):
    """Answers that calibrate (N, K) with their classes (N,), and those for others (Q, K)."""

    calibrating: _Rows
    labels: NDArray[np.int64]
    others: _Rows


def results(frozen: FrozenSet) -> Iterator[Result]:
    """Answer sets of every draw of a set."""
    for drawn in draws.draws(frozen.labels, _DRAWS):
        for way, answers in _ways(frozen, drawn).items():
            right = answer_sets.calibration(answers.calibrating, answers.labels)
            for coverage in _COVERAGES:
                try:
                    limit = answer_sets.limit(right, coverage)
                except PredictionError:  # a part that was held out has too few pictures
                    continue
                found = [answer_sets.members(row, limit) for row in answers.others]
                hits = sum(label in one for label, one in zip(drawn.truth, found, strict=True))
                yield Result(
                    way,
                    frozen.name,
                    len(drawn.labels),
                    coverage,
                    hits / len(found),
                    float(np.mean([len(one) for one in found])),
                    hits < coverage * len(found),
                )


def _ways(frozen: FrozenSet, drawn: Draw) -> dict[str, _Answers]:
    folded = {name: _fitted(each, drawn) for name, each in frozen.features.items()}
    names = list(folded)

    def is_right(name: str) -> float:
        return float((folded[name].probabilities.argmax(axis=1) == drawn.labels).mean())

    def out_of_fold(name: str) -> _Answers:
        asked = folded[name].probe.probabilities(frozen.features[name][drawn.asked])
        return _Answers(folded[name].probabilities, drawn.labels, asked)

    return {
        "held out": _held_out(frozen.features[names[0]], drawn),
        "out of fold": out_of_fold(names[0]),
        "best of three": out_of_fold(max(names, key=is_right)),
    }


def _fitted(features: _Rows, drawn: Draw) -> CrossValidated:
    known = features[drawn.fitted]
    return cross_validated_probe.fit(known, drawn.labels, drawn.folds, drawn.num_classes)


def _held_out(features: _Rows, drawn: Draw) -> _Answers:
    known, asked = features[drawn.fitted], features[drawn.asked]
    last = 3 * len(known) // 4  # their order is a random one
    probe = linear_probe.fit(known[:last], drawn.labels[:last], drawn.num_classes)
    return _Answers(
        probe.probabilities(known[last:]), drawn.labels[last:], probe.probabilities(asked)
    )


def _main(names: list[str]) -> None:
    rows: list[Result] = []
    for name in names or SETS:
        frozen = frozen_features.load(name, (THIRD_NETWORK, *NETWORKS))
        if frozen is not None:
            rows += results(frozen)
    keys = ["way", "size", "asked"]
    table = pd.DataFrame(rows)
    columns = ["covered", "num_classes", "is_low"]
    print(table.groupby([*keys, "set_name"])[columns].mean().unstack().round(3).to_string())
    found = table.groupby(keys)
    spread = found["covered"].agg(["mean", "sem", "count"])
    print(spread.join(found[columns[1:]].mean()).round(3).to_string())


if __name__ == "__main__":
    _main(sys.argv[1:])
