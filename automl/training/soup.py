"""Models whose weights are the mean of those of trials, and their answers. No Ray."""

import copy
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import torch
from torch import Tensor

from automl.evaluation.predictions import Predictions
from automl.evaluation.soups import Ingredients
from automl.model import checkpoint
from automl.model.description import ModelDescription
from automl.model.network import Normalised, probabilities_of
from automl.training.batches import scored_batches
from automl.training.trial_data import LabelledPictures, opened

_BATCH_SIZE = 64


def average(folders: Sequence[Path]) -> tuple[Normalised, ModelDescription]:
    """The model whose weights are the mean of those of some checkpoints.

    Args:
        folders: checkpoints of one network and the same classes.
    """
    return _averaged([checkpoint.load(folder) for folder in folders])


def _averaged(
    models: Sequence[tuple[Normalised, ModelDescription]],
) -> tuple[Normalised, ModelDescription]:
    network, description = copy.deepcopy(models[0])
    states = [each.state_dict() for each, _ in models]
    network.load_state_dict({name: _mean([each[name] for each in states]) for name in states[0]})
    # which trials are averaged was decided by the validation pictures
    return network, description.model_copy(update={"has_seen_all": True})


def answers(
    folders: Mapping[str, Path], pictures: LabelledPictures, device: torch.device
) -> dict[Ingredients, Predictions]:
    """Answers of the averages of two or more trials.

    Args:
        folders: checkpoints by trial id, as of `average`.
        pictures: to answer for; their short side is what the models resize pictures to.
        device: where to compute.
    """
    loaded = {name: checkpoint.load(folder) for name, folder in folders.items()}
    found = {}
    for number in range(2, len(folders) + 1):
        for names in combinations(folders, number):
            network, description = _averaged([loaded[name] for name in names])
            found[names] = _answers(network.to(device), description, pictures, device)
    return found


def _answers(
    network: Normalised,
    description: ModelDescription,
    pictures: LabelledPictures,
    device: torch.device,
) -> Predictions:
    side = description.validation_crop_size
    batches = scored_batches(opened(pictures.pictures), side, batch_size=_BATCH_SIZE, device=device)
    with torch.inference_mode():
        logits = torch.cat([network(pixels).float().cpu() for pixels in batches])
    shares = probabilities_of(logits, has_label_sets=description.has_label_sets)
    return Predictions(pictures.sample_ids, pictures.labels, shares.numpy())


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    """The mean of weights; of counters, such as batches seen, the first."""
    if not tensors[0].is_floating_point():
        return tensors[0]
    return torch.stack(list(tensors)).mean(dim=0)
