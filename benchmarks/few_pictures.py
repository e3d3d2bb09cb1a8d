"""Class means against a linear probe by pictures of a class: `python -m benchmarks.few_pictures`.

Both are fitted to the same few pictures of a real set, and answer for others. Sets and features are
those of `benchmarks.frozen_features`.
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

from automl.model import cross_validated_probe, prototypes  # noqa: E402
from benchmarks import draws, frozen_features  # noqa: E402
from benchmarks.draws import Draw  # noqa: E402
from benchmarks.expected_score import CHOSEN_ON, JUDGED_ON  # noqa: E402
from benchmarks.frozen_features import NETWORKS  # noqa: E402

_DRAWS = {2: 5, 3: 5, 5: 5, 8: 5, 12: 3, 20: 3}
"""Draws from each set and choice of networks, by the mean number of pictures of a class."""

_FEWEST, _MOST = 10, 400


class Outcome(NamedTuple):
    """Accuracy on other pictures."""

    per_class: int
    probe: float
    gain: float
    """Gain of the class means over the probe."""

    chosen_gain: float
    """The same where they have more right out-of-fold answers, else 0."""


def main() -> None:
    torch.set_num_threads(1)
    table = pd.DataFrame(outcomes(), columns=pd.Index(Outcome._fields))
    print(table.groupby("per_class").agg(["mean", "sem", "count"]).round(4).to_string())


def outcomes() -> Iterator[Outcome]:
    for name in (*CHOSEN_ON, *JUDGED_ON, "fridge_objects"):
        frozen = frozen_features.load(name)
        if frozen is None:
            continue
        for networks in (*((each,) for each in NETWORKS), NETWORKS):
            features = np.concatenate([frozen.features[each] for each in networks], axis=1)
            num_classes = len(np.unique(frozen.labels))
            for per_class, num_draws in _DRAWS.items():
                size = per_class * num_classes
                if _FEWEST <= size <= _MOST:
                    for drawn in draws.draws(frozen.labels, {size: num_draws}):
                        yield _outcome(features, drawn, per_class)


def _outcome(features: NDArray[np.float32], drawn: Draw, per_class: int) -> Outcome:
    probe, means = (
        fit(features[drawn.fitted], drawn.labels, drawn.folds, drawn.num_classes)
        for fit in (cross_validated_probe.fit, prototypes.cross_validated)
    )
    first, second = (
        drawn.accuracy(each.probe.probabilities(features[drawn.asked])) for each in (probe, means)
    )
    own = [(each.probabilities.argmax(axis=1) == drawn.labels).mean() for each in (probe, means)]
    return Outcome(per_class, first, second - first, second - first if own[1] > own[0] else 0.0)


if __name__ == "__main__":
    main()
