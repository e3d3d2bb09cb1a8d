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
from benchmarks import frozen_features  # noqa: E402
from benchmarks.expected_score import CHOSEN_ON, JUDGED_ON  # noqa: E402
from benchmarks.frozen_features import NETWORKS  # noqa: E402
from benchmarks.small_experiments import num_folds  # noqa: E402

_DRAWS = {2: 5, 3: 5, 5: 5, 8: 5, 12: 3, 20: 3}
"""Draws from each set and choice of networks, by the mean number of pictures of a class."""

_FEWEST, _MOST = 10, 400
_LEAST_TEST, _MOST_TEST = 90, 2000


class Outcome(NamedTuple):
    """Accuracy on other pictures."""

    per_class: int
    probe: float
    gain: float
    """Of the class means over the probe."""

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
            for per_class, num_draws in _DRAWS.items():
                size = per_class * len(np.unique(frozen.labels))
                if not _FEWEST <= size <= min(_MOST, len(features) - _LEAST_TEST):
                    continue
                for seed in range(num_draws):
                    order = np.random.default_rng([size, seed]).permutation(len(features))
                    yield _outcome(features[order], frozen.labels[order], size, per_class)


def _outcome(
    features: NDArray[np.float32], labels: NDArray[np.int64], size: int, per_class: int
) -> Outcome:
    classes, known = np.unique(labels[:size], return_inverse=True)
    # a class that was not drawn is unknown
    asked = np.flatnonzero(np.isin(labels, classes))
    asked = asked[asked >= size][:_MOST_TEST]
    folds = np.empty(size, np.int64)
    folds[np.argsort(known, kind="stable")] = np.arange(size) % num_folds(size)
    probe, means = (
        fit(features[:size], known, folds, len(classes))
        for fit in (cross_validated_probe.fit, prototypes.cross_validated)
    )
    truth = np.searchsorted(classes, labels[asked])
    first, second = (
        float((each.probe.probabilities(features[asked]).argmax(axis=1) == truth).mean())
        for each in (probe, means)
    )
    own = [(each.probabilities.argmax(axis=1) == known).mean() for each in (probe, means)]
    return Outcome(per_class, first, second - first, second - first if own[1] > own[0] else 0.0)


if __name__ == "__main__":
    main()
