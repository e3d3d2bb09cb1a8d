"""Trials of two experiments on the pictures that both answered for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl.evaluation.predictions import Predictions
from automl.experiments import across
from automl.experiments.across import Side
from automl.jobs import data_versions
from automl.jobs.corrections import Corrections
from tests.conftest import build_trial


def side(
    answers: list[tuple[str, str, str]], names: list[str], day: int = 1, **corrections: Any
) -> Side:
    """A side from the content, the label and the predicted class of each picture."""
    contents, labels, predicted = zip(*answers, strict=True)
    probabilities = np.eye(len(names), dtype=np.float32)[[names.index(each) for each in predicted]]
    indices = np.array([names.index(each) for each in labels])
    predictions = Predictions(np.arange(len(contents)), indices, probabilities)
    at = datetime(2026, 1, day, tzinfo=UTC)
    return Side(predictions, contents, names, Corrections(**corrections), at)


OLD = side([("a", "cat", "dog"), ("b", "cat", "cat"), ("c", "dog", "dog")], ["cat", "dog"])


def test_only_shared_pictures_count_and_the_later_labels_are_right() -> None:
    new = side([("z", "cat", "dog"), ("b", "cat", "cat"), ("a", "dog", "dog")], ["cat", "dog"], 2)
    found = across.compare(OLD, new, "accuracy")
    assert found is not None
    assert (found.num_pictures, found.num_relabelled) == (2, 1)
    assert (found.first, found.second) == (1.0, 1.0)  # what the old model said of a is right now
    assert found.p_value == 1


def test_the_order_of_the_two_does_not_decide_whose_labels_are_right() -> None:
    new = side([("a", "cat", "cat"), ("c", "cat", "cat")], ["cat", "dog"], 2)
    found, turned = across.compare(OLD, new, "accuracy"), across.compare(new, OLD, "accuracy")
    assert found is not None
    assert turned is not None
    assert (found.first, found.second) == (0.0, 1.0)
    assert (turned.first, turned.second) == (1.0, 0.0)


def test_classes_that_were_renamed_or_added_are_compared_by_their_new_names() -> None:
    answers = [("a", "feline", "feline"), ("b", "feline", "feline"), ("c", "fox", "fox")]
    names = ["dog", "feline", "fox"]
    new = side(answers, names, 2, rename_labels={"cat": "feline"})
    found = across.compare(OLD, new, "accuracy")
    assert found is not None
    assert (found.num_relabelled, found.first, found.second) == (1, pytest.approx(1 / 3), 1.0)


def test_label_sets_are_compared_as_sets() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    truth = np.array([[True, False], [True, True]])
    right = Predictions(np.arange(2), truth, truth.astype(np.float32))
    wrong = Predictions(np.arange(2), truth, 1 - truth.astype(np.float32))
    sides = [Side(each, "ab", ["x", "y"], Corrections(), at) for each in (wrong, right)]
    found = across.compare(sides[0], sides[1], "iou")
    assert found is not None
    assert (found.num_relabelled, found.first, found.second) == (0, 0.0, 1.0)


def test_pictures_of_one_group_are_no_independent_evidence() -> None:
    contents = "abcdefgh"
    wrong = side([(each, "cat", "dog") for each in contents], ["cat", "dog"])
    right = side([(each, "cat", "cat") for each in contents], ["cat", "dog"], 2)
    alone = across.compare(wrong, right, "accuracy")
    pairs = across.compare(
        wrong, replace(right, together={each: each // 4 for each in range(8)}), "accuracy"
    )
    assert alone is not None
    assert pairs is not None
    assert alone.p_value < 0.05 < 0.4 < pairs.p_value


def test_nothing_in_common_is_no_comparison() -> None:
    assert across.compare(OLD, side([("z", "cat", "cat")], ["cat"], 2), "accuracy") is None


def test_the_best_experiment_of_each_version_stands_in_the_order_of_the_versions(
    make_experiment: Callable[..., Path],
) -> None:
    data = Path("/data/pets")
    for corrections in (Corrections(), Corrections(exclude=["a"])):
        data_versions.keep(data, corrections, "0", by="ann")
    made = [("z", "original", 0.5), ("b", "v1", 0.7), ("a", "v1", 0.6), ("old", "", 0.9)]
    directories = [
        make_experiment(name, [build_trial("t1", [score])], data_version=version)
        for name, version, score in made
    ]
    (directories[0].parent / "broken").mkdir()
    every = [*directories, directories[0].parent / "broken"]
    found = across.over_versions(every, directories[0])
    assert [(each.version, each.experiment_dir.name) for each in found] == [
        ("original", "z"),
        ("v1", "b"),
    ]
