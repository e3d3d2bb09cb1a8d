import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score

from automl.evaluation import class_report, thresholds
from automl.evaluation.metrics import classification_metrics
from automl.evaluation.predictions import Predictions


def answers(labels, num_classes, seed=0):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(num_classes), len(labels)).astype(np.float32)
    return Predictions(np.arange(len(labels)), np.array(labels), probabilities)


def test_every_class_has_scikit_learns_numbers():
    predictions = answers(np.random.default_rng(1).integers(0, 3, 60), 3)
    table = class_report.class_report(predictions, ["a", "b", "c"])
    precision, recall, f1, support = precision_recall_fscore_support(
        predictions.labels, predictions.predicted
    )
    np.testing.assert_allclose(table["precision"], precision)
    np.testing.assert_allclose(table["recall"], recall)
    np.testing.assert_allclose(table["f1"], f1)
    assert table["pictures"].tolist() == support.tolist()
    area = roc_auc_score(predictions.labels == 1, predictions.probabilities[:, 1])
    assert table.loc[1, "auc"] == pytest.approx(area)


def test_every_label_has_its_counts_areas_and_threshold():
    rng = np.random.default_rng(1)
    truth = rng.random((60, 5)) < [0.5, 0.3, 0.05, 0.0, 1.0]
    scores = (0.4 * truth + 0.6 * rng.random(truth.shape)).round(2)
    predictions = Predictions(np.arange(60), truth, scores)
    table = class_report.label_report(predictions, list("abcde"))
    single = class_report.class_report(predictions, list("abcde"))
    pd.testing.assert_frame_equal(table[single.columns], single)
    np.testing.assert_array_equal(table["threshold"], thresholds.by_label(scores, truth))
    (absent, false), (missed, right) = confusion_matrix(truth[:, 1], scores[:, 1] >= 0.5)
    assert table.iloc[1, -5:-1].tolist() == [right, missed, false, absent]


def test_the_averages_are_those_of_the_metrics():
    predictions = answers(np.random.default_rng(1).integers(0, 3, 60), 3)
    table = class_report.class_report(predictions, ["a", "b", "c"])
    metrics = classification_metrics(predictions.probabilities, predictions.labels)
    averages = class_report.averages(metrics).set_index("class")
    assert averages.index.tolist() == ["micro", "macro", "weighted"]
    assert averages.loc["macro", "recall"] == pytest.approx(table["recall"].mean())
    assert averages.loc["macro", "auc"] == pytest.approx(table["auc"].mean())
    weights = table["pictures"] / 60
    assert averages.loc["weighted", "f1"] == pytest.approx((table["f1"] * weights).sum())


def test_a_class_without_pictures_is_named_and_has_no_numbers():
    predictions = answers([0, 0, 1, 1], 3)
    table = class_report.class_report(predictions, ["a", "b", "c"])
    assert class_report.absent(table) == ["c"]
    assert table.loc[2, ["recall", "f1", "auc", "average_precision"]].isna().all()


def test_where_all_pictures_are_of_one_class_there_is_no_area():
    table = class_report.class_report(answers([1, 1, 1], 2), ["a", "b"])
    assert table["auc"].isna().all()
    assert table.loc[1, "pictures"] == 3
