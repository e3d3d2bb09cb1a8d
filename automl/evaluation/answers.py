"""Single answers: their loss, their confidence, and their order for display."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import decisions
from automl.evaluation.predictions import Predictions
from automl.texts import _

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
    """Return the probability of the predicted class: (N,).

    Of label sets it is the mean over the labels of the probability of what was decided.
    """
    return decisions.certainty(predictions.probabilities, predictions.labels).astype(np.float64)


def wrong(predictions: Predictions) -> NDArray[np.int64]:
    """Return the positions of the wrong answers."""
    return np.flatnonzero(~decisions.is_right(predictions.probabilities, predictions.labels))


def in_words(predictions: Predictions, position: int, names: Sequence[str]) -> tuple[str, str]:
    """The true class or labels of a picture, and what the answer made of them.

    The second is empty for a right answer, the predicted class for a wrong one, and for a wrong
    label set the labels that were missed and those that are false.
    """
    true, predicted = predictions.labels[position], predictions.predicted[position]
    if not predictions.has_label_sets:
        return names[true], "" if true == predicted else names[predicted]

    def named(are_meant: NDArray[np.bool_]) -> str:
        return ", ".join(names[index] for index in np.flatnonzero(are_meant).tolist())

    wrong = {
        _("missed {labels}"): named(true & ~predicted),
        _("false {labels}"): named(predicted & ~true),
    }
    said = [how.format(labels=those) for how, those in wrong.items() if those]
    return named(true) or _("no label"), "; ".join(said)


def ordered(
    predictions: Predictions, positions: NDArray[np.int64], order: Order
) -> NDArray[np.int64]:
    """Sort positions for display; equal ones keep their order."""
    chosen = predictions.at(positions)
    if order == "highest loss first":
        keys = -losses(chosen)
    elif order == "surest first":
        keys = -confidence(chosen)
    else:
        keys = confidence(chosen)
    return positions[np.argsort(keys, kind="stable")]
