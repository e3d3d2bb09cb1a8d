"""Which rows belong together when each is tied to some of the others."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def sharing(*keys: pd.Series) -> NDArray[np.int64]:
    """(N,) group of every row: rows with the same value in any of the columns are in one group,
    also by way of other rows; a missing value ties a row to nothing."""
    ties = [_ties(key) for key in keys]
    first, second = (np.concatenate([tie[side] for tie in ties]) for side in (0, 1))
    return connected(len(keys[0]), first, second)


def connected(count: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """(count,) the least member of everybody's group, from ties between members (E,) and (E,).

    Hooking and shortcutting (Shiloach and Vishkin, 1982): a few passes however long the chains.
    """
    root = np.arange(count, dtype=np.int64)
    while True:
        least = np.minimum(root[first], root[second])
        hooked = root.copy()
        np.minimum.at(hooked, root[first], least)
        np.minimum.at(hooked, root[second], least)
        hooked = hooked[hooked]
        if (hooked == root).all():
            return root
        root = hooked


def _ties(key: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every row that has a value, and the first row with the same one."""
    codes, _ = pd.factorize(key)
    rows = np.flatnonzero(codes >= 0)
    _, first, inverse = np.unique(codes[rows], return_index=True, return_inverse=True)
    return rows, rows[first[inverse]]
