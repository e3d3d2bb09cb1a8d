"""Trials on GPUs through Ray: `python -m benchmarks.gpu_search [--small]`.

Four small trials at a time on a GPU against one after the other, which GPU each trial was given, a
step measured for packing, and a GPU that fails in the middle of a search. Without a GPU, or with
`--small`, Ray is told of two GPUs that are not there, and the trials train on the CPU.
"""

import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl.dataset.pixels import picture_sizes
from automl.engine import lost_gpus, packing
from automl.engine.planning import PlannedTrial
from automl.engine.resources import Resources, gpu_share
from automl.engine.trainable import TrialTrainable
from automl.experiments.records import TrialRecord
from automl.jobs.compatibility import resolve
from benchmarks import bare_search

_NUM_TRIALS = 4
_SIMULATED_GPUS = 2
_MARK = "AUTOML_BENCHMARK_MARK"


class LosesGpu(TrialTrainable):
    """The first evaluation of all fails as on a broken GPU, and so does each further one there."""

    def step(self) -> dict[str, Any]:
        import ray

        (gpu,) = ray.get_runtime_context().get_accelerator_ids()["GPU"]
        mark = Path(os.environ[_MARK])
        if self._training is not None:
            if not mark.exists():
                mark.write_text(gpu)
            if mark.read_text() == gpu:
                raise lost_gpus.describe(RuntimeError("CUDA error: device-side assert triggered"))
        return super().step()


def main(arguments: list[str]) -> dict[str, Any]:
    import torch

    num_gpus = 0 if "--small" in arguments else torch.cuda.device_count()
    values = _values("test_resnet", 32, 8) if not num_gpus else _values("resnet18", 96, 32)
    figures: dict[str, Any] = {"gpus": num_gpus or f"{_SIMULATED_GPUS} simulated"}
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-", dir="/tmp") as place:
        _connect(num_gpus or _SIMULATED_GPUS, Path(place, "failed"))
        figures |= _packing(Path(place), values, num_pictures=2048 if num_gpus else 32)
        figures |= _failure(Path(place), values, num_gpus or _SIMULATED_GPUS)
    print(json.dumps(figures))
    return figures


def _values(name: str, side: int, batch_size: int) -> dict[str, Any]:
    return {
        "model_name": name,
        "pretrained": "never",
        "training_crop_size": side,
        "training_batch_size": batch_size,
        "number_of_epochs": 4,
        "optimizer": "adamw",
        "warmup_cosine_lr_warmup_epochs": 0,
        "early_stopping": False,
    }


def _connect(num_gpus: int, mark: Path) -> None:
    import ray

    ray.cloudpickle.register_pickle_by_value(sys.modules[LosesGpu.__module__])
    ray.init(
        address="local",
        num_cpus=_NUM_TRIALS,
        num_gpus=num_gpus,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {_MARK: str(mark)}},
    )


def _packing(folder: Path, values: Mapping[str, Any], *, num_pictures: int) -> dict[str, Any]:
    """Four trials on a GPU at a time, on as many as there are, against one after the other."""
    share = Resources(_NUM_TRIALS, 1, gpu_share(_NUM_TRIALS), [])
    largest = [resolve(values)]
    gpu = packing.measured(largest, 10, share, lambda: None)
    alone = Resources(1, 1, 1.0, [])
    seconds = {}
    for name, resources in (("at_once", share), ("one_by_one", alone)):
        trials, seconds[name] = _search(folder / name, values, resources, num_pictures)
        given = Counter(trial.effective["gpu"] for trial in trials)
        assert max(given.values()) <= _NUM_TRIALS, given
        assert all(len(str(gpu).split(",")) == 1 for gpu in given), given
    return {
        "packing_gain": round(seconds["one_by_one"] / seconds["at_once"], 2),
        "packing_seconds": {name: round(taken, 1) for name, taken in seconds.items()},
        "busy_share": gpu and round(gpu.footprints[0].busy_share, 2),
        "footprint_mb": gpu and round(gpu.footprints[0].peak_bytes / 1e6),
    }


def _failure(folder: Path, values: Mapping[str, Any], num_gpus: int) -> dict[str, Any]:
    """A whole GPU for each trial, and one of them fails: the trials go on with the others."""
    resources = Resources(num_gpus, 1, 1.0, [])
    trials, seconds = _search(folder / "failure", values, resources, 32, LosesGpu)
    failed = (folder / "failed").read_text()
    return {
        "failure_completed": sum(trial.state == "completed" for trial in trials),
        "failure_on_the_failed_gpu": sum(trial.effective["gpu"] == failed for trial in trials),
        "failure_seconds": round(seconds, 1),
    }


def _search(
    folder: Path,
    values: Mapping[str, Any],
    resources: Resources,
    num_pictures: int,
    kind: type[TrialTrainable] = TrialTrainable,
) -> tuple[list[TrialRecord], float]:
    """The trials of a search on noise, and its seconds from the first evaluation to the last."""
    from benchmarks.gpu_parts import noise

    asked = resolve(values)
    data = {picture_sizes(asked): noise(asked.validation_resize_size, num_pictures)}
    planned = [PlannedTrial.of(number, values) for number in range(_NUM_TRIALS)]
    trials = bare_search.run(folder, planned, resources, kind, data)
    return trials, bare_search.span(trials)


if __name__ == "__main__":
    started = time.perf_counter()
    main(sys.argv[1:])
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
