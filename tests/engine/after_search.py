"""Trials after a search, trained again in the process of the test instead of a worker."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from automl.dataset.pixels import picture_sizes
from automl.engine.refit import Assignment, RefitInputs
from automl.engine.resources import Resources
from automl.engine.results import Results
from automl.engine.worker_calls import GivenUpError
from automl.jobs.compatibility import resolve
from automl.jobs.job import Job
from automl.training.trial_data import TrialData
from tests.small_training import TINY

NAME = "trial-001"
"""The fine-tuned trial."""

Start = Callable[..., tuple[RefitInputs, Results]]


def job(**keys: Any) -> Job:
    return Job.from_dict({"training_data": {"path": "/data"}, "limits": {"max_trials": 3}, **keys})


def ended_search(
    directory: Path, asked: Job, data: TrialData, minutes: float
) -> tuple[RefitInputs, Results]:
    """The results of a search so many minutes before its limit."""
    results = Results(directory, "accuracy")
    results.expect()
    results.time_limit.begin(minutes)
    of_sizes = {picture_sizes(resolve(TINY)): data}
    return RefitInputs(asked, of_sizes, {}, Resources(1, 1, 0.0, [])), results


def in_this_process(function: Callable[[Assignment], Any]) -> Callable[..., Any]:
    """The function for a worker, as its caller sees it."""

    def here(assignment: Assignment, give_up_if_over: Callable[[], None]) -> Any:
        give_up_if_over()
        found = function(assignment)
        if isinstance(found, str):
            raise GivenUpError(found)
        return found

    return here


def never(*_: Any) -> Any:
    raise AssertionError("nothing must be trained again")
