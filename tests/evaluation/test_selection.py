import numpy as np
import pytest

from automl.evaluation.selection import selection
from tests.evaluation.searches import answers


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_most_of_what_the_best_of_ten_coins_owes_to_luck_is_taken_off(rng):
    labels = np.tile([0, 1], 50)
    found = []
    for _ in range(8):
        coins = [answers(rng.random(100) < 0.5, labels, rng) for _ in range(10)]
        found.append(selection("accuracy", coins, labels))
    bias, corrected = np.mean(found, axis=0) - 0.5
    assert bias > 0.05
    assert abs(corrected) < bias / 2


def test_a_clear_winner_owes_nothing_to_having_been_chosen(rng):
    labels = np.tile([0, 1], 100)
    trials = [answers(rng.random(200) < share, labels, rng) for share in (0.95, 0.6, 0.55)]
    found = selection("accuracy", trials, labels)
    assert found is not None
    assert found.score == pytest.approx(found.corrected_score, abs=0.005)


def test_metrics_that_rank_can_be_corrected_too(rng):
    labels = np.tile([0, 1], 30)
    coins = [answers(rng.random(60) < 0.5, labels, rng) for _ in range(4)]
    found = selection("auc_weighted", coins, labels)
    assert found is not None
    assert found.corrected_score < found.score


def test_a_trial_without_a_score_is_never_chosen(rng):
    labels = np.tile([0, 1], 30)
    trials = [answers(rng.random(60) < share, labels, rng) for share in (0.8, 0.7)]
    broken = np.full_like(trials[0], np.nan)
    assert selection("auc_weighted", [broken, *trials], labels) == selection(
        "auc_weighted", trials, labels
    )
    assert selection("auc_weighted", [broken, trials[0]], labels) is None


def test_scores_that_most_resamples_do_not_have_are_not_corrected(rng):
    """A single picture of a class is either drawn or left, so one side has no area."""
    labels = np.array([1] + [0] * 40)
    trials = [rng.dirichlet([1, 1], 41) for _ in range(3)]
    assert selection("auc_weighted", trials, labels) is None
