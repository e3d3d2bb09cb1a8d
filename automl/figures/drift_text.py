"""Sentences about changes of a model's answers in use, for commands and pages."""

from automl.evaluation import drift
from automl.evaluation.drift import Drift, Sign
from automl.figures import wording
from automl.texts import _, mark, ngettext

TOO_FEW = mark("There are too few answers to compare yet: 50 are needed.")

_SENTENCES = {
    "classes": mark("Predicted classes: {name} was {before:.1%} of the answers, now {now:.1%}"),
    "confidence": mark("Probability of the answers: {before:.2f} in the mean, now {now:.2f}"),
    "features": mark(
        "Distance to the nearest training picture: {before:.3f} expected for these answers, "
        "now {now:.3f}"
    ),
    "unlike": mark("Pictures unlike the training pictures: {before:.1%} expected, now {now:.1%}"),
}


def headline(found: Drift) -> str:
    """Headline of all tests together."""
    sentence = (
        _(
            "Something has changed: the latest {recent} of {count} answers differ from those at "
            "validation."
        )
        if found.is_change
        else _("No change beyond chance in the latest {recent} of {count} answers.")
    )
    said = sentence.format(
        recent=wording.integer(found.num_recent), count=wording.integer(found.num_answers)
    )
    return " ".join(each for each in (said, _period(found), _newer(found)) if each)


def _period(found: Drift) -> str:
    """When the compared answers were given; empty if that is not known."""
    if found.first is None or found.last is None:
        return ""
    return _("They were given from {first} to {last}.").format(
        first=wording.local_time(found.first), last=wording.local_time(found.last)
    )


def _newer(found: Drift) -> str:
    """When the answers since the last look are compared; empty if there are none."""
    if not found.num_newer:
        return ""
    return ngettext(
        "{count} newer answer is compared when there are {total}.",
        "{count} newer answers are compared when there are {total}.",
        found.num_newer,
    ).format(
        count=wording.integer(found.num_newer),
        total=wording.integer(drift.next_look(found.num_answers)),
    )


def sign(found: Sign) -> str:
    """Result of one test as a sentence."""
    said = _(_SENTENCES[found.kind]).format(
        name=found.class_name, before=found.before, now=found.now
    )
    verdict = _("changed") if found.is_change else _("no change beyond chance")
    return f"{said}: {verdict} (p {found.p_value:.2g})."
