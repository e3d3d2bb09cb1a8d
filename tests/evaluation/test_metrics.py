import math
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from numpy.typing import NDArray

from automl.evaluation.metrics import classification_metrics, metric_names


def answers(num_classes: int, *, seed: int = 0, count: int = 300) -> tuple[Any, Any]:
    """Probabilities that are right more often than not, and labels of unequal classes."""
    rng = np.random.default_rng(seed)
    shares = np.arange(1, num_classes + 1) / np.arange(1, num_classes + 1).sum()
    labels = rng.choice(num_classes, size=count, p=shares)
    labels[:num_classes] = range(num_classes)
    logits = rng.normal(size=(count, num_classes))
    logits[np.arange(count), labels] += 1.5
    shares = np.exp(logits)
    return shares / shares.sum(axis=1, keepdims=True), labels


def by_scikit_learn(p: NDArray[Any], y: NDArray[Any]) -> dict[str, float]:
    predicted, classes = p.argmax(axis=1), np.arange(p.shape[1])
    truth = (y[:, None] == classes).astype(int)
    found = {
        "accuracy": sk.accuracy_score(y, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(y, predicted),
        "norm_macro_recall": sk.balanced_accuracy_score(y, predicted, adjusted=True),
        "matthews_correlation": sk.matthews_corrcoef(y, predicted),
        "log_loss": sk.log_loss(y, p),
        "weighted_accuracy": sk.accuracy_score(
            y, predicted, sample_weight=np.bincount(y)[y].astype(float)
        ),
    }
    for average in ("macro", "micro", "weighted"):
        found[f"precision_score_{average}"] = sk.precision_score(y, predicted, average=average)
        found[f"recall_score_{average}"] = sk.recall_score(y, predicted, average=average)
        found[f"f1_score_{average}"] = sk.f1_score(y, predicted, average=average)
        found[f"auc_{average}"] = sk.roc_auc_score(truth, p, average=average)
        found[f"average_precision_score_{average}"] = sk.average_precision_score(
            truth, p, average=average
        )
    if p.shape[1] == 2:
        found["precision_score_binary"] = sk.precision_score(y, predicted)
        found["recall_score_binary"] = sk.recall_score(y, predicted)
        found["f1_score_binary"] = sk.f1_score(y, predicted)
        found["auc_binary"] = sk.roc_auc_score(y, p[:, 1])
        found["average_precision_score_binary"] = sk.average_precision_score(y, p[:, 1])
    return found


@pytest.mark.parametrize("num_classes", [2, 3, 7])
def test_every_metric_is_scikit_learns(num_classes: int) -> None:
    probabilities, labels = answers(num_classes)
    found = classification_metrics(probabilities, labels)
    # columns of two labels: scikit-learn's indicator form of two classes needs both
    expected = by_scikit_learn(probabilities, labels)
    assert set(found) == set(metric_names(num_classes))
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("num_classes", "seed"), [(2, 0), (2, 1), (3, 2), (5, 3), (6, 4)])
def test_identities_between_metrics(num_classes: int, seed: int) -> None:
    found = classification_metrics(*answers(num_classes, seed=seed, count=40))
    micro = [found[f"{base}_score_micro"] for base in ("precision", "recall", "f1")]
    assert micro == pytest.approx([found["accuracy"]] * 3)
    assert found["recall_score_weighted"] == pytest.approx(found["accuracy"])
    assert found["balanced_accuracy"] == pytest.approx(found["recall_score_macro"])


def test_macro_recall_over_chance() -> None:
    # four classes of 20, of which 17 are right
    labels = np.repeat(np.arange(4), 20)
    predicted = np.where(np.arange(80) % 20 < 17, labels, (labels + 1) % 4)
    found = classification_metrics(np.eye(4)[predicted], labels)
    assert found["recall_score_macro"] == pytest.approx(0.85)
    assert found["norm_macro_recall"] == pytest.approx(0.8)
    assert found["weighted_accuracy"] == pytest.approx(found["accuracy"])  # of equal classes


def test_perfect_answers_are_perfect() -> None:
    labels = np.array([0, 1, 2, 2])
    found = classification_metrics(np.eye(3)[labels], labels)
    assert found.pop("log_loss") == pytest.approx(0, abs=1e-9)
    assert set(found.values()) == {1.0}


def test_a_class_without_pictures_is_left_out_of_macro_averages() -> None:
    labels = np.array([0, 0, 2, 2])
    found = classification_metrics(np.eye(3)[[0, 0, 2, 0]], labels)
    assert found["recall_score_macro"] == pytest.approx(0.75)
    assert found["norm_macro_recall"] == pytest.approx(0.5)
    assert found["auc_macro"] == pytest.approx(0.75)


def test_answers_that_are_no_numbers_give_no_numbers() -> None:
    found = classification_metrics(np.full((3, 2), np.nan), np.array([0, 1, 1]))
    assert set(found) == set(metric_names(2))
    assert all(math.isnan(value) for value in found.values())
