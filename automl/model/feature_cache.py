"""Features of pictures, computed once for all that asks: first score, baselines, probes, maps."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from automl.model import fast_features, linear_head
from automl.model.building import BuiltModel
from automl.model.kept_features import Extractor
from automl.model.network import Normalised
from automl.model.stages import Stages

Rows = slice | NDArray[np.int64]


def features(  # noqa: PLR0913
    network: Normalised,
    built: BuiltModel,
    side: int,
    contents: NDArray[np.bytes_] | None,
    batches: Callable[[Rows], Iterable[Tensor]],
    *,
    is_mirrored: bool = False,
) -> NDArray[np.float32]:
    """Features (N, D) of N pictures; those that are not in the cache are computed and added to it.

    Only the features of pretrained weights are kept: other weights are seldom used twice. Those of
    all stages are kept with those before the last layer, whichever are asked for.

    Args:
        network: not trained yet, on the device of the batches.
        built: where the weights of the network come from.
        side: of the scored pictures in pixels.
        contents: (N,) names of the pixels of each picture, see `pixels.contents`; None: the
            pictures are not known by name, and nothing is kept.
        batches: returns the pictures of some rows, for `linear_head.extract_features`.
        is_mirrored: the batches show the mirror images of the pictures.
    """
    if built.weights_folder is None or contents is None:
        return linear_head.extract_features(network, batches(slice(None)))
    device = network.mean.device.type
    extractor = Extractor(built.weights_folder, built.mean, built.std, side, device)

    def compute(missing: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        return fast_features.extract(
            network,
            batches(missing),
            num_pictures=len(missing),
            folder=extractor.network_folder(),
        )

    has_stages = isinstance(network.network, Stages)
    return extractor.completed(contents, compute, is_mirrored=is_mirrored, has_stages=has_stages)
