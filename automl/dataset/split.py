"""Which pictures train and which validate."""

from collections import Counter
from collections.abc import Hashable

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def assign(samples: pd.DataFrame, *, validation_share: float, seed: int) -> pd.DataFrame:
    """The samples with `split` filled in for the readable ones, missing for the others.

    Given validation pictures are kept. Otherwise each class gives its share of the training
    pictures, at least one and never all; copies of a picture stay on one side where they can.
    The choice depends on the pictures and the seed, not on where the files lie.
    """
    split = samples["split"].fillna("train").where(samples["problem"].isna())
    if not (split == "validation").any():
        candidates = samples[split == "train"]
        split.loc[pd.Index(_choose(candidates, validation_share, seed))] = "validation"
    return samples.assign(split=split)


def _choose(candidates: pd.DataFrame, share: float, seed: int) -> list[Hashable]:
    """Rows to validate with."""
    classes = _copies_by_label(candidates)
    num_labels = Counter(content for by_content in classes.values() for content in by_content)
    sizes = [sum(map(len, by_content.values())) for by_content in classes.values()]
    quotas = _quotas(np.array(sizes, dtype=np.int64), share)
    chosen: list[Hashable] = []
    for position, (by_content, quota) in enumerate(zip(classes.values(), quotas, strict=True)):
        # copies under another label would have to move together across classes: they train
        alone = [rows for content, rows in by_content.items() if num_labels[content] == 1]
        rng = np.random.default_rng([seed, position])
        chosen += _pick(alone or list(by_content.values()), int(quota), rng)
    return chosen


def _copies_by_label(candidates: pd.DataFrame) -> dict[str, dict[str, list[Hashable]]]:
    """Label -> content -> rows, in an order that is the same wherever the files lie."""
    ordered = candidates.sort_values(["label", "content_hash", "path"])
    classes: dict[str, dict[str, list[Hashable]]] = {}
    columns = (ordered.index, ordered["label"], ordered["content_hash"])
    for row, label, content in zip(*columns, strict=True):
        classes.setdefault(label, {}).setdefault(content, []).append(row)
    return classes


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


def _pick(groups: list[list[Hashable]], quota: int, rng: np.random.Generator) -> list[Hashable]:
    """Whole groups of copies in random order while they fit; a group is broken up only when
    the class consists of nothing else."""
    if len(groups) == 1:
        return groups[0][:quota]
    picked: list[Hashable] = []
    for position in rng.permutation(len(groups)):
        if len(picked) + len(groups[position]) <= quota:
            picked += groups[position]
    return picked or (min(groups, key=len) if quota else [])
