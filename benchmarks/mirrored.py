"""Gain of mirrored pictures for a linear probe on frozen features: `python -m benchmarks.mirrored`.

A probe is fitted to a few pictures of a real set, or to them and their mirrored copies, and answers
for others by their own features, or by the mean of the features of both copies, as the product does
with `mirrored_features`. Sets and features are those of `benchmarks.frozen_features`.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from automl.evaluation import significance  # noqa: E402
from automl.evaluation.predictions import Predictions  # noqa: E402
from automl.model import cross_validated_probe  # noqa: E402
from automl.model.cross_validated_probe import CrossValidated  # noqa: E402
from benchmarks import draws, frozen_features  # noqa: E402
from benchmarks.draws import Draw  # noqa: E402
from benchmarks.frozen_features import NETWORKS  # noqa: E402

SETS = (
    "trashnet",
    "clothing",
    "cifar10_10k",
    "fridge_objects",
    "shapes",
    "sign_digits",
    "mnist_5k",
)
_DRAWS = {40: 4, 150: 2, 600: 2, 2000: 1}
"""Draws from each set and choice of networks, by the number of pictures."""

_CHOICES = {"one": [(each,) for each in NETWORKS], "two": [NETWORKS]}
"""Networks whose features stand side by side."""

_Array = NDArray[np.float32]


class Difference(NamedTuple):
    """Accuracy on other pictures minus that of the probe without mirrored copies."""

    networks: str
    set_name: str
    size: int
    fit_to_both: float
    ask_both: float
    fit_and_ask_both: float
    chosen: float
    """`fit_and_ask_both` where it has the smaller out-of-fold loss, else 0."""

    beyond_noise: float
    """`fit_and_ask_both` where its out-of-fold answers are better beyond noise, else 0."""


def main() -> None:
    torch.set_num_threads(1)
    table = pd.DataFrame(differences(), columns=pd.Index(Difference._fields))
    values = table.columns[3:]
    with pd.option_context("display.width", 200):
        by_size = table.groupby(["networks", "size"])[values].agg(["mean", "sem", "count"])
        print(by_size.round(4).to_string())
        of_sets = table.groupby(["networks", "set_name", "size"])[values].mean()
        print(of_sets.round(4).to_string())


def differences() -> Iterator[Difference]:
    for name in SETS:
        plain, mirrored = (frozen_features.load(name, is_mirrored=each) for each in (False, True))
        if plain is None or mirrored is None:
            continue
        for title, choices in _CHOICES.items():
            for networks in choices:
                both = np.stack([_side_by_side(each, networks) for each in (plain, mirrored)])
                for drawn in draws.draws(plain.labels, _DRAWS):
                    found = _gains(both[:, drawn.fitted], both[:, drawn.asked], drawn)
                    yield Difference(title, name, len(drawn.labels), *found)


def _side_by_side(frozen: frozen_features.FrozenSet, networks: tuple[str, ...]) -> _Array:
    return np.concatenate([frozen.features[each] for each in networks], axis=1)


def _gains(fitted: _Array, asked: _Array, drawn: Draw) -> tuple[float, ...]:
    """The figures of `Difference`, from features (2, N, D) and (2, Q, D) of both copies."""
    given = drawn.labels, drawn.folds, drawn.num_classes
    plain = cross_validated_probe.fit(fitted[0], *given)
    of_both = cross_validated_probe.fit(fitted[0], *given, mirrored=fitted[1])
    mean = asked.mean(axis=0)
    accuracy = drawn.accuracy(plain.probe.probabilities(asked[0]))
    gain = drawn.accuracy(of_both.probe.probabilities(mean)) - accuracy
    own = [
        Predictions(np.arange(len(drawn.labels)), drawn.labels, each.probabilities)
        for each in (of_both, plain)
    ]
    ours, theirs = ((each.predicted == each.labels).mean() for each in own)
    is_beyond_noise = ours >= theirs and significance.is_less_wrong(*own)
    return (
        drawn.accuracy(of_both.probe.probabilities(asked[0])) - accuracy,
        drawn.accuracy(plain.probe.probabilities(mean)) - accuracy,
        gain,
        gain if _loss(of_both, drawn) < _loss(plain, drawn) else 0.0,
        gain if is_beyond_noise else 0.0,
    )


def _loss(found: CrossValidated, drawn: Draw) -> float:
    """Mean out-of-fold loss."""
    of_label = found.probabilities[np.arange(len(drawn.labels)), drawn.labels]
    return float(-np.log(np.maximum(of_label, 1e-7)).mean())


if __name__ == "__main__":
    main()
