"""Azure's names of the metrics, and its charts, agree with scikit-learn."""

import json

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from automl.evaluation import azure_metrics
from automl.evaluation.metrics import classification_metrics
from automl.evaluation.predictions import Predictions

NAMES = ("cat", "dog", "owl")
AZURES = """accuracy AUC_macro AUC_micro AUC_weighted average_precision_score_macro
average_precision_score_micro average_precision_score_weighted balanced_accuracy f1_score_macro
f1_score_micro f1_score_weighted log_loss matthews_correlation norm_macro_recall
precision_score_macro precision_score_micro precision_score_weighted recall_score_macro
recall_score_micro recall_score_weighted weighted_accuracy"""


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    probabilities = rng.dirichlet((1, 1, 1), 60).astype(np.float32)
    return Predictions(np.arange(60), labels, probabilities)


@pytest.fixture
def summary(predictions):
    metrics = classification_metrics(predictions.probabilities, predictions.labels)
    return azure_metrics.summary(metrics, predictions, NAMES)


def test_every_metric_of_azure_is_there_under_its_name(summary):
    assert set(AZURES.split()) <= set(summary["metrics"])
    assert json.loads(json.dumps(summary)) == summary


def test_the_confusion_matrix_is_scikit_learns(summary, predictions):
    chart = summary["confusion_matrix"]
    expected = confusion_matrix(predictions.labels, predictions.predicted)
    assert chart["schema_type"] == "confusion_matrix"
    assert chart["data"] == {"class_labels": list(NAMES), "matrix": expected.tolist()}


def test_the_accuracy_table_counts_the_answers_at_every_threshold(summary, predictions):
    data = summary["accuracy_table"]["data"]
    position = data["probability_thresholds"].index(0.4)
    reaches = predictions.probabilities[:, 1] >= 0.4
    is_dog = predictions.labels == 1
    expected = [
        int((reaches & is_dog).sum()),
        int((reaches & ~is_dog).sum()),
        int((~reaches & ~is_dog).sum()),
        int((~reaches & is_dog).sum()),
    ]
    assert data["probability_tables"][1][position] == expected
    half = data["percentile_tables"][1][data["percentile_thresholds"].index(0.5)]
    assert half[0] + half[1] == 30


def test_a_metric_that_is_not_defined_is_null(predictions):
    found = azure_metrics.summary({"auc_macro": float("nan")}, predictions, NAMES)
    assert found["metrics"] == {"AUC_macro": None}
