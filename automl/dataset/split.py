"""Which pictures train and which validate."""

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset import groups, near_duplicates


@dataclass(frozen=True)
class _Group:
    """Pictures that stay on one side."""

    rows: list[Hashable]
    labels: dict[str, int]
    """Pictures of each label."""

    is_contradictory: bool
    """Whether one picture is there under two labels: nothing to be scored on."""


def assign(samples: pd.DataFrame, *, validation_share: float, seed: int) -> pd.DataFrame:
    """The samples with `split` filled in for the readable ones, missing for the others.

    Given validation pictures are kept. Otherwise each class gives its share of the training
    pictures, at least one and never all. Copies, near duplicates and pictures of the same `group`
    (text, where there is such a column) stay on one side, also by way of each other; only a class
    that consists of nothing but copies or near duplicates is on both sides, and one whose
    pictures are all of one `group` only trains. The choice depends on the pictures and the seed,
    not on where the files lie, and hardly changes when pictures are added.
    """
    split = samples["split"].fillna("train").where(samples["problem"].isna())
    if not (split == "validation").any():
        candidates = samples[split == "train"]
        split.loc[pd.Index(_choose(candidates, validation_share, seed))] = "validation"
    return samples.assign(split=split)


def _choose(candidates: pd.DataFrame, share: float, seed: int) -> list[Hashable]:
    """Rows to validate with."""
    # the order in which groups are asked: random, but a picture's own, whatever else there is
    rank = candidates["content_hash"].map(
        {content: _rank(seed, content) for content in candidates["content_hash"].unique()}
    )
    ordered = candidates.assign(rank=rank).sort_values(["rank", "label", "path"])
    labels, sizes = np.unique(ordered["label"].to_numpy(dtype=object), return_counts=True)
    quotas = _quotas(sizes.astype(np.int64), share)
    choice = _Choice(
        wanted=dict(zip(labels.tolist(), quotas.tolist(), strict=True)),
        available=dict(zip(labels.tolist(), sizes.tolist(), strict=True)),
    )
    choice.fill(_groups(ordered))
    choice.part([label for label in labels if choice.is_missing(label)], ordered)
    return choice.rows


def _rank(seed: int, content: str) -> str:
    return hashlib.sha256(f"{seed} {content}".encode()).hexdigest()


def _groups(ordered: pd.DataFrame) -> list[_Group]:
    """In the order of their first rows."""
    same = near_duplicates.sameness(ordered)
    keys = [same, ordered["group"]] if "group" in ordered else [same]
    disagreeing = ordered.groupby(same)["label"].transform("nunique") > 1
    members: dict[int, list[int]] = {}
    for position, root in enumerate(groups.sharing(*keys).tolist()):
        members.setdefault(root, []).append(position)
    rows, labels = ordered.index.tolist(), ordered["label"].tolist()
    contradictory = disagreeing.tolist()
    return [
        _Group(
            rows=[rows[position] for position in positions],
            labels=_counts([labels[position] for position in positions]),
            is_contradictory=any(contradictory[position] for position in positions),
        )
        for positions in members.values()
    ]


def _counts(labels: list[str]) -> dict[str, int]:
    return {labels[0]: 1} if len(labels) == 1 else Counter(labels)  # most groups are of one


class _Choice:
    """What is validated with so far, against what each class should give and has."""

    def __init__(self, wanted: dict[str, int], available: dict[str, int]) -> None:
        self.rows: list[Hashable] = []
        self._wanted = wanted
        self._num_wanted = sum(wanted.values())
        self._available = available
        self._taken: Counter[str] = Counter()

    def is_missing(self, label: str) -> bool:
        """Whether the class has pictures for both sides and gives none yet."""
        return self._wanted[label] > 0 and not self._taken[label]

    def fill(self, groups: list[_Group]) -> None:
        """Whole groups: those that fit, then those that bring classes closer to their share, then
        for classes without any the smallest that leaves something to train on."""
        plain = [group for group in groups if not group.is_contradictory]
        left = self._take(plain, self._fits)
        left = self._take(left, self._helps)
        left += [group for group in groups if group.is_contradictory]
        left.sort(key=lambda group: len(group.rows))
        self._take(left, self._covers)

    def _take(self, groups: Iterable[_Group], is_wanted: Callable[[_Group], bool]) -> list[_Group]:
        """Take the groups that are wanted when their turn comes; the others are returned."""
        left = []
        for group in groups:
            if is_wanted(group):
                self._add(group.rows, group.labels)
            else:
                left.append(group)
        return left

    def _add(self, rows: list[Hashable], labels: dict[str, int]) -> None:
        self.rows += rows
        self._taken.update(labels)

    def _fits(self, group: _Group) -> bool:
        return all(
            self._taken[label] + count <= self._wanted[label]
            for label, count in group.labels.items()
        )

    def _helps(self, group: _Group) -> bool:
        change = 0
        for label, count in group.labels.items():
            missing = self._wanted[label] - self._taken[label]
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
        """Break up copies and near duplicates where a class has nothing else to validate with."""
        for label in labels:
            own = ordered[ordered["label"] == label]
            if "group" in own:
                own = own[own["group"].isna()]
            contents = own.groupby("content_hash", sort=False)
            by_content = [part.index.tolist() for _, part in contents]
            units = by_content if len(by_content) > 1 else [[row] for row in own.index]
            for unit in sorted(units, key=len):
                taken = self._taken[label]
                room = self._wanted[label] if taken else self._available[label] - 1
                if taken + len(unit) <= room:
                    self._add(unit, {label: len(unit)})


def _quotas(sizes: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """Validation pictures of each class, between 1 and all but one, summing up to the share."""
    ideal = sizes * share
    most = sizes - 1
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
