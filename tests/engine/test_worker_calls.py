"""Reasons to wait no longer for a worker; `test_ray_internals.py` has real workers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from automl.engine import worker_calls
from automl.engine.results import Results
from automl.engine.worker_calls import GivenUpError
from automl.experiments import store


@pytest.fixture
def results(make_experiment: Callable[..., Path]) -> Results:
    found = Results(make_experiment(), "accuracy")
    found.time_limit.begin(60)
    return found


def test_a_stop_and_the_limit_end_the_wait(results: Results) -> None:
    give_up_if_over = worker_calls.giving_up(results, 1.0, kept=30.0)
    give_up_if_over()
    results.time_limit.begin(0.49)
    with pytest.raises(GivenUpError, match="the time limit was needed for the export"):
        give_up_if_over()
    results.time_limit.begin(0)
    with pytest.raises(GivenUpError, match="the time limit was reached"):
        give_up_if_over()
    store.request_stop(results.experiment_dir)
    with pytest.raises(GivenUpError, match="the experiment was stopped"):
        give_up_if_over()


def test_a_call_that_takes_far_longer_than_expected_is_given_up(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_calls, "_LEAST_PATIENCE_SECONDS", 0.0)
    worker_calls.giving_up(results, 1e6)()
    with pytest.raises(GivenUpError, match="more than 10 times as long as expected"):
        worker_calls.giving_up(results, 0.0)()
