"""The number format of the forward pass."""

import torch

_DTYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


def autocast_dtype(device: torch.device, precision: str) -> torch.dtype | None:
    """What autocast computes in; None is plain fp32.

    `auto` is bf16 where the device has it in hardware, fp16 on older GPUs and else fp32.
    """
    if precision != "auto":
        return _DTYPES[precision]
    if has_fast_bf16(device):
        return torch.bfloat16
    return torch.float16 if device.type == "cuda" else None


def has_fast_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bf16 in hardware; emulated it is many times slower."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
