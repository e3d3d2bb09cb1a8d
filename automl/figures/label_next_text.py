"""Sentences about pictures to label, for commands and pages."""

from automl.evaluation.label_next import Suggestion, Worth
from automl.figures import wording


def worth(found: Worth) -> str:
    """What more pictures bring: `200 more pictures of dog: 1.2 points (0.4 to 2.1)`."""
    whose = "of all classes, as now" if found.class_name is None else f"of {found.class_name}"
    more = wording.count(found.num_more, "more picture")
    return (
        f"{more} {whose}: {100 * found.gain:.1f} points of accuracy "
        f"({100 * found.low:.1f} to {100 * found.high:.1f})."
    )


def reason(found: Suggestion) -> str:
    """Why a picture is worth its label."""
    if found.why == "typical":
        return "Many pictures look like this one."
    if found.second:
        return f"The model wavers between {found.guess} and {found.second}."
    return f"The model is not sure of {found.guess}."
