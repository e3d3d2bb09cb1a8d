from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import timm
import torch

from automl.export.reference import Pictures, measure, refitted
from automl.model import familiarity, onnx_conversion, several_networks
from automl.model.network import Normalised


def network(name: str = "test_resnet") -> Normalised:
    torch.manual_seed(0)
    made = timm.create_model(name, num_classes=3)
    return Normalised(made, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)).eval()


def two_networks() -> Normalised:
    parts = [network(), network("test_efficientnet")]
    return several_networks.as_one(several_networks.Averaged(parts, [32, 32], [0.5, 0.5])).eval()


@pytest.mark.parametrize("make", [network, two_networks])
def test_the_file_says_the_distance_that_is_computed_here(make, tmp_path: Path) -> None:
    model, pixels = make(), torch.rand(4, 3, 32, 32)
    found = familiarity.directions(model, [pixels[:3], pixels[3:]])
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0)
    with familiarity.watched(model.network) as seen:
        judged = familiarity.Judged(model, seen, found[:2]).eval()
        outputs = ("output1", "distance")
        onnx_conversion.convert(judged, pixels[:2], tmp_path / "a.onnx", outputs=outputs)
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    logits, distances = session.run(["output1", "distance"], {"input1": pixels.numpy()})
    with torch.inference_mode():
        assert logits == pytest.approx(model(pixels).numpy(), abs=1e-4)
    assert distances == pytest.approx(1 - (found @ found[:2].T).max(axis=1), abs=1e-4)
    assert distances[:2] == pytest.approx(0, abs=1e-4) != distances[2:]


def test_the_nearest_picture_is_looked_for_in_other_parts() -> None:
    known = np.eye(3, dtype=np.float32)
    parts = np.array([0, 1, -1])
    asked = np.array([[0.8, 0.6, 0.0]], np.float32)
    distances = familiarity.nearest(asked, known, (np.array([0]), parts))
    assert distances == pytest.approx([0.4])  # the first one is of the same part


@pytest.fixture
def pictures() -> Pictures:
    rng = np.random.default_rng(0)
    pixels = list(rng.integers(0, 255, (60, 32, 32, 3), np.uint8))
    splits = ["train"] * 40 + ["validation"] * 20
    samples = {
        "id": np.arange(60),
        "split": splits,
        "fold": np.arange(60) % 5,
        "label": ["cat", "dog", "owl"] * 20,
    }
    return Pictures(pixels, pd.DataFrame(samples))


def test_a_trained_model_is_compared_with_training_pictures_alone(pictures: Pictures) -> None:
    found = measure(pictures, network(), is_frozen=False)
    assert found is not None
    assert (len(found.bank), found.held_out.tolist()) == (40, list(range(40, 60)))
    assert found.threshold == found.distances.max()
    assert found.false_alarm_rate == pytest.approx(1 / 21)
    assert len(found.left_out) == 0, "it has learnt to tell the classes apart"
    frozen = measure(pictures, network(), is_frozen=True)
    assert frozen is not None
    assert (len(frozen.bank), len(frozen.held_out), len(frozen.left_out)) == (60, 60, 60)


def test_a_refitted_model_has_the_threshold_of_the_one_before_in_its_own_distances(
    pictures: Pictures,
) -> None:
    before = measure(pictures, network(), is_frozen=False)
    after = refitted(pictures, network(), network(), is_frozen=False)
    assert before is not None
    assert after is not None
    assert after.threshold == pytest.approx(before.threshold)
    assert after.distances == pytest.approx(before.distances)
    assert len(after.bank) == 60


def test_too_few_held_out_pictures_say_nothing(pictures: Pictures) -> None:
    few = Pictures(pictures.pixels[:45], pictures.samples[:45])
    assert measure(few, network(), is_frozen=False) is None
