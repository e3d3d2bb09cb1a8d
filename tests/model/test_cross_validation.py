from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from automl.model import cross_validated_probe
from automl.model.baselines import FrozenPictures
from automl.training.trial_data import TrialData
from tests.training.test_trial_training import train


def clouds(num_pictures: int, num_features: int = 12, distance: float = 1.5):
    rng = np.random.default_rng(0)
    labels = np.arange(num_pictures) % 3
    centres = rng.normal(size=(3, num_features)) * distance / num_features**0.5
    features = centres[labels] + rng.normal(size=(num_pictures, num_features))
    return (5 * features + 2).astype(np.float32), labels


def test_the_probabilities_are_those_of_a_loop_over_the_folds(monkeypatch):
    monkeypatch.setattr(cross_validated_probe, "STRENGTHS", (0.03,))
    monkeypatch.setattr(cross_validated_probe, "_TOLERANCE", 1e-7)
    features, labels = clouds(90)
    folds = np.arange(90) // 3 % 6
    folds[:3] = -1
    found = cross_validated_probe.fit(features, labels, folds, num_classes=3)
    inputs = (features - features.mean(axis=0)) / features.std(axis=0)
    for fold in range(6):
        model = LogisticRegression(C=0.03, tol=1e-8, max_iter=1000)
        model.fit(inputs[folds != fold], labels[folds != fold])
        expected = model.predict_proba(inputs[folds == fold])
        assert found.probabilities[folds == fold] == pytest.approx(expected, abs=2e-3)
    model = LogisticRegression(C=0.03, tol=1e-8, max_iter=1000).fit(inputs, labels)
    assert found.probe.probabilities(features) == pytest.approx(
        model.predict_proba(inputs), abs=2e-3
    )


def test_mirror_images_are_fitted_to_and_the_mean_of_both_is_asked_about(monkeypatch):
    monkeypatch.setattr(cross_validated_probe, "STRENGTHS", (0.03,))
    monkeypatch.setattr(cross_validated_probe, "_TOLERANCE", 1e-7)
    features, labels = clouds(90)
    mirrored = features + np.random.default_rng(1).normal(size=features.shape).astype(np.float32)
    folds = np.arange(90) // 3 % 6
    found = cross_validated_probe.fit(features, labels, folds, 3, mirrored=mirrored)
    rows = np.concatenate([features, mirrored])
    inputs = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    asked = (inputs[:90] + inputs[90:]) / 2
    for fold in range(6):
        # an image is in the fold of its mirror image
        seen = np.tile(folds != fold, 2)
        model = LogisticRegression(C=0.03, tol=1e-8, max_iter=1000)
        model.fit(inputs[seen], np.tile(labels, 2)[seen])
        expected = model.predict_proba(asked[folds == fold])
        assert found.probabilities[folds == fold] == pytest.approx(expected, abs=2e-3)
    model = LogisticRegression(C=0.03, tol=1e-8, max_iter=1000).fit(inputs, np.tile(labels, 2))
    assert found.probe.probabilities((features + mirrored) / 2) == pytest.approx(
        model.predict_proba(asked), abs=2e-3
    )


def test_of_fewer_pictures_than_features_the_means_of_both_images_span_the_space(monkeypatch):
    monkeypatch.setattr(cross_validated_probe, "STRENGTHS", (0.03,))
    monkeypatch.setattr(cross_validated_probe, "_TOLERANCE", 1e-7)
    rng = np.random.default_rng(2)
    features, mirrored = rng.normal(size=(2, 30, 90)).astype(np.float32)
    labels, folds = np.arange(30) % 3, np.arange(30) // 3 % 5
    found = cross_validated_probe.fit(features, labels, folds, 3, mirrored=mirrored)
    rows = np.concatenate([features, mirrored])
    inputs = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    asked = (inputs[:30] + inputs[30:]) / 2
    _, _, span = np.linalg.svd(asked, full_matrices=False)
    model = LogisticRegression(C=0.03, tol=1e-8, max_iter=1000)
    model.fit(inputs @ span.T, np.tile(labels, 2))
    assert found.probe.probabilities((features + mirrored) / 2) == pytest.approx(
        model.predict_proba(asked @ span.T), abs=2e-3
    )


def test_pictures_and_mirror_images_that_are_all_alike_get_the_shares_of_the_classes():
    alike = np.ones((12, 40), np.float32)
    labels = np.repeat([0, 1], [9, 3])
    folds = np.arange(12) % 3
    found = cross_validated_probe.fit(alike, labels, folds, 2, mirrored=alike)
    assert found.probe.probabilities(alike)[:, 0] == pytest.approx(0.75, abs=0.01)


def test_a_weak_probe_is_chosen_for_noise_and_a_strong_one_for_what_can_be_told():
    features, labels = clouds(90, distance=8)
    noise = np.random.default_rng(1).normal(size=(90, 200)).astype(np.float32)
    folds = np.arange(90) // 3 % 6
    easy = cross_validated_probe.fit(features, labels, folds, 3)
    hard = cross_validated_probe.fit(noise, labels, folds, 3)
    assert hard.strength < 0.01 < easy.strength


def test_a_class_that_a_training_part_lacks_is_not_predicted_there():
    features, labels = clouds(30)
    labels = np.where(np.arange(30) < 2, 3, labels)
    folds = np.where(np.arange(30) < 2, 0, np.arange(30) % 5)
    found = cross_validated_probe.fit(features, labels, folds, 4)
    assert found.probabilities[:2, 3].max() < 0.01
    assert np.isfinite(found.probabilities).all()


def test_more_pictures_than_are_fitted_to_are_all_answered_for(monkeypatch):
    monkeypatch.setattr(cross_validated_probe, "MAX_PICTURES", 60)
    monkeypatch.setattr(cross_validated_probe, "_MAX_ELEMENTS", 1)  # one probe after the other
    features, labels = clouds(200, distance=8)
    found = cross_validated_probe.fit(features, labels, np.arange(200) % 5, 3)
    assert (found.probabilities.argmax(axis=1) == labels).mean() > 0.9


def shuffled(data: TrialData) -> TrialData:
    """The same pictures with labels that say nothing."""
    labels = np.random.default_rng(0).permutation(data.everything().labels)
    size = len(data.train.labels)
    return replace(
        data,
        train=replace(data.train, labels=labels[:size]),
        validation=replace(data.validation, labels=labels[size:]),
    )


@pytest.mark.parametrize("method", ["linear_probe", "k_nearest_neighbours", "majority_class"])
def test_labels_that_say_nothing_are_not_predicted(tiny_data, method):
    data = shuffled(tiny_data)
    training = train(data, method=method)
    evaluation, answers = training.advance()
    assert answers.sample_ids.tolist() == sorted(answers.sample_ids) == list(range(60))
    by_id = dict(
        zip(data.everything().sample_ids.tolist(), data.everything().labels.tolist(), strict=True)
    )
    assert answers.labels.tolist() == [by_id[each] for each in answers.sample_ids.tolist()]
    assert evaluation.metrics["accuracy"] < 0.5
    assert training.evidence.num_pictures == 60
    assert training.evidence.num_folds == 20


def test_given_validation_pictures_are_all_that_is_scored(tiny_data):
    given = replace(tiny_data.validation, folds=np.full(len(tiny_data.validation.labels), -1))
    training = train(replace(tiny_data, validation=given), method="linear_probe")
    assert training.predict().sample_ids.tolist() == given.sample_ids.tolist()
    assert training.evidence.num_folds == 0
    assert len(training.fitted.labels) == len(tiny_data.train.labels)


def test_every_fold_is_answered_for_by_the_others():
    pictures = FrozenPictures(lambda: np.empty(0), np.zeros(4, int), np.array([0, 1, -1, 1]))
    seen = pictures.out_of_fold(
        lambda seen, unseen: np.tile(seen.astype(np.float32), (int(unseen.sum()), 1))
    )
    assert seen.tolist() == [[0, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0]]
