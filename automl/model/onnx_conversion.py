"""A network as an ONNX file."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

OPSET = 18
"""The lowest that torch's exporter writes: ONNX Runtime reads it from version 1.15 on."""

_FILE_FORMAT = 8
"""Version of the file itself, which came with that operator set."""


def convert(
    network: nn.Module,
    example: Tensor,
    path: Path,
    metadata: Mapping[str, str] | None = None,
    *,
    outputs: Sequence[str] = ("output1",),
) -> None:
    """Convert a network: `input1`, float (B, 3, H, W), to `output1` and its other outputs.

    Args:
        network: in evaluation mode.
        example: pixels (B, 3, H, W) of at least two pictures. The ONNX model takes any number.
        path: the file to write.
        metadata: properties of the file, for its users.
        outputs: names of the network's outputs.
    """
    with clamping(network), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations within torch's exporter
        program = torch.onnx.export(
            network,
            (example,),
            input_names=["input1"],
            output_names=list(outputs),
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
        assert program is not None  # with dynamo
        for node in program.model.graph:
            node.metadata_props.clear()  # stack traces with the folders of this machine
        program.model.ir_version = _FILE_FORMAT
        program.model.metadata_props.update(metadata or {})
        program.save(path, external_data=False)


def trace(network: nn.Module, example: Tensor, path: Path) -> None:
    """Convert a network for this machine: `input1`, of the shape of the example, to its outputs.

    A trace takes a tenth of the time of `convert`, but cannot see where the network decides by the
    values of its input: compare the answers before you rely on it.

    Args:
        network: in evaluation mode.
        example: pixels (B, 3, H, W).
        path: the file to write.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter is deprecated; decisions by constants
        torch.onnx.export(
            network,
            (example,),
            path,
            input_names=["input1"],
            opset_version=OPSET,
            dynamo=False,
        )


class Clamp(nn.Module):
    """Bounds of values, as ONNX knows them."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.low, self.high = low, high

    def forward(self, values: Tensor) -> Tensor:
        return values.clamp(self.low, self.high)


@contextmanager
def clamping(network: nn.Module) -> Iterator[None]:
    """ReLU6 and its like are `Clamp` meanwhile, which gives the same ONNX operators.

    torch's exporter takes `hardtanh` apart for every layer, which is two fifths of the processor
    time of converting efficientnet_lite0.
    """
    bounded = [
        (parent, name, child)
        for parent in network.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.Hardtanh)
    ]
    for parent, name, child in bounded:
        setattr(parent, name, Clamp(child.min_val, child.max_val))
    try:
        yield
    finally:
        for parent, name, child in bounded:
            setattr(parent, name, child)
