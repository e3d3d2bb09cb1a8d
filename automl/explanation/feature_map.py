"""The last feature map of a model, which Grad-CAM weights."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from automl.errors import FeatureMapMissingError
from automl.model.network import Normalised
from automl.model.several_networks import SeveralNetworks


class Mapped(nn.Module):
    """A model that passes its last feature map through the module `map`, for Grad-CAM's hooks.

    Its logits are those of the model. For a convolutional network the map is the output of the
    last stage. For a transformer it is the tokens that enter the attention of the last block: the
    logits depend on the tokens after that block only through the class token.
    """

    def __init__(self, model: Normalised) -> None:
        super().__init__()
        if isinstance(model.network, SeveralNetworks):
            raise FeatureMapMissingError(
                "guided_gradcam needs one feature map, and this model has several. Choose xrai, "
                "integrated_gradients or guided_backprop."
            )
        self.model = model
        self.map = nn.Identity()
        """The module whose output is the map (B, C, H, W)."""

        blocks: Any = getattr(model.network, "blocks", None)
        self._norm = getattr(blocks[-1], "norm1", None) if blocks is not None else None

    def forward(self, pixels: Tensor) -> Tensor:
        network: Any = self.model.network
        normalised = (pixels - self.model.mean) / self.model.std
        if self._norm is None:
            features = self._through_map(network.forward_features(normalised))
        else:
            hook = self._norm.register_forward_hook(
                lambda _module, _inputs, tokens: self._through_map(tokens)
            )
            try:
                features = network.forward_features(normalised)
            finally:
                hook.remove()
        logits: Tensor = network.forward_head(features)
        return logits

    def _through_map(self, features: Any) -> Tensor:
        """Pass features through `map`, and return them in the layout they came in.

        Args:
            features: (B, C, H, W), (B, H, W, C), or tokens (B, N, C).

        Raises:
            FeatureMapMissingError: they have another layout, or are several tensors.
        """
        if not isinstance(features, Tensor) or features.ndim not in (3, 4):
            raise FeatureMapMissingError(
                f"guided_gradcam needs a feature map, and {type(self.model.network).__name__} has "
                "none. Choose xrai, integrated_gradients or guided_backprop."
            )
        if features.ndim == 3:
            return self._tokens_through_map(features)
        network: Any = self.model.network
        if _has_channels_last(features, network.num_features):
            last: Tensor = self.map(features.permute(0, 3, 1, 2))
            return last.permute(0, 2, 3, 1)
        return self.map(features)  # type: ignore[no-any-return]

    def _tokens_through_map(self, tokens: Tensor) -> Tensor:
        """Lay the patch tokens out as a square grid.

        The tokens that are no patches, such as the class token, come first and are left as they
        are. Their number is what remains beside the largest square.
        """
        side = math.isqrt(tokens.shape[1])
        num_extra = tokens.shape[1] - side**2
        patches = tokens[:, num_extra:].transpose(1, 2).unflatten(2, (side, side))
        mapped = self.map(patches).flatten(2).transpose(1, 2)
        return torch.cat([tokens[:, :num_extra], mapped], dim=1)


def _has_channels_last(features: Tensor, num_features: int) -> bool:
    return features.shape[1] != num_features and features.shape[3] == num_features
