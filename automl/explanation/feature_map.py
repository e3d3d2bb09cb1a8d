"""The last feature map of a model, which Grad-CAM weighs: of the last stage or the last block."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from automl.errors import FeatureMapMissingError
from automl.model.network import Normalised


class Mapped(nn.Module):
    """Logits from pixels, as the model itself, by way of a feature map.

    The map is what the last stage of a convolutional network puts out. Of a transformer it is
    the tokens that enter the last block's attention: on what comes out of that block, but for
    the class token, the answer does not depend any more.
    """

    def __init__(self, model: Normalised) -> None:
        super().__init__()
        self.model = model
        self.map = nn.Identity()
        """Its output is the map (B, C, H, W)."""

        blocks: Any = getattr(model.network, "blocks", None)
        self._norm = getattr(blocks[-1], "norm1", None) if blocks is not None else None

    def forward(self, pixels: Tensor) -> Tensor:
        network: Any = self.model.network
        normalised = (pixels - self.model.mean) / self.model.std
        if self._norm is None:
            features = self._by_way_of_map(network.forward_features(normalised))
        else:
            hook = self._norm.register_forward_hook(
                lambda _module, _inputs, tokens: self._by_way_of_map(tokens)
            )
            try:
                features = network.forward_features(normalised)
            finally:
                hook.remove()
        logits: Tensor = network.forward_head(features)
        return logits

    def _by_way_of_map(self, features: Any) -> Tensor:
        """The features again, in their own layout: (B, C, H, W), (B, H, W, C) or (B, N, C)."""
        if not isinstance(features, Tensor) or features.ndim not in (3, 4):
            raise FeatureMapMissingError(
                f"guided_gradcam needs a feature map, and {type(self.model.network).__name__} has "
                "none. Choose xrai, integrated_gradients or guided_backprop."
            )
        if features.ndim == 3:
            return self._of_tokens(features)
        network: Any = self.model.network
        if _has_channels_last(features, network.num_features):
            last: Tensor = self.map(features.permute(0, 3, 1, 2))
            return last.permute(0, 2, 3, 1)
        return self.map(features)  # type: ignore[no-any-return]

    def _of_tokens(self, tokens: Tensor) -> Tensor:
        """What is beside the square grid of patches, such as a class token, comes first."""
        side = math.isqrt(tokens.shape[1])
        others = tokens.shape[1] - side**2
        patches = tokens[:, others:].transpose(1, 2).unflatten(2, (side, side))
        shown = self.map(patches).flatten(2).transpose(1, 2)
        return torch.cat([tokens[:, :others], shown], dim=1)


def _has_channels_last(features: Tensor, num_features: int) -> bool:
    return features.shape[1] != num_features and features.shape[3] == num_features
