"""Blocks of a network from the input to the head; freezing the first blocks.

A copy of this file travels with exported training code.
"""

from timm.models import group_parameters
from torch import nn

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
"""timm's own batch norms are subclasses of these."""


def parameter_names(network: nn.Module, architecture: str) -> list[list[str]]:
    """Return the parameter names of each block, in timm's order and without the last layer.

    A block is a stage of a convolutional network and a layer of a transformer. MobileNetV2 has
    one per inverted residual: 19 with stem and last convolution, as in torchvision.
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
    """Separate the last convolution, which timm puts into the block of the last residual."""
    names = [name for key in sorted(groups) for name in groups[key]]
    last = [name for name in names if name.startswith(("conv_head", "bn2"))]
    others = {key: [name for name in group if name not in last] for key, group in groups.items()}
    return {**others, max(groups) + 1: last}


def last_layer(network: nn.Module) -> nn.Module:
    """Return the layer that maps features to logits.

    Distilled transformers average the logits of two layers: both are returned, as a ModuleList.
    """
    head = network.get_classifier()  # type: ignore[operator]
    return head if isinstance(head, nn.Module) else nn.ModuleList(head)


def replace_last_layer(network: nn.Module, layer: nn.Module) -> None:
    """Set the last layer of a network to a layer of another kind."""
    head = last_layer(network)
    name = next(name for name, module in network.named_modules() if module is head)
    network.set_submodule(name, layer)


class TooManyBlocksError(ValueError):
    """The network has fewer blocks than the number to freeze."""

    def __init__(self, num_blocks: int) -> None:
        super().__init__(f"only {num_blocks} blocks")
        self.num_blocks = num_blocks


def freeze(network: nn.Module, architecture: str, num_blocks: int) -> list[str]:
    """Exclude the first blocks from training; return the names of their parameters.

    Raises:
        TooManyBlocksError: the network has fewer blocks.
    """
    blocks = parameter_names(network, architecture) if num_blocks else []
    if num_blocks > len(blocks):
        raise TooManyBlocksError(len(blocks))
    frozen = [name for block in blocks[:num_blocks] for name in block]
    for name in frozen:
        network.get_parameter(name).requires_grad_(False)
    return frozen


def train_mode(network: nn.Module, *, keeps_statistics: bool = False) -> None:
    """Set the training mode, except that frozen batch norms keep their statistics.

    Args:
        network: any network.
        keeps_statistics: all batch norms keep their statistics, although their weights are trained.
    """
    network.train()
    for module in network.modules():
        if isinstance(module, BATCH_NORMS) and (keeps_statistics or _is_frozen(module)):
            module.eval()


def has_batch_statistics(network: nn.Module, *, keeps_statistics: bool) -> bool:
    """True if a batch norm normalises with the mean and variance of the batch.

    The result for a picture then depends on the other pictures in its batch.
    """
    return not keeps_statistics and any(
        isinstance(module, BATCH_NORMS) and not _is_frozen(module) for module in network.modules()
    )


def _is_frozen(module: nn.Module) -> bool:
    """True if none of the module's weights is trained."""
    return not any(parameter.requires_grad for parameter in module.parameters())
