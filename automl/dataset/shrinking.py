"""Classes that corrections would leave nearly empty, known before they are made. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from automl.dataset import label_sets
from automl.dataset.checks.classes import FEW_IMAGES


class Shrunk(NamedTuple):
    """A class that loses pictures, and has few left to train and validate with."""

    name: str
    before: int
    after: int
    is_blocking: bool
    """True if no experiment could start with it."""


def shrunk(
    samples: pd.DataFrame,
    answers: Mapping[str, str | list[str] | None],
    *,
    by: str = "path",
    are_held_out: bool = False,
) -> list[Shrunk]:
    """Classes with fewer than ten pictures after a change that takes some of them, smallest first.

    Args:
        samples: of the data as they are now.
        answers: class or labels of pictures after the change; None for one that trains no more.
        by: column that names pictures in `answers`.
        are_held_out: those without an answer become test pictures, and are not left out.
    """
    has_sets = label_sets.are_in(samples)
    columns = [by, "split", "fold", "label", *([label_sets.COLUMN] if has_sets else [])]
    used = samples.loc[samples["problem"].isna() & samples["split"].notna(), columns]
    is_given = (used["split"] == "validation") & used["fold"].isna()
    trains = used["split"].isin(["train", "validation"]) & ~is_given
    before = _sizes(used[trains])
    changed = used[trains & used[by].isin(list(answers))]
    lost = _sizes(changed)
    gained = Counter(_labels(answers[name] for name in changed[by]))
    held_out = set(label_sets.each_label(used[~trains]).unique())
    held_out |= set(lost) if are_held_out else set()
    fewest = 1 if has_sets or is_given.any() else 2

    def of(name: str) -> Shrunk:
        after = before[name] - lost[name] + gained[name]
        return Shrunk(name, before[name], after, after < fewest and (after > 0 or name in held_out))

    few = [each for each in map(of, lost) if each.after < min(each.before, FEW_IMAGES)]
    return sorted(few, key=lambda each: (not each.is_blocking, each.after, each.name))


def _sizes(samples: pd.DataFrame) -> Counter[str]:
    """Pictures by label; pandas counts them, for pages ask this for each of their buttons."""
    sizes = label_sets.each_label(samples).value_counts()
    return Counter({str(name): int(size) for name, size in sizes.items()})


def _labels(answers: Iterable[str | list[str] | None]) -> list[str]:
    return [label for each in answers for label in label_sets.as_list(each or [])]
