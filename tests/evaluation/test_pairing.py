import numpy as np

from automl.evaluation import pairing
from automl.evaluation.predictions import Predictions


def answers(labels, predicted):
    probabilities = np.eye(3, dtype=np.float32)[predicted]
    return Predictions(np.arange(len(labels)), np.array(labels), probabilities)


def test_pictures_are_paired_by_content_and_copies_counted_once():
    pairs = pairing.pair(["a", "b", "a", "c"], ["x", "c", "a", "c"])
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [(0, 2), (3, 1)]


def test_where_only_one_is_right_even_if_the_classes_are_numbered_otherwise():
    pairs = pairing.pair(["a", "b", "c"], ["c", "b", "a"])
    one, other = answers([0, 1, 2], [0, 0, 2]), answers([0, 2, 1], [1, 2, 1])
    assert pairing.only_right(pairs, one, other).tolist() == [False, False, True]
    swapped = pairing.Pairs(pairs.second, pairs.first)
    assert pairing.only_right(swapped, other, one).tolist() == [False, True, False]


def test_nothing_in_common_is_no_error():
    pairs = pairing.pair(["a"], ["b"])
    assert pairing.only_right(pairs, answers([0], [0]), answers([0], [1])).tolist() == []


def test_only_what_differs_is_listed():
    found = pairing.differences({"rate": 0.1, "model": "a"}, {"rate": 0.1, "model": "b", "n": 1})
    assert found == [("model", ("a", "b")), ("n", (None, 1))]


def test_of_several_it_is_enough_that_one_differs():
    assert pairing.differences({"a": 1}, {"a": 1}, {"a": 2}) == [("a", (1, 1, 2))]
