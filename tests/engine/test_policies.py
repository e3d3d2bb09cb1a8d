"""Policies on tables of scores, with results worked out by hand."""

from math import nan
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from automl.engine.policies import Scores, reason_to_stop
from automl.jobs.sweep import Asha, Policy

FIVE = {"a": [0.5], "b": [0.6], "c": [0.7], "d": [0.8], "e": [0.9]}


def policy(**keys: Any) -> Any:
    return TypeAdapter(Policy).validate_python(keys)


def stopped(rule: Any, scores: Scores, trial_id: str = "a") -> bool:
    return reason_to_stop(rule, "accuracy", scores, trial_id) is not None


def last_ones(rule: Any, scores: Scores) -> set[str]:
    """Trials that the policy would stop at their latest score."""
    return {trial_id for trial_id in scores if stopped(rule, scores, trial_id)}


@pytest.mark.parametrize(
    ("interval", "delay", "due"),
    [
        (1, 0, [1, 2, 3, 4, 5, 6, 7, 8]),
        (0, 0, [1, 2, 3, 4, 5, 6, 7, 8]),  # 0 counts as 1
        (2, 0, [2, 4, 6, 8]),
        (2, 6, [6, 8]),
        (2, 5, [6, 8]),
        (3, 4, [6]),
    ],
)
def test_a_policy_looks_at_multiples_of_the_interval_after_the_delay(
    interval: int, delay: int, due: list[int]
) -> None:
    rule = policy(type="bandit", evaluation_interval=interval, delay_evaluation=delay)
    worse = {n: {"a": [0.1] * n, "b": [0.9] * n} for n in range(1, 9)}
    assert [n for n in worse if stopped(rule, worse[n])] == due


@pytest.mark.parametrize(
    ("slack", "own", "is_stopped"),
    [
        ({"slack_factor": 0.2}, 0.66, True),  # 0.8 / 1.2 = 0.667
        ({"slack_factor": 0.2}, 0.67, False),
        ({"slack_amount": 0.25}, 0.54, True),  # 0.8 - 0.25 = 0.55
        ({"slack_amount": 0.25}, 0.5500001, False),
        ({}, 0.799, True),
        ({}, 0.8, False),  # a tie with the best
        ({"slack_factor": 0.2, "slack_amount": 0.25}, 0.6, False),  # the milder of the two
        ({"slack_factor": 0.2, "slack_amount": 0.25}, 0.54, True),
        ({"slack_factor": 0.2, "slack_amount": 0}, 0.67, False),
        ({"slack_factor": 0.2}, nan, True),
    ],
)
def test_bandit_allows_its_slack_below_the_best(slack: Any, own: float, is_stopped: bool) -> None:
    rule = policy(type="bandit", **slack)
    assert stopped(rule, {"a": [own], "b": [0.8], "c": [0.3]}) is is_stopped


def test_bandit_compares_best_scores_up_to_the_same_evaluation() -> None:
    rule = policy(type="bandit", slack_amount=0.1)
    assert not stopped(rule, {"a": [0.8, 0.2], "b": [0.7, 0.85]})  # its own best was at 1
    assert not stopped(rule, {"a": [0.5], "b": [0.5, 0.95]})  # what came after 1 does not count
    assert stopped(rule, {"a": [0.5, 0.5], "b": [0.9]})  # a late trial counts with what it has


def test_bandit_never_stops_the_best_also_below_zero() -> None:
    rule = policy(type="bandit", slack_factor=0.5)
    assert not stopped(rule, {"a": [-0.2], "b": [-0.4]})
    assert not stopped(rule, {"a": [-0.2]})


def test_median_stopping_compares_with_the_median_of_the_means() -> None:
    # means up to evaluation 2: a 0.5, b 0.6, c 0.7; the median is 0.6
    scores = {"a": [0.5, 0.5], "b": [0.4, 0.8], "c": [0.8, 0.6]}
    assert last_ones(policy(type="median_stopping"), scores) == {"a"}


def test_median_stopping_takes_a_trials_best_and_others_as_far_as_they_are() -> None:
    rule = policy(type="median_stopping")
    # a's best is 0.65; means: a 0.525, late b 0.6, c up to 2 0.7 (not 0.3 after it)
    assert not stopped(rule, {"a": [0.65, 0.4], "b": [0.6], "c": [0.7, 0.7, 0.0]})
    assert stopped(rule, {"a": [0.55, 0.4], "b": [0.6], "c": [0.7, 0.7, 0.0]})
    # an even number: the middle of b and c, 0.6
    assert stopped(rule, {"a": [0.59], "b": [0.5], "c": [0.7], "d": [0.9]})
    assert not stopped(rule, {"a": [0.6], "b": [0.6], "c": [0.6]})  # ties


def test_truncation_stops_the_lowest_share_rounded_down() -> None:
    def rule(percentage: int) -> Any:
        return policy(type="truncation_selection", truncation_percentage=percentage)

    assert last_ones(rule(20), FIVE) == {"a"}  # 20 % of 5 is 1
    assert last_ones(rule(39), FIVE) == {"a"}  # 1.95 is 1
    assert last_ones(rule(40), FIVE) == {"a", "b"}
    assert last_ones(rule(19), FIVE) == set()
    assert last_ones(rule(99), FIVE) == {"a", "b", "c", "d"}
    assert last_ones(rule(99), {"a": [0.1]}) == set()


def test_truncation_spares_ties_at_the_limit() -> None:
    rule = policy(type="truncation_selection", truncation_percentage=40)
    assert last_ones(rule, FIVE | {"b": [0.5]}) == {"a", "b"}  # both fit into the lowest two
    assert last_ones(rule, FIVE | {"b": [0.5], "c": [0.5]}) == set()  # three do not


def test_truncation_takes_the_score_at_the_evaluation_not_the_best() -> None:
    rule = policy(type="truncation_selection", truncation_percentage=50)
    assert stopped(rule, {"a": [0.9, 0.1], "b": [0.5, 0.5]})
    assert stopped(rule, {"a": [0.4], "b": [0.5, 0.1]})  # b's second is later
    assert stopped(rule, {"a": [0.9, 0.4], "b": [0.5]})  # b is late and counts with its last
    assert stopped(rule, {"a": [nan], "b": [0.0]})


@pytest.mark.parametrize(
    ("keys", "scores", "words"),
    [
        (
            {"type": "bandit", "slack_factor": 0.2},
            {"a": [0.4, 0.5], "b": [0.7, 0.8]},
            "Stopped by the bandit policy at evaluation 2: best accuracy 0.5 is below 0.6667, "
            "the best trial's 0.8 divided by 1 + 0.2.",
        ),
        (
            {"type": "median_stopping"},
            {"a": [0.5], "b": [0.7], "c": [0.9]},
            "Stopped by median stopping at evaluation 1: best accuracy 0.5 is below 0.7, the "
            "median of 3 trials' means up to there.",
        ),
        (
            {"type": "truncation_selection", "truncation_percentage": 40},
            FIVE,
            "Stopped by truncation selection at evaluation 1: accuracy 0.5 is among the lowest "
            "2 of 5 trials (40 %).",
        ),
    ],
)
def test_the_reason_gives_the_numbers_compared(keys: Any, scores: Any, words: str) -> None:
    assert reason_to_stop(policy(**keys), "accuracy", scores, "a") == words


def test_asha_lets_the_best_share_go_on_from_each_rung() -> None:
    rule = Asha(type="asha", delay_evaluation=2, reduction_factor=2)
    scores: dict[str, list[float]] = {}

    def scored(trial_id: str, score: float) -> str | None:
        scores.setdefault(trial_id, []).append(score)
        return reason_to_stop(rule, "accuracy", scores, trial_id)

    assert [scored("a", 0.5), scored("a", 0.6)] == [None, None]  # the first at its rung
    assert [scored("b", 0.1), scored("b", 0.7)] == [None, None]  # no rung at 1
    assert scored("c", 0.2) is None
    assert scored("c", 0.64) == (
        "Stopped by ASHA at evaluation 2: accuracy 0.64 is below 0.65, what the best 1 in 2 "
        "trials had there."
    )
    assert [scored("a", 0.0), scored("a", 0.6)] == [None, None]  # the next rung is 4


@settings(deadline=None)
@given(
    delay=st.integers(1, 3),
    factor=st.floats(2, 5),
    reports=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 20).map(lambda score: score / 20)), max_size=60
    ),
)
def test_asha_decides_as_ray_does(
    delay: int, factor: float, reports: list[tuple[int, float]]
) -> None:
    """On finite scores in any order of reports; stopped trials report no more."""
    from ray.tune.schedulers import ASHAScheduler

    asha = ASHAScheduler("n", "score", "max", 10**9, delay, factor)
    rule = Asha(type="asha", delay_evaluation=delay, reduction_factor=factor)
    scores: dict[str, list[float]] = {}
    ended: set[str] = set()
    for number, score in reports:
        trial: Any = SimpleNamespace(trial_id=str(number))
        if trial.trial_id in ended:
            continue
        if trial.trial_id not in scores:
            asha.on_trial_add(None, trial)
        scores.setdefault(trial.trial_id, []).append(score)
        result = {"n": len(scores[trial.trial_id]), "score": score}
        is_stopped = stopped(rule, scores, trial.trial_id)
        assert is_stopped is (asha.on_trial_result(None, trial, result) == "STOP")
        ended |= {trial.trial_id} if is_stopped else set()


@pytest.mark.parametrize(
    "rule",
    [
        policy(type="bandit"),
        policy(type="bandit", slack_factor=0.2, slack_amount=5),
        policy(type="median_stopping"),
        policy(type="truncation_selection", truncation_percentage=50),
        Asha(type="asha", reduction_factor=2),
        Asha(type="asha", reduction_factor=3),
    ],
)
@pytest.mark.parametrize(
    "others", [{"b": [0.9]}, {"b": [0.9], "c": [0.8]}, {"b": [nan], "c": [0.5], "d": [0.9]}]
)
def test_nan_is_worse_than_any_number_for_every_policy(rule: Any, others: Scores) -> None:
    """A trial with NaN is stopped wherever one with the lowest number would be."""
    lowest = stopped(rule, {"a": [-1e9], **others})
    has_nan = stopped(rule, {"a": [nan], **others})
    assert has_nan >= lowest
    assert not stopped(rule, {"a": [0.9], **others})


@pytest.mark.parametrize("factor", [2, 3])
def test_asha_stops_a_trial_with_nan_among_trials_with_numbers(factor: float) -> None:
    rule = Asha(type="asha", reduction_factor=factor)
    scores = {"a": [0.9], "b": [0.8], "c": [0.7]}
    assert reason_to_stop(rule, "accuracy", {**scores, "d": [nan]}, "d") == (
        f"Stopped by ASHA at evaluation 1: accuracy NaN is below "
        f"{'0.8' if factor == 2 else '0.8333'}, what the best 1 in {factor} trials had there."
    )


def test_asha_lets_a_trial_with_a_number_go_on_among_trials_with_nan() -> None:
    rule = Asha(type="asha", reduction_factor=2)
    assert not stopped(rule, {"a": [0.1], "b": [nan], "c": [nan]})
    assert not stopped(rule, {"a": [nan], "b": [nan], "c": [nan]})  # nothing tells them apart
