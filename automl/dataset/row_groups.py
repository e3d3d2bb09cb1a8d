"""Rows of a table that belong together by a key."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def disagreeing(key: pd.Series, labels: pd.Series) -> pd.Series:
    """True for rows whose key another row with another label has; a missing key is of no other."""
    group, contents = pd.factorize(key)
    label, _ = pd.factorize(labels)
    first = first_rows(group, len(contents))
    rows = np.flatnonzero(group >= 0)
    differs = label[rows] != label[first[group[rows]]]
    disagrees = np.bincount(group[rows], differs, len(contents)) > 0
    found = np.zeros(len(key), bool)
    found[rows] = disagrees[group[rows]]
    return pd.Series(found, key.index)


def first_rows(codes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """(count,) the first row of each code, from codes (N,) of which -1 stands for none."""
    rows = np.flatnonzero(codes >= 0)[::-1]
    first = np.empty(count, np.int64)
    first[codes[rows]] = rows  # of equal codes the last one, which is the first row, stays
    return first
