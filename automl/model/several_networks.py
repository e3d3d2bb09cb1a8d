"""A network made of one or several networks that look at the same pixels.

A linear probe on the features of several pretrained networks is made like that of one:

    network = several_networks.concatenate(parts, sizes, num_classes)
    features = linear_head.extract_features(network, batches)  # (N, D) of all parts
    linear_head.put_into(linear_head.of(network.network), probe)
    checkpoint.save(folder, network, several_networks.describe(descriptions, "concatenated"))

Features that are computed already, by part, only have to be put side by side in the order of the
parts; `standardise` then gives each of them mean 0 and variance 1 before the last layer.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate

from automl.model import blocks, linear_head
from automl.model.description import ModelDescription
from automl.model.network import Normalised
from automl.model.stages import Stages

_LEAST = 1e-12
"""Smallest probability, so that its logarithm is finite."""


class SeveralNetworks(nn.Module):
    """Parts, each with its own normalisation and size, that get the same pixels of 0 to 1."""

    def __init__(self, parts: Sequence[Normalised], sizes: Sequence[int]) -> None:
        """parts: networks with their normalisation; sizes: side of the pictures each of them takes.

        Larger or smaller pictures are resized within the network.
        """
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self._sizes = tuple(sizes)

    @property
    def networks(self) -> list[Normalised]:
        """The parts."""
        return list(self.parts)  # type: ignore[arg-type]

    def _outputs(self, pixels: Tensor) -> list[Tensor]:
        return [
            part(_resized(pixels, size)) for part, size in zip(self.parts, self._sizes, strict=True)
        ]


class Averaged(SeveralNetworks):
    """Logits (B, K) of the weighted mean of the parts' probabilities.

    They are its logarithm, or log odds where each label has a sigmoid of its own.
    """

    weights: Tensor

    def __init__(
        self,
        parts: Sequence[Normalised],
        sizes: Sequence[int],
        weights: Sequence[float],
        *,
        has_label_sets: bool = False,
    ) -> None:
        """weights: one for each part; they sum to 1."""
        super().__init__(parts, sizes)
        self._has_label_sets = has_label_sets
        self.register_buffer("weights", torch.tensor(weights))

    def get_classifier(self) -> nn.Module:
        """The last layers of all parts."""
        return nn.ModuleList(blocks.last_layer(part.network) for part in self.networks)

    def forward(self, pixels: Tensor) -> Tensor:
        outputs = torch.stack(self._outputs(pixels), dim=2)
        if self._has_label_sets:  # a mean beside 1 would lose all digits of its distance to 1
            present = (outputs.sigmoid() @ self.weights).clamp_min(_LEAST)
            return present.log() - ((-outputs).sigmoid() @ self.weights).clamp_min(_LEAST).log()
        return (outputs.softmax(dim=1) @ self.weights).clamp_min(_LEAST).log()


class Concatenated(SeveralNetworks):
    """A linear layer on the features of all parts, side by side.

    The features may be the mean of those of a picture and of its mirror image.
    """

    shift: Tensor
    scale: Tensor

    def __init__(
        self,
        parts: Sequence[Normalised],
        sizes: Sequence[int],
        num_features: int,
        num_classes: int,
        *,
        is_mirrored: bool = False,
    ) -> None:
        """parts: without their last layers; num_features: of all of them together."""
        super().__init__(parts, sizes)
        self._is_mirrored = is_mirrored
        self.register_buffer("shift", torch.zeros(num_features))
        self.register_buffer("scale", torch.ones(num_features))
        self.head = nn.Linear(num_features, num_classes)

    def get_classifier(self) -> nn.Module:
        """The last layer."""
        return self.head

    def forward(self, pixels: Tensor) -> Tensor:
        features = self._features(pixels)
        if self._is_mirrored:
            features = (features + self._features(pixels.flip(-1))) / 2
        logits: Tensor = self.head((features - self.shift) * self.scale)
        return logits

    def _features(self, pixels: Tensor) -> Tensor:
        return torch.cat([part.flatten(1) for part in self._outputs(pixels)], dim=1)


def concatenate(
    parts: Sequence[Normalised],
    sizes: Sequence[int],
    num_classes: int,
    *,
    is_mirrored: bool = False,
    has_stages: bool = False,
) -> Normalised:
    """A network with one new linear layer on the features of all parts.

    Args:
        parts: networks as `building.build` makes them; they lose their last layers.
        sizes: side of the pictures that each part takes.
        num_classes: number of classes.
        is_mirrored: the features are the mean of those of a picture and of its mirror image.
        has_stages: the features are those of all stages of the parts.

    Raises:
        HeadNotLinearError: a part does not end in one linear layer.
        StagesMissingError: a part does not give the features of its stages.
    """
    num_features = sum(linear_head.of(p.network).weight[0].numel() for p in parts)
    for part in parts:
        blocks.replace_last_layer(part.network, nn.Identity())
    if has_stages:
        for part in parts:
            part.network = Stages(part.network)
        num_features = sum(len(stages.is_last) for stages in _stages(parts))
    made = Concatenated(parts, sizes, num_features, num_classes, is_mirrored=is_mirrored)
    return as_one(made)


def is_spare(network: Normalised) -> NDArray[np.bool_] | None:
    """(D,) True for the features that a probe of all stages may do without; None if there are none.

    network: from `concatenate`.
    """
    several = network.network
    found = _stages(several.networks) if isinstance(several, SeveralNetworks) else []
    return np.concatenate([stages.is_last for stages in found]) if found else None


def _stages(parts: Iterable[Normalised]) -> list[Stages]:
    return [part.network for part in parts if isinstance(part.network, Stages)]


def standardise(network: Normalised, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let the features of a concatenated network have mean 0 and variance 1 on some pictures.

    Args:
        network: from `concatenate`, not standardised yet.
        features: (N, D) of the pictures, those of all parts side by side.

    Returns:
        (N, D) features after that, as the last layer will see them.
    """
    several = network.network
    assert isinstance(several, Concatenated)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    scale = 1 / np.where(spread < 1e-6, 1, spread)  # a constant feature carries no information
    several.shift.copy_(torch.from_numpy(mean))
    several.scale.copy_(torch.from_numpy(scale))
    return np.asarray((features - mean) * scale, np.float32)


def as_one(network: nn.Module) -> Normalised:
    """A network that takes pixels of 0 to 1, in the form of one that does not."""
    return Normalised(network, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def describe(
    parts: Sequence[ModelDescription],
    head: Literal["concatenated", "averaged"],
    weights: Sequence[float] = (),
    *,
    is_mirrored: bool = False,
    has_stages: bool = False,
) -> ModelDescription:
    """The description of a network made of parts, in the order of the network's parts.

    It takes pictures of the largest size that a part takes.

    Args:
        parts: of the same classes.
        head: what joins them.
        weights: of the probabilities of each part, for `averaged`.
        is_mirrored, has_stages: as of `concatenate`, for `concatenated`.
    """
    largest = max(parts, key=lambda part: part.validation_crop_size)
    if head == "concatenated":
        of_parts = "stages" if has_stages else "none"
        parts = [part.model_copy(update={"head": of_parts}) for part in parts]
    return largest.model_copy(
        update={
            "model_name": _names([part.model_name for part in parts]),
            "timm_name": _names([part.timm_name for part in parts]),
            "mean": (0.0, 0.0, 0.0),
            "std": (1.0, 1.0, 1.0),
            "epoch": 0,
            "has_seen_all": any(part.has_seen_all for part in parts),
            "head": head,
            "is_mirrored": is_mirrored,
            "parts": list(parts),
            "part_weights": list(weights),
        }
    )


def _names(names: Sequence[str]) -> str:
    return " + ".join(dict.fromkeys(names))


def _resized(pixels: Tensor, size: int) -> Tensor:
    if pixels.shape[-1] == size:
        return pixels
    return interpolate(pixels, (size, size), mode="bilinear", antialias=True)
