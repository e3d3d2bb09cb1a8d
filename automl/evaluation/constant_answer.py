"""The constant answer, always the most frequent class: the least that a model must beat."""

from typing import NamedTuple

import numpy as np

from automl.evaluation import decisions, metrics, picture_groups
from automl.evaluation.picture_groups import Groups
from automl.evaluation.predictions import Predictions
from automl.evaluation.significance import LEVEL, p_value_between

_MOST_TRIALS = 20
"""Limit of the correction: of more trials, most are nearly the same as others."""


class ConstantAnswer(NamedTuple):
    """Score of always answering the most frequent class, beside that of a model."""

    class_index: int | None
    """The most frequent class; None for label sets, where each label gets its frequency."""

    score: float
    num_pictures: int
    model_score: float
    is_beaten: bool
    """The model is better by more than chance explains."""

    @property
    def is_reached(self) -> bool:
        """True if the model has no higher score."""
        return not self.model_score > self.score


def compare(
    metric: str, predictions: Predictions, groups: Groups | None = None, *, num_trials: int = 1
) -> ConstantAnswer | None:
    """Compare a model with the constant answer on the pictures that the model answered for.

    Args:
        metric: key of a primary metric.
        predictions: answers of the model.
        groups: of the pictures.
        num_trials: number of trials that the model was chosen from, which raises the p-value that
            its lead by luck would have (Bonferroni).

    Returns:
        None without a picture, or if the metric is undefined for the constant answer.
    """
    labels, probabilities = predictions.labels, predictions.probabilities
    if not len(labels):
        return None
    counts = decisions.counts(labels, probabilities.shape[1])
    most_frequent = int(counts.argmax())
    if predictions.has_label_sets:  # the frequencies, of which the common labels are predicted
        frequencies = (counts / len(labels)).astype(probabilities.dtype)
        constant = np.broadcast_to(frequencies, probabilities.shape)
    else:
        constant = np.zeros_like(probabilities)
        constant[:, most_frequent] = 1.0
    constantly, answers = (metrics.answers_for(each, labels) for each in (constant, probabilities))
    score = metrics.value(metric, constantly)
    if np.isnan(score):
        return None
    model_score = metrics.value(metric, answers)
    is_beaten = model_score > score
    if is_beaten:
        members = picture_groups.members(predictions.sample_ids, groups)
        p_value = p_value_between(metric, answers, constantly, members=members)
        is_beaten = p_value is not None and p_value * min(num_trials, _MOST_TRIALS) <= LEVEL
    answered = None if predictions.has_label_sets else most_frequent
    return ConstantAnswer(answered, score, len(labels), model_score, is_beaten)
