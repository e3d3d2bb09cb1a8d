"""Reasons not to use a model yet, each a small rule."""

from collections.abc import Callable, Sequence

from automl.evaluation.expected_score import MIN_PICTURES
from automl.figures import wording
from automl.recommendation.clause import Clause, Target
from automl.recommendation.facts import Facts
from automl.texts import _, ngettext

_WIDEST = 0.2
"""Width of the interval of the expected score up to which the score says enough."""

_LEAKS = ("leakage", "near_duplicate_leakage", "group_leakage")
"""Findings about pictures that training and held-out data share."""


def doubts(facts: Facts) -> tuple[Clause, ...]:
    """The reasons, the gravest first; empty if there are none."""
    return tuple(clause for rule in RULES if (clause := rule(facts)) is not None)


def nothing_beats_the_constant(facts: Facts) -> Clause | None:
    """Always answering the most frequent class is as good."""
    said = wording.not_beaten(facts.constant, facts.class_names, facts.metric)
    if facts.constant is None or not said:
        return None
    numbers = (facts.constant.score, facts.constant.num_pictures, facts.constant.model_score)
    return Clause(said, numbers, Target("confusion", _("See its answers"), facts.best.trial_id))


def test_data_contradict(facts: Facts) -> Clause | None:
    """The score on the test data lies below the interval of the expected score."""
    opening, low = facts.opening, facts.record.expected_low
    if opening is None or opening.trial_id != facts.best.trial_id or low is None:
        return None
    if opening.score_high >= low:
        return None
    score = opening.metrics[facts.metric]
    shown = wording.score_with_ends(score, opening.score_low, opening.score_high)
    text = _(
        "The test data do not confirm it: {score} on {pictures}, expected was at least {low}."
    ).format(
        score=shown,
        pictures=wording.count(opening.num_pictures, "picture"),
        low=f"{low:.2f}",
    )
    return Clause(text, (score, low, opening.num_pictures), Target("test", _("See the test")))


def blocked(facts: Facts) -> Clause | None:
    """The health report has blocking findings."""
    found = facts.report.blocking if facts.report else []
    if not found:
        return None
    text = _("{findings} about the data must be mended first.").format(
        findings=wording.count(len(found), "finding")
    )
    return Clause(f"{text} {found[0].said()}", (len(found),), Target("data", _("See the data")))


def leaks(facts: Facts) -> Clause | None:
    """Held-out pictures are in the training data too."""
    found = [one for one in facts.report.findings if one.kind in _LEAKS] if facts.report else []
    num_pictures = sum(one.count for one in found)
    if not num_pictures:
        return None
    text = ngettext(
        "{count} picture of the validation or test data is in the training data too, or nearly, "
        "so the scores are too good: mend the leak.",
        "{count} pictures of the validation or test data are in the training data too, or nearly, "
        "so the scores are too good: mend the leak.",
        num_pictures,
    ).format(count=wording.integer(num_pictures))
    return Clause(text, (num_pictures,), Target("data", _("See the leak")))


def few_pictures(facts: Facts) -> Clause | None:
    """Too few pictures were answered to expect anything."""
    num_pictures = _num_judged(facts)
    if num_pictures is None or num_pictures >= MIN_PICTURES:
        return None
    text = _(
        "It was judged by {pictures} only; {minimum} are the least that say something."
    ).format(pictures=wording.count(num_pictures, "picture"), minimum=MIN_PICTURES)
    return Clause(text, (num_pictures, MIN_PICTURES), Target("data", _("Add pictures")))


def wide_interval(facts: Facts) -> Clause | None:
    """The expected score is hardly known."""
    low, high = facts.record.expected_low, facts.record.expected_high
    if low is None or high is None or high - low <= _WIDEST:
        return None
    text = _(
        "How good it is on new pictures is hardly known: anything from {low} to {high}. "
        "More pictures narrow that."
    ).format(low=f"{low:.2f}", high=f"{high:.2f}")
    return Clause(text, (low, high), Target("data", _("Add pictures")))


def _num_judged(facts: Facts) -> int | None:
    """Number of pictures that the best trial answered for."""
    if facts.predictions is not None:
        return len(facts.predictions.labels)
    return facts.best.evidence.num_pictures if facts.best.evidence else None


RULES: Sequence[Callable[[Facts], Clause | None]] = (
    nothing_beats_the_constant,
    test_data_contradict,
    blocked,
    leaks,
    few_pictures,
    wide_interval,
)
