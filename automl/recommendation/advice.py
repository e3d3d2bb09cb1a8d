"""The recommendation: whether to use the best model, what to know of it, and what to do next."""

from collections.abc import Callable, Sequence

import numpy as np

from automl.evaluation import decisions
from automl.evaluation.significance import LEVEL
from automl.experiments import endings
from automl.experiments.records import TrialRecord
from automl.figures import wording
from automl.recommendation import doubts, weaknesses
from automl.recommendation.clause import Clause, Recommendation, Target
from automl.recommendation.facts import Facts
from automl.texts import BETWEEN_PARTS, _, ngettext

_NEAR = 0.02
"""Difference of scores up to which a trial may be as good, if the best one's interval is narrow."""

_FASTER = 0.8
"""Share of the best model's latency up to which another counts as faster."""

_OVERDRAWN = 1.5
"""Share of the errors of a class, by the share of its even part, that marks it as the hard one."""

_FEW = 0.8
"""Share of the usual number of pictures up to which a class has few."""

_MAX_NAMES = 3

MORE_MINUTES = 15
"""Time that a search which ended at its limit is offered to go on."""


def recommend(facts: Facts) -> Recommendation:
    """Apply every rule."""
    reasons = doubts.doubts(facts)
    name = wording.trial(facts.best)
    title = _("Do not use {trial} yet") if reasons else _("Use {trial}")
    clauses = tuple(clause for rule in RULES if (clause := rule(facts)) is not None)
    return Recommendation(title.format(trial=name), reasons, clauses)


def expected(facts: Facts) -> Clause | None:
    """The score to expect on new pictures."""
    record = facts.record
    said = wording.expected(record)
    if record.expected_score is None or record.expected_low is None or not said:
        return None
    text = _("On new pictures expect {metric} {expected}.").format(
        metric=wording.metric_shown(facts.metric, [facts.best]), expected=said
    )
    numbers = (record.expected_score, record.expected_low, record.expected_high or 0.0)
    return Clause(text, numbers, Target("trial", _("See the model"), facts.best.trial_id))


def as_good(facts: Facts) -> Clause | None:
    """Trials that are as good within noise, and the fastest of them if it is faster."""
    tied = [trial for trial in facts.trials if _is_as_good(facts, trial)]
    if not tied or not facts.is_better_than_constant:
        return None
    own = _latency(facts.best)
    timed = {trial.trial_id: ms for trial in tied if (ms := _latency(trial)) is not None}
    fastest = min((t for t in tied if t.trial_id in timed), key=_by(timed), default=None)
    if own is None or fastest is None or timed[fastest.trial_id] > _FASTER * own:
        text = ngettext(
            "{count} other trial is as good within noise; none is much faster.",
            "{count} other trials are as good within noise; none is much faster.",
            len(tied),
        ).format(count=wording.integer(len(tied)))
        return Clause(text, (len(tied),), Target("leaderboard", _("Compare them")))
    score, milliseconds = fastest.score(facts.metric) or 0.0, timed[fastest.trial_id]
    text = _(
        "{trial} is as good within noise ({score}) and takes {milliseconds} ms a picture instead "
        "of {own}."
    ).format(
        trial=wording.trial(fastest),
        score=f"{score:.3f}",
        milliseconds=wording.number(milliseconds),
        own=wording.number(own),
    )
    target = Target("trial", _("See it"), fastest.trial_id)
    return Clause(text, (score, milliseconds, own), target)


def _is_as_good(facts: Facts, trial: TrialRecord) -> bool:
    """True if a trial is neither proven worse nor looks much worse.

    Few pictures in common prove nothing, however far the scores are apart.
    """
    p_value = facts.p_values.get(trial.trial_id)
    best, own = facts.best.ranking_score(facts.metric), trial.ranking_score(facts.metric)
    if p_value is None or p_value <= LEVEL or best is None or own is None:
        return False
    shown, low = facts.best.score(facts.metric), facts.best.score_low
    margin = 0.0 if shown is None or low is None else shown - low
    return best - own <= max(_NEAR, margin)


def ranked_by(facts: Facts) -> Clause | None:
    """The scores that rank the trials, where another one shows a higher score than the best."""
    metric, best = facts.metric, facts.best
    shown = {trial.trial_id: trial.score(metric) or 0.0 for trial in facts.trials}
    other = max(facts.trials, key=_by(shown))
    score, other_score = best.ranking_score(metric), other.ranking_score(metric)
    if shown[other.trial_id] <= shown[best.trial_id] or score is None or other_score is None:
        return None
    has_own, is_comparable = metric in other.own_scores, metric in other.comparable_scores
    if other_score > score or not (has_own or is_comparable):
        return None  # what ranks them is within noise
    if not is_comparable:
        how = _("{metric} with thresholds of their own")
    elif not has_own:
        how = _("{metric} as if all had answered for the same pictures")
    else:
        how = _(
            "{metric} with thresholds of their own and as if all had answered for the same pictures"
        )
    differ = _(
        "{trial} shows {shown}, but what ranks the trials is {metric}: {other_score} against "
        "{score}."
    )
    are_equal = _(
        "{trial} shows {shown}, but what ranks the trials is {metric}: both have {score}, and of "
        "equal ones a lower loss counts before a lower cost."
    )
    text = (differ if f"{other_score:.3f}" != f"{score:.3f}" else are_equal).format(
        trial=wording.trial(other),
        shown=f"{shown[other.trial_id]:.3f}",
        metric=how.format(metric=wording.metric(metric)),
        other_score=f"{other_score:.3f}",
        score=f"{score:.3f}",
    )
    numbers = (shown[other.trial_id], other_score, score)
    return Clause(text, numbers, Target("leaderboard", _("See the order")))


def weakest(facts: Facts) -> Clause | None:
    """The class or label that the model knows least."""
    found = weaknesses.of(facts)
    return found.weakest() if found and facts.is_better_than_constant else None


def not_tried(facts: Facts) -> Clause | None:
    """Planned trials that the time, or the user, left no room for."""
    extent = endings.extent(facts.record, facts.trials)
    is_ended_early = extent.is_at_limit or facts.record.state != "completed"
    if extent.is_whole or not is_ended_early:
        return _left_out_of_plan(facts)
    if extent.num_unstarted:
        numbers: tuple[float, ...] = (extent.num_unstarted, extent.num_planned)
        text = _unstarted(extent.num_unstarted, extent.num_planned, _names_of_missed(facts))
    else:
        numbers = (extent.num_cut,)
        text = ngettext(
            "{count} trial was cut before the end of training.",
            "{count} trials were cut before the end of training.",
            extent.num_cut,
        ).format(count=wording.integer(extent.num_cut))
    if facts.opening is not None:  # the test data must not be known before the last choice
        return Clause(text, numbers, _anew(facts))
    if not extent.is_at_limit:
        return Clause(text, numbers, Target("resume", _("Go on with it")))
    label = _("Go on for {minutes} more minutes").format(minutes=MORE_MINUTES)
    return Clause(text, numbers, Target("resume", label, minutes=MORE_MINUTES))


def _left_out_of_plan(facts: Facts) -> Clause | None:
    """Trials that AutoMode never planned, because the limit leaves no time for them."""
    record = facts.record
    if record.state != "completed" or record.continuations:
        return None
    names = [wording.stored(name) for name in record.left_out]
    if not names:
        return None
    text = ngettext(
        "{trials} was left out for lack of time: {names}.",
        "{trials} were left out for lack of time: {names}.",
        len(names),
    ).format(trials=wording.count(len(names), "trial"), names=_first(names))
    return Clause(text, (len(names),), _anew(facts))


def _anew(facts: Facts) -> Target:
    """A new experiment with more time."""
    label = _("Try anew with {minutes} more minutes").format(minutes=MORE_MINUTES)
    minutes = facts.job.limits.timeout_minutes + MORE_MINUTES
    return Target("more_time", label, minutes=minutes)


def _unstarted(number: int, num_planned: int, names: str) -> str:
    """A sentence on the trials that were not tried."""
    if names:
        sentence = ngettext(
            "{count} of {trials} was not tried: {names}.",
            "{count} of {trials} were not tried: {names}.",
            number,
        )
    else:
        sentence = ngettext(
            "{count} of {trials} was not tried.", "{count} of {trials} were not tried.", number
        )
    planned = wording.count(num_planned, "trial")
    return sentence.format(count=number, trials=planned, names=names)


def _names_of_missed(facts: Facts) -> str:
    """`resnet18; vit_tiny`, the first of the trials that were not tried; empty without any."""
    names = list(dict.fromkeys(trial.title for trial in endings.missed(facts.trials)))
    return _first(names)


def _first(names: Sequence[str]) -> str:
    shown = BETWEEN_PARTS.join(names[:_MAX_NAMES])
    if len(names) <= _MAX_NAMES:
        return shown
    more = wording.integer(len(names) - _MAX_NAMES)
    return _("{names} and {count} more").format(names=shown, count=more)


def labels_to_check(facts: Facts) -> Clause | None:
    """Wrong answers that may be wrong labels."""
    if facts.predictions is None or not facts.num_doubtful or not facts.is_better_than_constant:
        return None
    answers = facts.predictions
    num_wrong = int((~decisions.is_right(answers.probabilities, answers.labels)).sum())
    text = _(
        "{count} of the {answers} may be a wrong label: checking them is the cheapest way to a "
        "better score."
    ).format(count=facts.num_doubtful, answers=wording.count(num_wrong, "wrong answer"))
    numbers = (facts.num_doubtful, num_wrong)
    return Clause(text, numbers, Target("doubtful_labels", _("Check them"), facts.best.trial_id))


def pictures_to_add(facts: Facts) -> Clause | None:
    """A class with few training pictures and many of the errors."""
    found = weaknesses.of(facts)
    if found is None or facts.report is None or not facts.is_better_than_constant:
        return None
    errors = found.errors
    hardest = int(errors.argmax())
    name, num_wrong = facts.class_names[hardest], int(errors[hardest])
    sizes = [facts.report.classes.get(each, 0) for each in facts.class_names]
    usual = float(np.median(sizes))
    is_hard = num_wrong * len(errors) > _OVERDRAWN * errors.sum() > 0
    if not is_hard or sizes[hardest] > _FEW * usual:
        return None
    text = _(
        "More pictures of {name} would help most: it has {size}, half of the classes have {usual} "
        "or more, and it makes {wrong} of the {errors}."
    ).format(
        name=name,
        size=wording.integer(sizes[hardest]),
        usual=wording.number(usual),
        wrong=num_wrong,
        errors=wording.count(int(errors.sum()), "error"),
    )
    return Clause(text, (sizes[hardest], usual, num_wrong), Target("data", _("See the classes")))


def confirmed(facts: Facts) -> Clause | None:
    """The test data: what they say, or that they are still sealed."""
    opening = facts.opening
    if opening is None:
        sealed = facts.report.splits.get("test", 0) if facts.report else 0
        if not sealed:
            return None
        text = _("{pictures} are sealed: open them to confirm it.").format(
            pictures=wording.count(sealed, "test picture")
        )
        return Clause(text, (sealed,), Target("test", _("Open the test")))
    is_contradicted = doubts.test_data_contradict(facts) is not None
    if is_contradicted or opening.trial_id != facts.best.trial_id:
        return None
    score = opening.metrics[facts.metric]
    shown = wording.score_with_ends(score, opening.score_low, opening.score_high)
    if facts.record.expected_low is None:
        sentence = _("The test data say {score} on {pictures} that had no part in the choice.")
    else:
        sentence = _(
            "The test data confirm it: {score} on {pictures} that had no part in the choice."
        )
    num_pictures = wording.count(opening.num_pictures, "picture")
    text = sentence.format(score=shown, pictures=num_pictures)
    return Clause(text, (score, opening.num_pictures), Target("test", _("See the test")))


RULES: Sequence[Callable[[Facts], Clause | None]] = (
    expected,
    confirmed,
    ranked_by,
    as_good,
    weakest,
    labels_to_check,
    pictures_to_add,
    not_tried,
)


def _latency(trial: TrialRecord) -> float | None:
    """Milliseconds for one picture."""
    value = trial.effective.get("latency_ms")
    return None if value is None else float(value)


def _by(values: dict[str, float]) -> Callable[[TrialRecord], float]:
    return lambda trial: values[trial.trial_id]
