"""Networks of the catalogue as frozen features: each is built, without weights, and gets a head."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from timm.models import save_for_hf

from automl.jobs import model_catalog
from automl.jobs.compatibility import resolve
from automl.model import blocks, linear_head, linear_probe, network, stages

LIGHT = ("hgnetv2_b1", "mobilenetv3_large_100", "efficientnet_lite0", "dinov2_small")


def size_of(name: str) -> int:
    """The smallest size above 50 px that the network takes."""
    return next(size for size in range(56, 600) if model_catalog.takes(name, size))


def check_features(name: str) -> None:
    """A probe on the network's features answers as the network with the probe for a head does."""
    architecture = model_catalog.timm_name(name).partition(".")[0]
    made = network.Normalised(network.create(architecture, 3), (0.5,) * 3, (0.5,) * 3).eval()
    pixels = torch.rand(4, 3, size_of(name), size_of(name))
    features = linear_head.extract_features(made, [pixels])
    probe = linear_probe.fit(features, np.array([0, 1, 2, 0]), 3)
    linear_head.put_into(linear_head.of(made.network), probe)
    with torch.inference_mode():
        answers = made(pixels).softmax(1)
    np.testing.assert_allclose(answers, probe.probabilities(features), atol=1e-4)
    assert blocks.parameter_names(made.network, architecture)
    staged = stages.headless(made, pixels)
    assert isinstance(staged.network, stages.Stages)
    found = linear_head.extract_features(staged, [pixels])
    np.testing.assert_allclose(found[:, : features.shape[1]], features, atol=1e-4)


@pytest.mark.parametrize("name", LIGHT)
def test_a_light_network_gives_features_and_takes_a_linear_head(name: str) -> None:
    check_features(name)


@pytest.mark.nightly
@pytest.mark.parametrize("name", sorted(set(model_catalog.MODELS) - set(LIGHT)))
def test_every_network_gives_features_and_takes_a_linear_head(name: str) -> None:
    check_features(name)


def test_weights_for_518_px_give_a_network_that_takes_other_sizes(tmp_path: Path) -> None:
    folder = tmp_path / "any name"
    made = timm.create_model("vit_small_patch14_dinov2", num_classes=0, depth=1)
    save_for_hf(made, str(folder), model_args={"depth": 1}, safe_serialization=True)
    loaded = network.create(f"local-dir:{folder}", 2, pretrained=True).eval()
    with torch.inference_mode():
        assert loaded(torch.zeros(1, 3, 224, 224)).shape == (1, 2)


def test_a_size_that_cuts_patches_is_refused_with_the_nearest_that_does_not() -> None:
    with pytest.raises(ValueError, match="takes multiples of 14. Set it to 196"):
        resolve({"model_name": "dinov2_small", "training_crop_size": 200})
