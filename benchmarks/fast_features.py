"""Frozen features by ONNX Runtime against PyTorch on a CPU: `python -m benchmarks.fast_features`.

For networks with random weights, since the weights do not matter for the time: the conversion once,
then both in turn on the same batch, as `automl.model.fast_features` runs them.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import timm
import torch

from automl.host.cores import usable_cores
from automl.model import fast_features, linear_head, stages
from automl.model.network import Normalised
from benchmarks.figures import Figures

NETWORKS = (
    "tf_efficientnet_lite0",
    "mobilenetv1_100",
    "hgnetv2_b0",
    "resnet18",
    "vit_small_patch16_224",
)
_BATCH, _SIDE, _REPETITIONS = 16, 224, 5


def main() -> None:
    torch.set_num_threads(usable_cores())
    pixels = torch.rand(_BATCH, 3, _SIDE, _SIDE).to(memory_format=torch.channels_last)
    measured = Figures()
    for name in NETWORKS:
        made = timm.create_model(name, num_classes=10, exportable=True)
        network = Normalised(made, [0.5] * 3, [0.5] * 3).to(memory_format=torch.channels_last)
        network = stages.headless(network, pixels[:1])
        with tempfile.TemporaryDirectory() as place:
            expected = linear_head.extract_features(network, [pixels])
            started = time.perf_counter()
            run = fast_features.converted(network, pixels, expected, Path(place) / "network")
            measured.add(f"{name}_conversion_seconds", time.perf_counter() - started)
            ours, theirs = [], []
            for _ in range(_REPETITIONS):
                ours.append(_seconds(lambda run=run: run(pixels.numpy())))
                theirs.append(
                    _seconds(lambda of=network: linear_head.extract_features(of, [pixels]))
                )
        measured.add(f"{name}_milliseconds", min(ours) / _BATCH * 1000)
        measured.add(f"{name}_times_faster", min(theirs) / min(ours), at_least=1.0)
    measured.print_last_line()


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
