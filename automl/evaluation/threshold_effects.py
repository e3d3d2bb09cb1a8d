"""Effects of thresholds on the answers of a model with label sets. Pure."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from automl.evaluation import metrics
from automl.evaluation.set_answers import SetAnswers

KEYS = ("iou", "precision_score_macro", "recall_score_macro", "f1_score_macro", "accuracy")
"""Metrics by which thresholds are compared."""


def scores(answers: SetAnswers) -> dict[str, float]:
    """The metrics of `KEYS` with the thresholds of the answers."""
    known = metrics.METRICS_OF_TASK[metrics.MULTILABEL]
    return {key: known[key].value(answers) for key in KEYS}


def by_label(answers: SetAnswers, names: Sequence[str]) -> pd.DataFrame:
    """A row for each label: its threshold, precision, recall, F1, missed and false predictions."""
    return pd.DataFrame(
        {
            "label": list(names),
            "threshold": np.broadcast_to(answers.thresholds, len(names)),
            "precision": answers.precisions,
            "recall": answers.recalls,
            "F1": answers.f1_scores,
            "missed": answers.support - answers.hits,
            "false": answers.guesses - answers.hits,
        }
    )
