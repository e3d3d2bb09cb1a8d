import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from automl.host import home
from automl.jobs.compatibility import resolve
from automl.model import pretrained_weights
from automl.training.cancellation import CancelledError
from automl.training.trial_training import TrialTraining
from tests.small_training import TINY, make_data
from tests.training.test_trial_training import CPU

Probe = Callable[..., np.ndarray]


@pytest.fixture
def probe(shapes: Path, weights_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fit a linear probe with some settings; returns its weights."""
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(weights_dir))
    pretrained_weights.forget()

    def fit(folder: Path = shapes, **settings: object) -> np.ndarray:
        asked = resolve({**TINY, "method": "linear_probe", "pretrained": "auto", **settings})
        training = TrialTraining(asked, make_data(folder, asked), CPU)
        weights: np.ndarray = training.built.network.get_parameter("fc.weight").detach().numpy()
        return weights.copy()

    yield fit
    pretrained_weights.forget()


def cached() -> set[Path]:
    return set(home.cache_dir("features").rglob("*.npz"))


def rows(file: Path) -> np.ndarray:
    found: np.ndarray = np.load(file)["features"]
    return found


def test_features_are_computed_once(probe: Probe) -> None:
    assert probe().any()
    files = cached()
    assert len(files) == 2  # of the training and of the validation pictures
    for file in files:
        kept = dict(np.load(file))
        np.savez(file, **{**kept, "features": np.zeros_like(kept["features"])})
    assert not probe(training_batch_size=7).any()
    assert cached() == files


@pytest.mark.parametrize(
    "settings",
    [
        {"training_crop_size": 24},
        {"validation_resize_size": 60},  # a smaller share of the picture is in the centre crop
    ],
)
def test_other_pixels_have_other_features(probe: Probe, settings: dict[str, int]) -> None:
    alone = probe(**settings)
    for file in cached():
        file.unlink()
    probe()
    assert np.array_equal(probe(**settings), alone)
    assert len(cached()) == 4


def test_another_normalisation_has_other_features(probe: Probe, weights_dir: Path) -> None:
    config = weights_dir / "test_resnet" / "config.json"
    text = config.read_text()
    first = probe()
    try:
        config.write_text(text.replace("0.25, 0.25, 0.25", "0.5, 0.25, 0.25"))
        assert not np.array_equal(probe(), first)
    finally:
        config.write_text(text)


def test_a_look_at_pictures_ends_when_the_trial_is_asked_to_stop(
    shapes: Path, weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(weights_dir))
    pretrained_weights.forget()
    asked = resolve({**TINY, "method": "linear_probe", "validation_batch_size": 8})
    answers = iter([False, True])
    before = cached()
    with pytest.raises(CancelledError):
        TrialTraining(asked, make_data(shapes, asked), CPU, is_cancelled=lambda: next(answers))
    assert cached() == before
    assert next(answers, None) is None
    pretrained_weights.forget()


def test_a_file_that_is_cut_off_is_written_again(probe: Probe) -> None:
    first = probe()
    files = cached()
    for file in files:
        file.write_bytes(file.read_bytes()[:500])
    assert np.array_equal(probe(), first)
    assert cached() == files
    assert sorted(len(rows(file)) for file in files) == [12, 48]


def test_a_changed_data_set_costs_its_new_pictures_alone(
    probe: Probe, shapes: Path, tmp_path: Path
) -> None:
    probe()
    folder = Path(shutil.copytree(shapes, tmp_path / "shapes"))
    (folder / "red" / "0.png").unlink()
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(folder / "blue" / "new.png")
    files = cached()
    probe(folder)
    assert sum(len(rows(file)) for file in cached() - files) == 1
