"""Everything about training on a GPU in one command: `python -m benchmarks.gpu [--small]`.

It needs torch and timm, neither Ray nor Streamlit, and takes less than nine minutes; what there is
no time for is named in the last line, one JSON with all figures. Without a GPU, or with `--small`,
it runs on tiny networks, so that it is never out of date.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from automl.host.cores import usable_cores
from automl.training.process_state import ProcessState
from automl.training.trial_training import Placement
from benchmarks import gpu_packing, gpu_parts
from benchmarks.gpu_parts import Scale

_LIMIT_SECONDS = 500.0

_LOOP_TARGETS = {"resnet50": 0.95, "mobilenetv2_100": 0.90, "resnet18": 0.90, "convnext_tiny": 0.95}
_ON_A_GPU = Scale(side=224, batch_size=128, num_pictures=1024, num_rounds=9)
_SMALL = Scale(side=32, batch_size=8, num_pictures=16, num_rounds=1)


@dataclass
class Report:
    """Figures by name, what falls short of its target, what failed and what was left out."""

    figures: dict[str, Any] = field(default_factory=dict)
    targets: dict[str, float] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def falls_short(self) -> list[str]:
        """Names of figures below their target."""
        return [name for name, least in self.targets.items() if self.figures.get(name, 0) < least]


@dataclass(frozen=True)
class Part:
    """One measurement; `run` returns figures, and `targets` are the least wanted values."""

    name: str
    run: Callable[[], dict[str, Any]]
    targets: dict[str, float] = field(default_factory=dict)


def main(arguments: list[str]) -> Report:
    has_gpu = torch.cuda.is_available() and "--small" not in arguments
    # one thread on a CPU: the threads of a busy machine wait for each other
    device, num_threads = ("cuda", usable_cores()) if has_gpu else ("cpu", 1)
    placement = Placement(torch.device(device), num_threads)
    report = Report(figures=_machine(has_gpu))
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as place:
        for part in _on_a_gpu(placement, Path(place)) if has_gpu else _small(placement):
            if time.perf_counter() - started > _LIMIT_SECONDS:
                report.left_out.append(part.name)
                continue
            _run(part, report)
    report.figures["seconds"] = round(time.perf_counter() - started, 1)
    print(json.dumps({**vars(report), "falls_short": report.falls_short}))
    return report


def _run(part: Part, report: Report) -> None:
    before = ProcessState.take()
    started = time.perf_counter()
    try:
        report.figures |= part.run()
        report.targets |= part.targets
    except Exception as error:  # noqa: BLE001 (the other figures are wanted all the same)
        report.errors[part.name] = f"{type(error).__name__}: {error}"
    finally:
        before.put_back()
    print(f"{part.name}: {time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True)


def _machine(has_gpu: bool) -> dict[str, Any]:
    name = torch.cuda.get_device_properties(0).name if has_gpu else "none"
    return {"gpu": name, "torch": str(torch.__version__), "cores": usable_cores()}


def _on_a_gpu(placement: Placement, folder: Path) -> list[Part]:
    scale = _ON_A_GPU
    loops = [
        Part(
            name,
            lambda name=name: gpu_parts.network(name, scale, placement),
            {
                f"{name}_loop_to_ceiling": target,
                f"{name}_estimated_to_peak_memory": 0.85,
            },
        )
        for name, target in _LOOP_TARGETS.items()
    ]
    return [
        *loops,
        Part("packing", lambda: gpu_packing.four_at_once(folder), {"packing_gain": 1.5}),
        Part("out_of_memory", lambda: gpu_parts.memory_recovery("resnet50", scale, placement)),
        *_checks("resnet18", scale, placement),
        Part("compile", lambda: gpu_parts.compilation("resnet50", scale, placement)),
        Part("device_error", gpu_packing.device_error, {"device_error_is_known": 1}),
    ]


def _small(placement: Placement) -> list[Part]:
    name = "test_resnet"
    return [
        Part(name, lambda: gpu_parts.network(name, _SMALL, placement)),
        Part("out_of_memory", lambda: gpu_parts.memory_recovery(name, _SMALL, placement)),
        *_checks(name, _SMALL, placement),
    ]


def _checks(name: str, scale: Scale, placement: Placement) -> list[Part]:
    return [
        Part(
            "deterministic",
            lambda: gpu_parts.same_twice(name, scale, placement),
            {"deterministic_is_equal": 1},
        ),
        Part("fp16", lambda: gpu_parts.half_precision(name, scale, placement)),
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
