"""Deal pictures with several labels into parts that each have their share of every label.

Sechidis, Tsoumakas and Vlahavas, On the Stratification of Multi-Label Data, 2011: the label that is
rarest among the pictures left is dealt first, each picture to the part that still misses most of
it. Here whole units are dealt, pictures that stay together.
"""

import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset import label_sets
from automl.dataset.split import in_random_order, together


class _Unit(NamedTuple):
    """Pictures that stay together."""

    size: int
    labels: NDArray[np.int64]
    """The labels that any of them has."""

    counts: NDArray[np.int64]
    """Number of pictures with each of these labels."""


def validation_rows(candidates: pd.DataFrame, share: float, seed: int) -> pd.Index:
    """Index of the pictures to validate with; arguments and rules as for `split.assign`."""
    ordered, members, units, is_free = _prepared(candidates, seed)
    free = np.flatnonzero(is_free)
    dealt = deal([units[index] for index in free], [1 - share, share])
    chosen = free[dealt == 1]
    rows = np.concatenate([np.empty(0, np.int64), *(members[index] for index in chosen)])
    return ordered.index[rows]


def folds(samples: pd.DataFrame, num_folds: int, seed: int) -> pd.Series:
    """Fold (Int64) of each picture, as `folds.assign` has it."""
    result = pd.Series(pd.NA, index=samples.index, dtype="Int64", name="fold")
    ordered, members, units, is_free = _prepared(samples, seed)
    free = np.flatnonzero(is_free)
    number = min(num_folds, len(free))
    if number < 2:
        return result
    dealt = deal([units[index] for index in free], [1 / number] * number)
    for index, fold in zip(free, dealt.tolist(), strict=True):
        result[ordered.index[members[index]]] = fold
    return result


def _prepared(
    samples: pd.DataFrame, seed: int
) -> tuple[pd.DataFrame, list[NDArray[np.int64]], list[_Unit], NDArray[np.bool_]]:
    """Pictures in random order, rows of each unit, the units, and which may be held out.

    A unit that alone has a label always trains.
    """
    ordered = in_random_order(samples, seed)
    roots = together(ordered)
    _, inverse, sizes = np.unique(roots, return_inverse=True, return_counts=True)
    rows = np.argsort(inverse, kind="stable").astype(np.int64)
    members = np.split(rows, np.cumsum(sizes)[:-1]) if len(sizes) else []
    position = {name: index for index, name in enumerate(label_sets.names(ordered))}
    coded = [[position[label] for label in labels] for labels in ordered[label_sets.COLUMN]]
    units = [_unit([coded[row] for row in of_unit]) for of_unit in members]
    num_units = np.zeros(len(position), np.int64)
    for unit in units:
        num_units[unit.labels] += 1
    is_free = np.array([bool((num_units[unit.labels] > 1).all()) for unit in units], bool)
    return ordered, members, units, is_free


def _unit(coded: Sequence[Sequence[int]]) -> _Unit:
    flat = np.array([label for labels in coded for label in labels], np.int64)
    labels, counts = np.unique(flat, return_counts=True)
    return _Unit(len(coded), labels, counts)


def deal(units: Sequence[_Unit], shares: Sequence[float]) -> NDArray[np.int64]:
    """(U,) part of each unit.

    A unit goes to the part that misses most of its rarest label; of equals to the one that misses
    most pictures. Of a label with a unit for each part, every part wants at least one of them.

    Args:
        units: in the order in which equals are dealt.
        shares: of the pictures, for each part; they sum to 1.
    """
    parts = np.full(len(units), -1, np.int64)
    num_labels = 1 + max((int(unit.labels.max(initial=-1)) for unit in units), default=-1)
    by_label: list[list[int]] = [[] for _ in range(num_labels)]
    totals = np.zeros(num_labels)
    for index, unit in enumerate(units):
        totals[unit.labels] += unit.counts
        for label in unit.labels.tolist():
            by_label[label].append(index)
    wanted = np.outer(totals, shares)
    num_units = np.array([len(members) for members in by_label], np.int64)
    has_for_all = num_units >= len(shares)
    one_unit = (totals / np.maximum(num_units, 1))[has_for_all, None]
    wanted[has_for_all] = np.maximum(wanted[has_for_all], one_unit)
    wanted_pictures = sum(unit.size for unit in units) * np.array(shares)
    for label, index in _rarest_first(units, by_label, parts):
        unit = units[index]
        needs = wanted_pictures if label < 0 else wanted[label]
        part = int(np.lexsort((-wanted_pictures, -needs))[0])
        parts[index] = part
        wanted[unit.labels, part] -= unit.counts
        wanted_pictures[part] -= unit.size
    return parts


def _rarest_first(
    units: Sequence[_Unit], by_label: Sequence[Sequence[int]], parts: NDArray[np.int64]
) -> Iterator[tuple[int, int]]:
    """Every unit with the label it is dealt by; at last those without any label, with -1.

    parts: filled in by the caller; -1 for a unit that is left. Larger units come first.
    """
    left = [len(members) for members in by_label]
    queue = [(count, label) for label, count in enumerate(left) if count]
    heapq.heapify(queue)
    while queue:
        count, label = heapq.heappop(queue)
        if count != left[label] or not count:
            continue  # it has fewer by now, and stands in the queue with their number
        for index in sorted(by_label[label], key=lambda each: -units[each].size):
            if parts[index] >= 0:
                continue
            yield label, index
            for other in units[index].labels.tolist():
                left[other] -= 1
                if left[other] and other != label:
                    heapq.heappush(queue, (left[other], other))
    for index in np.flatnonzero(parts < 0).tolist():
        yield -1, index
