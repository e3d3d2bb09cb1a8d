"""Metrics of a trial under Azure's names, and its two charts in the JSON that Azure stores."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import confusion
from automl.evaluation.predictions import Predictions

_THRESHOLDS = np.linspace(0, 1, 101)


def name(metric: str) -> str:
    """Return Azure's name of a metric: only those of areas differ from ours."""
    return f"AUC{metric[3:]}" if metric.startswith("auc_") else metric


def summary(
    metrics: Mapping[str, float], predictions: Predictions, class_names: Sequence[str]
) -> dict[str, Any]:
    """Return all that Azure records of a trial's evaluation.

    There is no confusion matrix of label sets: no label is taken for another.

    Args:
        metrics: of the evaluation, under our names; one that is not defined becomes null.
        predictions: answers of the trial.
        class_names: (K,) in the order of the class indices.
    """
    matrix = {}
    if not predictions.has_label_sets:
        matrix["confusion_matrix"] = _confusion_matrix(predictions, class_names)
    return {
        "metrics": {
            name(key): value if np.isfinite(value) else None for key, value in metrics.items()
        },
        **matrix,
        "accuracy_table": _accuracy_table(predictions, class_names),
    }


def _confusion_matrix(predictions: Predictions, class_names: Sequence[str]) -> dict[str, Any]:
    counts = confusion.matrix(predictions.labels, predictions.predicted, len(class_names))
    return {
        "schema_type": "confusion_matrix",
        "schema_version": "1.0.0",
        "data": {"class_labels": list(class_names), "matrix": counts.tolist()},
    }


def _accuracy_table(predictions: Predictions, class_names: Sequence[str]) -> dict[str, Any]:
    """Counts of true and false answers for each class, by threshold and by percentile."""
    scores = predictions.probabilities.astype(np.float64)
    is_class = predictions.labels
    if not predictions.has_label_sets:
        is_class = predictions.labels[:, None] == np.arange(len(class_names))
    by_probability, by_percentile = [], []
    for column, truth in zip(scores.T, is_class.T, strict=True):
        by_probability.append(_counts(column, truth, _THRESHOLDS))
        by_percentile.append(_counts(column, truth, np.quantile(column, _THRESHOLDS)))
    thresholds = _THRESHOLDS.round(2).tolist()
    return {
        "schema_type": "accuracy_table",
        "schema_version": "1.0.1",
        "data": {
            "class_labels": list(class_names),
            "probability_tables": by_probability,
            "probability_thresholds": thresholds,
            "percentile_tables": by_percentile,
            "percentile_thresholds": thresholds,
        },
    }


def _counts(
    scores: NDArray[np.float64], truth: NDArray[np.bool_], thresholds: NDArray[np.float64]
) -> list[list[int]]:
    """Return true positives, false positives, true negatives, false negatives by threshold.

    A picture counts as positive if its score reaches the threshold.
    """
    positive = scores[None] >= thresholds[:, None]
    true_positives = (positive & truth).sum(axis=1)
    false_positives = (positive & ~truth).sum(axis=1)
    negatives = (~truth).sum() - false_positives
    missed = truth.sum() - true_positives
    rows = np.stack([true_positives, false_positives, negatives, missed], axis=1)
    counts: list[list[int]] = rows.tolist()
    return counts
