"""What the user wants changed about a data set, kept in the job; the files stay untouched."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from automl.errors import DataError
from automl.jobs.corrections import Corrections

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and a job is read without looking at pictures

_CONTENT = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)


def apply(samples: "pd.DataFrame", corrections: Corrections) -> "tuple[pd.DataFrame, list[str]]":
    """The samples with new labels and without the excluded ones, and a sentence on each change.

    Raises:
        DataError: a label or picture that is named is not there, or several pictures fit.
    """
    done = []
    if corrections.rename_labels:
        samples, sentence = _renamed(samples, corrections.rename_labels)
        done.append(sentence)
    if corrections.relabel or corrections.exclude:
        named = _Names(samples)
    if corrections.relabel:
        right = {row: new for name, new in corrections.relabel.items() for row in named.rows(name)}
        labels = samples.index.to_series().map(right).fillna(samples["label"])
        samples = samples.assign(label=labels.astype("str"))
        done.append(f"{_pictures(len(right))} given another label.")
    if corrections.exclude:
        excluded = {row for name in corrections.exclude for row in named.rows(name)}
        samples = samples.drop(index=list(excluded))
        done.append(f"{_pictures(len(excluded))} left out.")
    return samples, done


def names_of(paths: Iterable[str], samples: "pd.DataFrame") -> list[str]:
    """What to call pictures in corrections: the shortest end of each path, its folder included,
    that fits none of the other samples."""
    every = [path.split("/") for path in samples["path"].unique()]
    names = {path: path for path in paths}
    unnamed = set(names)
    for length in range(2, max(map(len, every), default=0)):
        ends = Counter("/".join(parts[-length:]) for parts in every)
        for path in list(unnamed):
            end = "/".join(path.split("/")[-length:])
            if ends[end] == 1:
                names[path] = end
                unnamed.remove(path)
        if not unnamed:
            break
    return list(names.values())


def settle_leaks(
    samples: "pd.DataFrame", key: "pd.Series", leaked: Literal["keep", "drop", "move"]
) -> "tuple[pd.DataFrame, list[str]]":
    """The samples with each picture on one side of the splits as given, and what was done.

    key: the same text for pictures that are the same.
    """
    split = samples["split"].fillna("train").where(samples["problem"].isna())
    is_train, is_held_out = split == "train", split.isin(["validation", "test"])
    on_both = key.isin(set(key[is_train].dropna()) & set(key[is_held_out].dropna()))
    chosen = on_both & (is_train if leaked == "drop" else is_held_out)
    if leaked == "keep" or not chosen.any():
        return samples, []
    what = _pictures(int(chosen.sum()))
    if leaked == "drop":
        held_out = "as they are in the validation or test data too"
        return samples[~chosen], [f"{what} left out of the training data, {held_out}."]
    moved = samples.assign(split=samples["split"].mask(chosen, "train"))
    return moved, [f"{what} moved from the validation or test data to the training data."]


def _renamed(samples: "pd.DataFrame", new_labels: dict[str, str]) -> "tuple[pd.DataFrame, str]":
    present = set(samples["label"])
    for label in new_labels:
        if label not in present:
            raise DataError(
                f"corrections.rename_labels names the label {label!r}, which is not there. "
                + _hint(label, present)
            )
    changed = samples.assign(label=samples["label"].replace(new_labels))
    pairs = ", ".join(f"{old} to {new}" for old, new in list(new_labels.items())[:5])
    more = f" and {len(new_labels) - 5} more" if len(new_labels) > 5 else ""
    return changed, f"Renamed: {pairs}{more}."


class _Names:
    """Finds pictures by what a user calls them."""

    def __init__(self, samples: "pd.DataFrame") -> None:
        self._by_content = samples.groupby("content_hash").groups
        self._by_name: dict[str, list[tuple[str, object]]] = {}
        for row, path in samples["path"].items():
            path = path.replace("\\", "/")
            self._by_name.setdefault(path.rpartition("/")[2], []).append((path, row))

    def rows(self, name: str) -> list[object]:
        content = _CONTENT.fullmatch(name)
        if content:
            return self._of_content(content[1].lower())
        wanted = name.replace("\\", "/").removeprefix("./")
        same_name = self._by_name.get(wanted.rpartition("/")[2], [])
        end = "/" + wanted.lstrip("/")
        fitting = [(path, row) for path, row in same_name if path.endswith(end)]
        paths = {path for path, _ in fitting}
        if len(paths) == 1:
            return [row for _, row in fitting]  # a table may list a picture more than once
        if paths:
            raise DataError(
                f"corrections name the picture {name}, but {len(paths)} paths end like that. "
                "Write more of the path."
            )
        near = [path for path, _ in same_name] or list(self._by_name)
        raise DataError(
            f"corrections name the picture {name}, which is not there. {_hint(wanted, near)}"
        )

    def _of_content(self, content: str) -> list[object]:
        if content not in self._by_content:
            raise DataError(
                f"corrections name the picture of SHA-256 {content}, but none has such content. "
                "It may have been edited since; take the name out."
            )
        return list(self._by_content[content])


def _hint(name: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)
    return f"Nearest is {nearest[0]}." if nearest else "There is none."


def _pictures(count: int) -> str:
    return "1 picture was" if count == 1 else f"{count:,} pictures were"
