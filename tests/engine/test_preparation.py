"""The preparation of a search: faults that end it, and what it makes ready for the end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from automl.engine import preparation
from automl.engine.preparation import Progress
from automl.engine.results import Results
from automl.errors import NoModelError
from automl.experiments.records import TrialRecord, TrialState
from tests.engine.after_search import job
from tests.small_training import TINY


def test_a_limit_that_is_over_before_the_first_trial_names_the_step_that_took_it(
    make_experiment: Callable[..., Path],
) -> None:
    results = Results(make_experiment(), "accuracy")
    results.time_limit.begin(1)
    results.update(message="Starting Ray.")
    Progress(results).give_up_if_over()
    Progress(results)("Measuring the speed of this machine", 0, 3)  # no share of it is over yet
    assert results.experiment.message == "Measuring the speed of this machine: 0 of 3."
    results.time_limit.begin(0)
    with pytest.raises(NoModelError, match="in this step: Measuring the speed of this"):
        Progress(results).give_up_if_over()


def test_a_search_that_goes_on_has_the_pictures_of_trials_that_may_be_trained_again(
    make_trial: Callable[..., TrialRecord],
) -> None:
    """Their size may be another than that of the trials to come."""
    larger = {**TINY, "training_crop_size": 64}
    trials = [
        make_trial("trial-000", [0.9], hyperparameters={**larger, "method": "linear_probe"}),
        make_trial("trial-001", [0.9], hyperparameters=larger),
        make_trial("trial-002", hyperparameters=TINY, state=TrialState.FAILED),
        make_trial("trial-003", [0.9], hyperparameters=TINY, was_cut_short=True),
    ]
    (found,) = preparation.may_be_trained_again(job(), trials)
    assert (found.training_crop_size, found.validation_crop_size) == (64, 64)
    alone = job(limits={"max_trials": 1})
    assert preparation.may_be_trained_again(alone, trials) == []
