"""Features through ONNX Runtime are those of PyTorch, and a damaged conversion costs nothing."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from automl.model import converted_network, fast_features, linear_head, stages
from automl.model.network import Normalised

PIXELS = torch.rand(10, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def network() -> Normalised:
    torch.manual_seed(0)
    made = timm.create_model("test_resnet", num_classes=3, exportable=True)
    return Normalised(made, [0.4, 0.5, 0.6], [0.2, 0.2, 0.3]).to(memory_format=torch.channels_last)


@pytest.fixture(scope="module")
def folder(network: Normalised, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network, converted while features were extracted."""
    converted = tmp_path_factory.mktemp("networks") / "one"
    extract(network, converted)
    return converted


def extract(network: Normalised, converted: Path) -> np.ndarray:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_features, "WORTH_CONVERTING_SECONDS", 0.0)
        batches = PIXELS.to(memory_format=torch.channels_last).split(4)
        found = fast_features.extract(network, batches, num_pictures=len(PIXELS), folder=converted)
    last, of_stages = found
    assert last.shape[1] == linear_head.of(network.network).in_features
    return np.concatenate([last, of_stages], axis=1)


def by_pytorch(network: Normalised) -> np.ndarray:
    last = linear_head.extract_features(network, PIXELS.split(5))
    staged = linear_head.extract_features(stages.headless(network, PIXELS[:1]), PIXELS.split(5))
    return np.concatenate([last, staged[:, last.shape[1] :]], axis=1)


def test_the_features_are_those_of_pytorch(network: Normalised, folder: Path) -> None:
    network.train()
    before = folder.stat()
    found = extract(network, folder)
    expected = by_pytorch(network)
    np.testing.assert_allclose(found, expected, atol=1e-3 * expected.std())
    assert network.training
    assert folder.stat().st_mtime_ns == before.st_mtime_ns  # it was not converted again


@pytest.mark.parametrize("num_threads", [1, 2, 20])
def test_batches_of_several_threads_stay_in_order(
    network: Normalised, folder: Path, num_threads: int
) -> None:
    pixels = PIXELS.repeat(3, 1, 1, 1)
    pixels = pixels * torch.linspace(0.1, 1, len(pixels))[:, None, None, None]
    found, _ = converted_network.opened(folder, num_threads)(pixels.numpy())
    expected = linear_head.extract_features(network, [pixels])
    np.testing.assert_allclose(found, expected, atol=1e-3 * expected.std())


def test_a_damaged_or_foreign_conversion_is_not_used(
    network: Normalised, folder: Path, tmp_path: Path
) -> None:
    expected = by_pytorch(network)
    (tmp_path / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:-100])
    np.testing.assert_allclose(extract(network, tmp_path), expected, atol=1e-5)
    torch.manual_seed(1)
    other = Normalised(timm.create_model("test_resnet", num_classes=3), [0.5] * 3, [0.5] * 3)
    expected = by_pytorch(other)
    np.testing.assert_allclose(extract(other, folder), expected, atol=1e-5)


def test_few_pictures_are_not_worth_a_conversion(network: Normalised, tmp_path: Path) -> None:
    fast_features.extract(
        network, PIXELS.split(4), num_pictures=len(PIXELS), folder=tmp_path / "none"
    )
    assert not (tmp_path / "none").exists()


def test_a_network_that_was_converted_before_is_opened_for_fewer_pictures(
    network: Normalised, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.MonkeyPatch.context() as patch, caplog.at_level("DEBUG"):
        patch.setattr(fast_features, "_OPENED_SHARE", 0.0)
        fast_features.extract(network, PIXELS.split(4), num_pictures=10, folder=tmp_path)
    assert "not converted" in caplog.text  # the folder is empty, but it was tried


def test_a_network_that_gives_no_maps_of_its_stages_has_its_last_features(
    network: Normalised, tmp_path: Path
) -> None:
    last = linear_head.extract_features(network, [PIXELS])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_features, "WORTH_CONVERTING_SECONDS", 0.0)
        patch.delattr(timm.models.ResNet, "forward_intermediates")
        (found,) = fast_features.extract(
            network, PIXELS.split(4), num_pictures=10, folder=tmp_path / "one"
        )
    np.testing.assert_allclose(found, last, atol=1e-3 * last.std())
    assert (tmp_path / "one").is_dir()


def test_no_map_is_used_whose_network_answers_otherwise_with_it(network: Normalised) -> None:
    def wrong(self: timm.models.ResNet, pixels: torch.Tensor, **keys: object) -> object:
        final, maps = plain(self, pixels, **keys)
        return final + 1, maps

    plain = timm.models.ResNet.forward_intermediates
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timm.models.ResNet, "forward_intermediates", wrong)
        assert not isinstance(stages.headless(network, PIXELS[:1]).network, stages.Stages)
    assert isinstance(stages.headless(network, PIXELS[:1]).network, stages.Stages)
