"""Cached inputs of the last layers of a model on frozen networks, as its trial has left them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from automl.model import blocks, pretrained_weights, weights_folder
from automl.model.description import ModelDescription
from automl.model.kept_features import Extractor
from automl.model.network import Normalised
from automl.model.several_networks import SeveralNetworks
from automl.model.stages import Stages

Features = NDArray[np.float32]


def of_heads(
    network: Normalised, description: ModelDescription, contents: NDArray[np.bytes_]
) -> list[Features] | None:
    """Inputs (N, D) of each last layer for N pictures.

    Args:
        network: on the CPU.
        description: of the network.
        contents: (N,) names of the pixels of each picture, see `pixels.contents`.

    Returns:
        None if a picture is not in the cache, or the network has not the pretrained weights that
        are here.
    """
    parts = _parts(network, description)
    if description.head == "averaged":
        members = [of_heads(*part, contents) for part in parts]
        seen = [one for one in members if one is not None]
        return [each for one in seen for each in one] if len(seen) == len(members) else None
    looks = (False, True) if description.is_mirrored else (False,)
    every = []
    for is_mirrored in looks:
        rows = [_of_network(*part, is_mirrored, contents) for part in parts]
        known = [each for each in rows if each is not None]
        if len(known) < len(rows):
            return None
        every.append(np.concatenate(known, axis=1))
    return [np.asarray(sum(every) / len(every), np.float32)]


def _parts(
    network: Normalised, description: ModelDescription
) -> list[tuple[Normalised, ModelDescription]]:
    """The networks that it is made of, or it alone."""
    if not description.parts:
        return [(network, description)]
    several = network.network
    assert isinstance(several, SeveralNetworks)
    return list(zip(several.networks, description.parts, strict=True))


def _of_network(
    network: Normalised,
    description: ModelDescription,
    is_mirrored: bool,
    contents: NDArray[np.bytes_],
) -> Features | None:
    folder = pretrained_weights.find(description.timm_name)
    has_stages = isinstance(network.network, Stages)
    looked_at = network.network.network if isinstance(network.network, Stages) else network.network
    if folder is None or not _has_weights_of(folder, looked_at):
        return None
    side = description.validation_crop_size
    extractor = Extractor.here(folder, description.mean, description.std, side)
    return extractor.kept(contents, is_mirrored=is_mirrored, has_stages=has_stages)


def _has_weights_of(folder: Path, network: nn.Module) -> bool:
    """True if all layers before the last one have the weights of the folder."""
    if not weights_folder.is_complete(folder):
        return False
    weights, head = load_file(folder / weights_folder.WEIGHTS), blocks.last_layer(network)
    of_head = {id(each) for each in head.state_dict(keep_vars=True).values()}
    return all(
        name in weights
        and tensor.shape == weights[name].shape
        and tensor.equal(weights[name].to(tensor.dtype))  # as they are loaded
        for name, tensor in network.state_dict(keep_vars=True).items()
        if id(tensor) not in of_head and not name.endswith("num_batches_tracked")
    )
