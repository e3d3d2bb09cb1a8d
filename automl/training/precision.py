"""Types of number that a training step is computed in.

A copy of this file travels with exported training code.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_DTYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


def autocast_dtype(device: torch.device, precision: str) -> torch.dtype | None:
    """The type that autocast computes in; None is plain fp32.

    `auto` is bf16 if the device multiplies it in hardware, else fp16 on a GPU and fp32 on a CPU.
    """
    if precision != "auto":
        return _DTYPES[precision]
    if _has_fast_bf16(device):
        return torch.bfloat16
    return torch.float16 if device.type == "cuda" else None


def _has_fast_bf16(device: torch.device) -> bool:
    """True if the device multiplies bf16 in hardware; emulated it is many times slower."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


@contextmanager
def autocast(device: torch.device, dtype: torch.dtype | None) -> Iterator[None]:
    """Compute the layers that allow it in this type; None is plain fp32.

    On a CPU the depthwise convolutions stay in fp32.
    """
    with ExitStack() as entered:
        entered.enter_context(torch.autocast(device.type, dtype, enabled=dtype is not None))
        if device.type == "cpu" and dtype is not None:
            entered.enter_context(_FullDepthwise())
        yield


class _FullDepthwise(TorchFunctionMode):
    """Computes depthwise convolutions in fp32.

    In half precision oneDNN has no fast gradient of them. It alone takes four fifths of a step of
    EfficientNet-Lite0, with bf16 in hardware.
    """

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call the function, as torch does, or in fp32."""
        kwargs = kwargs or {}
        if function is functional.conv2d and len(args) > 1 and _is_depthwise(args[0], args[1]):
            with torch.autocast(args[0].device.type, enabled=False):
                return function(args[0].float(), *args[1:], **kwargs)
        return function(*args, **kwargs)


def _is_depthwise(pixels: Tensor, weight: Tensor) -> bool:
    """True if each filter (O, I, H, W) sees one of several channels (B, C, H, W)."""
    return weight.shape[1] == 1 < pixels.shape[1]
