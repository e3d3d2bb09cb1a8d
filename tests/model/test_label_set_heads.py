"""Heads on frozen features for pictures with any number of labels."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from automl.errors import UserError
from automl.evaluation import metrics
from automl.model import baselines, cross_validated_probe, linear_probe
from automl.model.network import Normalised

RNG = np.random.default_rng(4)
FEATURES = RNG.standard_normal((120, 6)).astype(np.float32)
TRUTH = np.stack([FEATURES[:, 0] > 0, FEATURES[:, 1] + FEATURES[:, 2] > 1, FEATURES[:, 3] > 9], 1)
FOLDS = np.arange(120) % 4


def network() -> Normalised:
    made = nn.Sequential(nn.Flatten(), nn.Linear(6, 3))
    made.get_classifier = lambda: made[1]  # type: ignore[assignment]
    return Normalised(made, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def test_the_probe_is_a_logistic_regression_for_each_label() -> None:
    found = linear_probe.fit(FEATURES, TRUTH, 3)
    scaled = (FEATURES - FEATURES.mean(axis=0)) / FEATURES.std(axis=0)
    for index in (0, 1):
        reference = LogisticRegression(C=0.1, tol=1e-6).fit(scaled, TRUTH[:, index])
        logits = FEATURES @ found.weight[index] + found.bias[index]
        assert logits == pytest.approx(reference.decision_function(scaled), abs=0.02)
    assert (FEATURES @ found.weight[2] + found.bias[2]).max() < -9


def test_cross_validated_probes_answer_for_pictures_they_have_not_seen() -> None:
    found = cross_validated_probe.fit(FEATURES, TRUTH, FOLDS, 3)
    shares = metrics.classification_metrics(found.probabilities, TRUTH)
    assert shares["auc_macro"] > 0.9
    assert found.probabilities[:, 2].max() < 0.01
    logits = FEATURES @ found.probe.weight.T + found.probe.bias
    assert (1 / (1 + np.exp(-logits)) - found.probabilities).max() < 0.5
    noise = np.roll(TRUTH, 60, axis=0)
    assert metrics.primary("auc_weighted", found.probabilities, noise) < 0.75


@pytest.mark.parametrize("method", ["linear_probe", "k_nearest_neighbours", "majority_class"])
def test_every_baseline_answers_for_each_label_by_itself(method: str) -> None:
    made = network()
    pictures = baselines.FrozenPictures(lambda: FEATURES, TRUTH, FOLDS)
    found = baselines.fit_head(method, made, pictures)
    assert found is not None
    assert found.shape == (120, 3)
    assert ((found > 0) & (found < 1)).all()
    area = metrics.primary("auc_weighted", found, TRUTH)
    assert area < 0.6 if method == "majority_class" else area > 0.8


def test_a_stored_vote_of_label_sets_is_loaded_with_its_shape() -> None:
    layer = baselines.NearestNeighbours.fit(FEATURES, TRUTH, 3)
    weights = {f"head.{name}": tensor for name, tensor in layer.state_dict().items()}
    loaded = baselines.empty_neighbours(weights, 3)
    loaded.load_state_dict(layer.state_dict())
    query = torch.from_numpy(FEATURES[:5])
    assert torch.equal(loaded(query), layer(query))
    assert layer.probabilities(FEATURES)[:, 2].max() < 0.01


def test_class_means_are_refused() -> None:
    pictures = baselines.FrozenPictures(lambda: FEATURES, TRUTH, FOLDS)
    with pytest.raises(UserError, match="Set method to linear_probe"):
        baselines.fit_head("prototypes", network(), pictures)
