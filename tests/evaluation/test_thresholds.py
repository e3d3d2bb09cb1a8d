import numpy as np
import pytest
from sklearn.metrics import f1_score

from automl.evaluation import thresholds

RNG = np.random.default_rng(2)
TRUTH = RNG.random((200, 3)) < [0.4, 0.2, 0.02]
SCORES = np.clip(0.15 * TRUTH + 0.25 * RNG.random((200, 3)), 0, 1).round(3)


def test_the_threshold_of_a_label_has_the_highest_f1_of_all():
    chosen = thresholds.by_label(SCORES, TRUTH)
    for index in (0, 1):
        every = [
            f1_score(TRUTH[:, index], SCORES[:, index] >= least) for least in np.unique(SCORES)
        ]
        found = f1_score(TRUTH[:, index], SCORES[:, index] >= chosen[index])
        assert found == pytest.approx(max(every))


def test_a_rare_label_takes_the_threshold_of_all_labels():
    assert TRUTH[:, 2].sum() < 10
    assert thresholds.by_label(SCORES, TRUTH)[2] == thresholds.for_all(SCORES, TRUTH)


def test_scores_with_thresholds_belong_to_other_pictures():
    noise = RNG.random((300, 4))
    truth = RNG.random((300, 4)) < 0.3
    luck = thresholds.by_label(noise, truth)
    on_the_same = np.mean(
        [f1_score(t, s >= least) for t, s, least in zip(truth.T, noise.T, luck, strict=True)]
    )
    answers = thresholds.cross_fitted(noise, truth)
    assert answers.f1_scores.mean() < on_the_same
    assert thresholds.cross_fitted(SCORES, TRUTH).f1_scores[:2].min() > 0.6


def test_without_a_true_decision_nothing_is_chosen():
    assert thresholds.for_all(SCORES, np.zeros_like(TRUTH)) == 0.5
    assert thresholds.for_all(np.zeros((3, 1)), np.ones((3, 1), bool)) == 0.5
