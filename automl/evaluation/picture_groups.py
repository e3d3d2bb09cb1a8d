"""Pictures that stay together: copies, near duplicates and those of one `group`. Pure."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_NUM_FOLDS = 5

Groups = Mapping[int, int]
"""Number of the group, by sample id; a picture without one is alone."""


def members(sample_ids: NDArray[np.integer], groups: Groups | None) -> NDArray[np.int64]:
    """(N,) group of each picture, counted from 0."""
    known = groups or {}
    names = [known.get(each, -1 - each) for each in sample_ids.tolist()]
    return np.asarray(np.unique(names, return_inverse=True)[1], np.int64)


def one_of_each(sample_ids: NDArray[np.integer], groups: Groups | None) -> NDArray[np.int64]:
    """Positions of one picture of each group, in ascending order.

    Tests and guarantees that rest on independent pictures count these only.
    """
    first = np.unique(members(sample_ids, groups), return_index=True)[1]
    return np.asarray(np.sort(first), np.int64)


def folds(
    sample_ids: NDArray[np.integer], groups: Groups | None, rng: np.random.Generator
) -> NDArray[np.int64]:
    """(N,) fold of each picture, of five; a group is in one fold."""
    group_of = members(sample_ids, groups)
    order = rng.permutation(int(group_of.max(initial=-1)) + 1)
    return np.asarray(order[group_of] % min(_NUM_FOLDS, max(1, len(order))), np.int64)
