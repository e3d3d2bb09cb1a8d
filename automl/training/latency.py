"""The latency of a model, measured once for each network, size and number of threads.

All trials of a network show the same figure, those of later experiments on this machine too. A head
of another kind, such as a vote of nearest neighbours, is measured apart and adds its own time.
"""

import json
import platform
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import timm
import torch
from torch import nn

from automl.host import atomic, home, quiet
from automl.jobs import model_catalog
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import blocks
from automl.model.building import BuiltModel

_LEAST_RUNS = 7
_SECONDS = 3.0
_AGREEMENT = 1.02
"""The fastest runs agree if the third takes no longer than this, times the first."""


def of_trial(built: BuiltModel, hyperparameters: Hyperparameters) -> float:
    """Milliseconds of a trial's model for one picture; of several networks the sum of theirs.

    A model that looks at the mirror image, too, takes twice as long. The linear layer on the
    features of several networks is not counted: it takes microseconds.
    """
    networks = [part.network for part in built.parts] or [built.network]
    names = [model_catalog.timm_name(name) for name in hyperparameters.networks]
    size = hyperparameters.validation_crop_size
    once = sum(
        latency_ms(network, name.partition(".")[0], size)
        for network, name in zip(networks, names, strict=True)
    )
    return 2 * once if hyperparameters.is_mirrored else once


def latency_ms(network: nn.Module, architecture: str, size: int) -> float:
    """Milliseconds of a forward pass of one picture, copies from and to the CPU included.

    Args:
        network: measured in evaluation mode on its device; its mode is restored afterwards. One
            that has lost its last layer is measured without it.
        architecture: timm's name of the network, without the tag of its weights.
        size: side of the picture in pixels.
    """
    head = blocks.last_layer(network)
    here = [architecture, size, torch.get_num_threads(), *_machine(network)]
    shapes = [list(tensor.shape) for tensor in head.state_dict().values()]
    paths = [_path([*here, "body"])]
    if not isinstance(head, nn.Identity):
        paths.append(_path([*here, "head", type(head).__name__, shapes]))
    found = [_read(path) for path in paths]
    if None in found:
        with quiet.moment():
            found = [_read(path) for path in paths]  # another trial may have measured meanwhile
            if None in found:
                measured = fastest(lambda: _timed(network, head, size))
                # it may do so now, if it has waited for too long: its figure stands
                found = [_kept(path, ms) for path, ms in zip(paths, measured, strict=False)]
    return sum(ms for ms in found if ms is not None)


def fastest(
    run: Callable[[], tuple[float, float]], clock: Callable[[], float] = time.perf_counter
) -> tuple[float, float]:
    """Milliseconds of both parts in their fastest runs.

    Other programs only ever slow a run down. The runs end when the three fastest agree within
    2 %, or after three seconds.
    """
    run()  # allocates memory
    started, runs = clock(), [run() for _ in range(_LEAST_RUNS)]
    while clock() - started < _SECONDS:
        totals = sorted(map(sum, runs))
        if totals[2] <= totals[0] * _AGREEMENT:
            break
        runs.append(run())
    first, second = zip(*runs, strict=True)
    return min(first) * 1000, min(second) * 1000


def _timed(network: nn.Module, head: nn.Module, size: int) -> tuple[float, float]:
    """Seconds of one pass up to the head, and of the rest."""
    device = next(network.parameters()).device
    was_training = network.training
    reached: list[float] = []

    def note(*_: Any) -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        reached.append(time.perf_counter())

    network.eval()
    hook = head.register_forward_pre_hook(note)
    try:
        with torch.inference_mode():
            started = time.perf_counter()
            network(torch.zeros(1, 3, size, size, device=device)).cpu()  # waits for a GPU
            ended = time.perf_counter()
    finally:
        hook.remove()
        network.train(was_training)
    middle = reached[0] if reached else ended  # two heads are not one layer
    return middle - started, ended - middle


def _machine(network: nn.Module) -> list[str]:
    """The machine, its device and the libraries that compute on it."""
    device = next(network.parameters()).device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor()
    return [socket.gethostname(), platform.machine(), name, torch.__version__, timm.__version__]


def _path(key: list[Any]) -> Path:
    return home.latencies_dir() / f"{home.cache_name(key)}.json"


def _read(path: Path) -> float | None:
    try:
        return float(path.read_text("ascii"))
    except (OSError, ValueError):  # missing, or damaged
        return None


def _kept(path: Path, measured: float) -> float:
    found = _read(path)
    if found is None:
        atomic.write_text(path, json.dumps(measured))
        return measured
    return found
