"""Networks as ONNX files."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from automl.model import onnx_conversion


def test_bounded_activations_become_one_operator_each_and_the_network_stays(tmp_path: Path) -> None:
    torch.manual_seed(0)
    shared = nn.ReLU6(inplace=True)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), shared, nn.Sequential(nn.Conv2d(4, 4, 1), shared))
    network.extend([nn.Conv2d(4, 4, 1), nn.Hardtanh(-0.5, 0.25)]).eval()
    before = list(network.named_modules(remove_duplicate=False))
    pixels, path = 20 * torch.randn(2, 3, 8, 8), tmp_path / "model.onnx"
    with onnx_conversion.clamping(network):
        assert not any(isinstance(module, nn.Hardtanh) for module in network.modules())
    onnx_conversion.convert(network, pixels, path)
    assert list(network.named_modules(remove_duplicate=False)) == before
    kinds = [node.op_type for node in onnx.load(path).graph.node]
    assert kinds == ["Conv", "Clip", "Conv", "Clip", "Conv", "Clip"]
    (answers,) = onnxruntime.InferenceSession(path).run(None, {"input1": pixels.numpy()})
    with torch.inference_mode():
        expected = network(pixels).numpy()
    assert (expected.min(), expected.max()) == (-0.5, 0.25)
    np.testing.assert_allclose(answers, expected, atol=1e-5)
