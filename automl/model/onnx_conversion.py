"""A network as an ONNX file."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

OPSET = 18
"""The lowest that torch's exporter writes: ONNX Runtime reads it from version 1.15 on."""

_FILE_FORMAT = 8
"""Version of the file itself, which came with that operator set."""


def convert(
    network: torch.nn.Module,
    example: torch.Tensor,
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
    with warnings.catch_warnings():
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
