"""Types of number of a training step."""

from pathlib import Path

import pytest
import torch

from automl.training.precision import autocast, autocast_dtype


def test_automatic_precision_is_fp32_unless_the_device_is_fast_at_bf16() -> None:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.is_file():
        pytest.skip("no other source to compare with")
    flags = set(cpuinfo.read_text().split())
    expected = torch.bfloat16 if flags & {"avx512_bf16", "amx_bf16"} else None
    assert autocast_dtype(torch.device("cpu"), "auto") is expected, (
        "torch.cpu.get_capabilities names its keys otherwise: see automl/training/precision.py"
    )


def type_of_answers(groups: int) -> torch.dtype:
    """Type of what a convolution of four channels computes in bf16."""
    layer = torch.nn.Conv2d(4, 4, 3, groups=groups)
    with autocast(torch.device("cpu"), torch.bfloat16):
        answers: torch.Tensor = layer(torch.rand(1, 4, 8, 8))
    return answers.dtype


def test_only_depthwise_convolutions_stay_in_fp32_on_a_cpu() -> None:
    assert type_of_answers(groups=4) is torch.float32
    assert type_of_answers(groups=2) is torch.bfloat16
    assert type_of_answers(groups=1) is torch.bfloat16


def test_filters_of_a_grey_picture_are_not_depthwise() -> None:
    with autocast(torch.device("cpu"), torch.bfloat16):
        answers = torch.nn.Conv2d(1, 4, 3)(torch.rand(1, 1, 8, 8))
    assert answers.dtype is torch.bfloat16


def test_depthwise_gradients_in_bf16_are_those_of_fp32() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(4, 4, 3, groups=4)
    pixels = torch.rand(2, 4, 8, 8)
    gradients = []
    for dtype in (None, torch.bfloat16):
        layer.zero_grad()
        with autocast(torch.device("cpu"), dtype):
            total = layer(pixels).square().sum()
        total.backward()
        assert layer.weight.grad is not None
        gradients.append(layer.weight.grad.clone())
    torch.testing.assert_close(*gradients)
