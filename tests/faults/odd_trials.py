"""`python -m tests.faults.odd_trials KIND FOLDER`: a real search whose trials misbehave in one way.

It runs in a process of its own, as an engine does, with the head of AUTOML_HOME, whose token is in
the environment; the experiment's directory is FOLDER/experiments/odd. There is no model in it: the
trials report at once, as those of `benchmarks.untrained` do.
"""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.untrained import Untrained

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
                sum(range(10_000))
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


def main(kind: str, folder: Path) -> None:
    import ray

    import benchmarks.untrained
    import tests.faults.odd_trials as mine
    from automl.engine import cluster, heartbeat, search
    from automl.engine.planning import PlannedTrial, Resources
    from automl.engine.results import Results
    from automl.experiments import store
    from automl.experiments.records import ExperimentRecord, ExperimentState, now
    from automl.jobs.job import Job

    heartbeat.LIMIT_SECONDS = _LIMIT_SECONDS
    for module in (benchmarks.untrained, mine):
        ray.cloudpickle.register_pickle_by_value(module)  # a worker does not find them
    with_gpus = kind == "LosesGpu"
    where = {"address": "local", "num_cpus": 2, "num_gpus": 2, "include_dashboard": False}
    if not with_gpus:
        where = {"address": cluster.ensure_local_head()}
    ray.init(
        **where,
        log_to_driver=False,
        runtime_env={"env_vars": {"ODD_FOLDER": str(folder), "PL_DISABLE_FORK": "1"}},
    )
    job = Job.from_dict(
        {
            "training_data": {"path": str(folder)},
            "limits": {"max_trials": 2, "max_concurrent_trials": 2},
        }
    )
    record = ExperimentRecord(
        experiment_id="odd",
        created_at=now(),
        state=ExperimentState.RUNNING,
        num_trials=2,
        max_concurrent_trials=2,
    )
    directory = store.create_experiment(folder / "experiments", job, record)
    results = Results(directory, "accuracy")
    planned = [PlannedTrial.of(number, {"model_name": "resnet18"}) for number in range(2)]
    resources = Resources(2, num_cpus=1, num_gpus=int(with_gpus), notes=[])
    left = results.plan(planned)
    inputs = search.SearchInputs(job, left, resources)
    ending = search.run(inputs, results, mine.KINDS[kind])
    results.end_rest(ending.reason if ending else "")
    sys.stdout.write(f"{ending}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
