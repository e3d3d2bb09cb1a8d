import numpy as np
import pytest
from sklearn import metrics as reference

from automl.evaluation import metrics, significance
from automl.evaluation.set_answers import SetAnswers

RNG = np.random.default_rng(7)
TRUTH = RNG.random((60, 5)) < [0.5, 0.3, 0.2, 0.6, 0.1]
TRUTH[:4] = False
SCORES = np.clip(0.35 * TRUTH + RNG.random((60, 5)) * 0.65, 0, 1).round(2)
GUESSED = SCORES >= 0.5


def reference_values() -> dict[str, float]:
    found = {
        "accuracy": reference.accuracy_score(TRUTH, GUESSED),
        "hamming_loss": reference.hamming_loss(TRUTH, GUESSED),
        "coverage_error": reference.coverage_error(TRUTH, SCORES),
        "ranking_loss": reference.label_ranking_loss(TRUTH, SCORES),
        "iou": reference.jaccard_score(TRUTH, GUESSED, average="samples", zero_division=1),
        "matthews_correlation": reference.matthews_corrcoef(TRUTH.ravel(), GUESSED.ravel()),
        "balanced_accuracy": np.mean(
            [
                reference.balanced_accuracy_score(t, g)
                for t, g in zip(TRUTH.T, GUESSED.T, strict=True)
            ]
        ),
        "norm_macro_recall": np.mean(
            [
                reference.balanced_accuracy_score(t, g, adjusted=True)
                for t, g in zip(TRUTH.T, GUESSED.T, strict=True)
            ]
        ),
        "log_loss": reference.log_loss(TRUTH.ravel(), np.clip(SCORES.ravel(), 1e-7, 1 - 1e-7)),
    }
    for average in ("macro", "micro", "weighted"):
        options = {"average": average}
        found |= {
            f"iou_{average}": reference.jaccard_score(TRUTH, GUESSED, **options),
            f"precision_score_{average}": reference.precision_score(TRUTH, GUESSED, **options),
            f"recall_score_{average}": reference.recall_score(TRUTH, GUESSED, **options),
            f"f1_score_{average}": reference.f1_score(TRUTH, GUESSED, **options),
            f"auc_{average}": reference.roc_auc_score(TRUTH, SCORES, **options),
            f"average_precision_score_{average}": reference.average_precision_score(
                TRUTH, SCORES, **options
            ),
        }
    return found


def test_metrics_of_label_sets_are_those_of_scikit_learn():
    found = metrics.classification_metrics(SCORES, TRUTH)
    expected = reference_values()
    assert {key: found[key] for key in expected} == pytest.approx(expected)
    by_hand = np.average((TRUTH == GUESSED).mean(axis=0), weights=TRUTH.sum(axis=0))
    assert found["weighted_accuracy"] == pytest.approx(by_hand)
    assert set(found) == {*expected, "weighted_accuracy"}


def test_the_ranking_loss_of_many_labels_a_picture_is_that_of_scikit_learn():
    truth = np.tile(TRUTH, 6)
    assert truth.sum(axis=1).mean() > 8  # they are sorted, fewer are compared
    scores = RNG.random(truth.shape).round(1)
    found = metrics.value("ranking_loss", SetAnswers(scores, truth))
    assert found == pytest.approx(reference.label_ranking_loss(truth, scores))


@pytest.mark.parametrize("change", [(slice(None), 2, False), (slice(4, 8), slice(None), True)])
def test_rankings_with_a_label_that_no_picture_has_and_with_all_labels_are_those_of_scikit_learn(
    change,
):
    *place, value = change
    truth = TRUTH.copy()
    truth[tuple(place)] = value
    answers = SetAnswers(SCORES, truth)
    coverage = metrics.value("coverage_error", answers)
    assert coverage == pytest.approx(reference.coverage_error(truth, SCORES))
    loss = metrics.value("ranking_loss", answers)
    assert loss == pytest.approx(reference.label_ranking_loss(truth, SCORES))


def test_labels_that_no_picture_or_every_picture_has_are_left_out_of_averages():
    truth = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1]], bool)
    scores = np.array([[0.9, 0.8, 0.9], [0.2, 0.1, 0.9], [0.6, 0.3, 0.9]])
    found = metrics.classification_metrics(scores, truth)
    assert found["recall_score_macro"] == found["f1_score_macro"] == 1
    assert found["auc_macro"] == found["norm_macro_recall"] == 1
    assert found["precision_score_micro"] == pytest.approx(5 / 6)
    nothing = metrics.classification_metrics(scores, np.zeros((3, 3), bool))
    assert np.isnan(nothing["auc_micro"])
    assert np.isnan(nothing["f1_score_macro"])


def test_an_empty_set_is_right_where_none_is_predicted():
    truth, scores = np.zeros((2, 2), bool), np.array([[0.1, 0.2], [0.1, 0.7]])
    answers = SetAnswers(scores, truth)
    assert answers.overlaps.tolist() == [1, 0]
    assert answers.is_right.tolist() == [True, False]


def test_a_probability_that_is_not_finite_has_no_score():
    scores = SCORES.copy()
    scores[0, 0] = np.nan
    assert all(map(np.isnan, metrics.classification_metrics(scores, TRUTH).values()))


@pytest.mark.parametrize("name", metrics.primary_metrics(metrics.MULTILABEL))
def test_the_pictures_contributions_add_up_to_the_difference_and_change_sign(name):
    better = np.clip(SCORES + 0.1 * TRUTH, 0, 1)
    first, second = SetAnswers(better, TRUTH), SetAnswers(SCORES, TRUTH)
    contributions = metrics.differences(name, first, second)
    gap = metrics.value(name, first) - metrics.value(name, second)
    tolerance = 0.05 if name.startswith("precision") else 1e-9
    assert contributions.sum() == pytest.approx(gap, abs=tolerance)
    assert metrics.differences(name, second, first) == pytest.approx(-contributions)
    assert significance.p_value_of_difference(name, better, SCORES, TRUTH) <= 1


def test_a_task_offers_the_primary_metrics_of_the_service():
    assert set(metrics.primary_metrics(metrics.MULTILABEL)) == {
        "iou",
        *metrics.primary_metrics("image_classification"),
    }
