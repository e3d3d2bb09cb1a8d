"""Sentences on classes that corrections would leave nearly empty."""

from collections.abc import Sequence

from automl.dataset.shrinking import Shrunk
from automl.figures import wording
from automl.texts import _

_NUM_NAMED = 3


def sentences(found: Sequence[Shrunk]) -> str:
    """How many pictures the classes keep, and the way on from there; empty without any."""
    said = [_sentence(each) for each in found[:_NUM_NAMED]]
    if len(found) > _NUM_NAMED:
        more = _("{classes} more would have few pictures.")
        said.append(more.format(classes=wording.count(len(found) - _NUM_NAMED, "class")))
    if any(each.is_blocking for each in found):
        said.append(
            _(
                "No experiment can start with that; one click then merges the class with another, "
                "leaves it out, or undoes this."
            )
        )
    return " ".join(said)


def _sentence(found: Shrunk) -> str:
    if found.after:
        text = _("{name} is left with {after} of {before} pictures.")
    else:
        text = _("{name} is left without a picture.")
    return text.format(
        name=found.name, after=wording.integer(found.after), before=wording.integer(found.before)
    )
