import numpy as np
import pytest

from automl.evaluation import confusion
from automl.evaluation.predictions import Predictions

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 1, 1, 1, 2, 2])
MATRIX = confusion.matrix(LABELS, PREDICTED, 4)


def test_rows_are_true_and_columns_predicted_classes():
    assert MATRIX.tolist() == [[1, 2, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_the_most_confused_come_first_without_the_diagonal_and_empty_cells():
    assert confusion.most_confused(MATRIX, 10) == [(0, 1, 2), (1, 2, 1)]
    assert confusion.most_confused(MATRIX, 1) == [(0, 1, 2)]


def test_no_errors_no_confusion():
    assert confusion.most_confused(np.diag([3, 4]), 5) == []


def test_the_hardest_classes_are_those_in_most_errors():
    assert confusion.hardest_classes(MATRIX, 2) == [0, 1]


def test_the_pictures_of_a_cell_are_found():
    probabilities = np.array([[0.4, 0.6], [0.1, 0.9], [0.8, 0.2]], dtype=np.float32)
    predictions = Predictions(np.array([7, 8, 9]), np.array([0, 0, 0]), probabilities)
    assert confusion.inside(predictions, 0, 1).tolist() == [0, 1]
    assert confusion.inside(predictions, 1, 0).tolist() == []


def test_shares_add_up_to_one_and_empty_rows_to_nothing():
    assert confusion.shares(MATRIX, "row").sum(axis=1) == pytest.approx([1, 1, 1, 0])
    assert confusion.shares(MATRIX, "column").sum(axis=0) == pytest.approx([1, 1, 1, 0])
    assert confusion.shares(MATRIX, "row")[0, 1] == pytest.approx(2 / 3)


def test_the_table_lists_the_cells_that_hold_pictures():
    table = confusion.table(MATRIX, ["a", "b", "c", "d"])
    assert table.iloc[0].tolist() == ["a", "b", 2, pytest.approx(2 / 3), pytest.approx(2 / 3)]
    assert table["pictures"].sum() == len(LABELS)


def test_scores_of_a_class_are_nan_where_it_has_no_pictures():
    scores = confusion.class_scores(MATRIX)
    assert scores.support.tolist() == [3, 2, 1, 0]
    np.testing.assert_allclose(scores.recall, [1 / 3, 1 / 2, 1, np.nan])
    np.testing.assert_allclose(scores.precision, [1, 1 / 3, 1 / 2, np.nan])
