"""Networks made of several networks: what they compute, on disk and as ONNX."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from automl.explanation.feature_map import FeatureMapMissingError, Mapped
from automl.model import checkpoint, linear_head, onnx_conversion, several_networks
from automl.model.baselines import NearestNeighbours
from automl.model.blocks import replace_last_layer
from automl.model.description import ModelDescription
from automl.model.network import Normalised, create

CLASSES = ["a", "b", "c"]
NAMES = ("test_efficientnet", "test_resnet")
SIZES = (64, 32)


def description(name: str, size: int, **changes: object) -> ModelDescription:
    return ModelDescription(
        model_name=name,
        timm_name=f"{name}.r160_in1k",
        class_names=CLASSES,
        mean=(0.5, 0.4, 0.3),
        std=(0.2, 0.3, 0.4),
        validation_crop_size=size,
        validation_resize_size=round(size * 256 / 224),
        epoch=3,
        **changes,  # type: ignore[arg-type]
    )


def member(name: str, size: int) -> tuple[Normalised, ModelDescription]:
    torch.manual_seed(0)
    described = description(name, size)
    network = create(name, len(CLASSES))
    return Normalised(network, described.mean, described.std).eval(), described


def averaged() -> tuple[Normalised, ModelDescription]:
    """A network and a vote of nearest neighbours, at different sizes."""
    (first, one), (second, two) = map(member, NAMES, SIZES)
    width = linear_head.of(second.network).weight[0].numel()
    features = np.random.default_rng(0).normal(size=(30, width)).astype(np.float32)
    labels = np.arange(30) % 3
    replace_last_layer(second.network, NearestNeighbours.fit(features, labels, 3))
    two = two.model_copy(update={"head": "nearest_neighbours"})
    network = several_networks.Averaged([first, second], SIZES, [0.75, 0.25])
    described = several_networks.describe([one, two], "averaged", [0.75, 0.25])
    return several_networks.as_one(network).eval(), described


def concatenated() -> tuple[Normalised, ModelDescription]:
    (first, one), (second, two) = map(member, NAMES, SIZES)
    network = several_networks.concatenate([first, second], SIZES, len(CLASSES))
    return network.eval(), several_networks.describe([one, two], "concatenated")


def three_concatenated() -> tuple[Normalised, ModelDescription]:
    parts, described = zip(*map(member, (*NAMES, NAMES[0]), (*SIZES, 32)), strict=True)
    network = several_networks.concatenate(parts, (*SIZES, 32), len(CLASSES))
    return network.eval(), several_networks.describe(described, "concatenated")


def mirrored() -> tuple[Normalised, ModelDescription]:
    part, one = member(NAMES[0], 64)
    network = several_networks.concatenate([part], [64], len(CLASSES), is_mirrored=True)
    return network.eval(), several_networks.describe([one], "concatenated", is_mirrored=True)


def of_all_stages() -> tuple[Normalised, ModelDescription]:
    parts, described = zip(*map(member, NAMES, SIZES), strict=True)
    network = several_networks.concatenate(parts, SIZES, len(CLASSES), has_stages=True)
    return network.eval(), several_networks.describe(described, "concatenated", has_stages=True)


def pixels(size: int = 64) -> torch.Tensor:
    return torch.rand(3, 3, size, size, generator=torch.Generator().manual_seed(1))


def test_average_gives_back_the_mean_of_the_probabilities() -> None:
    parts = [member(NAMES[0], 64)[0], member(NAMES[1], 64)[0]]
    network = several_networks.Averaged(parts, (64, 64), (0.75, 0.25))
    with torch.inference_mode():
        first, second = (part(pixels()).softmax(1) for part in parts)
        mean = network(pixels()).softmax(1)
    torch.testing.assert_close(mean, 0.75 * first + 0.25 * second)


def test_of_label_sets_each_probability_is_the_mean() -> None:
    parts = [member(name, 64)[0] for name in NAMES]
    shares = (0.75, 0.25)
    network = several_networks.Averaged(parts, (64, 64), shares, has_label_sets=True)
    with torch.inference_mode():
        first, second = (part(pixels()).sigmoid() for part in parts)
        mean = network(pixels()).sigmoid()
    torch.testing.assert_close(mean, 0.75 * first + 0.25 * second)


@pytest.mark.parametrize(
    "made",
    [
        averaged,
        pytest.param(concatenated, marks=pytest.mark.nightly),  # the next has one network more
        three_concatenated,
        mirrored,
        of_all_stages,
    ],
)
def test_a_checkpoint_and_an_onnx_file_answer_as_the_network(made, tmp_path: Path) -> None:
    network, described = made()
    checkpoint.save(tmp_path, network, described)
    loaded, read_back = checkpoint.load(tmp_path)
    assert read_back == described
    assert read_back.validation_crop_size == max(SIZES)
    with torch.inference_mode():
        logits = network(pixels())
        torch.testing.assert_close(loaded(pixels()), logits)
    onnx_conversion.convert(loaded, pixels()[:2], tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (exported,) = session.run(["output1"], {"input1": pixels().numpy()})
    np.testing.assert_allclose(exported, logits, atol=1e-4)


def test_a_probe_is_fitted_to_the_standardised_features_of_all_parts() -> None:
    network, _ = concatenated()
    batches = [pixels(), pixels(32)]
    raw = linear_head.extract_features(network, batches)
    scaled = several_networks.standardise(network, raw)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(linear_head.extract_features(network, batches), scaled, atol=1e-3)
    own = linear_head.extract_features(member(NAMES[0], 64)[0], [pixels()])
    np.testing.assert_allclose(raw[:3, : own.shape[1]], own, atol=1e-5)


def test_the_features_of_all_stages_are_the_last_ones_and_the_largest_values_of_each_map() -> None:
    network, _ = of_all_stages()
    several = network.network
    assert isinstance(several, several_networks.SeveralNetworks)
    is_spare = several_networks.is_spare(network)
    assert is_spare is not None
    features = linear_head.extract_features(network, [pixels()])
    assert features.shape == (3, len(is_spare))
    first = member(NAMES[0], 64)[0]
    own = linear_head.extract_features(first, [pixels()])
    np.testing.assert_allclose(features[:, : own.shape[1]], own, atol=1e-5)
    assert is_spare[: own.shape[1]].all()
    with torch.inference_mode():
        stem = first.network.bn1(first.network.conv_stem((pixels() - first.mean) / first.std))
        stage = first.network.blocks[0](stem)
    of_stage = features[:, own.shape[1] :][:, : stage.shape[1]]
    np.testing.assert_allclose(of_stage, stage.amax((2, 3)), atol=1e-4)
    assert several_networks.is_spare(concatenated()[0]) is None


def test_a_picture_and_its_mirror_image_are_answered_alike() -> None:
    network, described = mirrored()
    with torch.inference_mode():
        torch.testing.assert_close(network(pixels()), network(pixels().flip(-1)))
    assert "mirror image" in described.composition


def test_a_description_of_an_earlier_version_is_that_of_one_network() -> None:
    old = description("resnet18", 64).model_dump(exclude={"parts", "part_weights", "head"})
    assert ModelDescription.model_validate(old) == description("resnet18", 64)


def test_grad_cam_asks_for_another_algorithm() -> None:
    network, _ = averaged()
    with pytest.raises(FeatureMapMissingError, match="has several. Choose xrai"):
        Mapped(network)
