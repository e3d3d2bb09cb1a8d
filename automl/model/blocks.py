"""A model's blocks from the input to the head, for freezing the first of them."""

from timm.models import group_parameters
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def parameter_names(network: nn.Module, architecture: str) -> list[list[str]]:
    """Names of each block's parameters in timm's own order; those of the last layer are left out.

    A block is a stage of a convolutional network and a layer of a transformer. MobileNetV2 has
    one for each inverted residual, 19 with stem and last convolution, as in torchvision.
    """
    is_coarse = not architecture.startswith("mobilenetv2")
    matcher = network.group_matcher(coarse=is_coarse)  # type: ignore[operator]
    groups: dict[int, list[str]] = group_parameters(network, matcher)
    if not is_coarse:
        groups = _with_last_convolution(groups)
    head = {id(parameter) for parameter in last_layer(network).parameters()}
    rest = {name for name, parameter in network.named_parameters() if id(parameter) not in head}
    blocks = [[name for name in groups[key] if name in rest] for key in sorted(groups)]
    return [block for block in blocks if block]


def _with_last_convolution(groups: dict[int, list[str]]) -> dict[int, list[str]]:
    """timm counts the convolution after the last residual as part of it."""
    names = [name for key in sorted(groups) for name in groups[key]]
    last = [name for name in names if name.startswith(("conv_head", "bn2"))]
    others = {key: [name for name in group if name not in last] for key, group in groups.items()}
    return {**others, max(groups) + 1: last}


def last_layer(network: nn.Module) -> nn.Module:
    """What turns features into logits."""
    head = network.get_classifier()  # type: ignore[operator]
    # distilled transformers have two heads, whose answers are averaged
    return head if isinstance(head, nn.Module) else nn.ModuleList(head)


def freeze(network: nn.Module, architecture: str, num_blocks: int) -> list[str]:
    """Stop the training of the first blocks; returns the names of their parameters.

    Raises:
        ValueError: there are not that many blocks.
    """
    blocks = parameter_names(network, architecture) if num_blocks else []
    if num_blocks > len(blocks):
        raise ValueError(
            f"layers_to_freeze is {num_blocks}, but {architecture} has {len(blocks)} blocks before "
            f"its last layer. Set it to {len(blocks)} or less."
        )
    frozen = [name for block in blocks[:num_blocks] for name in block]
    for name in frozen:
        network.get_parameter(name).requires_grad_(False)
    return frozen


def train_mode(network: nn.Module, *, keeps_statistics: bool = False) -> None:
    """Training mode, but for batch norms that are frozen: their statistics stay as they are.

    Args:
        network: any model.
        keeps_statistics: of all batch norms, whose weights are trained nevertheless.
    """
    network.train()
    for module in network.modules():
        if isinstance(module, _BatchNorm) and (keeps_statistics or _is_frozen(module)):
            module.eval()


def _is_frozen(module: nn.Module) -> bool:
    return not any(parameter.requires_grad for parameter in module.parameters())
