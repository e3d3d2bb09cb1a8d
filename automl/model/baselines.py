"""Baselines: heads that are fitted to a frozen network in one pass instead of being trained.

Nearest neighbours follow the usual evaluation of frozen features (Wu et al., Unsupervised Feature
Learning via Non-Parametric Instance Discrimination, 2018; Caron et al., DINO, 2021): cosine
similarity, 20 neighbours, votes weighted by exp(similarity / 0.07).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize, one_hot

from automl.errors import UserError
from automl.evaluation import decisions
from automl.model import blocks, cross_validated_probe, linear_head, linear_probe, prototypes
from automl.model.linear_probe import LinearProbe
from automl.model.network import Normalised, probabilities_of

_NUM_NEIGHBOURS = 20
_TEMPERATURE = 0.07
_SMALLEST_SHARE = 1e-4
"""Added to the vote of every class, so that the logarithm is finite."""

_AT_ONCE = 1_000
"""Pictures whose neighbours are looked for together."""

Probabilities = NDArray[np.float32]


class NearestNeighbours(nn.Module):
    """A last layer: logits (B, K) from the similarity of features (B, D) to stored ones."""

    features: Tensor
    labels: Tensor

    def __init__(
        self, num_pictures: int, num_features: int, num_classes: int, *, has_sets: bool = False
    ) -> None:
        """An empty layer, to be filled by `load_state_dict`; has_sets: labels are (N, K)."""
        super().__init__()
        self._num_classes = num_classes
        self.register_buffer("features", torch.zeros(num_pictures, num_features))
        shape = (num_pictures, num_classes) if has_sets else (num_pictures,)
        dtype = torch.float32 if has_sets else torch.int64
        self.register_buffer("labels", torch.zeros(shape, dtype=dtype))

    @classmethod
    def fit(
        cls,
        features: NDArray[np.float32],
        labels: NDArray[np.int64],
        num_classes: int,
        *,
        seed: int = 0,
    ) -> "NearestNeighbours":
        """A layer with features (N, D) and labels, or a random 10,000 of them.

        labels: class indices (N,), or the labels of each picture (N, K).
        """
        if len(labels) > linear_probe.MAX_PICTURES:
            rng = np.random.default_rng(seed)
            chosen = rng.choice(len(labels), linear_probe.MAX_PICTURES, replace=False)
            features, labels = features[chosen], labels[chosen]
        has_sets = labels.ndim == 2
        layer = cls(len(features), features.shape[1], num_classes, has_sets=has_sets)
        layer.features.copy_(normalize(torch.from_numpy(features)))
        layer.labels.copy_(torch.from_numpy(labels))
        return layer

    def forward(self, features: Tensor) -> Tensor:
        similarity = normalize(features.flatten(1)) @ self.features.T
        nearest, indices = similarity.topk(min(_NUM_NEIGHBOURS, len(self.labels)))
        weights = (nearest / _TEMPERATURE).softmax(dim=1)
        if self.labels.ndim == 2:
            votes = (weights.unsqueeze(2) * self.labels[indices]).sum(dim=1)
            return votes.clamp(_SMALLEST_SHARE, 1 - _SMALLEST_SHARE).logit()
        votes = one_hot(self.labels[indices], self._num_classes)
        return ((weights.unsqueeze(2) * votes).sum(dim=1) + _SMALLEST_SHARE).log()

    def probabilities(self, features: NDArray[np.float32]) -> Probabilities:
        """(N, K) from features (N, D)."""
        parts = torch.from_numpy(features).split(_AT_ONCE)
        logits = torch.cat([self(part) for part in parts])
        shares = probabilities_of(logits, has_label_sets=self.labels.ndim == 2)
        return np.asarray(shares.numpy())


@dataclass(frozen=True)
class FrozenPictures:
    """The pictures that a head is fitted to, N of them."""

    features: Callable[[], NDArray[np.float32]]
    """Returns features (N, D); called only if needed."""

    labels: NDArray[np.int64]
    """(N,) class indices; of label sets (N, K), True for each label of a picture."""

    folds: NDArray[np.int64]
    """(N,) fold of each picture; -1: it is in the training part of every fold."""

    mirrored: Callable[[], NDArray[np.float32]] | None = None
    """Returns the features of the mirror images, for a probe that looks at them, too."""

    is_spare: NDArray[np.bool_] | None = None
    """(D,) True for features that a cross-validated probe may do without."""

    def out_of_fold(
        self, answer: Callable[[NDArray[np.bool_], NDArray[np.bool_]], Probabilities]
    ) -> Probabilities:
        """(N, K) for each picture with a fold, from a head that has not seen the fold; else 0.

        answer: maps masks (N,) of the pictures to fit to and of those to answer for to their
            probabilities.
        """
        answers = {
            fold: answer(self.folds != fold, self.folds == fold)
            for fold in range(int(self.folds.max()) + 1)
        }
        result = np.zeros((len(self.labels), answers[0].shape[1]), np.float32)
        for fold, probabilities in answers.items():
            result[self.folds == fold] = probabilities
        return result


def fit_head(method: str, network: Normalised, pictures: FrozenPictures) -> Probabilities | None:
    """Replace the network's last layer, or its weights, with those of a method.

    Args:
        method: `majority_class`, `linear_probe`, `concatenated_probe`, `prototypes` or
            `k_nearest_neighbours`.
        network: its last layer has one row per class.
        pictures: all of them are fitted to.

    Returns:
        (N, K) for each picture with a fold from the same method fitted to the other folds; None if
        there are no folds.

    Raises:
        HeadNotLinearError: the network does not end in one linear layer.
    """
    head = linear_head.of(network.network)
    num_classes = len(head.weight)
    if method in ("linear_probe", "concatenated_probe"):
        return _fit_probe(head, pictures, num_classes)
    if method == "prototypes" and pictures.labels.ndim == 2:
        raise UserError(
            "method is prototypes, which compares classes that exclude each other; here a picture "
            "has any number of labels. Set method to linear_probe."
        )
    if method == "prototypes":
        return _fit_prototypes(head, pictures, num_classes)
    if method == "k_nearest_neighbours":
        return _fit_neighbours(network, pictures, num_classes)
    assert method == "majority_class"
    return _fit_majority(head, pictures, num_classes)


def logits(network: Normalised, features: NDArray[np.float32]) -> Tensor:
    """Logits (N, K) of the network's last layer, as `fit_head` has left it, from features (N, D).

    They are those of the whole network for the pictures that the features come from.
    """
    head = blocks.last_layer(network.network)
    inputs = torch.from_numpy(features).to(network.mean.device)
    if isinstance(head, nn.Conv2d):
        inputs = inputs[:, :, None, None]
    with torch.inference_mode():
        return torch.cat([head(part).flatten(1) for part in inputs.split(_AT_ONCE)])


def _fit_probe(
    head: nn.Linear | nn.Conv2d, pictures: FrozenPictures, num_classes: int
) -> Probabilities | None:
    features, labels = pictures.features(), pictures.labels
    mirrored = pictures.mirrored and pictures.mirrored()
    if pictures.folds.max() < 0:
        copies = [features] if mirrored is None else [features, mirrored]
        rows = np.concatenate(copies)
        probe = linear_probe.fit(rows, np.concatenate([labels] * len(copies)), num_classes)
        linear_head.put_into(head, probe)
        return None
    found = cross_validated_probe.fit(
        features,
        labels,
        pictures.folds,
        num_classes,
        mirrored=mirrored,
        is_spare=pictures.is_spare,
    )
    linear_head.put_into(head, found.probe)
    return found.probabilities


def _fit_prototypes(
    head: nn.Linear | nn.Conv2d, pictures: FrozenPictures, num_classes: int
) -> Probabilities | None:
    features, labels = pictures.features(), pictures.labels
    if pictures.folds.max() < 0:
        linear_head.put_into(head, prototypes.fit(features, labels, num_classes))
        return None
    found = prototypes.cross_validated(features, labels, pictures.folds, num_classes)
    linear_head.put_into(head, found.probe)
    return found.probabilities


def _fit_neighbours(
    network: Normalised, pictures: FrozenPictures, num_classes: int
) -> Probabilities | None:
    features, labels = pictures.features(), pictures.labels
    layer = NearestNeighbours.fit(features, labels, num_classes)
    blocks.replace_last_layer(network.network, layer.to(network.mean.device))

    def answer(seen: NDArray[np.bool_], unseen: NDArray[np.bool_]) -> Probabilities:
        of_others = NearestNeighbours.fit(features[seen], labels[seen], num_classes)
        return of_others.probabilities(features[unseen])

    return None if pictures.folds.max() < 0 else pictures.out_of_fold(answer)


def _fit_majority(
    head: nn.Linear | nn.Conv2d, pictures: FrozenPictures, num_classes: int
) -> Probabilities | None:
    def shares(seen: NDArray[np.bool_]) -> NDArray[np.float32]:
        labels = pictures.labels[seen]
        counts = decisions.counts(labels, num_classes)
        return np.clip(counts / len(labels), 1e-6, 1 - 1e-6).astype(np.float32)

    def answer(seen: NDArray[np.bool_], unseen: NDArray[np.bool_]) -> Probabilities:
        return np.tile(shares(seen), (int(unseen.sum()), 1))

    everything = np.ones(len(pictures.labels), bool)
    weight = np.zeros((num_classes, head.weight[0].numel()), np.float32)
    found = shares(everything)
    bias = np.log(found) - (np.log1p(-found) if pictures.labels.ndim == 2 else 0)
    linear_head.put_into(head, LinearProbe(weight, np.asarray(bias, np.float32)))
    return None if pictures.folds.max() < 0 else pictures.out_of_fold(answer)


def empty_neighbours(weights: dict[str, Tensor], num_classes: int) -> NearestNeighbours:
    """An empty layer of the size that is stored among the weights of a model."""
    (shape,) = (tensor.shape for name, tensor in weights.items() if name.endswith(".features"))
    has_sets = any(t.ndim == 2 for name, t in weights.items() if name.endswith(".labels"))
    return NearestNeighbours(shape[0], shape[1], num_classes, has_sets=has_sets)
