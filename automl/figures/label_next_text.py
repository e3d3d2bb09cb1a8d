"""Sentences about pictures to label, for commands and pages."""

from automl.evaluation.label_next import Suggestion, Worth
from automl.figures import wording
from automl.texts import _, ngettext


def worth(found: Worth) -> str:
    """Worth of more pictures: `200 more pictures of dog: 1.2 points (0.4 to 2.1)`."""
    if found.class_name is None:
        sentence = _(
            "{pictures} of all classes, as now: {gain} points of accuracy ({low} to {high})."
        )
    else:
        sentence = _("{pictures} of {name}: {gain} points of accuracy ({low} to {high}).")
    return sentence.format(
        pictures=wording.count(found.num_more, "more picture"),
        name=found.class_name,
        gain=f"{100 * found.gain:.1f}",
        low=f"{100 * found.low:.1f}",
        high=f"{100 * found.high:.1f}",
    )


def unreadable(count: int) -> str:
    """How many pictures were left out; empty if none was."""
    sentence = ngettext(
        "{count} picture cannot be read, and was left out.",
        "{count} pictures cannot be read, and were left out.",
        count,
    )
    return sentence.format(count=wording.integer(count)) if count else ""


def reason(found: Suggestion) -> str:
    """Why a picture is worth its label."""
    if found.why == "typical":
        return _("Many pictures look like this one.")
    if isinstance(found.guess, list):
        sentence = _("The model is least sure of {guess}: {probability:.0%}.")
        return sentence.format(guess=found.second, probability=found.probability)
    if found.second:
        sentence = _("The model wavers between {guess} and {second}.")
        return sentence.format(guess=found.guess, second=found.second)
    return _("The model is not sure of {guess}.").format(guess=found.guess)
