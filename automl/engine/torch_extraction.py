"""Features of pictures in a frozen network by torch, which converts it if that saves time."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.dataset.packed_pictures import PackedPictures
from automl.host.cores import usable_cores
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import building, feature_cache
from automl.model.network import Normalised
from automl.training.batches import scored_batches

Batches = Callable[[feature_cache.Rows], Iterator[PackedPictures[NDArray[np.uint8]]]]
"""From rows to their decoded pictures, a batch at a time."""


def features_of(
    hyperparameters: Hyperparameters,
    class_names: list[str],
    contents: NDArray[np.bytes_],
    batches: Batches,
) -> NDArray[np.float32]:
    """Features (N, D) of N pictures.

    Args:
        hyperparameters: of the network, and of its scored pictures.
        class_names: of the data.
        contents: (N,) names of the pixels of each picture, see `pixels.contents`.
        batches: the pictures of some rows.
    """
    torch.set_num_threads(usable_cores())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    built = building.build(hyperparameters, class_names)
    network = Normalised(built.network, built.mean, built.std)
    network = network.to(memory_format=torch.channels_last).to(device)
    side = hyperparameters.validation_crop_size

    def scored(rows: feature_cache.Rows) -> Iterator[Tensor]:
        for batch in batches(rows):
            yield from scored_batches(batch, side, batch_size=len(batch), device=device)

    return feature_cache.features(network, built, side, contents, scored)
