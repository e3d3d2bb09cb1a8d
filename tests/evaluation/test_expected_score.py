import numpy as np
import pytest

from automl.evaluation.comparable_scores import Candidate, compare
from automl.evaluation.expected_score import choose, expected_score
from automl.evaluation.predictions import Predictions
from tests.evaluation.searches import answers


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def rows(is_right: np.ndarray, rng: np.random.Generator, **known) -> list[Candidate]:
    """Trials from (M, N): which pictures each gets right."""
    labels = np.arange(is_right.shape[1]) % 2
    return [
        Candidate(f"t{index}", Predictions(np.arange(len(labels)), labels, one), **known)
        for index, one in enumerate(answers(each, labels, rng) for each in is_right)
    ]


def expected(trials: list[Candidate]):
    comparison = compare("accuracy", trials)
    assert comparison is not None
    return expected_score(comparison, choose(comparison))


def test_the_best_of_ten_coins_is_expected_to_be_a_coin(rng):
    found = [expected(rows(rng.random((10, 100)) < 0.5, rng)) for _ in range(20)]
    assert np.mean([each.score for each in found]) == pytest.approx(0.5, abs=0.015)
    assert np.mean([each.low < 0.5 < each.high for each in found]) >= 0.9
    assert {each.num_trials for each in found} == {10}


def test_a_clear_winner_is_expected_to_do_as_well_again(rng):
    shares = np.array([[0.9], [0.6], [0.55]])
    found = expected(rows(np.arange(200) < 200 * shares, rng))
    assert found.trial_id == "t0"
    assert found.score == pytest.approx(0.9, abs=0.005)
    assert found.low < 0.86
    assert found.high > 0.93


def test_an_interval_does_not_vanish_when_every_answer_is_right(rng):
    found = expected(rows(np.ones((2, 40), dtype=bool), rng))
    assert found.high == 1
    assert 0.96 < found.score < 1
    assert 0.83 < found.low < 0.9


def test_pictures_of_four_groups_that_are_all_right_say_as_much_as_four_pictures(rng):
    groups = {each: each // 10 for each in range(40)}
    comparison = compare("accuracy", rows(np.ones((2, 40), dtype=bool), rng), groups)
    found = expected_score(comparison, 0)
    assert 0.3 < found.low < 0.5
    assert found.num_pictures == 40


def test_of_equally_good_trials_the_cheapest_is_handed_out(rng):
    right = np.arange(100) < 80
    costs = [(0.02, 9), (0.01, 9), (0.01, 5), (0.001, 1)]
    trials = [
        rows(right[None] if cost[1] > 1 else right[None] & (np.arange(100) > 9), rng, cost=cost)[0]
        for cost in costs
    ]
    comparison = compare("accuracy", trials)
    assert comparison is not None
    assert choose(comparison) == 2, "the last one costs less and is worse"


@pytest.mark.parametrize(("confidences", "handed_out"), [((0.7, 0.7), "dear"), ((0.7, 0.51), "")])
def test_of_equal_scores_a_loss_that_is_lower_beyond_noise_is_worth_its_cost(
    confidences, handed_out
):
    labels = np.arange(100) % 2
    is_right = np.arange(100) >= 20

    def row(trial_id: str, confidence: np.ndarray, cost: float) -> Candidate:
        said = np.where(is_right, labels, 1 - labels)
        probabilities = np.full((100, 2), 1 - confidence[:, None], np.float32)
        probabilities[np.arange(100), said] = confidence
        predictions = Predictions(np.arange(100), labels, probabilities)
        return Candidate(trial_id, predictions, cost=(cost,))

    cheap = row("", np.full(100, 0.6), 0.01)
    dear = row("dear", np.where(is_right, np.resize(confidences, 100), 0.6), 0.03)
    comparison = compare("accuracy", [cheap, dear])
    assert comparison is not None
    assert comparison.rows[choose(comparison)].trial_id == handed_out


def test_nineteen_answers_are_too_few(rng):
    assert expected(rows(rng.random((3, 19)) < 0.8, rng)) is None
    assert expected(rows(rng.random((3, 20)) < 0.8, rng)) is not None


def test_a_score_below_chance_stays_within_its_interval(rng):
    comparison = compare("norm_macro_recall", rows(np.arange(40)[None] < 10, rng))
    assert comparison is not None
    found = expected_score(comparison, 0)
    assert found is not None
    assert found.low <= found.score < 0 < found.high
