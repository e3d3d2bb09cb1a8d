"""Faults that end the preparation of a search before its first trial."""

from collections.abc import Callable
from pathlib import Path

import pytest

from automl.engine.preparation import Progress
from automl.engine.results import Results
from automl.errors import NoModelError


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
