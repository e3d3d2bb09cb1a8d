"""`python -m tests.faults.odd_trials FOLDER KIND…`: real searches whose trials misbehave, each kind
in one way.

They run in a process of their own, as an engine does, on a cluster that says it has two GPUs; the
directory of each experiment is FOLDER/KIND. There is no model in it: the trials report at once, as
those of `benchmarks.untrained` do, but for the one that two processes train.
"""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl.engine.trainable import TrialTrainable
from benchmarks.untrained import Untrained

if TYPE_CHECKING:
    from automl.engine.planning import PlannedTrial
    from automl.engine.watch import Ending
    from automl.training.trial_data import PictureSizes, TrialData

_LIMIT_SECONDS = 8.0


class HangsOnce(Untrained):
    """Its third report never comes, unless another worker has been there before."""

    def step(self) -> dict[str, Any]:
        if self._training == 2 and self._trial.number == 0 and self._may_hang():
            time.sleep(10_000)
        return super().step()

    def _may_hang(self) -> bool:
        mark = Path(os.environ["ODD_FOLDER"], "hung")
        is_first = not mark.exists()
        mark.touch()
        return is_first


class HangsAlways(HangsOnce):
    def _may_hang(self) -> bool:
        return True


class HangsOrComputes(HangsOnce):
    """The third report of the second trial takes longer than a worker may do nothing."""

    def step(self) -> dict[str, Any]:
        if self._training == 2 and self._trial.number == 1:
            until = time.monotonic() + 1.25 * _LIMIT_SECONDS
            while time.monotonic() < until:
                sum(range(100_000))
                time.sleep(0.1)  # leaves the core to other tests
        return super().step()


class NoMemory(Untrained):
    """Two at a time do not fit: Ray ends the worker, and says this."""

    def step(self) -> dict[str, Any]:
        mark = Path(os.environ["ODD_FOLDER"], "died")
        if self._training == 2 and not mark.exists():
            mark.touch()
            raise RuntimeError("1 worker(s) were killed due to the node running low on memory.")
        return super().step()


class LosesGpu(Untrained):
    """The GPU that is the first to score a trial fails; there are two, on paper."""

    def step(self) -> dict[str, Any]:
        import ray

        from automl.engine import lost_gpus

        if self._training == 1:
            (gpu,) = ray.get_runtime_context().get_accelerator_ids()["GPU"]
            mark = Path(os.environ["ODD_FOLDER"], "lost")
            with contextlib.suppress(FileExistsError):
                mark.symlink_to(gpu)
            if str(mark.readlink()) == gpu:
                error = RuntimeError("CUDA error: unspecified launch failure")
                raise lost_gpus.describe(error) from error
        return super().step()


class OnTwoDevices(TrialTrainable):
    """A real trial, which two processes train on the CPU in place of two GPUs."""


KINDS = {
    kind.__name__: kind for kind in (HangsOrComputes, HangsAlways, NoMemory, LosesGpu, OnTwoDevices)
}


def main(folder: Path, kinds: list[str]) -> None:
    """Print how each search ended, one a line."""
    import ray

    import benchmarks.untrained
    import tests.faults.odd_trials as mine
    from automl.engine import heartbeat

    if "OnTwoDevices" not in kinds:  # its processes import torch, however long that takes
        heartbeat.LIMIT_SECONDS = _LIMIT_SECONDS
    for module in (benchmarks.untrained, mine):
        ray.cloudpickle.register_pickle_by_value(module)  # a worker does not find them
    _start_ray({"ODD_FOLDER": str(folder), "PL_DISABLE_FORK": "1"})
    for kind in kinds:
        ending = _search(folder, mine.KINDS[kind])
        sys.stdout.write(f"{ending}\n")


def _start_ray(variables: dict[str, str]) -> None:
    """Start Ray with two simulated GPUs; twice on a machine too busy for Ray's own 30 seconds."""
    import ray

    def start() -> None:
        ray.init(
            address="local",
            num_cpus=2,
            num_gpus=2,
            include_dashboard=False,
            log_to_driver=False,
            runtime_env={"env_vars": variables},
        )

    try:
        start()
    except Exception as error:
        if "timed out during startup" not in str(error):
            raise
        start()


def _search(folder: Path, kind: type[TrialTrainable]) -> "Ending | None":
    from automl.engine import search
    from automl.engine.planning import PlannedTrial
    from automl.engine.resources import Resources
    from automl.engine.results import Results
    from automl.experiments import store
    from automl.experiments.records import ExperimentRecord, ExperimentState, now
    from automl.jobs.job import Job
    from tests.small_training import TINY

    job = Job.from_dict(
        {
            "training_data": {"path": str(folder)},
            "limits": {"max_trials": 2, "max_concurrent_trials": 2},
        }
    )
    record = ExperimentRecord(
        experiment_id=kind.__name__,
        created_at=now(),
        state=ExperimentState.RUNNING,
        num_trials=2,
        max_concurrent_trials=2,
    )
    results = Results(store.create_experiment(folder, job, record), "accuracy")
    num_gpus = {"LosesGpu": 1, "OnTwoDevices": 2}.get(kind.__name__, 0)
    asked, number = {"model_name": "resnet18"}, 2
    if num_gpus == 2:  # nothing is learnt, so that no evaluation is better than the first
        asked, number = {**TINY, "model_name": "test_convnext", "learning_rate": 1e-12}, 1
        asked |= {"number_of_epochs": 50, "early_stopping_delay": 1, "early_stopping_patience": 2}
    planned = [PlannedTrial.of(each, asked) for each in range(number)]
    resources = Resources(number, num_cpus=2 // number, num_gpus=num_gpus, notes=[])
    data = _pictures(folder, planned[0]) if num_gpus == 2 else {}
    inputs = search.SearchInputs(job, results.plan(planned), resources, data)
    ending = search.run(inputs, results, kind)
    results.end_rest(ending.reason if ending else "")
    return ending


def _pictures(folder: Path, trial: "PlannedTrial") -> "dict[PictureSizes, TrialData]":
    """Noise in two classes."""
    import numpy as np
    from PIL import Image

    from automl.dataset import manifest
    from automl.jobs.data_source import DataSource
    from automl.jobs.job import Job
    from automl.training import trial_data

    rng = np.random.default_rng(0)
    for number in range(24):
        path = folder / "noise" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (32, 32, 3), np.uint8)).save(path)
    job = Job(training_data=DataSource(path=folder / "noise"))
    asked = [trial.hyperparameters.complete]
    return trial_data.prepare(manifest.build(job), asked, progress=lambda *_: None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
