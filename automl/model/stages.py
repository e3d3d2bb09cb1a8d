"""Features from all stages of a network, beside those before its last layer.

A linear layer on them finds what the last features have lost: small things and fine patterns that
pretraining had no use for (Evci et al., Head2Toe: Utilizing Intermediate Representations for Better
Transfer Learning, 2022). They take no longer than a pass through the network.
"""

import copy
import logging
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from automl.model import blocks, linear_head
from automl.model.network import Normalised

_MOST_STAGES = 5
"""Convolutional networks have four or five; of a transformer's blocks as many are taken, evenly."""

_log = logging.getLogger(__name__)


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
        maps: Any = network.feature_info
        number = min(len(maps), _MOST_STAGES)
        self._stages = [len(maps) * (place + 1) // number - 1 for place in range(number)]
        self.num_of_stages = sum(maps[stage]["num_chs"] for stage in self._stages)
        """Number of the features of the stages."""

    @property
    def is_last(self) -> NDArray[np.bool_]:
        """(D,) True for the features that a last layer would get."""
        network: Any = self.network
        return np.repeat((True, False), (network.head_hidden_size, self.num_of_stages))

    def get_classifier(self) -> nn.Module:
        """The place of a last layer, as in a network of timm."""
        return self.last

    def forward(self, pixels: Tensor) -> Tensor:
        network: Any = self.network
        final, maps = network.forward_intermediates(pixels, indices=self._stages)
        last = network.forward_head(final, pre_logits=True).flatten(1)
        features: Tensor = self.last(
            torch.cat([last, *(each.amax((2, 3)) for each in maps)], dim=1)
        )
        return features


def headless(network: Normalised, pixels: Tensor) -> Normalised:
    """A copy without the last layer, which gives the features of all stages as well if it can.

    Args:
        network: ends in one linear layer, or has lost it; one that gives them already is copied.
        pixels: float (B, 3, H, W) of a picture or two, which must have the same last features.

    Raises:
        HeadNotLinearError: the network does not end in one linear layer.
    """
    copied = copy.deepcopy(network)
    if isinstance(copied.network, Stages):
        return copied
    expected = linear_head.extract_features(network, [pixels])
    blocks.replace_last_layer(copied.network, nn.Identity())
    last = copied.network
    try:
        copied.network = Stages(last)
        found = linear_head.extract_features(copied, [pixels])[:, : expected.shape[1]]
        if np.allclose(found, expected, rtol=1e-3, atol=1e-3 * expected.std()):
            return copied
    except Exception:  # noqa: BLE001 (the networks of timm fail here in many ways)
        _log.debug("no stages: %s", type(last).__name__, exc_info=True)
    copied.network = last
    return copied


def widths(network: Normalised, num_features: int) -> list[int]:
    """Numbers of the features before the last layer and, if there are any, of those of stages."""
    if not isinstance(network.network, Stages):
        return [num_features]
    of_stages = network.network.num_of_stages
    return [num_features - of_stages, of_stages]
