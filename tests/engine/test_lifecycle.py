from collections.abc import Callable
from pathlib import Path

import pytest

from automl import store
from automl.engine import lifecycle
from automl.engine.results import Results
from automl.records import ExperimentState


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
    with pytest.raises(lifecycle.NoModelError, match=r"Raise limits\.timeout_minutes"):
        lifecycle._progress(results)("Decoding", 1, 100)
