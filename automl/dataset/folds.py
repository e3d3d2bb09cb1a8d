"""Folds for cross-validation over all pictures that are not test pictures."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset import iterative_stratification, label_sets, row_groups
from automl.dataset.split import in_random_order, together

_FOLDS_BY_PICTURES = ((200, 20), (1_000, 10))
_FOLDS_OF_MANY = 5


def wanted(num_pictures: int) -> int:
    """Number of folds: with few pictures each one that is held out is missed in training."""
    return next((k for most, k in _FOLDS_BY_PICTURES if num_pictures <= most), _FOLDS_OF_MANY)


def assign(samples: pd.DataFrame, *, seed: int) -> pd.Series:
    """Deal pictures into folds.

    Each class is spread evenly. Copies, near duplicates and pictures of the same `group` are in one
    fold. A class that consists only of copies or near duplicates is spread nevertheless, as in
    `split.assign`. Pictures without a fold always train and are never scored: those of a class
    whose pictures could only be held out all at once, because it has one picture or one `group`.

    Args:
        samples: the pictures, all readable.
        seed: the folds depend on it and on the pictures, not on where the files lie.

    Returns:
        Fold (Int64) from 0, by the index of the samples; missing for all if there is only one.
    """
    if label_sets.are_in(samples):
        return iterative_stratification.folds(samples, wanted(len(samples)), seed)
    folds = pd.Series(pd.NA, index=samples.index, dtype="Int64", name="fold")
    ordered = in_random_order(samples, seed)
    labels = pd.factorize(ordered["label"])[0].astype(np.int64)
    units = _units(ordered, labels)
    can_be_held_out = ~np.isin(units, units[~_has_others(labels, units)])
    units, labels = units[can_be_held_out], labels[can_be_held_out]
    num_folds = min(wanted(len(ordered)), len(np.unique(units)))
    if num_folds > 1:
        folds[ordered.index[can_be_held_out]] = _deal(units, labels, num_folds)
    return folds


def _units(ordered: pd.DataFrame, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) first row of what stays together with each row."""
    group = ordered["group"] if "group" in ordered else pd.Series(None, ordered.index, "str")
    units = together(ordered)
    is_free = group.isna().to_numpy()
    # a class of copies alone is divided: by content, or picture by picture if that is all the same
    for key in (pd.factorize(ordered["content_hash"])[0], np.arange(len(units))):
        divided = is_free & ~_has_others(labels, units)
        _, first, inverse = np.unique(key[divided], return_index=True, return_inverse=True)
        units[divided] = np.flatnonzero(divided)[first[inverse]]
    return units


def _has_others(labels: NDArray[np.int64], units: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N,) True where the class has pictures outside the unit of this one."""
    num_classes = int(labels.max(initial=0)) + 1
    first = row_groups.first_rows(labels, num_classes)
    differs = units != units[first[labels]]
    return np.asarray(np.bincount(labels, differs, num_classes)[labels] > 0)


def _deal(units: NDArray[np.int64], labels: NDArray[np.int64], num_folds: int) -> NDArray[np.int64]:
    """(N,) fold of each row, from its unit (N,) and its class (N,).

    The largest units come first, each into the fold with the fewest pictures of its classes; of
    equals into the smallest fold.
    """
    _, first, inverse, sizes = np.unique(
        units, return_index=True, return_inverse=True, return_counts=True
    )
    starts = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    in_units = labels[np.argsort(inverse, kind="stable")].tolist()
    of_class = [[0] * num_folds for _ in range(int(labels.max()) + 1)]
    in_fold = [0] * num_folds
    chosen = np.empty(len(sizes), np.int64)
    for unit in np.lexsort((first, -sizes)).tolist():
        own = in_units[starts[unit] : starts[unit + 1]]
        crowded = of_class[own[0]]
        if len(own) > 1:  # most units are a single picture
            crowded = [sum(of_class[label][fold] for label in own) for fold in range(num_folds)]
        fold = min(zip(crowded, in_fold, range(num_folds), strict=True))[2]
        for label in own:
            of_class[label][fold] += 1
        in_fold[fold] += len(own)
        chosen[unit] = fold
    return chosen[inverse]
