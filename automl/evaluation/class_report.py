"""The classification report: every class against the rest, and the averages over them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from automl.evaluation import metrics as all_metrics
from automl.evaluation import natural_order
from automl.evaluation.predictions import Predictions

COLUMNS = ("precision", "recall", "f1", "auc", "average_precision")
_AVERAGED = ("precision_score", "recall_score", "f1_score", "auc", "average_precision_score")


def class_report(predictions: Predictions, class_names: Sequence[str]) -> pd.DataFrame:
    """Return one row for each class: `class`, `pictures` and `COLUMNS`.

    The rows are in the natural order of the names; the index of the table is that of the class.

    NaN marks a number that is not defined: everything but precision for a class without pictures,
    and precision for a class that was never predicted.
    """
    answers = all_metrics.answers_for(predictions.probabilities, predictions.labels)
    has_pictures, is_predicted = answers.support > 0, answers.guesses > 0
    columns = (
        np.where(is_predicted, answers.precisions, np.nan),
        np.where(has_pictures, answers.recalls, np.nan),
        np.where(has_pictures, answers.f1_scores, np.nan),
        answers.areas,
        answers.average_precisions,
    )
    report = pd.DataFrame(
        {
            "class": class_names,
            "pictures": answers.support,
            **dict(zip(COLUMNS, columns, strict=True)),
        }
    )
    return report.iloc[natural_order.indices(class_names)]


def averages(metrics: Mapping[str, float]) -> pd.DataFrame:
    """Return the rows micro, macro and weighted from all metrics of a model; NaN if missing."""
    rows = []
    for average in ("micro", "macro", "weighted"):
        values = (metrics.get(f"{base}_{average}", np.nan) for base in _AVERAGED)
        rows.append({"class": average, **dict(zip(COLUMNS, values, strict=True))})
    return pd.DataFrame(rows)


def absent(report: pd.DataFrame) -> list[str]:
    """Return the classes without a picture, which the macro averages leave out."""
    return [str(name) for name in report.loc[report["pictures"] == 0, "class"]]
