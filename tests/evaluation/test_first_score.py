"""The first score: what it says of out-of-fold answers, and of corrections."""

import numpy as np
import pytest
from scipy.stats import binomtest

from automl.evaluation import first_score
from automl.evaluation.first_score import FirstScore
from automl.evaluation.predictions import Predictions
from automl.figures import first_score_text

CLASSES = ["ant", "bee", "cat"]


def summary(labels: list[int], predicted: list[int], sure: float = 0.8) -> FirstScore:
    probabilities = np.full((len(labels), 3), (1 - sure) / 2, np.float32)
    probabilities[np.arange(len(labels)), predicted] = sure
    answers = Predictions(np.arange(len(labels)), np.array(labels), probabilities)
    paths = [f"{position}.jpg" for position in range(len(labels))]
    return first_score.summary(answers, CLASSES, paths, model_name="net", side=96, share=0.8)


def test_a_summary_counts_each_class_the_weakest_first() -> None:
    found = summary(
        [0] * 10 + [1] * 20 + [2] * 10, [0] * 10 + [1] * 18 + [2] * 2 + [0] * 5 + [2] * 5
    )
    assert [(each.name, each.num_right, each.num_pictures) for each in found.recalls] == [
        ("cat", 5, 10),
        ("bee", 18, 20),
        ("ant", 10, 10),
    ]
    assert [(each.true, each.predicted, each.num_pictures) for each in found.confused] == [
        ("cat", "ant", 5),
        ("bee", "cat", 2),
    ]
    assert found.score == 33 / 40
    assert found.majority_share == 0.5
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.score < found.high
    assert "0.825" in first_score_text.headline(found)


def test_a_confident_contradiction_is_a_doubtful_label() -> None:
    found = summary([0] * 10 + [1] * 10, [0] * 9 + [1] + [1] * 10)
    (doubt,) = found.doubtful
    assert (doubt.path, doubt.label, doubt.suggested) == ("9.jpg", "ant", "bee")


def test_few_pictures_have_a_score_without_an_interval() -> None:
    found = summary([0, 1], [0, 1])
    assert (found.score, found.low, found.high) == (1.0, None, None)


def test_corrections_are_judged_by_the_corrected_labels_on_shared_pictures() -> None:
    before = summary([0] * 20, [1] * 9 + [0] * 11)
    after = summary([0] * 20, [0] * 20)
    labels = {path: "ant" for path in after.predicted if path != "19.jpg"}  # one was left out
    change = first_score.change(before, after, labels)
    assert change is not None
    assert (change.num_pictures, change.before, change.after) == (19, 10 / 19, 1.0)
    assert change.p_value == pytest.approx(binomtest(0, 9).pvalue)
    assert "raise the first score by 47.4 points" in first_score_text.change(change)
    same = first_score.change(after, after, labels)
    assert same is not None
    assert "leave the first score at 1.000" in first_score_text.change(same)


def test_looks_at_other_pictures_cannot_be_compared() -> None:
    found = summary([0, 1], [0, 1])
    assert first_score.change(found, found, {}) is None
