"""The four algorithms that attribute an answer to pixels, on top of captum and saliency."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import saliency.core as saliency
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from timm.layers import get_act_layer
from torch import Tensor, nn

from automl.explanation.feature_map import Mapped
from automl.explanation.request import ExplanationParameters
from automl.model.network import Normalised

_BATCH_SIZE = 10
_WHITE_PERCENTILE = 99  # not the maximum: a few extreme pixels would darken all others
_SMOOTHING = 1 / 100  # sigma as a share of the picture's side; single pixels cannot be seen

_RECTIFIERS = tuple(
    {
        get_act_layer(name)
        for name in ("relu", "relu6", "leaky_relu", "elu", "celu", "selu", "prelu", "mish")
    }
    | {get_act_layer(name) for name in ("gelu", "gelu_tanh", "quick_gelu", "silu", "hard_swish")}
    | {nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.Hardswish, nn.Mish}
)
"""Activations that guided backpropagation changes: ReLU, and functions that resemble it."""


def attribute(
    model: Normalised, pixels: Tensor, target: int, parameters: ExplanationParameters
) -> NDArray[np.float32]:
    """Return signed attributions (3, S, S): how much each value adds to the logit of a class.

    Args:
        model: in evaluation mode, without gradients of its weights.
        pixels: one picture (1, 3, S, S), 0 to 1, on the model's device.
        target: index of the class.
        parameters: the algorithm and its parameters.

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
        warnings.simplefilter("ignore")  # captum warns about every hook it sets
        return algorithms[parameters.xai_algorithm]()


def heat(attributions: NDArray[np.float32], algorithm: str) -> NDArray[np.float32]:
    """Return the importance of each pixel (S, S), 0 to 1; all 0 if all are equally important.

    XRAI ranks regions by what they add, so its values are used as they are. For the gradient
    methods the sign says in which direction a value would have to change; both directions count.
    """
    if algorithm == "xrai":
        amounts = attributions[0]
    else:
        amounts = np.abs(attributions).sum(axis=0)
        amounts = gaussian_filter(amounts, amounts.shape[0] * _SMOOTHING)
    low, high = amounts.min(), np.percentile(amounts, _WHITE_PERCENTILE)
    if not high > low:  # also true if one of them is NaN
        return np.zeros_like(amounts)
    importance: NDArray[np.float32] = np.clip((amounts - low) / (high - low), 0, 1)
    return importance


def _guided_backprop(model: nn.Module, pixels: Tensor, target: int) -> NDArray[np.float32]:
    """Guided backpropagation (Springenberg et al. 2015).

    The gradient at the input of every activation is kept where it is positive. The paper has ReLU
    only; the same rule is used for its smooth relatives, which modern models have instead.
    """
    return _array(_guided_gradient(model, pixels, target))


def _guided_gradcam(model: Normalised, pixels: Tensor, target: int) -> NDArray[np.float32]:
    """Guided Grad-CAM (Selvaraju et al. 2017): guided backpropagation times Grad-CAM."""
    mapped = Mapped(model)
    gradcam = LayerGradCam(mapped, mapped.map).attribute(pixels, target, relu_attributions=True)
    side = tuple(pixels.shape[2:])
    weights = LayerAttribution.interpolate(gradcam, side, interpolate_mode="bilinear")
    return _array(_guided_gradient(mapped, pixels, target) * weights)


def _guided_gradient(model: nn.Module, pixels: Tensor, target: int) -> Tensor:
    """Return the gradient (1, 3, S, S) of the class's logit, rectified at every activation."""
    activations = [module for module in model.modules() if isinstance(module, _RECTIFIERS)]
    hooks = [module.register_forward_pre_hook(_rectify_gradient) for module in activations]
    try:
        inputs = pixels.detach().clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(model(inputs)[:, target].sum(), inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return gradient


def _rectify_gradient(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Forward pre-hook of an activation: keep only the positive part of the gradient through it.

    The activation gets a copy of its input. The hook on the copy sees the gradient through the
    activation alone; the input itself may also be used by a skip connection. The copy may also be
    changed in place, as `ReLU(inplace=True)` does.
    """
    copy = inputs[0].clone()
    if copy.requires_grad:
        copy.register_hook(torch.relu)
    return (copy, *inputs[1:])


def _integrated_gradients(
    model: nn.Module, pixels: Tensor, target: int, parameters: ExplanationParameters
) -> NDArray[np.float32]:
    """Integrated gradients (Sundararajan et al. 2017) from a black picture to this one."""
    attributions = IntegratedGradients(model).attribute(
        pixels,
        target=target,
        n_steps=parameters.n_steps,
        method=parameters.approximation_method,
        internal_batch_size=_BATCH_SIZE,
    )
    return _array(attributions)


def _xrai(
    model: nn.Module, pixels: Tensor, target: int, parameters: ExplanationParameters
) -> NDArray[np.float32]:
    """XRAI (Kapishnikov et al. 2019). Regions have no colour channels: the map is repeated."""

    def gradients(batch: NDArray[Any], **_: Any) -> dict[str, NDArray[np.float32]]:
        """The callback of saliency: gradients (B, S, S, 3) for pictures (B, S, S, 3)."""
        inputs = torch.from_numpy(batch).float().to(pixels.device).permute(0, 3, 1, 2)
        inputs.requires_grad_(True)
        (gradient,) = torch.autograd.grad(model(inputs)[:, target].sum(), inputs)
        return {saliency.INPUT_OUTPUT_GRADIENTS: gradient.permute(0, 2, 3, 1).cpu().numpy()}

    image = pixels[0].permute(1, 2, 0).cpu().numpy()
    # to segment a picture of one colour saliency would divide by its range, which is 0
    has_one_colour = image.min() == image.max()
    regions = saliency.XRAI().GetMask(
        image,
        gradients,
        segments=[np.ones(image.shape[:2], bool)] if has_one_colour else None,
        batch_size=_BATCH_SIZE,
        extra_parameters=saliency.XRAIParameters(
            steps=parameters.n_steps, algorithm="fast" if parameters.xrai_fast else "full"
        ),
    )
    return np.repeat(regions[None].astype(np.float32), 3, axis=0)


def _array(attributions: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = attributions[0].detach().float().cpu().numpy()
    return array
