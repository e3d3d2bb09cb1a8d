from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from automl.engine.early_termination import EarlyTermination
from automl.engine.planning import PlannedTrial
from automl.engine.results import Results
from automl.experiments.records import TrialState
from automl.jobs.sweep import Asha, Bandit, Policy
from tests.conftest import build_trial

BANDIT = Bandit(type="bandit", slack_amount=0.1)
NEW = PlannedTrial.of(9, {})


@pytest.fixture
def open_results(make_experiment: Callable[..., Path]) -> Callable[..., Results]:
    def with_scores(**scores: Sequence[float]) -> Results:
        trials = [build_trial(name, values) for name, values in scores.items()]
        directory = make_experiment(trials=trials)
        results = Results(directory, "accuracy")
        results.trials[NEW.trial_id] = build_trial(NEW.trial_id, state=TrialState.RUNNING)
        return results

    return with_scores


def report(scheduler: EarlyTermination, epoch: int, score: float) -> str:
    trial = SimpleNamespace(config={"trial": NEW.to_text()})
    result = {"evaluation/epoch": epoch, "evaluation/metrics/accuracy": score}
    return scheduler.on_trial_result(None, trial, result)


@pytest.mark.parametrize("policy", [BANDIT, Asha(type="asha", reduction_factor=2)])
def test_a_resumed_search_compares_with_what_was_scored_before(
    open_results: Callable[..., Results], policy: Policy
) -> None:
    scheduler = EarlyTermination(policy, open_results(a=[0.8], b=[0.9]))
    assert report(scheduler, 1, 0.5) == "STOP"
    assert "at evaluation 1: " in scheduler.reasons[NEW.trial_id]
    assert "0.5 is below" in scheduler.reasons[NEW.trial_id]


def test_without_a_policy_every_trial_goes_on(open_results: Callable[..., Results]) -> None:
    scheduler = EarlyTermination(None, open_results(a=[0.9]))
    assert report(scheduler, 1, 0.1) == "CONTINUE"
    assert scheduler.reasons == {}


def test_a_result_without_a_score_decides_nothing(open_results: Callable[..., Results]) -> None:
    scheduler = EarlyTermination(BANDIT, open_results(a=[0.9]))
    trial: Any = SimpleNamespace(config={"trial": NEW.to_text()})
    assert scheduler.on_trial_result(None, trial, {"effective/model": "x"}) == "CONTINUE"


def test_an_evaluation_that_is_reported_again_counts_once(
    open_results: Callable[..., Results],
) -> None:
    delayed = BANDIT.model_copy(update={"delay_evaluation": 2})
    results = open_results(a=[0.9, 0.9])
    results.trials[NEW.trial_id] = build_trial(NEW.trial_id, [0.1], state=TrialState.RUNNING)
    scheduler = EarlyTermination(delayed, results)
    assert report(scheduler, 1, 0.1) == "CONTINUE"  # its worker died after evaluation 1
    assert report(scheduler, 2, 0.1) == "STOP"
