"""Features from all stages of a network, beside those before its last layer.

A linear layer on them finds what the last features have lost: small things and fine patterns that
pretraining had no use for (Evci et al., Head2Toe: Utilizing Intermediate Representations for Better
Transfer Learning, 2022). They take no longer than a pass through the network.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class StagesMissingError(TypeError):
    """The network does not give the maps of its stages."""


class Stages(nn.Module):
    """A network of timm without its last layer: pixels (B, 3, H, W) in, features (B, D) out.

    They are the inputs of the last layer, then the largest value of each channel of the map of each
    stage.
    """

    def __init__(self, network: nn.Module) -> None:
        """Raises StagesMissingError where the network does not give the maps of its stages."""
        super().__init__()
        if not hasattr(network, "forward_intermediates"):
            raise StagesMissingError(
                f"{type(network).__name__} does not give the features of its stages"
            )
        self.network = network
        self.last = nn.Identity()

    @property
    def is_last(self) -> NDArray[np.bool_]:
        """(D,) True for the features that a last layer would get."""
        network: Any = self.network
        num_of_stages = sum(stage["num_chs"] for stage in network.feature_info)
        return np.repeat((True, False), (network.head_hidden_size, num_of_stages))

    def get_classifier(self) -> nn.Module:
        """The place of a last layer, as in a network of timm."""
        return self.last

    def forward(self, pixels: Tensor) -> Tensor:
        network: Any = self.network
        final, maps = network.forward_intermediates(pixels)
        last = network.forward_head(final, pre_logits=True).flatten(1)
        features: Tensor = self.last(
            torch.cat([last, *(each.amax((2, 3)) for each in maps)], dim=1)
        )
        return features
