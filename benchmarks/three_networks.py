"""Gain of a third network in a linear probe: `python -m benchmarks.three_networks`.

Probes of one network, of two and of three side by side are fitted to a few pictures of a real set.
As in the product the single network is the one with the best out-of-fold accuracy, the pair is made
of the best two, and three networks are handed out only if they are better than the best of these
beyond noise. Sets and features are those of `benchmarks.frozen_features`.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402

from automl.evaluation import significance  # noqa: E402
from automl.evaluation.predictions import Predictions  # noqa: E402
from automl.model import cross_validated_probe  # noqa: E402
from benchmarks import draws, frozen_features  # noqa: E402
from benchmarks.draws import Draw  # noqa: E402
from benchmarks.frozen_features import NETWORKS, THIRD_NETWORK, FrozenSet  # noqa: E402

SETS = ("fridge_objects", "sign_digits", "trashnet", "clothing", "cifar10_10k", "mnist_5k")
_DRAWS = {40: 3, 150: 2, 600: 1}
_ALL = (*NETWORKS, THIRD_NETWORK)


class Outcome(NamedTuple):
    """Accuracy on other pictures."""

    set_name: str
    size: int
    one: float
    two_over_one: float
    three_over_two: float
    is_chosen: bool
    """Three networks are better beyond noise than the better one of the others."""

    gain_of_rule: float
    """Gain of the chosen row over the better one of one and two networks."""


def main() -> None:
    torch.set_num_threads(1)
    table = pd.DataFrame(outcomes(), columns=pd.Index(Outcome._fields))
    values = table.columns[2:]
    print(table.groupby("size")[values].agg(["mean", "sem", "count"]).round(4).to_string())
    print(table.groupby(["set_name", "size"])[values].mean().round(4).to_string())


def outcomes() -> Iterator[Outcome]:
    for name in SETS:
        frozen = frozen_features.load(name, _ALL)
        if frozen is not None:
            for drawn in draws.draws(frozen.labels, _DRAWS):
                yield _outcome(frozen, drawn)


def _outcome(frozen: FrozenSet, drawn: Draw) -> Outcome:
    single = {name: _row(frozen, drawn, (name,)) for name in _ALL}
    ranked = sorted(_ALL, key=lambda name: -single[name].own)
    one, two = single[ranked[0]], _row(frozen, drawn, tuple(ranked[:2]))
    three = _row(frozen, drawn, _ALL)
    part = max(one, two, key=lambda row: row.own)
    is_chosen = three.own >= part.own and significance.is_less_wrong(three.answers, part.answers)
    return Outcome(
        frozen.name,
        len(drawn.labels),
        one.other,
        two.other - one.other,
        three.other - two.other,
        is_chosen,
        three.other - part.other if is_chosen else 0.0,
    )


class _Row(NamedTuple):
    """Accuracy of a probe out of fold, and on the other pictures."""

    own: float
    other: float
    answers: Predictions


def _row(frozen: FrozenSet, drawn: Draw, networks: tuple[str, ...]) -> _Row:
    features = np.concatenate([frozen.features[each] for each in networks], axis=1)
    found = cross_validated_probe.fit(
        features[drawn.fitted], drawn.labels, drawn.folds, drawn.num_classes
    )
    own = float((found.probabilities.argmax(axis=1) == drawn.labels).mean())
    answers = Predictions(drawn.fitted, drawn.labels, found.probabilities)
    return _Row(own, drawn.accuracy(found.probe.probabilities(features[drawn.asked])), answers)


if __name__ == "__main__":
    main()
