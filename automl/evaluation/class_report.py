"""The classification report: every class against the rest, and the averages over them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.evaluation import metrics as all_metrics
from automl.evaluation import natural_order, thresholds
from automl.evaluation.counted_answers import CountedAnswers
from automl.evaluation.predictions import Predictions
from automl.evaluation.set_answers import SetAnswers

COLUMNS = ("precision", "recall", "f1", "auc", "average_precision")
_AVERAGED = ("precision_score", "recall_score", "f1_score", "auc", "average_precision_score")


def class_report(predictions: Predictions, class_names: Sequence[str]) -> pd.DataFrame:
    """Return one row for each class: `class`, `pictures` and `COLUMNS`.

    The rows are in the natural order of the names; the index of the table is that of the class.

    NaN marks a number that is not defined: everything but precision for a class without pictures,
    and precision for a class that was never predicted.
    """
    answers = all_metrics.answers_for(predictions.probabilities, predictions.labels)
    areas = np.stack([answers.areas, answers.average_precisions], axis=1)
    return _report(answers, class_names, areas)


def label_report(predictions: Predictions, class_names: Sequence[str]) -> pd.DataFrame:
    """The same of label sets, with the four counts of each label and its `threshold`.

    The counts are `right`, `missed`, `false` and `rightly absent` at a threshold of 0.5; the
    threshold is that with the highest F1 (see `thresholds.by_label`).
    """
    answers = SetAnswers(predictions.probabilities, predictions.labels)
    chosen, areas = thresholds.by_label_with_areas(answers)
    missed, false = answers.support - answers.hits, answers.guesses - answers.hits
    counts = pd.DataFrame(
        {
            "right": answers.hits,
            "missed": missed,
            "false": false,
            "rightly absent": len(answers.labels) - answers.guesses - missed,
            "threshold": chosen,
        }
    )
    return _report(answers, class_names, areas).join(counts)


def _report(
    answers: CountedAnswers, class_names: Sequence[str], areas: NDArray[np.float64]
) -> pd.DataFrame:
    has_pictures, is_predicted = answers.support > 0, answers.guesses > 0
    columns = (
        np.where(is_predicted, answers.precisions, np.nan),
        np.where(has_pictures, answers.recalls, np.nan),
        np.where(has_pictures, answers.f1_scores, np.nan),
        *areas.T,
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
