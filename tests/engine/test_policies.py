"""Policies on tables of scores, with results worked out by hand."""

from math import nan
from typing import Any

import pytest
from pydantic import TypeAdapter

from automl.engine.early_termination import Halving
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
    halving = Halving(rule, {})
    scores: dict[str, list[float]] = {}

    def scored(trial_id: str, score: float) -> str | None:
        scores.setdefault(trial_id, []).append(score)
        return halving.reason_to_stop("accuracy", scores, trial_id)

    assert [scored("a", 0.5), scored("a", 0.6)] == [None, None]  # the first at its rung
    assert [scored("b", 0.1), scored("b", 0.7)] == [None, None]  # no rung at 1
    assert scored("c", 0.2) is None
    assert scored("c", 0.64) == (
        "Stopped by ASHA at evaluation 2: accuracy 0.64 is below 0.65, what the best 1 in 2 "
        "trials had there."
    )
    assert [scored("a", 0.0), scored("a", 0.6)] == [None, None]  # the next rung is 4


def test_asha_knows_after_a_resume_what_was_scored_before() -> None:
    rule = Asha(type="asha", reduction_factor=2)
    scores = {"a": [0.5], "b": [0.7], "c": [0.55]}
    known = Halving(rule, {"a": [0.5], "b": [0.7]})
    assert known.reason_to_stop("accuracy", scores, "c") is not None
    assert Halving(rule, {}).reason_to_stop("accuracy", scores, "c") is None
