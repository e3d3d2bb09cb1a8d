"""Labels in the names of files, such as `cat.12.jpg`."""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePath

from automl.errors import UserError

_SPLIT = "{split}"
_WITH_SPLITS = tuple(
    pattern.replace("_", sign)
    for sign in "_-."
    for pattern in (
        *("{split}_{label}_#.*", "{label}_{split}_#.*", "{label}_#_{split}.*"),
        *("{split}_#_{label}.*", "#_{label}_{split}.*", "#_{split}_{label}.*"),
    )
)
_CANDIDATES = (
    *("{label}_#.*", "{label}.#.*", "{label}-#.*", "{label} (#).*", "{label} #.*", "{label}#.*"),
    *("#_{label}.*", "#-{label}.*", "#.{label}.*", "#{label}.*"),
    *("{label}_*", "{label}-*", "{label}.*", "*_{label}.*", "*-{label}.*"),
)
"""Patterns to offer, the most specific first."""

_LEAST_SHARE = 0.95
_LEAST_PER_LABEL = 2


def check(pattern: str) -> str:
    """The pattern, if it is one.

    Raises:
        UserError: it does not have `{label}` exactly once, or `{split}` more than once.
    """
    if pattern.count("{label}") != 1 or pattern.count(_SPLIT) > 1:
        raise UserError(
            f"label_pattern is {pattern!a}; it must contain {{label}} exactly once, and {{split}} "
            "at most once. * stands for any characters, # for digits, {split} for train or test: "
            "{label}_#.* reads cat from cat_12.jpg."
        )
    return pattern


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Regular expression for whole file names, with the groups label and perhaps split.

    `*` stands for any characters, `#` for one or more digits; a label is as short as possible in
    front of `*`, and else as long as possible.
    """
    before_stars = re.match(r"[^{]*\{label\}[^#]*\*", pattern)
    label = "(?P<label>.+?)" if before_stars else "(?P<label>.+)"
    parts = re.split(r"(\{label\}|\{split\}|\*|#)", pattern)
    known = {"{label}": label, _SPLIT: r"(?P<split>[^\W\d_]+)", "*": ".*", "#": r"\d+"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts), re.DOTALL)


def labels(pattern: str, names: Iterable[str]) -> list[str | None]:
    """Label in each file name; None where the pattern does not fit."""
    found = (_fitted(pattern, name) for name in names)
    return [match["label"].strip() or None if match else None for match in found]


def _fitted(pattern: str, name: str) -> re.Match[str] | None:
    """The match of a name without its ending, which is no part of a label, or else of all of it."""
    fitting = compiled(pattern)
    without = None if pattern.endswith("*") else fitting.fullmatch(PurePath(name).stem)
    return without or fitting.fullmatch(name)


def split_word(pattern: str, name: str) -> str | None:
    """Text of a file name that stands for its split; None without one, or if it does not fit."""
    match = _fitted(pattern, name) if _SPLIT in pattern else None
    return match["split"] if match else None


def likely(
    names: Sequence[str], is_split: Callable[[str], bool]
) -> tuple[str, Counter[str]] | None:
    """The pattern that reads a label with several pictures from almost every name, with counts.

    Args:
        names: of the files.
        is_split: tells words of splits from others.

    Returns:
        None if no pattern fits.
    """
    for pattern in (*_WITH_SPLITS, *_CANDIDATES, *_of_words(names)):
        if _SPLIT in pattern:
            words = {word for name in names if (word := split_word(pattern, name))}
            if len(words) < 2 or not all(map(is_split, words)):
                continue
        read = labels(pattern, names)
        counts = Counter(label for label in read if label)
        if (
            len(counts) > 1
            and counts.total() >= _LEAST_SHARE * len(names)
            and not any(label.isdigit() for label in counts)
            and min(counts.values()) >= _LEAST_PER_LABEL
        ):
            return pattern, counts
    return None


def _of_words(names: Sequence[str]) -> list[str]:
    """The pattern of the only word that has a few values, in names of equally many parts."""
    parts = [re.findall(r"\d+|[^\W\d_]+|[\W_]", name) for name in names]
    if len({len(each) for each in parts}) != 1:
        return []
    places = [{*values} for values in zip(*parts, strict=True)]
    few = [at for at, values in enumerate(places) if 2 <= len(values) <= len(names) / 2]
    words = [at for at in few if not any(value.isdigit() for value in places[at])]
    if len(words) != 1 or words[0] == len(places) - 1:  # the ending of the file
        return []
    pattern = list(map(_placeholder, places))
    pattern[words[0]] = "{label}"
    return ["".join(pattern)]


def _placeholder(values: set[str]) -> str:
    """Part of a pattern for the values at one place of names."""
    if all(value.isdigit() for value in values):
        return "#"
    return next(iter(values)) if len(values) == 1 else "*"
