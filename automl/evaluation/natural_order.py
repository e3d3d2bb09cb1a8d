"""Order of class names as people expect it: 2 before 10.

Only what is shown has this order. The index of a class in a model follows the order of the text.
"""

import re
from collections.abc import Iterable, Sequence

_Key = tuple[list[tuple[bool, int, str]], str]


def key(name: str) -> _Key:
    """Sorting key in which runs of digits count as numbers, and case does not matter."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [_part(part) for part in parts], name


def names(every: Iterable[str]) -> list[str]:
    """The names in natural order."""
    return sorted(every, key=key)


def indices(class_names: Sequence[str], among: Iterable[int] | None = None) -> list[int]:
    """Class indices in the natural order of their names.

    Args:
        class_names: K names.
        among: the indices to order; all if left out.
    """
    chosen = range(len(class_names)) if among is None else among
    return sorted(chosen, key=lambda index: key(class_names[index]))


def _part(part: str) -> tuple[bool, int, str]:
    """Numbers go before letters; a number of thousands of digits is compared by its length."""
    if not part[0].isdecimal():
        return True, 0, part
    digits = part.lstrip("0")
    return False, len(digits), digits
