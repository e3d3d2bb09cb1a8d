import errno
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path

import pytest

from automl.dataset import manifest
from automl.engine import lifecycle, preparation
from automl.engine.refit import RefitInputs
from automl.engine.resources import Resources
from automl.engine.results import Results
from automl.errors import DataError, NoModelError, UserError
from automl.experiments import store
from automl.experiments.records import (
    ExperimentState,
    TrialError,
    TrialRecord,
    TrialState,
    now,
)
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job


@pytest.fixture
def results(make_experiment: Callable[..., Path]) -> Results:
    directory = make_experiment(state=ExperimentState.PREPARING)
    return Results(directory, "accuracy")


def test_preparation_says_how_far_it_is(results: Results) -> None:
    preparation.Progress(results)("Decoding", 50, 100)
    assert results.experiment.message == "Decoding: 50 of 100."
    assert results.experiment.progress == 0.5


def test_preparation_ends_when_the_user_wants_it_to(results: Results) -> None:
    store.request_stop(results.experiment_dir)
    with pytest.raises(preparation.StoppedError):
        preparation.Progress(results)("Decoding", 1, 100)


def test_preparation_counts_towards_the_time_limit(results: Results) -> None:
    results.time_limit.begin(0)
    with pytest.raises(NoModelError, match=r"Raise limits\.timeout_minutes"):
        preparation.Progress(results)("Decoding", 1, 100)


@pytest.mark.parametrize(
    ("error", "failure", "message"),
    [
        (DataError("There are no pictures."), "data", "There are no pictures."),
        (UserError("resources_per_trial.cpu is 9."), "job", "resources_per_trial.cpu is 9."),
        (NoModelError("No trial was scored."), "engine", "No trial was scored."),
        (ValueError("cannot reshape"), "engine", "ValueError: cannot reshape"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), "engine", "UnicodeDecodeError: "),
        (OSError(errno.ENOSPC, "x"), "engine", "The disk is full"),
    ],
)
def test_only_an_error_for_the_user_is_the_users_fault(
    results: Results, error: Exception, failure: str, message: str
) -> None:
    """A failure of the job or the data has the experiment's directory removed, log and all."""
    found, sentence = lifecycle.explain(results, error)
    assert found == failure
    assert sentence.startswith(message)


def test_a_search_in_which_every_trial_fails_says_why(
    make_experiment: Callable[..., Path], make_trial: Callable[..., TrialRecord]
) -> None:
    why = "pretrained is required, but there are no weights."
    error = TrialError(cause=why, next_step="Add the weights.", traceback="")
    trials = [make_trial("t1", state=TrialState.FAILED, reason=why, error=error)]
    experiment_dir = make_experiment(trials=trials, state=ExperimentState.RUNNING)
    results, job = Results(experiment_dir, "accuracy"), store.load_job(experiment_dir)
    inputs = RefitInputs(job, {}, {}, Resources(1, 1, 0.0, []))
    with pytest.raises(NoModelError, match=f"^No trial was scored. {why} Add the weights.$"):
        lifecycle._finish(inputs, None, results)


def test_preparation_stops_while_it_waits_for_ray(results: Results) -> None:
    never: Future[int] = Future()
    store.request_stop(results.experiment_dir)
    with pytest.raises(preparation.StoppedError):
        preparation._wait(never, preparation.Progress(results))


def test_preparation_stops_while_it_checks_whether_pictures_have_changed(
    results: Results, shapes: Path
) -> None:
    data = manifest.build(Job(training_data=DataSource(path=shapes)))
    store.request_stop(results.experiment_dir)
    with pytest.raises(preparation.StoppedError):
        preparation.note_changes(results, data, preparation.Progress(results))


def test_an_error_of_what_is_waited_for_is_raised_as_it_is(results: Results) -> None:
    failed: Future[int] = Future()
    failed.set_exception(TimeoutError("of its own"))
    with pytest.raises(TimeoutError, match="of its own"):
        preparation._wait(failed, preparation.Progress(results))


class JustInTime(Future[int]):
    """A future that is done between the end of a wait and the look whether it is done."""

    def result(self, timeout: float | None = None) -> int:
        if not self.done():
            self.set_result(5)
            raise TimeoutError
        return super().result(timeout)


def test_what_ends_with_a_wait_for_it_is_no_error(results: Results) -> None:
    assert preparation._wait(JustInTime(), preparation.Progress(results)) == 5


def test_the_time_limit_does_not_follow_the_clock(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.time_limit.begin(5)
    before = results.experiment.deadline
    assert before is not None
    tomorrow = now() + timedelta(days=1)
    monkeypatch.setattr(
        "automl.engine.experiment_file.now", lambda: tomorrow
    )  # set, or slept through
    assert not results.time_limit.is_reached()
    results.time_limit.correct_deadline()
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
    results.time_limit.begin(5)
    assert results.experiment.seconds == pytest.approx(600, abs=5)
