"""Sentences about a first score, for commands and pages."""

from automl.evaluation import significance
from automl.evaluation.first_score import Change, FirstScore
from automl.figures import wording


def headline(found: FirstScore) -> str:
    """The score with its interval and what it is compared with."""
    score = wording.score_with_ends(found.score, found.low, found.high)
    return (
        f"Accuracy {score}, by a linear probe on {found.model_name} at {found.side} "
        f"px, cross-validated on {wording.count(found.num_pictures, 'picture')}; always answering "
        f"the most frequent class gets {wording.score(found.majority_share)}."
    )


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
