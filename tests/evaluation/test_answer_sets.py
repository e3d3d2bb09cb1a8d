import numpy as np
import pytest

from automl.errors import PredictionError
from automl.evaluation import answer_sets, unlike


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (N, 5) that are right about how often each class is true, and the classes."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(5, 0.4), count)
    labels = np.array([rng.choice(5, p=row) for row in probabilities])
    return probabilities, labels


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_sets_contain_the_right_class_as_often_as_asked(coverage: float) -> None:
    limit = answer_sets.limit(answer_sets.calibration(*drawn(1_500, 0)), coverage)
    probabilities, labels = drawn(1_500, 1)
    sets = [answer_sets.members(row, limit) for row in probabilities]
    share = np.mean([label in found for label, found in zip(labels, sets, strict=True)])
    assert coverage - 0.01 < share < coverage + 0.05
    assert 1 < np.mean([len(found) for found in sets]) < 3


def test_less_is_covered_in_one_of_twenty_draws_at_most() -> None:
    """Whatever the probabilities are: those of the right classes are any numbers."""
    rng = np.random.default_rng(0)
    limits = [answer_sets.limit(np.sort(rng.random(100))[::-1], 0.9) for _ in range(1_000)]
    covered = 1 - np.array(limits)  # of further numbers so many are above the limit
    assert 0.01 < (covered < 0.9).mean() < 0.065


def test_the_most_probable_class_is_always_in_the_set() -> None:
    assert answer_sets.members(np.array([0.2, 0.5, 0.3]), 2.0).tolist() == [1]


def test_a_probability_at_the_limit_is_in_the_set() -> None:
    row = np.array([0.1234567, 0.8765433], np.float32)
    limit = answer_sets.calibration(row[None], np.array([0]))[0]
    assert answer_sets.members(row, limit).tolist() == [1, 0]


def test_few_pictures_guarantee_little() -> None:
    calibrated = np.linspace(1, 0.5, 59)
    assert answer_sets.limit(calibrated, 0.95) == 0.5
    with pytest.raises(PredictionError, match=r"coverage is 0.96, and the 59 pictures .* 0.95"):
        answer_sets.limit(calibrated, 0.96)


def test_false_alarms_are_as_rare_as_asked_or_as_the_pictures_allow() -> None:
    rng = np.random.default_rng(0)
    alarms = []
    for _ in range(200):
        threshold, rate = unlike.threshold(rng.random(500))
        assert rate == 0.01
        alarms.append((rng.random(500) > threshold).mean())
    assert np.mean(alarms) == pytest.approx(0.01, abs=0.002)
    assert unlike.threshold(np.array([0.1, 0.3, 0.2])) == (0.3, 0.25)
