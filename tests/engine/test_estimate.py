from collections.abc import Callable
from pathlib import Path

from automl.engine.estimate import estimates
from automl.jobs.compatibility import resolve
from automl.jobs.estimate import Estimate
from automl.jobs.job import Job
from automl.training import speed
from tests.small_training import TINY

LIMITS = {"max_trials": 2, "max_concurrent_trials": 2}  # each on a thread of its own


def asked(folder: Path, **keys: object) -> Job:
    given = {"training_data": {"path": str(folder)}, "training_parameters": TINY}
    return Job.from_dict({**given, **keys})


def estimated(job: Job, progress: Callable[[int, int], None] = lambda *_: None) -> list[Estimate]:
    return list(estimates(job, progress))


def test_an_estimate_counts_every_trial_and_epoch_and_gets_better(shapes: Path) -> None:
    space = {
        "model_name": {"type": "choice", "values": ["test_resnet", "test_efficientnet"]},
        "training_crop_size": {"type": "choice", "values": [32, 48]},
    }
    fixed = {name: value for name, value in TINY.items() if name not in space}
    counts: list[tuple[int, int]] = []
    job = asked(
        shapes,
        training_parameters=fixed,
        search_space=[space],
        sweep={"sampling_algorithm": "grid"},
        limits={**LIMITS, "max_trials": 4},
    )
    rough, found = estimated(job, lambda *count: counts.append(count))
    assert counts == [(0, 2), (1, 2)]
    (note,) = rough.notes
    assert note == "Not measured, but compared by the size of the network: test_efficientnet."
    assert (found.num_trials, found.device, found.notes) == (4, "cpu", [])
    assert [(one.model_name, one.side) for one in found.measured] == [
        ("test_resnet", 48),
        ("test_efficientnet", 48),
    ]
    epochs = TINY["number_of_epochs"]
    assert isinstance(epochs, int)
    largest = max(one.seconds_per_epoch for one in found.measured)
    assert found.seconds * found.max_concurrent_trials > epochs * largest
    assert found.memory_bytes > 100_000_000  # torch alone
    assert 60 * 3 * 32**2 < found.disk_bytes < 10_000_000


def test_an_estimate_of_a_search_that_learns_takes_all_its_trials(shapes: Path) -> None:
    space = [{"learning_rate": {"type": "loguniform", "min_value": -7, "max_value": -4}}]
    sweep = {"sampling_algorithm": "bayesian"}
    limits = {**LIMITS, "max_trials": 9}
    (found,) = estimated(asked(shapes, search_space=space, sweep=sweep, limits=limits))
    assert found.num_trials == 9


def test_memory_grows_with_the_batch() -> None:
    def memory_bytes(batch_size: int) -> int:
        sizes = {"training_crop_size": 224, "training_batch_size": batch_size}
        return speed.measure_trial(resolve({**TINY, **sizes}), 3).memory_bytes

    assert memory_bytes(1000) > 1.5 * memory_bytes(8)
