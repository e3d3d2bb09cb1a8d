"""The classification report: every class against the rest, and the averages over them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from automl.evaluation.confusion import class_scores, matrix
from automl.evaluation.predictions import Predictions

COLUMNS = ("precision", "recall", "f1", "auc", "average_precision")
_AVERAGED = ("precision_score", "recall_score", "f1_score", "auc", "average_precision_score")


def class_report(predictions: Predictions, class_names: Sequence[str]) -> pd.DataFrame:
    """One row a class: `class`, `pictures`, and the columns of `COLUMNS`.

    NaN where a number is not defined: everything but precision for a class without pictures,
    precision for one that was never the answer. Area under the ROC curve and average precision
    are scikit-learn's, of the class against the rest.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score  # slow to import

    num_classes = len(class_names)
    cells = matrix(predictions.labels, predictions.predicted, num_classes)
    scores = class_scores(cells)
    found = 2 * cells.diagonal() / np.maximum(cells.sum(axis=0) + scores.support, 1)
    f1 = np.where(scores.support > 0, found, np.nan)
    areas = np.full((2, num_classes), np.nan)
    if np.count_nonzero(scores.support) > 1:  # without other classes no area is defined
        for index in np.flatnonzero(scores.support):
            truth = predictions.labels == index
            given = predictions.probabilities[:, index]
            areas[:, index] = roc_auc_score(truth, given), average_precision_score(truth, given)
    columns = dict(zip(COLUMNS, (scores.precision, scores.recall, f1, *areas), strict=True))
    return pd.DataFrame({"class": class_names, "pictures": scores.support, **columns})


def averages(metrics: Mapping[str, float]) -> pd.DataFrame:
    """The rows micro, macro and weighted, from the metrics of the same answers; NaN if missing."""
    rows = []
    for average in ("micro", "macro", "weighted"):
        values = (metrics.get(f"{base}_{average}", np.nan) for base in _AVERAGED)
        rows.append({"class": average, **dict(zip(COLUMNS, values, strict=True))})
    return pd.DataFrame(rows)


def absent(report: pd.DataFrame) -> list[str]:
    """Classes without a picture, which the macro averages leave out."""
    return [str(name) for name in report.loc[report["pictures"] == 0, "class"]]
