"""Single answers: their loss, their confidence, and their order for display."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import decisions
from automl.evaluation.predictions import Predictions

Order = Literal["surest first", "least sure first", "highest loss first"]

_LEAST = 1e-12  # smallest probability, so that the loss stays finite


def losses(predictions: Predictions) -> NDArray[np.float64]:
    """Return the negative logarithm of the probability of the true class: (N,), in nats.

    Of label sets it is the mean over the labels, see `decisions.log_likelihood`.
    """
    if predictions.has_label_sets:
        return -decisions.log_likelihood(predictions.probabilities, predictions.labels)
    true = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
    loss: NDArray[np.float64] = -np.log(np.clip(true.astype(np.float64), _LEAST, None))
    return loss


def confidence(predictions: Predictions) -> NDArray[np.float64]:
    """Return the probability of the predicted class: (N,)."""
    highest: NDArray[np.float64] = predictions.probabilities.max(axis=1).astype(np.float64)
    return highest


def wrong(predictions: Predictions) -> NDArray[np.int64]:
    """Return the positions of the wrong answers."""
    return np.flatnonzero(predictions.predicted != predictions.labels)


def ordered(
    predictions: Predictions, positions: NDArray[np.int64], order: Order
) -> NDArray[np.int64]:
    """Sort positions for display; equal ones keep their order."""
    if order == "highest loss first":
        keys = -losses(predictions)
    elif order == "surest first":
        keys = -confidence(predictions)
    else:
        keys = confidence(predictions)
    return positions[np.argsort(keys[positions], kind="stable")]
