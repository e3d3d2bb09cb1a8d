import numpy as np
import pytest

from automl.evaluation import answers
from automl.evaluation.predictions import Predictions

PREDICTIONS = Predictions(
    np.arange(4),
    np.array([0, 0, 1, 1]),
    np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [1.0, 0.0]], dtype=np.float32),
)


def test_the_loss_is_that_of_the_true_class_and_stays_finite():
    loss = answers.losses(PREDICTIONS)
    assert loss[:3] == pytest.approx(-np.log([0.9, 0.2, 0.4]), rel=1e-5)
    assert loss[3] == pytest.approx(-np.log(1e-12))


def test_wrong_answers_are_found():
    assert answers.wrong(PREDICTIONS).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("surest first", [3, 1, 2]),
        ("least sure first", [2, 1, 3]),
        ("highest loss first", [3, 1, 2]),
    ],
)
def test_the_order_of_looking_at_them(order, expected):
    assert answers.ordered(PREDICTIONS, np.array([1, 2, 3]), order).tolist() == expected
