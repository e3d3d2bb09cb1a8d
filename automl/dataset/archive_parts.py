"""Archives that are parts of one whole, recognised by their names: `pets-001.zip`, `pets-002.zip`.

Downloads come in parts from Google Drive (`pets-20240101T000000Z-001.zip`), OneDrive
(`OneDrive_1_01-01-2024.zip`) and from hosts that limit the size of a file (`images_part_1.zip`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from automl.dataset.archive_members import stem_and_suffix


class Certainty(IntEnum):
    """How far a number in a name says that the file is a part."""

    PERHAPS = 0
    """Any number, as in `pets2.zip`."""

    LIKELY = 1
    """A number with leading zeros at the end, as in `pets_001.zip`."""

    CERTAIN = 2
    """A word such as part, a number of all parts, or the pattern of Google Drive."""


@dataclass(frozen=True)
class Group:
    """Names of files that are one whole, in the order of their numbers; or a single name."""

    names: tuple[str, ...]
    stem: str
    """Common beginning of the names, without their ending."""

    certainty: Certainty = Certainty.PERHAPS
    missing: tuple[int, ...] = ()
    """Numbers of parts that are not there."""


@dataclass(frozen=True)
class _Number:
    """A number in a name that may be that of a part."""

    whole: str
    """The name without the number; the same for all parts."""

    stem: str
    value: int
    total: int
    """Number of all parts, 0 if the name does not say it."""

    certainty: Certainty


_WORDS = "parts?|parte|partie|teil|deel|часть|parti|chunk"
_OF = re.compile(
    rf"(?:(?<![^\W\d_])(?:{_WORDS})[\s._-]*)?(\d{{1,5}})[\s_-]*"
    r"(?:of|von|de|sur|di|van|из)[\s_-]*(\d{1,5})",
    re.IGNORECASE,
)
_WORD = re.compile(rf"(?<![^\W\d_])(?:{_WORDS})[\s._-]*(\d{{1,3}}|[a-z])(?![^\W_])", re.IGNORECASE)
_DRIVE = re.compile(r"-\d{8}T\d{6}Z(?:-\d+)?-(\d+)(?=$)", re.IGNORECASE)
_PADDED = re.compile(r"(?<=[\s._-])(0\d{1,4}|\d{3})(?=$)")
_ANY = re.compile(r"(?<!\d)(\d{1,5})(?!\d)")
_DATE = re.compile(r"\d{4}[-_.]\d{1,2}[-_.]\d{1,2}|\d{1,2}[-_.]\d{1,2}[-_.]\d{4}")
_COPY = re.compile(r"\(\d+\)$")
"""End of the name that a browser gives to a second download of the same file."""

_MAX_PARTS = 10_000


def groups(names: Iterable[str]) -> list[Group]:
    """The names as groups, each in one of them.

    Certain ones go first; of the others, those that most names share.
    """
    by_whole: dict[tuple[bool, str], dict[str, _Number]] = defaultdict(dict)
    left = set(names)
    for name in left:
        for number in _numbers(name):
            by_whole[number.certainty is not Certainty.CERTAIN, number.whole][name] = number
    found: list[Group] = []
    order = sorted(by_whole, key=lambda key: (key[0], -len(by_whole[key]), key[1]))
    for key in order:
        free = {name: number for name, number in by_whole[key].items() if name in left}
        are_distinct = len({number.value for number in free.values()}) == len(free)
        if are_distinct and len(free) > key[0]:  # a single one only if it is certain
            found.append(_group(free))
            left -= free.keys()
    found += [Group((name,), stem_and_suffix(name)[0]) for name in left]
    return sorted(found, key=lambda group: group.names)


def _group(numbers: dict[str, _Number]) -> Group:
    names = sorted(numbers, key=lambda name: numbers[name].value)
    values = [numbers[name].value for name in names]
    certainty = max(number.certainty for number in numbers.values())
    total = max(number.total for number in numbers.values())
    first = min(values[0], 1) if certainty > Certainty.PERHAPS else values[0]
    last = min(max(values[-1], total - (first == 0)), first + _MAX_PARTS)
    missing = sorted(set(range(first, last + 1)) - set(values))
    return Group(tuple(names), numbers[names[0]].stem, certainty, tuple(missing))


def _numbers(name: str) -> Iterator[_Number]:
    """The number that certainly is one of a part, or else all numbers in the name."""
    stem, suffix = stem_and_suffix(name)
    if _COPY.search(stem):
        return
    dates = [date.span() for date in _DATE.finditer(stem)]

    def fitting(pattern: re.Pattern[str]) -> list[re.Match[str]]:
        return [
            found
            for found in pattern.finditer(stem)
            if not any(start <= found.start(1) < end for start, end in dates)
        ]

    certain = next(filter(None, map(fitting, (_OF, _DRIVE, _WORD))), [])
    if certain:
        yield _number(stem, suffix, certain[-1], Certainty.CERTAIN)
        return
    padded = {found.start() for found in fitting(_PADDED)}
    for found in fitting(_ANY):
        is_padded = found.start() in padded
        certainty = Certainty.LIKELY if is_padded else Certainty.PERHAPS
        yield _number(stem, suffix, found, certainty)


def _number(stem: str, suffix: str, found: re.Match[str], certainty: Certainty) -> _Number:
    text = found[1]
    total = int(found[2]) if found.re is _OF else 0
    start, end = found.span()
    whole = f"{stem[: found.start(1)]}#{stem[end:]}{suffix}".lower()
    shared = (stem[:start].rstrip(" ._-(") + stem[end:].lstrip(" )")).strip(" ._-")
    value = int(text) if text.isdigit() else ord(text.lower()) - ord("a") + 1
    return _Number(whole, shared or stem, value, total, certainty)
