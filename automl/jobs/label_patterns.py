"""Labels in the names of files, such as `cat.12.jpg`."""

import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from automl.errors import UserError

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
        UserError: it does not have `{label}` exactly once.
    """
    if pattern.count("{label}") != 1:
        raise UserError(
            f"label_pattern is {pattern!a}; it must contain {{label}} exactly once. * stands for "
            "any characters, # for digits: {label}_#.* reads cat from cat_12.jpg."
        )
    return pattern


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Regular expression for whole file names, with the label as its only group.

    `*` stands for any characters, `#` for one or more digits; a label is as short as possible in
    front of `*`, and else as long as possible.
    """
    before_stars = re.match(r"[^{]*\{label\}[^#]*\*", pattern)
    label = "(.+?)" if before_stars else "(.+)"
    parts = re.split(r"(\{label\}|\*|#)", pattern)
    known = {"{label}": label, "*": ".*", "#": r"\d+"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts), re.DOTALL)


def labels(pattern: str, names: Iterable[str]) -> list[str | None]:
    """Label in each file name; None where the pattern does not fit."""
    fitting = compiled(pattern)
    found = [fitting.fullmatch(name) for name in names]
    return [match[1].strip() or None if match else None for match in found]


def likely(names: Sequence[str]) -> tuple[str, Counter[str]] | None:
    """The pattern that reads a label with several pictures from almost every name, with counts.

    Returns:
        None if no pattern fits.
    """
    for pattern in _CANDIDATES:
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
