"""The preparation of a search: faults that end it, and what it makes ready for the end."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automl.engine import preparation
from automl.engine.preparation import Progress
from automl.engine.results import Results
from automl.errors import NoModelError
from automl.experiments.records import Parent, TrialRecord, TrialState
from automl.jobs import data_versions
from automl.jobs.corrections import Corrections
from automl.jobs.job import Job
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


def test_what_a_search_inherits_is_said_again_when_it_goes_on(
    make_experiment: Callable[..., Path], make_trial: Callable[..., TrialRecord], tmp_path: Path
) -> None:
    for number in range(12):
        place = tmp_path / "pictures" / ("cat", "dog")[number % 2] / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 255, (16, 16), dtype=np.uint8)
        Image.fromarray(noise).save(place)
    asked = job(training_data={"path": str(tmp_path / "pictures")}, data_version="original")
    data_versions.keep(asked.training_data.path, Corrections(), "before", by="ann")
    first = make_experiment("first", job=asked)
    _read(asked, first)
    parent = Parent(experiment_id="first", trial_id="trial-000", data="other pictures")
    second = make_experiment("second", [make_trial("trial-000", [0.9])], job=asked, parent=parent)
    for _ in ("begun", "gone on"):
        judged, version = _read(asked, second)
        assert judged == "The same validation pictures judge as in first."
        assert version.startswith("Version original was asked for")
        assert version.endswith("this is version v1.")


def _read(asked: Job, directory: Path) -> list[str]:
    """Notes of an engine that has read the data."""
    results = Results(directory, "accuracy")
    results.time_limit.begin(1)
    results.update(notes=[])  # as each engine does when it begins
    preparation._manifest(asked, results, Progress(results))
    preparation._note_version(asked, results)
    return results.experiment.notes
