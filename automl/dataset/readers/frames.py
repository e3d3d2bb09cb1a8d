"""Groups of pictures by the names of their files: frames of clips, bursts, changed copies."""

from dataclasses import replace

import pandas as pd

from automl.dataset import picture_location
from automl.dataset.readers.listing import Listing
from automl.dataset.reading import Guess, Reading
from automl.errors import DataError, short
from automl.jobs import group_patterns
from automl.texts import mark

_OF_FRAMES = mark(
    "Names such as {name} look like frames of {count} clips or bursts. Frames of one are "
    "alike, and a score is too good if they are on both sides of the split."
)
_OF_CHANGED_COPIES = mark(
    "Names such as {name} look like changed copies of {count} pictures (augmentation). Copies of "
    "one are alike, and a score is too good if they are on both sides of the split."
)


def grouped(found: Listing, pattern: str) -> Listing:
    """The listing with the groups that a pattern reads from the names of the files.

    Raises:
        DataError: the pattern fits no name.
    """
    names = _names(found)
    groups = group_patterns.groups(pattern, names)
    if not any(groups):
        raise DataError(
            f"group_pattern is {pattern!a}, but none of the {len(names):,} pictures has such a "
            f"name; the first is {short(names[0])}."
        )
    column = pd.Series(groups, index=found.pictures.index, dtype="str")
    return replace(found, pictures=found.pictures.assign(group=column))


def suspected(found: Listing) -> Listing:
    """The listing with a guess, if its names look like frames that the split could tear apart."""
    pictures = found.pictures
    if "group" in pictures or (pictures["split"] == "validation").any():
        return found
    names = _names(found)
    likely = group_patterns.likely(names, pictures["label"].tolist())
    if likely is None:
        return found
    pattern, count = likely
    reading = Reading(
        sentence=mark(
            "The pictures of each group stay on one side of the split: {pattern}."
        ).format(pattern=pattern),
        options={"group_pattern": pattern},
    )
    said = _OF_FRAMES if pattern not in group_patterns.AUGMENTED else _OF_CHANGED_COPIES
    sentence = said.format(name=names[0][:80], count=f"{count:,}")
    return replace(
        found,
        readings=[*found.readings, reading],
        guesses=[*found.guesses, Guess(sentence=sentence, others=[reading])],
    )


def _names(found: Listing) -> list[str]:
    return [picture_location.name(path) for path in found.pictures["path"]]
