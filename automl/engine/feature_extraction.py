"""Features of pictures in a frozen network; those that were computed before are read.

A network that was converted before runs without torch, whose import takes seconds.
"""

import logging
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset import pixels, preprocessing
from automl.dataset.manifest import Manifest
from automl.dataset.packed_pictures import PackedPictures, pictures_in
from automl.engine.side_answers import Counted
from automl.host.cores import usable_cores
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import converted_network, kept_features
from automl.model.converted_network import Run
from automl.model.kept_features import Extractor
from automl.training import trial_data

Bytes = PackedPictures[NDArray[np.uint8]]

_log = logging.getLogger(__name__)


def features_of(
    hyperparameters: Hyperparameters, data: Manifest, samples: pd.DataFrame, progress: Counted
) -> NDArray[np.float32]:
    """Features (N, D) of samples of the data; arguments as of `first_score.features_of`."""
    sizes, total = pixels.picture_sizes(hyperparameters), len(samples)
    batch_size = hyperparameters.validation_batch_size

    def batches(rows: slice | NDArray[np.int64]) -> Iterator[Bytes]:
        missing = samples.iloc[rows]
        done = 2 * (total - len(missing))  # each is read twice: decoded, and then by the network
        pictures = pixels.whole_pictures(
            missing,
            sizes,
            rendering=data.rendering,
            progress=lambda decoded, _: progress(done + decoded, 2 * total),
        )
        done += len(missing)
        opened = trial_data.opened(pictures)
        for start in range(0, len(opened), batch_size):
            batch = opened.take(slice(start, start + batch_size))
            done += len(batch)
            progress(done, 2 * total)
            yield batch

    contents = pixels.contents(samples, sizes, data.rendering)
    extractor = kept_features.extractor_of(hyperparameters)
    if extractor is not None and (run := _converted(extractor)) is not None:
        side = extractor.side

        def compute(missing: NDArray[np.int64]) -> list[NDArray[np.float32]]:
            return converted_network.joined(
                run(_centres(batch, side)) for batch in batches(missing)
            )

        return extractor.completed(contents, compute)
    from automl.engine import torch_extraction

    return torch_extraction.features_of(hyperparameters, data.class_names, contents, batches)


def _converted(extractor: Extractor) -> Run | None:
    """The network, if it was converted before and can be opened."""
    folder = extractor.network_folder()
    if not folder.exists():
        return None
    try:
        return converted_network.opened(folder, usable_cores())
    except Exception:  # noqa: BLE001 (the errors of ONNX Runtime have no common base)
        _log.debug("not opened: %s", folder, exc_info=True)
        return None


def _centres(pictures: Bytes, side: int) -> NDArray[np.float32]:
    """Centres (B, 3, side, side) in 0 to 1, as `training.batches.scored_batches` has them."""
    found = np.empty((len(pictures), side, side, 3), np.uint8)
    for row, picture in enumerate(pictures_in(pictures)):
        top, left = ((length - side) // 2 for length in picture.shape[:2])
        found[row] = picture[top : top + side, left : left + side]
    return preprocessing.model_input(found)
