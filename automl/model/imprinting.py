"""Rows for new classes in a trained last layer, from the features of their pictures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from automl.model import linear_head
from automl.model.linear_probe import LinearProbe
from automl.model.network import Normalised

_LEAST_NORM = 1e-7


def imprint(
    network: Normalised,
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    new_rows: Sequence[int],
) -> None:
    """Set rows of a trained last layer for new classes from the features of their pictures.

    Imprinted weights (Qi, Brown and Lowe, Low-Shot Learning with Imprinted Weights, 2018), with
    features relative to their mean: a row points from the mean of all pictures to that of its
    class, has the typical length of the rows that are there, and gives the pictures the mean logit
    that these give. Lengths are relative to the mean of the rows; one row alone has its own.

    Args:
        network: its last layer is linear, with one row for each class.
        features: (N, D).
        labels: class indices (N,), or label sets (N, K).
        new_rows: indices of the new classes; one without pictures keeps its row.
    """
    head = linear_head.of(network.network)
    weight = head.weight.detach().cpu().numpy().reshape(len(head.weight), -1).copy()
    bias = head.bias.detach().cpu().numpy().copy()  # type: ignore[union-attr]
    old = np.setdiff1d(np.arange(len(weight)), new_rows)
    mean = features.mean(axis=0)
    common = weight[old].mean(axis=0) if len(old) > 1 else np.zeros_like(mean)
    length = float(np.linalg.norm(weight[old] - common, axis=1).mean())
    typical_logit = float((weight[old] @ mean + bias[old]).mean())
    for row in new_rows:
        belongs = labels == row if labels.ndim == 1 else labels[:, row].astype(bool)
        if not belongs.any():
            continue
        direction = features[belongs].mean(axis=0) - mean
        direction /= max(float(np.linalg.norm(direction)), _LEAST_NORM)
        weight[row] = common + length * direction
        bias[row] = typical_logit - float(weight[row] @ mean)
    linear_head.put_into(head, LinearProbe(weight, bias))
