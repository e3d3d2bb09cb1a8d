from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn
from torch.nn.functional import normalize

from automl.experiments import store
from automl.host import home
from automl.model import (
    checkpoint,
    familiarity,
    known_features,
    onnx_conversion,
    pretrained_weights,
    several_networks,
)
from automl.model.baselines import NearestNeighbours
from automl.model.network import Normalised
from automl.training import effective, latency
from automl.training.batches import scored_batches
from automl.training.learner import predict
from automl.training.trial_data import TrialData, opened
from automl.training.trial_training import TrialTraining
from tests.training.test_trial_training import train


@pytest.fixture
def pretrained(weights_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(weights_dir))
    pretrained_weights.forget()
    yield {"pretrained": "auto"}
    pretrained_weights.forget()


def scored(data: TrialData, **asked: Any) -> tuple[TrialTraining, float]:
    """The trial after its only evaluation, and its accuracy."""
    training = train(data, **asked)
    evaluation, _ = training.advance()
    assert training.is_done
    assert evaluation.epoch == 0
    return training, evaluation.metrics["accuracy"]


def test_the_floor_rises_from_the_majority_to_the_features(
    tiny_data: TrialData, pretrained: dict[str, Any]
) -> None:
    training, majority = scored(tiny_data, method="majority_class", **pretrained)
    assert majority == pytest.approx(1 / 3, abs=0.01)
    assert effective.notes(training) == []  # no words about weights that it does not ask
    for method in ("linear_probe", "prototypes", "k_nearest_neighbours"):
        assert scored(tiny_data, method=method, **pretrained)[1] > 0.6


def test_every_class_is_given_its_share_of_the_training_pictures(tiny_data: TrialData) -> None:
    train_only = replace(tiny_data.train, folds=np.full(len(tiny_data.train.labels), -1))
    validation = replace(tiny_data.validation, folds=np.full(len(tiny_data.validation.labels), -1))
    labels = np.repeat([0, 1, 2], [12, 12, len(tiny_data.train.labels) - 24])
    uneven = replace(tiny_data, train=replace(train_only, labels=labels), validation=validation)
    answers = train(uneven, method="majority_class").predict()
    shares = np.bincount(labels) / len(labels)
    for given in answers.probabilities:
        assert given == pytest.approx(shares, abs=0.005)


@pytest.mark.parametrize(
    "asked",
    [
        {"method": "linear_probe"},
        {"method": "linear_probe", "mirrored_features": True},
        {"method": "linear_probe", "stage_features": True},
        {"method": "concatenated_probe", "second_model_name": "test_efficientnet"},
        {"method": "prototypes"},
        {"method": "k_nearest_neighbours"},
        {"method": "majority_class"},
    ],
    ids=lambda asked: "_".join(map(str, asked.values())),
)
def test_no_network_sees_a_picture_again_whose_features_are_known(
    tiny_data: TrialData, pretrained: dict[str, Any], asked: dict[str, Any]
) -> None:
    validation = replace(tiny_data.validation, folds=np.full(len(tiny_data.validation.labels), -1))
    given = replace(tiny_data, validation=validation)
    scored(given, **asked, **pretrained)
    looks: list[int] = []
    hook = torch.nn.modules.module.register_module_forward_hook(
        lambda module, inputs, _: (
            looks.append(len(inputs[0])) if isinstance(module, Normalised) else None
        )
    )
    try:
        training, _ = scored(given, **asked, **pretrained)
    finally:
        hook.remove()
    # the second network has no weights here, and of random ones nothing is kept
    assert bool(looks) == ("second_model_name" in asked)
    answers = training.predict()
    assert np.array_equal(answers.sample_ids, validation.sample_ids)
    pixels = list(scored_batches(opened(validation.pictures), 32, batch_size=64, device=_CPU))
    own = predict(training.learner.network, training.learner.task, pixels)
    assert answers.probabilities == pytest.approx(own, abs=1e-5)


def test_a_probe_that_is_scored_on_given_pictures_leaves_its_answers_for_those_of_training(
    tiny_data: TrialData, pretrained: dict[str, Any], tmp_path: Path
) -> None:
    validation = replace(tiny_data.validation, folds=np.full(len(tiny_data.validation.labels), -1))
    given = replace(tiny_data, validation=validation)
    for data, name in ((given, "given"), (tiny_data, "all")):
        training, _ = scored(data, method="linear_probe", **pretrained)
        training.save_scored_model(tmp_path / name, training.predict())
    answers = store.load_predictions(tmp_path / "given" / "out_of_fold.parquet")
    has_fold = tiny_data.train.folds >= 0
    assert answers.sample_ids.tolist() == sorted(tiny_data.train.sample_ids[has_fold].tolist())
    assert np.mean(answers.predicted == answers.labels) > 0.6
    assert not (tmp_path / "all" / "out_of_fold.parquet").exists()  # its score is from all


def test_what_the_heads_of_frozen_networks_see_is_known_without_another_look(
    tiny_data: TrialData, pretrained: dict[str, Any]
) -> None:
    contents = tiny_data.train.contents
    assert contents is not None
    pixels = list(scored_batches(opened(tiny_data.train.pictures), 32, batch_size=64, device=_CPU))
    asked: list[dict[str, Any]] = [
        {"method": "linear_probe"},
        {"method": "linear_probe", "mirrored_features": True},
        {"method": "linear_probe", "stage_features": True},
        {"method": "k_nearest_neighbours"},
    ]
    models = []
    for each in asked:
        training, _ = scored(tiny_data, **each, **pretrained)
        models.append((training.learner.network.eval(), training.description()))
    networks, descriptions = zip(*models[:2], strict=True)
    averaged = several_networks.Averaged(networks, [32, 32], [0.5, 0.5])
    both = several_networks.describe(descriptions, "averaged", [0.5, 0.5])
    for network, description in [*models, (several_networks.as_one(averaged), both)]:
        seen = known_features.of_heads(network, description, contents)
        assert seen is not None
        assert familiarity.directions_of(seen) == pytest.approx(
            familiarity.directions(network, pixels), abs=1e-4
        )
    network, description = models[0]
    assert known_features.of_heads(network, description, np.array([b"new"], "S32")) is None
    with torch.no_grad():
        next(network.network.parameters()).add_(0.1)  # it was trained
    assert known_features.of_heads(network, description, contents) is None


_CPU = torch.device("cpu")
_FLOOR = ("linear_probe", "concatenated_probe", "prototypes", "k_nearest_neighbours")


@pytest.fixture
def loaded(tiny_data: TrialData, tmp_path: Path) -> Callable[[str], tuple[Normalised, nn.Module]]:
    """Network of a floor model as it was saved and loaded again, and as it was scored."""

    def load(method: str) -> tuple[Normalised, nn.Module]:
        second = {"second_model_name": "test_efficientnet"} if "concatenated" in method else {}
        training, _ = scored(tiny_data, method=method, **second)
        predictions = training.predict()
        (tmp_path / "checkpoint").mkdir()
        training.save_scored_model(tmp_path / "checkpoint", predictions)
        return checkpoint.load(tmp_path / "checkpoint")[0], training.learner.network.eval()

    return load


@pytest.mark.parametrize("method", _FLOOR)
def test_a_floor_model_is_saved_like_any_other(
    loaded: Callable[[str], tuple[Normalised, nn.Module]], method: str
) -> None:
    network, scored = loaded(method)
    pixels = torch.rand(3, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(network(pixels), scored(pixels), atol=1e-5)


@pytest.mark.nightly  # tests/export exports neighbours, test_several_networks.py two networks
@pytest.mark.parametrize("method", _FLOOR)
def test_a_floor_model_is_exported_like_any_other(
    loaded: Callable[[str], tuple[Normalised, nn.Module]], tmp_path: Path, method: str
) -> None:
    network, _ = loaded(method)
    pixels = torch.rand(3, 3, 32, 32)
    onnx_conversion.convert(network, pixels, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (logits,) = session.run(["output1"], {"input1": pixels[:1].numpy()})
    with torch.inference_mode():
        assert torch.allclose(torch.from_numpy(logits), network(pixels[:1]), atol=1e-4)


def test_two_networks_side_by_side_share_features_and_latency_with_their_own_probes(
    tiny_data: TrialData, pretrained: dict[str, Any]
) -> None:
    names = ("test_resnet", "test_efficientnet")
    kept = home.cache_dir("features")
    alone = [scored(tiny_data, method="linear_probe", model_name=n, **pretrained)[0] for n in names]
    latencies = [latency.of_trial(one.built, one.hyperparameters) for one in alone]
    before = sorted(kept.rglob("*.npz"))
    asked = {"model_name": names[0], "second_model_name": names[1], "layer_decay": 0.9}
    both, accuracy = scored(tiny_data, method="concatenated_probe", **asked, **pretrained)
    assert accuracy > 0.6
    assert sorted(kept.rglob("*.npz")) == before != []
    assert 0 < latency.of_trial(both.built, both.hyperparameters) <= sum(latencies)
    sizes = [effective.in_effect(one)["num_parameters"] for one in (*alone, both)]
    assert sizes[2] == sizes[0] + sizes[1] - 3  # one vector of biases instead of two
    assert effective.in_effect(both)["weights_licence"] == "unknown"


def test_a_mirrored_probe_is_fitted_to_what_its_model_computes_at_twice_the_latency(
    tiny_data: TrialData, pretrained: dict[str, Any]
) -> None:
    asked = {"method": "linear_probe", "model_name": "test_resnet", **pretrained}
    plain, _ = scored(tiny_data, **asked)
    kept = set(home.cache_dir("features").rglob("*.npz"))
    mirrored, accuracy = scored(tiny_data, mirrored_features=True, **asked)
    assert accuracy > 0.6
    assert kept < set(home.cache_dir("features").rglob("*.npz"))
    of_both = latency.of_trial(mirrored.built, mirrored.hyperparameters)
    of_plain = latency.of_trial(plain.built, plain.hyperparameters)  # with its last layer
    assert 1.5 * of_plain < of_both <= 2 * of_plain
    assert len(mirrored.predict().labels) == len(mirrored.fitted.labels)


def test_a_probe_with_all_stages_is_fitted_to_what_its_model_computes_at_the_same_latency(
    tiny_data: TrialData, pretrained: dict[str, Any]
) -> None:
    asked = {"method": "linear_probe", "model_name": "test_resnet", **pretrained}
    plain, _ = scored(tiny_data, **asked)
    kept = set(home.cache_dir("features").rglob("*.npz"))
    staged, accuracy = scored(tiny_data, stage_features=True, **asked)
    assert accuracy > 0.6
    # the first look at the pictures has found those of all stages, too
    assert kept == set(home.cache_dir("features").rglob("*.npz"))
    of_plain = latency.of_trial(plain.built, plain.hyperparameters)  # with its last layer
    assert latency.of_trial(staged.built, staged.hyperparameters) <= of_plain


def test_what_is_not_trained_has_no_learning_rate_in_effect(tiny_data: TrialData) -> None:
    training = train(tiny_data, method="linear_probe", learning_rate=0.5)
    found = effective.in_effect(training)
    assert found["method"] == "linear_probe"
    assert found["num_train_images"] == len(tiny_data.everything().labels) == 60
    assert not {"learning_rate", "optimizer", "transforms", "number_of_epochs"} & set(found)


def test_neighbours_vote_by_likeness() -> None:
    seen = normalize(torch.randn(50, 8, generator=torch.Generator().manual_seed(0))).numpy()
    labels = np.arange(50) % 5
    layer = NearestNeighbours.fit(seen, labels, num_classes=6)
    shares = layer(torch.from_numpy(seen * 3)).softmax(dim=1).numpy()
    assert (shares.argmax(axis=1) == labels).all()
    assert shares[:, 5].max() < 0.001  # a class without pictures
    # by hand, for one picture
    likeness = seen @ seen[7]
    nearest = np.argsort(-likeness)[:20]
    weights = np.exp(likeness[nearest] / 0.07)
    share = weights[labels[nearest] == 2].sum() / weights.sum()
    assert shares[7, 2] == pytest.approx(share, abs=1e-3)
