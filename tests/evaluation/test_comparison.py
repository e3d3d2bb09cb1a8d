import numpy as np
import pytest
from scipy.stats import binomtest

from automl.evaluation import comparison


def answers(right: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Probabilities (N, 2) of a trial that is right where it is said to be."""
    sure = rng.uniform(0.55, 0.95, size=len(labels))
    chosen = np.where(right, labels, 1 - labels)
    return np.where(chosen[:, None] == [0, 1], sure[:, None], 1 - sure[:, None])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_the_difference_in_accuracy_is_tested_where_only_one_is_right(rng):
    labels = np.tile([0, 1], 50)
    one, other = np.ones(100, bool), np.ones(100, bool)
    one[:3] = False
    other[3:15] = False
    value = comparison.p_value_of_difference(
        "accuracy", answers(one, labels, rng), answers(other, labels, rng), labels
    )
    assert value == pytest.approx(binomtest(12, 15).pvalue)


@pytest.mark.parametrize("metric", ["accuracy", "auc_weighted", "norm_macro_recall"])
def test_a_trial_is_tied_with_itself_and_not_with_a_coin(rng, metric):
    labels = np.tile([0, 1], 100)
    good = answers(rng.random(200) < 0.95, labels, rng)
    coin = answers(rng.random(200) < 0.5, labels, rng)
    assert comparison.p_value_of_difference(metric, good, good, labels) == 1
    assert comparison.p_value_of_difference(metric, good, coin, labels) <= 0.02


def test_most_of_what_the_best_of_ten_coins_owes_to_luck_is_taken_off(rng):
    labels = np.tile([0, 1], 50)
    found = []
    for _ in range(8):
        coins = [answers(rng.random(100) < 0.5, labels, rng) for _ in range(10)]
        found.append(comparison.selection("accuracy", coins, labels))
    flattered, corrected = np.mean(found, axis=0) - 0.5
    assert flattered > 0.05
    assert abs(corrected) < flattered / 2


def test_a_clear_winner_owes_nothing_to_having_been_chosen(rng):
    labels = np.tile([0, 1], 100)
    trials = [answers(rng.random(200) < share, labels, rng) for share in (0.95, 0.6, 0.55)]
    found = comparison.selection("accuracy", trials, labels)
    assert found.score == pytest.approx(found.corrected_score, abs=0.005)


def test_metrics_that_rank_can_be_corrected_too(rng):
    labels = np.tile([0, 1], 30)
    coins = [answers(rng.random(60) < 0.5, labels, rng) for _ in range(4)]
    found = comparison.selection("auc_weighted", coins, labels)
    assert found.corrected_score < found.score
