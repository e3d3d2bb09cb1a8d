"""Sentences and tables about a first score, for commands and pages."""

from collections.abc import Sequence

from automl.evaluation import significance
from automl.evaluation.first_score import Change, DoubtfulLabel, FirstScore
from automl.figures import wording

Table = tuple[tuple[str, ...], Sequence[tuple[str | int, ...]]]
"""Headings and rows."""

_HEADLINES = {
    "accuracy": "Accuracy {score}, by a linear probe on {model} at {side} px, cross-validated on "
    "{pictures}; always answering the most frequent class gets {constant}.",
    "iou": "Intersection over union {score}, by a linear probe on {model} at {side} px, "
    "cross-validated on {pictures}; always answering the most frequent labels gets {constant}.",
}


def headline(found: FirstScore) -> str:
    """The score with its interval and what it is compared with."""
    return _HEADLINES[found.metric].format(
        score=wording.score_with_ends(found.score, found.low, found.high),
        model=found.model_name,
        side=found.side,
        pictures=wording.count(found.num_pictures, "picture"),
        constant=wording.score(found.majority_share),
    )


def weakest(found: FirstScore) -> Table:
    """The classes or labels about which there are wrong answers, the weakest first."""
    weak = [each for each in found.recalls if each.num_right < each.num_pictures]
    if found.metric == "accuracy":
        right = [(each.name, f"{each.num_right:,} of {each.num_pictures:,}") for each in weak]
        return ("weakest class", "right"), right
    known = [each for each in found.recalls if each.num_right == each.num_pictures]
    weak += sorted((each for each in known if each.num_false), key=lambda each: -each.num_false)
    rows = [
        (
            each.name,
            f"{each.num_right:,} of {each.num_pictures:,}",
            f"{each.num_false:,}",
            "" if each.average_precision is None else f"{each.average_precision:.3f}",
        )
        for each in weak
    ]
    return ("weakest label", "found", "false", "average precision"), rows


def confusions(found: FirstScore) -> Table:
    """What is taken for something else, the most frequent first."""
    headings = {
        "accuracy": ("class", "taken for", "pictures"),
        "iou": ("missed label", "false label instead", "pictures"),
    }
    rows = [(each.true, each.predicted, each.num_pictures) for each in found.confused]
    return headings[found.metric], rows


def missed_together(found: FirstScore) -> Table:
    """Labels that are missed on the same pictures, the most frequent first."""
    rows = [(each.first, each.second, each.num_pictures) for each in found.missed_together]
    return ("missed label", "missed with it", "pictures"), rows


def suggestion(doubt: DoubtfulLabel) -> str:
    """What the probe finds more likely, in a few words."""
    if doubt.label != doubt.suggested:
        return f"{doubt.suggested}?"
    return f"with {doubt.label}?" if doubt.is_missing else f"without {doubt.label}?"


def doubt(found: DoubtfulLabel) -> str:
    """What the labels say and what the probe says, with both probabilities."""
    shares = {"probability": found.probability, "given": found.given_probability}
    if found.label != found.suggested:
        text = "{path}: {label}? {suggested} has probability {probability:.2f}, {label} {given:.2f}"
    elif found.is_missing:
        text = "{path}: no {label}? {label} has probability {probability:.2f}"
    else:
        text = "{path}: {label}? It has probability {given:.2f}"
    return text.format(path=found.path, label=found.label, suggested=found.suggested, **shares)


def change(found: Change) -> str:
    """What corrections did to the score, with the test against chance."""
    rise = 100 * (found.after - found.before)
    pictures = (
        f"on the {wording.count(found.num_pictures, 'picture')} that both answered for, by the "
        "corrected labels"
    )
    if not rise:
        return (
            f"Your corrections leave the first score at {wording.score(found.after)}, {pictures}."
        )
    is_clear = found.p_value < significance.LEVEL
    verdict = "more than chance explains" if is_clear else "chance alone may explain it"
    return (
        f"Your corrections {'raise' if rise > 0 else 'lower'} the first score by {abs(rise):.1f} "
        f"points, from {wording.score(found.before)} to {wording.score(found.after)} "
        f"(p = {found.p_value:.3f}: {verdict}), {pictures}."
    )
