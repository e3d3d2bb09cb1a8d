import numpy as np

from automl.evaluation import natural_order
from automl.evaluation.class_report import class_report
from automl.evaluation.predictions import Predictions

TEXT_ORDER = sorted(map(str, range(12)))


def test_numbers_in_names_count():
    assert natural_order.names(TEXT_ORDER) == [str(number) for number in range(12)]
    assert natural_order.names(["b2", "B10", "a10b2", "a10b1", "a9"]) == [
        *("a9", "a10b1", "a10b2"),
        *("b2", "B10"),
    ]


def test_names_that_differ_in_nothing_but_case_and_zeros_have_one_order():
    names = ["01", "1", "A", "a", "²", "", "9" * 5000]
    assert natural_order.names(names) == natural_order.names(reversed(names))


def test_indices_keep_the_order_of_the_model():
    ordered = natural_order.indices(TEXT_ORDER)
    assert [TEXT_ORDER[index] for index in ordered] == [str(number) for number in range(12)]
    assert natural_order.indices(TEXT_ORDER, [2, 4, 1]) == [1, 4, 2]


def test_the_class_report_is_in_natural_order_with_the_index_of_the_model():
    labels = np.arange(12)
    report = class_report(Predictions(labels, labels, np.eye(12)), TEXT_ORDER)
    assert report["class"].tolist() == [str(number) for number in range(12)]
    assert [TEXT_ORDER[index] for index in report.index] == report["class"].tolist()
