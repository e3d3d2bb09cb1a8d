"""Single answers: how wrong each one is, and in which order one looks at them."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from automl.evaluation.predictions import Predictions

Order = Literal["surest first", "least sure first", "highest loss first"]

_LEAST = 1e-12  # of a probability: the loss of a certain answer that is wrong stays a number


def losses(predictions: Predictions) -> NDArray[np.float64]:
    """(N,) negative logarithm of the probability of the true class, in nats."""
    true = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
    loss: NDArray[np.float64] = -np.log(np.clip(true.astype(np.float64), _LEAST, None))
    return loss


def confidence(predictions: Predictions) -> NDArray[np.float64]:
    """(N,) probability of the answer."""
    sure: NDArray[np.float64] = predictions.probabilities.max(axis=1).astype(np.float64)
    return sure


def wrong(predictions: Predictions) -> NDArray[np.int64]:
    """Positions of the wrong answers."""
    return np.flatnonzero(predictions.predicted != predictions.labels)


def ordered(
    predictions: Predictions, positions: NDArray[np.int64], order: Order
) -> NDArray[np.int64]:
    """The positions in the order of looking at them; equals stay as they are."""
    if order == "highest loss first":
        by = -losses(predictions)
    elif order == "surest first":
        by = -confidence(predictions)
    else:
        by = confidence(predictions)
    return positions[np.argsort(by[positions], kind="stable")]
