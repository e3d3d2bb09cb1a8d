"""The confusion matrix, its fullest cells and the pictures behind a cell."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.evaluation.predictions import Predictions

Unit = Literal["count", "row", "column"]


class Confusion(NamedTuple):
    """One cell off the diagonal: class indices and number of pictures."""

    true: int
    predicted: int
    num_pictures: int


class ClassScores(NamedTuple):
    """Scores of each class, (K,) each."""

    support: NDArray[np.int64]
    """Number of pictures."""

    recall: NDArray[np.float64]
    """NaN for a class without pictures."""

    precision: NDArray[np.float64]
    """NaN for a class that was never predicted."""


def matrix(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], num_classes: int
) -> NDArray[np.int64]:
    """Count pictures by class: (K, K), rows true, columns predicted."""
    cells = np.bincount(labels * num_classes + predicted, minlength=num_classes**2)
    return cells.reshape(num_classes, num_classes).astype(np.int64)


def most_confused(matrix: NDArray[np.int64], limit: int) -> list[Confusion]:
    """Return the fullest cells off the diagonal, fullest first, without empty ones."""
    errors = _errors(matrix)
    order = np.argsort(-errors, axis=None, kind="stable")[:limit]
    rows, columns = np.unravel_index(order, errors.shape)
    return [
        Confusion(int(row), int(column), int(errors[row, column]))
        for row, column in zip(rows, columns, strict=True)
        if errors[row, column]
    ]


def hardest_classes(matrix: NDArray[np.int64], limit: int) -> list[int]:
    """Return the classes in most errors, true or predicted, in the order of their index."""
    errors = _errors(matrix)
    involved = errors.sum(axis=0) + errors.sum(axis=1)
    return sorted(int(index) for index in np.argsort(-involved, kind="stable")[:limit])


def inside(predictions: Predictions, true: int, predicted: int) -> NDArray[np.int64]:
    """Return the positions of the answers in one cell."""
    return np.flatnonzero((predictions.labels == true) & (predictions.predicted == predicted))


def shares(matrix: NDArray[np.int64], unit: Unit) -> NDArray[np.float64]:
    """Divide each cell by the sum of its row, or of its column for the unit `column`.

    For `count` the shares of the row are returned too: they set the colour of a cell. Cells of an
    empty row or column are 0.
    """
    sums = matrix.sum(axis=0 if unit == "column" else 1, keepdims=True)
    share: NDArray[np.float64] = matrix / np.maximum(sums, 1)
    return share


def table(matrix: NDArray[np.int64], class_names: Sequence[str]) -> pd.DataFrame:
    """Return one row for each cell that is not empty, the fullest first."""
    rows, columns = np.nonzero(matrix)
    share_of_row, share_of_column = shares(matrix, "row"), shares(matrix, "column")
    cells = pd.DataFrame(
        {
            "true": [class_names[row] for row in rows.tolist()],
            "predicted": [class_names[column] for column in columns.tolist()],
            "pictures": matrix[rows, columns],
            "share of row": share_of_row[rows, columns],
            "share of column": share_of_column[rows, columns],
        }
    )
    return cells.sort_values("pictures", ascending=False, kind="stable")


def class_scores(matrix: NDArray[np.int64]) -> ClassScores:
    """Compute support, recall and precision of every class from a matrix (K, K)."""
    support, num_predicted, right = matrix.sum(axis=1), matrix.sum(axis=0), matrix.diagonal()
    return ClassScores(support, _share(right, support), _share(right, num_predicted))


def _errors(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    errors = matrix.copy()
    np.fill_diagonal(errors, 0)
    return errors


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    share = np.full(len(whole), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share
