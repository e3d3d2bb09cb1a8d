"""`python -m tests.faults.odd_trials FOLDER KIND…`: real searches whose trials misbehave, each kind
in one way.

They run in a process of their own, as an engine does, on a cluster that says it has two GPUs; the
directory of each experiment is FOLDER/KIND. There is no model in it: the trials report at once, as
those of `benchmarks.untrained` do.
"""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.untrained import Untrained

if TYPE_CHECKING:
    from automl.engine.watch import Ending

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


KINDS = {kind.__name__: kind for kind in (HangsOrComputes, HangsAlways, NoMemory, LosesGpu)}


def main(folder: Path, kinds: list[str]) -> None:
    """Print how each search ended, one a line."""
    import ray

    import benchmarks.untrained
    import tests.faults.odd_trials as mine
    from automl.engine import heartbeat

    heartbeat.LIMIT_SECONDS = _LIMIT_SECONDS
    for module in (benchmarks.untrained, mine):
        ray.cloudpickle.register_pickle_by_value(module)  # a worker does not find them
    ray.init(
        address="local",
        num_cpus=2,
        num_gpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"ODD_FOLDER": str(folder), "PL_DISABLE_FORK": "1"}},
    )
    for kind in kinds:
        ending = _search(folder, mine.KINDS[kind])
        sys.stdout.write(f"{ending}\n")


def _search(folder: Path, kind: type[Untrained]) -> "Ending | None":
    from automl.engine import search
    from automl.engine.planning import PlannedTrial
    from automl.engine.resources import Resources
    from automl.engine.results import Results
    from automl.experiments import store
    from automl.experiments.records import ExperimentRecord, ExperimentState, now
    from automl.jobs.job import Job

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
    planned = [PlannedTrial.of(number, {"model_name": "resnet18"}) for number in range(2)]
    num_gpus = int(kind.__name__ == "LosesGpu")
    resources = Resources(2, num_cpus=1, num_gpus=num_gpus, notes=[])
    inputs = search.SearchInputs(job, results.plan(planned), resources)
    ending = search.run(inputs, results, kind)
    results.end_rest(ending.reason if ending else "")
    return ending


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
