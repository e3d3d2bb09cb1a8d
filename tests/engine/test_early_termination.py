from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from automl.engine.early_termination import EarlyTermination
from automl.engine.planning import PlannedTrial
from automl.engine.results import Results
from automl.experiments.records import Evidence, TrialState
from automl.jobs.automode import EARLY_TERMINATION
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


@pytest.mark.parametrize(
    ("epoch", "score", "num_pictures", "decision"),
    [
        (9, 0.4, 400, "CONTINUE"),  # before half of the schedule
        (10, 0.55, 400, "STOP"),
        (10, 0.55, 20, "CONTINUE"),  # within noise
        (10, 0.65, 400, "CONTINUE"),  # less than twice the errors
        (20, 0.55, 400, "CONTINUE"),  # it has ended anyway
    ],
)
def test_automode_stops_a_training_far_behind_a_model_on_frozen_features(
    open_results: Callable[..., Results],
    epoch: int,
    score: float,
    num_pictures: int,
    decision: str,
) -> None:
    results = open_results(probe=[0.82])
    running = build_trial(NEW.trial_id, state=TrialState.RUNNING)
    known = {"effective": {"number_of_epochs": 20}, "evidence": Evidence(num_pictures=num_pictures)}
    results.trials[NEW.trial_id] = running.model_copy(update=known)
    scheduler = EarlyTermination(EARLY_TERMINATION, results, compares_with_best=True)
    assert report(scheduler, epoch, score) == decision
    assert report(EarlyTermination(EARLY_TERMINATION, results), epoch, score) == "CONTINUE"
    if decision == "STOP":
        assert scheduler.reasons[NEW.trial_id] == (
            "Stopped far behind the best trial at epoch 10 of 20: accuracy 0.55 is more than twice "
            "as far from 1 as the 0.82 of probe, which longer training rarely makes up."
        )
