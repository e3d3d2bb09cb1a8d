"""Split pictures into those that train, those that validate and those sealed for a test."""

import hashlib
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset import near_duplicates, row_groups
from automl.dataset.corrections import MOVED

TURNED = "turned_group"
"""Column of `turned_copies.groups`; experiments of earlier versions have none."""

Choose = Callable[[pd.DataFrame, float, int], Iterable[Hashable]]
"""From pictures, the share and the seed to the index of the pictures to validate with."""


@dataclass(slots=True)
class _Group:
    """Pictures that stay on one side."""

    rows: list[Hashable]
    labels: dict[str, int]
    """Pictures of each label."""

    is_contradictory: bool
    """True if a picture of it has two labels, so that no score could be right."""


def assign(
    samples: pd.DataFrame,
    *,
    validation_share: float,
    test_share: float = 0.0,
    seed: int,
    choose: Choose | None = None,
) -> pd.DataFrame:
    """Fill in `split` for the readable samples; it is missing for the others.

    Validation pictures that the data names are kept. Otherwise each class gives its share of the
    training pictures, at least one and never all. Copies, near duplicates and pictures of the same
    `group` (text, in data with such a column) stay on one side, also by way of each other. There
    are two exceptions: a class that consists only of copies or near duplicates is on both sides,
    and a class whose pictures are all of one `group` only trains. The choice depends on the
    pictures and the seed, not on where the files lie, and hardly changes when pictures are added.

    Without test pictures in the data, `test_share` of the training pictures is sealed first; the
    validation share is then one of the others. Each class keeps two pictures for the other sides,
    and nothing that belongs together is divided.

    Pictures that a correction has moved stay where they are, and name no split for the others.

    Args:
        samples: the pictures.
        validation_share: share of the training pictures.
        test_share: share of the training pictures.
        seed: of the choice.
        choose: another rule by which pictures are held out.
    """
    split = samples["split"].fillna("train").where(samples["problem"].isna())
    stays, readable = _is_moved(samples), samples[samples["problem"].isna()]
    if test_share and not has_own(readable, "test"):
        candidates = samples[(split == "train") & ~stays]
        split.loc[pd.Index(list((choose or _choose_test)(candidates, test_share, seed)))] = "test"
    if not has_own(readable, "validation"):
        candidates = samples[(split == "train") & ~stays]
        split.loc[pd.Index(list((choose or _choose)(candidates, validation_share, seed)))] = (
            "validation"
        )
    return samples.assign(split=split)


def has_own(samples: pd.DataFrame, name: str) -> bool:
    """True if the data, and no correction alone, puts one of the samples into the split."""
    return bool(((samples["split"] == name) & ~_is_moved(samples)).any())


def _is_moved(samples: pd.DataFrame) -> "pd.Series[bool]":
    if MOVED not in samples:
        return pd.Series(False, samples.index)
    return samples[MOVED].astype(bool)


def _choose(candidates: pd.DataFrame, share: float, seed: int) -> list[Hashable]:
    """Rows to validate with."""
    ordered = in_random_order(candidates, seed)  # groups are tried in random order
    choice = _Choice.of(ordered, share)
    choice.fill(_groups(ordered))
    labels = ordered["label"].unique().tolist()
    choice.part([label for label in sorted(labels) if choice.is_missing(label)], ordered)
    return choice.rows


def _choose_test(candidates: pd.DataFrame, share: float, seed: int) -> list[Hashable]:
    """Rows to seal for a test."""
    ordered = in_random_order(candidates, seed)
    choice = _Choice.of(ordered, share, num_kept=2)  # one to train on and one to validate with
    choice.fill(_groups(ordered))
    return choice.rows


def in_random_order(samples: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Sort by a random rank of the content, which does not depend on the other pictures.

    Copies come by label and path.
    """
    contents = samples["content_hash"]
    is_copy = contents.duplicated(keep=False).to_numpy()
    copies = samples.loc[is_copy, ["label", "path"]].reset_index(drop=True)
    places = np.flatnonzero(is_copy)[copies.sort_values(["label", "path"]).index.to_numpy()]
    places = np.concatenate([np.flatnonzero(~is_copy), places])
    digests = [hashlib.sha256(f"{seed} {one}".encode()).digest() for one in contents.tolist()]
    ranks = np.array(digests, "S32")[places]
    return samples.iloc[places[np.argsort(ranks, kind="stable")]]


def _groups(ordered: pd.DataFrame) -> list[_Group]:
    """Groups of rows that stay on one side, in the order of their first rows."""
    same = near_duplicates.sameness(ordered)
    columns = (
        ordered.index,
        ordered["label"],
        row_groups.disagreeing(same, ordered["label"]),
        together(ordered),
    )
    groups: dict[int, _Group] = {}
    for row, label, is_contradictory, root in zip(
        *(each.tolist() for each in columns), strict=True
    ):
        group = groups.get(root)
        if group is None:
            groups[root] = _Group([row], {label: 1}, is_contradictory)
        else:
            group.rows.append(row)
            group.labels[label] = group.labels.get(label, 0) + 1
            group.is_contradictory |= is_contradictory
    return list(groups.values())


def together(samples: pd.DataFrame) -> NDArray[np.int64]:
    """(N,) group of samples that stay on one side; needs `near_duplicate_group`."""
    others = [samples[name] for name in (TURNED, "group") if name in samples]
    return sharing(near_duplicates.sameness(samples), *others)


def sharing(*keys: pd.Series) -> NDArray[np.int64]:
    """(N,) group of every row, numbered by its first row.

    Rows with the same value in any of the columns are in one group, also by way of other rows. A
    missing value ties a row to nothing.
    """
    ties = [_ties(key) for key in keys]
    first, second = (np.concatenate([tie[side] for tie in ties]) for side in (0, 1))
    return near_duplicates.connected(len(keys[0]), first, second)


def _ties(key: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each row that has a value, and the first row with the same value."""
    codes, found = pd.factorize(key)
    rows = np.flatnonzero(codes >= 0)
    return rows, row_groups.first_rows(codes, len(found))[codes[rows]]


class _Choice:
    """Validation rows chosen so far, with how many pictures each class should give, and has."""

    def __init__(self, quotas: dict[str, int], available: dict[str, int]) -> None:
        self.rows: list[Hashable] = []
        self._quotas = quotas
        self._num_wanted = sum(quotas.values())
        self._available = available
        self._taken = dict.fromkeys(quotas, 0)

    @classmethod
    def of(cls, ordered: pd.DataFrame, share: float, *, num_kept: int = 1) -> Self:
        """A choice of the share of each class that leaves at least so many pictures of it."""
        counts = ordered["label"].value_counts().sort_index()
        labels, sizes = counts.index.tolist(), counts.to_numpy().astype(np.int64)
        available = np.maximum(sizes - num_kept + 1, 1)
        quotas = _quotas(sizes, share, most=available - 1)
        return cls(
            quotas=dict(zip(labels, quotas.tolist(), strict=True)),
            available=dict(zip(labels, available.tolist(), strict=True)),
        )

    def is_missing(self, label: str) -> bool:
        """True if the class has pictures for both sides and gives none yet."""
        return self._quotas[label] > 0 and not self._taken[label]

    def fill(self, groups: list[_Group]) -> None:
        """Take whole groups, in three passes.

        First those that fit; then those that bring classes closer to their share; then, for classes
        without any, the smallest that leaves something to train on.
        """
        plain = [group for group in groups if not group.is_contradictory]
        left = self._take(plain, self._fits)
        left = self._take(left, self._helps)
        left += [group for group in groups if group.is_contradictory]
        left.sort(key=lambda group: len(group.rows))
        self._take(left, self._covers)

    def _take(self, groups: Iterable[_Group], is_wanted: Callable[[_Group], bool]) -> list[_Group]:
        """Take the groups for which the condition holds in their turn; return the others."""
        left = []
        for group in groups:
            if is_wanted(group):
                self._add(group.rows, group.labels)
            else:
                left.append(group)
        return left

    def _add(self, rows: list[Hashable], labels: dict[str, int]) -> None:
        self.rows += rows
        for label, count in labels.items():
            self._taken[label] += count

    def _fits(self, group: _Group) -> bool:
        taken, quotas = self._taken, self._quotas
        return not any(taken[name] + num > quotas[name] for name, num in group.labels.items())

    def _helps(self, group: _Group) -> bool:
        change = 0
        for label, count in group.labels.items():
            missing = self._quotas[label] - self._taken[label]
            change += abs(missing - count) - abs(missing)
        num_missing = self._num_wanted - len(self.rows)
        is_closer = change < 0 or (change == 0 and len(group.rows) <= num_missing)
        return is_closer and self._leaves_some(group)

    def _covers(self, group: _Group) -> bool:
        return any(map(self.is_missing, group.labels)) and self._leaves_some(group)

    def _leaves_some(self, group: _Group) -> bool:
        return all(
            self._taken[label] + count < self._available[label]
            for label, count in group.labels.items()
        )

    def part(self, labels: list[str], ordered: pd.DataFrame) -> None:
        """Divide copies and near duplicates of classes that have nothing else to validate with."""
        for label in labels:
            own = ordered[ordered["label"] == label]
            if "group" in own:
                own = own[own["group"].isna()]
            contents = own.groupby("content_hash", sort=False)
            by_content = [part.index.tolist() for _, part in contents]
            units = by_content if len(by_content) > 1 else [[row] for row in own.index]
            for unit in sorted(units, key=len):
                taken = self._taken[label]
                room = self._quotas[label] if taken else self._available[label] - 1
                if taken + len(unit) <= room:
                    self._add(unit, {label: len(unit)})


def _quotas(
    sizes: NDArray[np.int64], share: float, *, most: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(K,) pictures of each class: at least 1, at most `most`, and the share in total.

    Rounds down, then adds to (or takes from) the classes that are furthest from their ideal.
    """
    ideal = sizes * share
    least = np.minimum(1, most)
    quotas: NDArray[np.int64] = np.clip(np.floor(ideal).astype(np.int64), least, most)
    excess = quotas.sum() - round(sizes.sum() * share)
    step = -1 if excess > 0 else 1
    for _ in range(abs(excess)):
        movable = quotas > least if step < 0 else quotas < most
        if not movable.any():
            break
        urgency = np.where(movable, step * (ideal - quotas), -np.inf)
        quotas[urgency.argmax()] += step
    return quotas
