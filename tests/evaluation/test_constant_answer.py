import numpy as np
import pytest

from automl.evaluation import constant_answer
from automl.evaluation.predictions import Predictions
from automl.figures import wording

LABELS = np.repeat([0, 1], [50, 46])


def compared(num_right, *, metric="accuracy", num_trials=1):
    predicted = np.where(np.arange(96) < 96 - num_right, 1 - LABELS, LABELS)
    answers = Predictions(np.arange(96), LABELS, np.eye(2, dtype=np.float32)[predicted])
    return constant_answer.compare(metric, answers, num_trials=num_trials)


def said(constant, metric="accuracy"):
    return wording.not_beaten(constant, ["cat", "dog"], metric)


def test_a_model_that_is_no_better_than_the_most_frequent_class_is_said_to_be():
    assert said(compared(48)) == "No model beats always answering cat (0.521 of 96 pictures)."


def test_a_lead_that_may_be_chance_does_not_count():
    assert said(compared(54)) == (
        "No model beats always answering cat (0.521 of 96 pictures) by more than chance explains: "
        "the best one has 0.562."
    )
    assert said(compared(90)) == ""


def test_the_best_of_many_trials_needs_a_larger_lead():
    leads = [n for n in range(50, 97) if compared(n).is_beaten]
    of_many = [n for n in range(50, 97) if compared(n, num_trials=20).is_beaten]
    assert min(leads) < min(of_many) < 96


@pytest.mark.parametrize("metric", ["auc_weighted", "norm_macro_recall"])
def test_other_metrics_have_a_constant_answer_too(metric):
    constant = compared(90, metric=metric)
    assert constant.score == pytest.approx(0.5 if metric == "auc_weighted" else 0.0)
    assert constant.is_beaten
    assert "on 96 pictures" in said(compared(48, metric=metric), metric)


def test_without_a_picture_nothing_is_compared():
    none = Predictions(np.arange(0), LABELS[:0], np.zeros((0, 2), np.float32))
    assert constant_answer.compare("accuracy", none) is None
    assert said(None) == ""
