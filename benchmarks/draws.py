"""A few pictures of a real set to fit to, and others to answer for: the frame of a comparison.

What is compared sees the same draw, so that differences are paired.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEAST_ASKED, MOST_ASKED = 90, 2000

_Labels = NDArray[np.int64]


class Draw(NamedTuple):
    """Pictures of a set by their positions, and classes as the fitted pictures number them."""

    fitted: NDArray[np.int64]
    """(N,) positions of the pictures to fit to."""

    labels: _Labels
    """(N,) their classes."""

    asked: NDArray[np.int64]
    """(Q,) positions of the pictures to answer for, of the same classes."""

    truth: _Labels
    """(Q,) their classes."""

    folds: NDArray[np.int64]
    """(N,) fold of each fitted picture, every class spread over the folds."""

    @property
    def num_classes(self) -> int:
        """Number of classes that were drawn."""
        return int(self.labels.max()) + 1

    def accuracy(self, answers: NDArray[np.float32]) -> float:
        """Share of right answers, from probabilities (Q, K)."""
        return float((answers.argmax(axis=1) == self.truth).mean())


def draws(labels: _Labels, num_draws: Mapping[int, int]) -> Iterator[Draw]:
    """Draws from a set, those of a size that leaves too few pictures to answer for left out.

    Args:
        labels: (M,) classes of the set.
        num_draws: number of draws by the number of pictures to fit to.
    """
    for size, num in num_draws.items():
        if len(labels) >= size + LEAST_ASKED:
            yield from (draw(labels, size, seed) for seed in range(num))


def draw(labels: _Labels, size: int, seed: int) -> Draw:
    """`size` pictures to fit to and up to 2,000 to answer for, at random."""
    order = np.random.default_rng([size, seed]).permutation(len(labels))
    fitted, asked = order[:size], order[size : size + MOST_ASKED]
    classes, own = np.unique(labels[fitted], return_inverse=True)
    asked = asked[np.isin(labels[asked], classes)]  # a class that was not drawn is unknown
    folds = np.empty(size, np.int64)
    folds[np.argsort(own, kind="stable")] = np.arange(size) % num_folds(size)
    return Draw(fitted, own, asked, np.searchsorted(classes, labels[asked]), folds)


def num_folds(size: int) -> int:
    """20 up to 200 pictures, 10 up to 1,000, 5 above."""
    return 20 if size <= 200 else 10 if size <= 1000 else 5
