"""Groups in the names of files, such as the clip of a frame: `{group}_#.*` for `clip3_0012.jpg`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from automl.errors import UserError, short
from automl.jobs import label_patterns

_CANDIDATES = (
    *("{group}_frame_#.*", "{group}_frame#.*", "{group}-frame-#.*", "{group}-frame#.*"),
    *("{group}_#.*", "{group}-#.*", "{group}.#.*", "{group} (#).*", "{group}(#).*"),
)
NEVER = "never"
"""In place of a pattern: names say no groups."""

AUGMENTED = ("{group}.rf.*", "*_original_{group}_*-*-*-*-*.*")
"""Names of changed copies: those of Roboflow, and of the library Augmentor."""

_LEAST_SHARE = 0.9
_LEAST_FRAMES = 3
_NUM_TRIED = 500


def check(pattern: str) -> str:
    """The pattern, if it is one.

    Raises:
        UserError: it does not have `{group}` exactly once, and is not never.
    """
    if pattern == NEVER:
        return pattern
    if pattern.count("{group}") != 1 or "{label}" in pattern:
        raise UserError(
            f"group_pattern is {short(pattern)}; it must contain {{group}} exactly once. * stands "
            "for any characters, # for digits: {group}_#.* reads clip3 from clip3_0012.jpg."
        )
    return pattern


def groups(pattern: str, names: Iterable[str]) -> list[str | None]:
    """Group in each file name; None where the pattern does not fit."""
    return label_patterns.labels(pattern.replace("{group}", "{label}"), names)


def likely(names: Sequence[str], labels: Sequence[str]) -> tuple[str, int] | None:
    """The pattern of names that look like frames of clips or bursts, or like changed copies of
    pictures, and the number of groups.

    Args:
        names: of files.
        labels: of the same pictures; a single clip a class is just the name of the class.

    Returns:
        None if no pattern fits nearly all names, with several groups of several pictures in most
        classes.
    """
    some = names[:: max(1, len(names) // _NUM_TRIED)]
    for pattern in (*AUGMENTED, *_CANDIDATES):
        if groups(pattern, some).count(None) > (1 - _LEAST_SHARE) * len(some):
            continue  # most names need no more than this
        found = groups(pattern, names)
        sizes = Counter(group for group in found if group)
        if sizes.total() < _LEAST_SHARE * max(1, len(found)):
            continue
        per_class: dict[str, set[str]] = defaultdict(set)
        for group, label in zip(found, labels, strict=True):
            if group:
                per_class[label].add(group)
        several = sum(len(of_class) > 1 for of_class in per_class.values())
        if pattern in AUGMENTED:
            is_likely = len(sizes) < sizes.total()  # such a name says it, without a least number
        else:
            large = sum(size for size in sizes.values() if size >= _LEAST_FRAMES)
            is_likely = large >= _LEAST_SHARE * sizes.total()
        if is_likely and 2 * several > len(per_class):
            return pattern, len(sizes)
    return None
