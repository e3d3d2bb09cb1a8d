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
    "Names such as {name} are those of changed copies of {count} pictures (augmentation). Those of "
    "one picture stay on one side of the split."
)
_NEVER = Reading(
    sentence=mark("The names of the files say no groups."),
    options={"group_pattern": group_patterns.NEVER},
)
_MAX_SHOWN = 80


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
    """The listing with a guess, if its names look like frames that the split could tear apart.

    Names of changed copies leave no doubt, so that copies of one picture are a group at once.
    """
    pictures = found.pictures
    if "group" in pictures:
        return found
    names = _names(found)
    likely = group_patterns.likely(names, pictures["label"].tolist())
    if likely is None:
        return found
    pattern, count = likely
    if pattern in group_patterns.AUGMENTED:
        said = _OF_CHANGED_COPIES.format(name=names[0][:_MAX_SHOWN], count=f"{count:,}")
        return _with(grouped(found, pattern), said, _NEVER)
    if (pictures["split"] == "validation").any():
        return found
    reading = Reading(
        sentence=mark(
            "The pictures of each group stay on one side of the split: {pattern}."
        ).format(pattern=pattern),
        options={"group_pattern": pattern},
    )
    return _with(found, _OF_FRAMES.format(name=names[0][:_MAX_SHOWN], count=f"{count:,}"), reading)


def _with(found: Listing, sentence: str, other: Reading) -> Listing:
    guess = Guess(sentence=sentence, others=[other])
    return replace(found, readings=[*found.readings, other], guesses=[*found.guesses, guess])


def _names(found: Listing) -> list[str]:
    return [picture_location.name(path) for path in found.pictures["path"].tolist()]
