from pathlib import Path

import pytest

from automl.engine.estimate import estimate
from automl.jobs.job import Job
from tests.small_training import TINY

LIMITS = {"max_trials": 2, "max_concurrent_trials": 2}  # each on a thread of its own


def asked(folder: Path, **keys: object) -> Job:
    given = {"training_data": {"path": str(folder)}, "training_parameters": TINY}
    return Job.from_dict({**given, **keys})


def test_an_estimate_counts_every_trial_and_epoch(shapes: Path) -> None:
    space = [{"training_crop_size": {"type": "choice", "values": [32, 48]}}]
    sweep = {"sampling_algorithm": "grid"}
    found = estimate(asked(shapes, search_space=space, sweep=sweep, limits=LIMITS))
    assert (found.num_trials, found.device) == (2, "cpu")
    assert [(trial.model_name, trial.side) for trial in found.measured] == [
        ("test_resnet", 32),
        ("test_resnet", 48),
    ]
    epochs = TINY["number_of_epochs"]
    assert isinstance(epochs, int)
    expected = sum(trial.seconds_per_epoch for trial in found.measured) * epochs
    assert found.seconds * found.max_concurrent_trials == pytest.approx(expected)
    assert found.memory_bytes > 100_000_000  # torch alone
    assert 60 * 3 * 32**2 < found.disk_bytes < 10_000_000


def test_an_estimate_of_a_search_that_learns_takes_all_its_trials(shapes: Path) -> None:
    space = [{"learning_rate": {"type": "loguniform", "min_value": -7, "max_value": -4}}]
    sweep = {"sampling_algorithm": "bayesian"}
    found = estimate(
        asked(shapes, search_space=space, sweep=sweep, limits={**LIMITS, "max_trials": 9})
    )
    assert found.num_trials == 9
    assert len(found.measured) == 1
