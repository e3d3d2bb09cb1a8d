"""Matrices (N, K) that are True for each label of each picture.

A copy of this file travels with exported training code.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray


def from_names(sets: Collection[Sequence[str]], names: Sequence[str]) -> NDArray[np.bool_]:
    """(N, K) True for each of the K named labels that is in each of the N sets."""
    position = {name: index for index, name in enumerate(names)}
    matrix = np.zeros((len(sets), len(names)), bool)
    for row, labels in enumerate(sets):
        matrix[row, [position[label] for label in labels]] = True
    return matrix


def together(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(K, K) number of pictures with one label in the first matrix and another in the second.

    In single precision, which is exact up to 16 million pictures and many times faster.
    """
    return np.asarray(np.rint(first.T.astype(np.float32) @ second.astype(np.float32)), np.int64)
