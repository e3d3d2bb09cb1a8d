import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.evaluation import confidence


def two_classes(scores: list[float]) -> np.ndarray:
    """(N, 2) with the scores for class 1."""
    return np.stack([1 - np.array(scores), np.array(scores)], axis=1)


def test_calibration_by_hand():
    probabilities = two_classes([0.95, 0.92, 0.65, 0.61])
    found = confidence.calibration(probabilities, np.array([1, 0, 1, 1]))
    assert found.confidence == pytest.approx([0.63, 0.935])
    assert found.accuracy == pytest.approx([1.0, 0.5])
    assert found.num_pictures.tolist() == [2, 2]
    assert found.expected_error == pytest.approx((0.37 + 0.435) / 2)


def test_calibration_of_a_class_counts_how_often_it_is_there():
    found = confidence.class_calibration(two_classes([1.0, 0.05, 0.05]), np.array([1, 1, 0]), 1)
    assert found.accuracy.tolist() == [0.5, 1.0]


def test_coverage_by_hand():
    probabilities = two_classes([0.9, 0.1, 0.6, 0.7])
    found = confidence.coverage(probabilities, np.array([1, 0, 0, 1]))
    assert found.threshold == pytest.approx([0.9, 0.7, 0.6])
    assert found.coverage.tolist() == [0.5, 0.75, 1.0]
    assert found.accuracy == pytest.approx([1, 1, 0.75])
    assert confidence.answered(found, 0.65) == (0.75, 1.0)
    assert confidence.answered(found, 0.7) == (0.75, 1.0)
    assert confidence.answered(found, 0.0) == (1.0, 0.75)
    nothing, unknown = confidence.answered(found, 0.95)
    assert nothing == 0
    assert np.isnan(unknown)


def test_a_point_knows_its_bin_though_its_mean_lies_in_another():
    """Seven tenths in single precision times 10 is 7; as double precision it is less."""
    scores = np.array([0.3, 0.7], dtype=np.float32)
    probabilities = np.stack([scores[::-1], scores], axis=1)[1:]
    found = confidence.calibration(probabilities, np.array([1]))
    (number,) = confidence.bins(probabilities.max(axis=1), confidence.NUM_BINS)
    assert found.bin_numbers.tolist() == [number] == [7]
    assert int(found.confidence[0] * confidence.NUM_BINS) == 6


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_all_pictures_are_in_a_bin_and_covered(answers):
    probabilities = two_classes([score for score, _ in answers])
    labels = np.array([int(label) for _, label in answers])
    found = confidence.calibration(probabilities, labels)
    assert found.num_pictures.sum() == len(labels)
    assert 0 <= found.expected_error <= 1
    covered = confidence.coverage(probabilities, labels)
    assert covered.coverage[-1] == 1
    right = (probabilities.argmax(axis=1) == labels).mean()
    assert covered.accuracy[-1] == pytest.approx(right)


def test_the_histogram_counts_right_and_wrong_by_confidence():
    probabilities = two_classes([1.0, 0.95, 0.61, 0.3])
    right, wrong = confidence.histogram(probabilities, np.array([1, 0, 1, 0]), 10)
    assert (right[9], wrong[9], right[6], right[7]) == (1, 1, 1, 1)
    assert right.sum() + wrong.sum() == 4


def test_of_label_sets_every_decision_is_calibrated_and_whole_sets_are_right():
    truth = np.array([[1, 0], [1, 1]], bool)
    shares = np.array([[0.95, 0.05], [0.95, 0.35]])
    found = confidence.calibration(shares, truth)
    assert found.confidence == pytest.approx([0.05, 0.35, 0.95])
    assert found.accuracy.tolist() == [0, 1, 1]
    assert confidence.class_calibration(shares, truth, 1).accuracy.tolist() == [0, 1]
    right, wrong = confidence.histogram(shares, truth, 10)
    assert (right[9], wrong[8]) == (1, 1)  # the second set is wrong, and 0.8 sure
    whole = confidence.coverage(shares, truth)
    assert (whole.coverage.tolist(), whole.accuracy.tolist()) == ([0.5, 1], [1, 0.5])
