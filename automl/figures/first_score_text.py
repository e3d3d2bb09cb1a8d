"""Sentences and tables about a first score, for commands and pages."""

from collections.abc import Sequence

from automl.evaluation import significance
from automl.evaluation.first_score import Change, DoubtfulLabel, FirstScore
from automl.figures import wording
from automl.texts import _, mark

Table = tuple[tuple[str, ...], Sequence[tuple[str | int, ...]]]
"""Headings and rows."""

_HEADLINES = {
    "accuracy": mark(
        "Accuracy {score}, by a linear probe on {model} at {side} px, cross-validated on "
        "{pictures}; always answering the most frequent class gets {constant}."
    ),
    "iou": mark(
        "Intersection over union {score}, by a linear probe on {model} at {side} px, "
        "cross-validated on {pictures}; always answering the most frequent labels gets {constant}."
    ),
}


def headline(found: FirstScore) -> str:
    """The score with its interval, what it is compared with, and what it says nothing about."""
    headline = _(_HEADLINES[found.metric]).format(
        score=wording.score_with_ends(found.score, found.low, found.high),
        model=found.model_name,
        side=found.side,
        pictures=wording.count(found.num_pictures, "picture"),
        constant=wording.score(found.majority_share),
    )
    if not found.unscored:
        return headline
    names = [f"{name} ({wording.integer(count)})" for name, count in found.unscored.items()]
    nothing = _(
        "It says nothing about {names}: only a class with two different pictures to train on, of "
        "two groups where there are groups, can be asked about."
    )
    return f"{headline} {nothing.format(names=', '.join(names))}"


def weakest(found: FirstScore) -> Table:
    """The classes or labels about which there are wrong answers, the weakest first."""
    weak = [each for each in found.recalls if each.num_right < each.num_pictures]
    if found.metric == "accuracy":
        right = [(each.name, wording.of(each.num_right, each.num_pictures)) for each in weak]
        return (_("weakest class"), _("right")), right
    known = [each for each in found.recalls if each.num_right == each.num_pictures]
    weak += sorted((each for each in known if each.num_false), key=lambda each: -each.num_false)
    rows = [
        (
            each.name,
            wording.of(each.num_right, each.num_pictures),
            wording.integer(each.num_false),
            "" if each.average_precision is None else f"{each.average_precision:.3f}",
        )
        for each in weak
    ]
    return (_("weakest label"), _("found"), _("false"), _("average precision")), rows


def confusions(found: FirstScore) -> Table:
    """Confused pairs of classes, the most frequent first."""
    headings = {
        "accuracy": (_("class"), _("taken for"), _("pictures")),
        "iou": (_("missed label"), _("false label instead"), _("pictures")),
    }
    rows = [(each.true, each.predicted, each.num_pictures) for each in found.confused]
    return headings[found.metric], rows


def missed_together(found: FirstScore) -> Table:
    """Labels that are missed on the same pictures, the most frequent first."""
    rows = [(each.first, each.second, each.num_pictures) for each in found.missed_together]
    return (_("missed label"), _("missed with it"), _("pictures")), rows


def suggestion(doubt: DoubtfulLabel) -> str:
    """Suggestion of the probe in a few words."""
    if doubt.label != doubt.suggested:
        return f"{doubt.suggested}?"
    question = _("with {label}?") if doubt.is_missing else _("without {label}?")
    return question.format(label=doubt.label)


def doubt(found: DoubtfulLabel) -> str:
    """Given and suggested label with both probabilities."""
    shares = {"probability": found.probability, "given": found.given_probability}
    if found.label != found.suggested:
        text = "{path}: {label}? {suggested} has probability {probability:.2f}, {label} {given:.2f}"
    elif found.is_missing:
        text = "{path}: no {label}? {label} has probability {probability:.2f}"
    else:
        text = "{path}: {label}? It has probability {given:.2f}"
    return text.format(path=found.path, label=found.label, suggested=found.suggested, **shares)


def change(found: Change) -> str:
    """Effect of corrections on the score, with the test against chance."""
    rise = 100 * (found.after - found.before)
    if not rise:
        sentence = _(
            "Your corrections leave the first score at {after}, on the {pictures} that both "
            "answered for, by the corrected labels."
        )
    elif rise > 0:
        sentence = _(
            "Your corrections raise the first score by {points} points, from {before} to {after} "
            "(p = {p_value}: {verdict}), on the {pictures} that both answered for, by the "
            "corrected labels."
        )
    else:
        sentence = _(
            "Your corrections lower the first score by {points} points, from {before} to {after} "
            "(p = {p_value}: {verdict}), on the {pictures} that both answered for, by the "
            "corrected labels."
        )
    is_clear = found.p_value < significance.LEVEL
    return sentence.format(
        points=f"{abs(rise):.1f}",
        before=wording.score(found.before),
        after=wording.score(found.after),
        p_value=f"{found.p_value:.2g}",
        verdict=_("more than chance explains") if is_clear else _("chance alone may explain it"),
        pictures=wording.count(found.num_pictures, "picture"),
    )
