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


def test_copies_make_no_interval_narrower() -> None:
    labels, predicted = np.tile([0, 1], 100), np.tile([0, 1], 100)
    predicted[:40] = 1 - predicted[:40]
    shares = np.eye(len(CLASSES), dtype=np.float32)[predicted]
    answers = Predictions(np.arange(200), labels, shares)
    paths = [f"{number}.jpg" for number in range(200)]
    narrow, wide = (
        first_score.summary(
            answers, CLASSES, paths, model_name="net", side=96, share=0.8, groups=groups
        )
        for groups in (None, {each: each // 10 for each in range(200)})
    )
    widths = [(found.high or 0) - (found.low or 0) for found in (narrow, wide)]
    assert widths[1] > 2.5 * widths[0]


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


def test_copies_prove_no_more_about_corrections_than_one_picture() -> None:
    before = summary([0] * 20, [1] * 9 + [0] * 11)
    after = summary([0] * 20, [0] * 20)
    labels = dict.fromkeys(after.predicted, "ant")
    copies = {path: int(path.removesuffix(".jpg")) // 10 for path in labels}
    alone, together = (first_score.change(before, after, labels, each) for each in (None, copies))
    assert alone is not None
    assert together is not None
    assert alone.p_value < 0.01
    assert together.p_value > 0.2
    assert (together.before, together.after) == (alone.before, alone.after)


def test_looks_at_other_pictures_cannot_be_compared() -> None:
    found = summary([0, 1], [0, 1])
    assert first_score.change(found, found, {}) is None


def summary_of_sets(truth: list[list[int]], seen: list[list[int]]) -> FirstScore:
    shares = np.where(np.array(seen, bool), 0.9, 0.1).astype(np.float32)
    answers = Predictions(np.arange(len(truth)), np.array(truth, bool), shares)
    paths = [f"{position}.jpg" for position in range(len(truth))]
    return first_score.summary(answers, CLASSES, paths, model_name="net", side=96, share=0.8)


def test_of_label_sets_it_counts_each_label_and_what_is_missed_together() -> None:
    truth = [[1, 0, 0]] * 12 + [[0, 1, 1]] * 9
    found = summary_of_sets([*truth, [0, 1, 1], [0, 0, 0]], [*truth, [1, 0, 0], [0, 0, 0]])
    assert (found.metric, found.num_pictures) == ("iou", 23)
    assert found.score == pytest.approx(22 / 23)
    assert found.low is not None
    assert found.low < found.score
    assert found.majority_share == pytest.approx(12 / 23)
    weak = {
        each.name: (each.num_right, each.num_pictures, each.num_false) for each in found.recalls
    }
    assert weak == {"bee": (9, 10, 0), "cat": (9, 10, 0), "ant": (12, 12, 1)}
    pairs = [(each.true, each.predicted, each.num_pictures) for each in found.confused]
    assert pairs == [("bee", "ant", 1), ("cat", "ant", 1)]
    (together,) = found.missed_together
    assert (together.first, together.second, together.num_pictures) == ("bee", "cat", 1)
    assert "Intersection over union 0.957" in first_score_text.headline(found)
    _, rows = first_score_text.weakest(found)
    assert [row[:3] for row in rows] == [
        ("bee", "9 of 10", "0"),
        ("cat", "9 of 10", "0"),
        ("ant", "12 of 12", "1"),
    ]


def test_each_label_of_a_set_is_in_doubt_by_itself_and_settled_by_itself() -> None:
    truth = [[1, 0, 0]] * 10 + [[0, 1, 1]] * 10
    seen = [*truth[:9], [0, 1, 0], *truth[10:]]
    found = summary_of_sets(truth, seen)
    doubts = {each.label: each for each in found.doubtful}
    assert {label: each.is_missing for label, each in doubts.items()} == {"ant": False, "bee": True}
    assert {each.path for each in found.doubtful} == {"9.jpg"}
    assert first_score.settled(found.doubtful, {"9.jpg": ["ant"]}) == {"9.jpg": ["bee"]}
    assert doubts["bee"].is_open(["ant"])
    assert not doubts["bee"].is_open(["ant", "bee"])


def test_corrected_sets_are_compared_by_their_overlap() -> None:
    before = summary_of_sets([[1, 0, 0]] * 20, [[1, 1, 0]] * 12 + [[1, 0, 0]] * 8)
    after = summary_of_sets([[1, 0, 0]] * 20, [[1, 0, 0]] * 20)
    change = first_score.change(before, after, {path: ["ant"] for path in after.predicted})
    assert change is not None
    assert (change.before, change.after) == (pytest.approx(0.7), 1.0)
    assert change.p_value < 0.01
