"""The four algorithms: how much each pixel speaks for a class. captum and saliency do the work."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import saliency.core as saliency
import torch
from captum._utils.common import _register_backward_hook
from captum.attr import GuidedBackprop, GuidedGradCam, IntegratedGradients
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from timm.layers import get_act_layer
from torch import Tensor, nn

from automl.explanation.feature_map import Mapped
from automl.explanation.parameters import ExplanationParameters
from automl.model.network import Normalised

_BATCH_SIZE = 10
_BRIGHTEST = 99  # percentile; a few pixels would otherwise darken all others
_SMOOTHING = 1 / 100  # of the picture's side; single pixels cannot be made out

_RECTIFIERS = tuple(
    {
        get_act_layer(name)
        for name in ("relu", "relu6", "leaky_relu", "elu", "celu", "selu", "prelu", "mish")
    }
    | {get_act_layer(name) for name in ("gelu", "gelu_tanh", "quick_gelu", "silu", "hard_swish")}
    | {nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.Hardswish, nn.Mish}
)


def attribute(
    model: Normalised, pixels: Tensor, target: int, parameters: ExplanationParameters
) -> NDArray[np.float32]:
    """Signed (3, S, S): what each value of the picture adds to the logit of a class.

    Args:
        model: in evaluation mode, without gradients of its weights.
        pixels: one picture (1, 3, S, S), 0 to 1, on the model's device.
        target: index of the class.
        parameters: which algorithm, and how.

    Raises:
        FeatureMapMissingError: `guided_gradcam` of a model without a feature map.
    """
    algorithms: dict[str, Callable[[], NDArray[np.float32]]] = {
        "xrai": partial(_xrai, model, pixels, target, parameters),
        "integrated_gradients": partial(_integrated_gradients, model, pixels, target, parameters),
        "guided_gradcam": partial(_guided_gradcam, model, pixels, target),
        "guided_backprop": partial(_guided_backprop, model, pixels, target),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum tells of every hook it sets
        return algorithms[parameters.xai_algorithm]()


def heat(attributions: NDArray[np.float32], algorithm: str) -> NDArray[np.float32]:
    """How much each pixel matters (S, S), 0 to 1; all 0 where none does more than another.

    XRAI ranks regions by what they add. The others' signs say in which direction a value would
    have to change, and both count.
    """
    if algorithm == "xrai":
        amounts = attributions[0]
    else:
        amounts = np.abs(attributions).sum(axis=0)
        amounts = gaussian_filter(amounts, amounts.shape[0] * _SMOOTHING)
    low, high = amounts.min(), np.percentile(amounts, _BRIGHTEST)
    if not high > low:
        return np.zeros_like(amounts)
    found: NDArray[np.float32] = np.clip((amounts - low) / (high - low), 0, 1)
    return found


class _Guided(GuidedBackprop):  # type: ignore[misc]
    """Guided backpropagation for what modern models have in the place of ReLU.

    captum knows ReLU alone. The rule is the same for its smooth relatives and ReLU6: what flows
    back through an activation is kept where it is positive.
    """

    def _register_hooks(self, module: nn.Module) -> None:
        if isinstance(module, _RECTIFIERS):
            hooks = _register_backward_hook(module, self._backward_hook, self)
            self.backward_hooks.extend(hooks)


def _guided_backprop(model: nn.Module, pixels: Tensor, target: int) -> NDArray[np.float32]:
    return _array(_Guided(model).attribute(pixels, target=target))


def _guided_gradcam(model: Normalised, pixels: Tensor, target: int) -> NDArray[np.float32]:
    mapped = Mapped(model)
    method = GuidedGradCam(mapped, mapped.map)
    method.guided_backprop = _Guided(mapped)
    return _array(method.attribute(pixels, target=target, interpolate_mode="bilinear"))


def _integrated_gradients(
    model: nn.Module, pixels: Tensor, target: int, parameters: ExplanationParameters
) -> NDArray[np.float32]:
    """From a black picture to this one."""
    found = IntegratedGradients(model).attribute(
        pixels,
        target=target,
        n_steps=parameters.n_steps,
        method=parameters.approximation_method,
        internal_batch_size=_BATCH_SIZE,
    )
    return _array(found)


def _xrai(
    model: nn.Module, pixels: Tensor, target: int, parameters: ExplanationParameters
) -> NDArray[np.float32]:
    """Of regions, which have no colour channels: the same map three times."""

    def gradients(batch: NDArray[Any], **_: Any) -> dict[str, NDArray[np.float32]]:
        """As saliency asks for them, both (B, S, S, 3)."""
        inputs = torch.from_numpy(batch).float().to(pixels.device).permute(0, 3, 1, 2)
        inputs.requires_grad_(True)
        (found,) = torch.autograd.grad(model(inputs)[:, target].sum(), inputs)
        return {saliency.INPUT_OUTPUT_GRADIENTS: found.permute(0, 2, 3, 1).cpu().numpy()}

    image = pixels[0].permute(1, 2, 0).cpu().numpy()
    is_of_one_colour = image.min() == image.max()  # which saliency would divide by
    regions = saliency.XRAI().GetMask(
        image,
        gradients,
        segments=[np.ones(image.shape[:2], bool)] if is_of_one_colour else None,
        batch_size=_BATCH_SIZE,
        extra_parameters=saliency.XRAIParameters(
            steps=parameters.n_steps, algorithm="fast" if parameters.xrai_fast else "full"
        ),
    )
    return np.repeat(regions[None].astype(np.float32), 3, axis=0)


def _array(attributions: Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = attributions[0].detach().float().cpu().numpy()
    return found
