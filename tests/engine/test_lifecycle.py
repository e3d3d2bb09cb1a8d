from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from automl import errors
from automl.engine import lifecycle
from automl.engine.results import Results
from automl.experiments import store
from automl.experiments.records import ExperimentState, now


@pytest.fixture
def results(make_experiment: Callable[..., Path]) -> Results:
    directory = make_experiment(state=ExperimentState.PREPARING)
    return Results(directory, "accuracy")


def test_preparation_says_how_far_it_is(results: Results) -> None:
    lifecycle._progress(results)("Decoding", 50, 100)
    assert results.experiment.message == "Decoding: 50 of 100."
    assert results.experiment.progress == 0.5


def test_preparation_ends_when_the_user_wants_it_to(results: Results) -> None:
    store.request_stop(results.experiment_dir)
    with pytest.raises(lifecycle.StoppedError):
        lifecycle._progress(results)("Decoding", 1, 100)


def test_preparation_counts_towards_the_time_limit(results: Results) -> None:
    results.begin(0)
    with pytest.raises(errors.NoModelError, match=r"Raise limits\.timeout_minutes"):
        lifecycle._progress(results)("Decoding", 1, 100)


def test_the_time_limit_does_not_follow_the_clock(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.begin(5)
    before = results.experiment.deadline
    assert before is not None
    tomorrow = now() + timedelta(days=1)
    monkeypatch.setattr("automl.engine.results.now", lambda: tomorrow)  # set, or slept through
    assert not results.is_time_up()
    results.correct_deadline()
    after = results.experiment.deadline
    assert after is not None
    assert (after - tomorrow) == pytest.approx(timedelta(minutes=5), abs=timedelta(seconds=30))


def test_a_night_between_two_engines_is_not_counted(make_experiment: Callable[..., Path]) -> None:
    night = timedelta(hours=9)
    started = now() - night - timedelta(minutes=10)
    ended = now() - night
    directory = make_experiment(
        state=ExperimentState.INTERRUPTED, started_at=started, ended_at=ended
    )
    results = Results(directory, "accuracy")
    results.begin(5)
    assert results.experiment.seconds == pytest.approx(600, abs=5)
