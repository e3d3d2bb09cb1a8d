"""Ensembles: which models are averaged, and when that counts as better."""

import numpy as np
import pytest

from automl.evaluation import ensembles, picture_groups
from automl.evaluation.predictions import Predictions

NUM, CLASSES = 400, 3


def rows(
    num_models: int, noise: float, seed: int = 0, shared: float = 0.0
) -> dict[str, Predictions]:
    """Models whose logits are the truth and noise, of which a share is common to all of them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=NUM)
    common = rng.normal(size=(NUM, CLASSES))
    made = {}
    for index in range(num_models):
        own = rng.normal(size=(NUM, CLASSES))
        logits = np.eye(CLASSES)[labels] + noise * (shared * common + (1 - shared) * own)
        shares = np.exp(logits)
        shares = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
        made[f"m{index}"] = Predictions(np.arange(NUM), labels, shares)
    return dict(sorted(made.items(), key=lambda row: -accuracy(row[1])))


def accuracy(answers: Predictions) -> float:
    return float((answers.predicted == answers.labels).mean())


def same(names, latency: float = 1.0) -> dict[str, float]:
    return dict.fromkeys(names, latency)


def test_independent_models_are_better_together_beyond_noise() -> None:
    answers = rows(4, 1.0)
    found = ensembles.find("accuracy", answers, {**same(answers, 0.3), next(iter(answers)): 1.0})
    assert found is not None
    assert found.is_beyond_noise
    assert sum(found.weights.values()) == pytest.approx(1)
    assert found.gain > 0.03
    assert accuracy(found.predictions) > accuracy(answers[next(iter(answers))])
    np.testing.assert_allclose(found.predictions.probabilities.sum(axis=1), 1, atol=1e-5)


def test_a_model_and_its_copies_are_no_ensemble() -> None:
    answers = rows(1, 1.0)
    answers |= {"copy": answers["m0"]}
    found = ensembles.find("accuracy", answers, same(answers))
    assert found is None or (found.gain == 0 and not found.is_beyond_noise)


def test_equally_good_models_are_seldom_called_better() -> None:
    """All noise is common: whatever is selected gives the same answers."""
    chosen = 0
    for seed in range(20):
        answers = rows(5, 1.0, seed, shared=1.0)
        found = ensembles.find("accuracy", answers, same(answers))
        chosen += found is not None and found.is_beyond_noise
    assert chosen == 0


@pytest.mark.parametrize("metric", ["accuracy", "auc_weighted"])
def test_it_takes_at_most_twice_the_latency_and_four_members(metric: str) -> None:
    answers = rows(7, 1.5)
    latencies = {name: 1.0 + 0.2 * index for index, name in enumerate(answers)}
    found = ensembles.find(metric, answers, latencies)
    assert found is None or sum(latencies[name] for name in found.weights) <= 2
    fast = {name: 0.1 if index else 1.0 for index, name in enumerate(answers)}
    many = ensembles.find(metric, answers, fast)
    assert many is not None
    assert 2 < len(many.weights) <= ensembles.MAX_MEMBERS


def test_a_model_for_fewer_pictures_is_left_out() -> None:
    answers = rows(3, 1.0)
    best, second, third = answers
    answers[second] = answers[second].of(np.arange(NUM // 2))
    found = ensembles.find("accuracy", answers, same(answers))
    assert found is not None
    assert set(found.weights) == {best, third}


def test_copies_of_a_picture_are_in_one_fold() -> None:
    rng = np.random.default_rng(0)
    groups = {index: index // 8 for index in range(NUM)}
    folds = picture_groups.folds(np.arange(NUM), groups, rng)
    assert all(len(set(folds[start : start + 8])) == 1 for start in range(0, NUM, 8))
    assert set(folds) == set(range(5))


def test_few_pictures_make_no_ensemble() -> None:
    answers = {name: each.of(np.arange(30)) for name, each in rows(3, 1.0).items()}
    assert ensembles.find("accuracy", answers, same(answers)) is None


def test_label_sets_are_better_together_too() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((NUM, CLASSES)) < 0.4
    answers = {}
    for name in ("m0", "m1", "m2"):
        logits = 3 * truth - 1.5 + 1.5 * rng.normal(size=truth.shape)
        shares = (1 / (1 + np.exp(-logits))).astype(np.float32)
        answers[name] = Predictions(np.arange(NUM), truth, shares)
    found = ensembles.find("iou", answers, {**same(answers, 0.3), "m0": 1.0})
    assert found is not None
    assert found.is_beyond_noise
    assert found.gain > 0.03
    assert found.predictions.probabilities.max() <= 1
