from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from automl.errors import UserError
from automl.evaluation import metrics, thresholds
from automl.evaluation.predictions import Predictions

RNG = np.random.default_rng(2)
TRUTH = RNG.random((200, 3)) < [0.4, 0.2, 0.02]
SCORES = np.clip(0.15 * TRUTH + 0.25 * RNG.random((200, 3)), 0, 1).round(3)


def answers_of(scores, truth) -> Predictions:
    return Predictions(np.arange(len(truth)), truth, scores)


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
    answers = thresholds.cross_fitted(answers_of(noise, truth))
    assert answers.f1_scores.mean() < on_the_same
    assert thresholds.cross_fitted(answers_of(SCORES, TRUTH)).f1_scores[:2].min() > 0.6


def test_copies_of_a_picture_choose_no_threshold_that_judges_them():
    noise, truth = (np.repeat(RNG.random((20, 3)), 15, axis=0) for _ in range(2))
    answers = answers_of(noise, truth < 0.4)
    groups = {index: index // 15 for index in range(300)}
    alone, together = (thresholds.cross_fitted(answers, groups=each) for each in (None, groups))
    assert together.f1_scores.mean() < alone.f1_scores.mean() - 0.05
    moved = thresholds.as_handed_out("iou", answers, groups)
    assert np.array_equal(moved.predicted, together.predicted)


def test_without_a_true_decision_nothing_is_chosen():
    assert thresholds.for_all(SCORES, np.zeros_like(TRUTH)) == 0.5
    assert thresholds.for_all(np.zeros((3, 1)), np.ones((3, 1), bool)) == 0.5


def test_a_stated_precision_is_met_with_the_highest_recall():
    aim = thresholds.Aim.parse("precision=0.8")
    for index, least in enumerate(thresholds.by_label(SCORES, TRUTH, aim)[:2]):
        truth, scores = TRUTH[:, index], SCORES[:, index]
        met = [
            truth[scores >= one].sum()
            for one in np.unique(scores)
            if truth[scores >= one].mean() >= 0.8
        ]
        assert truth[scores >= least].mean() >= 0.8
        assert truth[scores >= least].sum() == max(met)


def test_a_stated_recall_is_met_with_the_highest_precision():
    aim = thresholds.Aim.parse("recall=0.9")
    for index, least in enumerate(thresholds.by_label(SCORES, TRUTH, aim)[:2]):
        truth, scores = TRUTH[:, index], SCORES[:, index]
        enough = 0.9 * truth.sum()
        met = [
            truth[scores >= one].mean()
            for one in np.unique(scores)
            if truth[scores >= one].sum() >= enough
        ]
        assert truth[scores >= least].sum() >= enough
        assert truth[scores >= least].mean() == pytest.approx(max(met))


def test_a_precision_that_cannot_be_met_predicts_nothing():
    truth, scores = np.array([[False], [True]] * 20), np.tile([[0.9], [0.2]], (20, 1))
    (least,) = thresholds.by_label(scores, truth, thresholds.Aim("precision", 0.9))
    assert least > 0.9


def test_costs_move_the_threshold_to_where_they_are_least():
    def cost(least, false_cost):
        predicted = least <= SCORES
        return false_cost * (predicted & ~TRUTH).sum() + (TRUTH & ~predicted).sum()

    chosen = [
        thresholds.for_all(SCORES, TRUTH, thresholds.Aim("cost", worth)) for worth in (0.2, 5)
    ]
    assert chosen[0] < chosen[1]
    for least, worth in zip(chosen, (0.2, 5), strict=True):
        every = [cost(one, worth) for one in (*np.unique(SCORES), 1.1)]
        assert cost(least, worth) == min(every)


def test_one_threshold_for_all_labels_and_a_fixed_one():
    aim = thresholds.Aim.parse("fixed=0.25")
    assert set(thresholds.chosen(SCORES, TRUTH, aim, one_for_all=False)) == {0.25}
    assert len(set(thresholds.chosen(SCORES, TRUTH, thresholds.F1, one_for_all=True))) == 1
    assert str(thresholds.Aim.parse("cost=5")) == "cost=5"


@pytest.mark.parametrize(
    "text",
    ["", "f2", "f1=1", "precision", "precision=2", "cost=-1", "fixed=x", "fixed"],
)
def test_an_aim_that_is_none_is_refused(text):
    with pytest.raises(UserError, match="The aim of the thresholds is"):
        thresholds.Aim.parse(text)


def test_own_thresholds_become_one_half_in_metrics_of_decisions():
    rng = np.random.default_rng(3)
    truth = rng.random((200, 4)) < [0.5, 0.3, 0.2, 0.03]
    shares = (rng.random(truth.shape) * 0.3 + 0.2 * truth).astype(np.float32)
    answers = answers_of(shares, truth)
    fitted = thresholds.cross_fitted(answers)
    for metric in ("iou", "accuracy", "norm_macro_recall", "precision_score_weighted"):
        moved = thresholds.as_handed_out(metric, answers)
        assert np.array_equal(moved.predicted, fitted.predicted)
        assert 0 <= moved.probabilities.min() <= moved.probabilities.max() <= 1
        scored = metrics.primary(metric, moved.probabilities, truth)
        assert scored == pytest.approx(metrics.value(metric, fitted))
    assert thresholds.as_handed_out("auc_weighted", answers) is answers
    broken = replace(answers, probabilities=np.full_like(shares, np.nan))
    assert thresholds.as_handed_out("iou", broken) is broken
    of_one = Predictions(np.arange(200), truth[:, 0].astype(int), shares)
    assert thresholds.as_handed_out("accuracy", of_one) is of_one
