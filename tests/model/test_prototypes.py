"""Class means as a linear head."""

import numpy as np
import pytest
from numpy.typing import NDArray

from automl.model import prototypes

NUM_CLASSES = 4


def drawn(seed: int, per_class: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Three classes around centres of their own; the fourth has no picture."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), per_class)
    centres = np.random.default_rng(0).normal(size=(3, 12)) + 5
    features = centres[labels] + rng.normal(size=(len(labels), 12)) * np.linspace(0.1, 2, 12)
    return features.astype(np.float32), labels


def test_the_class_is_that_of_the_nearest_mean_direction() -> None:
    features, labels = drawn(1, 5)
    asked, _ = drawn(2, 40)
    given = prototypes.fit(features, labels, NUM_CLASSES).probabilities(asked)
    mean, scale = features.mean(axis=0), features.std(axis=0)
    own, others = (features - mean) / scale, (asked - mean) / scale
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    means = np.stack([own[labels == each].mean(axis=0) for each in range(3)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    assert (given.argmax(axis=1) == (others @ means.T).argmax(axis=1)).all()
    assert given[:, 3].max() < 0.001
    assert given.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_a_picture_is_answered_by_the_means_of_the_other_folds() -> None:
    features, labels = drawn(3, 4)
    folds = np.arange(len(labels)) % 4
    folds[0] = -1  # always fitted to, never held out
    found = prototypes.cross_validated(features, labels, folds, NUM_CLASSES)
    assert found.strength in prototypes.SHARPNESSES
    for fold in range(4):
        seen, held_out = folds != fold, folds == fold
        possible = [
            prototypes.fit(features[seen], labels[seen], NUM_CLASSES, sharpness)
            for sharpness in prototypes.SHARPNESSES
        ]
        given = found.probabilities[held_out]
        answers = [head.probabilities(features[held_out]) for head in possible]
        assert any(np.array_equal(each, given) for each in answers)


def test_a_constant_feature_and_equal_pictures_are_no_fault() -> None:
    features = np.ones((6, 3), np.float32)
    found = prototypes.cross_validated(features, np.arange(6) % 2, np.arange(6) % 3, 2)
    assert np.isfinite(found.probabilities).all()
    assert np.isfinite(found.probe.weight).all()
