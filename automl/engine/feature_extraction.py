"""Features of pictures in a frozen network, with torch; those that were computed before are read.

Its import takes seconds, which `first_score` spends only if a picture is new.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.dataset import pixels
from automl.dataset.manifest import Manifest
from automl.engine.side_answers import Counted
from automl.host.cores import usable_cores
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import building, feature_cache
from automl.model.building import BuiltModel
from automl.model.network import Normalised
from automl.training import trial_data
from automl.training.batches import scored_batches


def features_of(
    hyperparameters: Hyperparameters, data: Manifest, samples: pd.DataFrame, progress: Counted
) -> NDArray[np.float32]:
    """Features (N, D) of samples of the data; arguments as of `first_score.features_of`."""
    torch.set_num_threads(usable_cores())
    network, built = _network(hyperparameters, data.class_names)
    sizes, total = pixels.picture_sizes(hyperparameters), len(samples)
    side, size = hyperparameters.validation_crop_size, hyperparameters.validation_batch_size

    def batches(rows: feature_cache.Rows) -> Iterator[Tensor]:
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
        for batch in scored_batches(opened, side, batch_size=size, device=network.mean.device):
            done += len(batch)
            progress(done, 2 * total)
            yield batch

    contents = pixels.contents(samples, sizes, data.rendering)
    return feature_cache.features(network, built, side, contents, batches)


def _network(
    hyperparameters: Hyperparameters, class_names: list[str]
) -> tuple[Normalised, BuiltModel]:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    built = building.build(hyperparameters, class_names)
    network = Normalised(built.network, built.mean, built.std)
    return network.to(memory_format=torch.channels_last).to(device), built
