"""A picture gets the same answer wherever it is asked for, whatever kind of file it is."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from automl.dataset import pictures, pixels
from automl.experiments import store
from automl.model import checkpoint
from automl.prediction.inference import Prediction, Predictor
from automl.training.batches import scored_batches
from automl.training.trial_data import opened
from tests.export.conftest import CLASSES
from tests.serving.conftest import served

BEST = "trial-000"


def row_of(path: Path) -> dict[str, object]:
    content_hash = hashlib.sha256(path.read_bytes()).hexdigest()
    facts = pictures.examine(path)
    sides = {"width": facts.width, "height": facts.height}
    return {"path": str(path), "content_hash": content_hash, **sides}


@pytest.fixture(scope="module")
def by_evaluation(
    finished: Path, odd_pictures: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> NDArray[np.float32]:
    """As validation pictures are scored in training: from the pixel cache, in one batch."""
    network, description = checkpoint.load(store.checkpoint_dir(finished, BEST))
    samples = pd.DataFrame([row_of(path) for path in odd_pictures.values()])
    side = description.validation_crop_size
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(tmp_path_factory.mktemp("home")))
        stored = pixels.whole_pictures(samples, (description.validation_resize_size, side))
    batches = scored_batches(opened(stored), side, batch_size=100, device=torch.device("cpu"))
    (batch,) = batches
    with torch.inference_mode():
        return network(batch).softmax(dim=1).numpy()


def assert_equal(found: list[list[float]], wanted: NDArray[np.float32], names: list[str]) -> None:
    apart = np.abs(np.array(found) - wanted).max(axis=1)
    assert not {name: float(gap) for name, gap in zip(names, apart, strict=True) if gap > 1e-5}


def test_the_pictures_are_told_apart(by_evaluation: NDArray[np.float32]) -> None:
    assert len(np.unique(by_evaluation.round(3), axis=0)) > 8  # or equality would mean little


def test_the_predictor_answers_as_the_evaluation(
    finished: Path, odd_pictures: dict[str, Path], by_evaluation: NDArray[np.float32]
) -> None:
    predictor = Predictor(store.best_model_dir(finished))
    found = []
    for answer in predictor.predict(list(odd_pictures.values())):
        assert isinstance(answer, Prediction)
        found.append([answer.probabilities[label] for label in predictor.labels])
    assert_equal(found, by_evaluation, list(odd_pictures))


def test_the_command_line_answers_as_the_evaluation(
    finished: Path, odd_pictures: dict[str, Path], by_evaluation: NDArray[np.float32]
) -> None:
    command = [sys.executable, "-m", "automl.cli", "predict", str(finished), "--json"]
    command += [str(path) for path in odd_pictures.values()]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = json.loads(done.stdout.splitlines()[-1])["predictions"]
    labels = json.loads((store.best_model_dir(finished) / "labels.json").read_text())
    found = [[row["probabilities"][label] for label in labels] for row in rows]
    assert_equal(found, by_evaluation, list(odd_pictures))


def test_the_server_answers_as_the_evaluation(
    finished: Path, odd_pictures: dict[str, Path], by_evaluation: NDArray[np.float32]
) -> None:
    texts = [base64.encodebytes(path.read_bytes()).decode() for path in odd_pictures.values()]
    with served({"best": store.best_model_dir(finished)}) as client:
        answers = client.score(*texts).json()
    assert_equal([answer["probs"] for answer in answers], by_evaluation, list(odd_pictures))


def test_the_bundle_answers_as_the_evaluation_without_a_line_of_ours(
    exported: Callable[..., Path],
    odd_pictures: dict[str, Path],
    by_evaluation: NDArray[np.float32],
) -> None:
    program = (
        "import runpy, sys\n"
        "runpy.run_path('predict.py', run_name='__main__')\n"
        "assert not {name for name in sys.modules if name.split('.')[0] in ('automl', 'torch')}"
    )
    command = [sys.executable, "-c", program, *map(str, odd_pictures.values())]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=exported("bundle", with_int8=True)
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["filename"] for row in rows] == [str(path) for path in odd_pictures.values()]
    assert_equal([row["probs"] for row in rows], by_evaluation, list(odd_pictures))
    assert all(row["labels"][int(np.argmax(row["probs"]))] == row["label"] for row in rows)


def test_mlflow_answers_as_the_evaluation(
    exported: Callable[..., Path],
    odd_pictures: dict[str, Path],
    by_evaluation: NDArray[np.float32],
) -> None:
    mlflow = pytest.importorskip("mlflow.pyfunc")
    model = mlflow.load_model(str(exported("azure") / "outputs" / "mlflow-model"))
    texts = [base64.encodebytes(path.read_bytes()).decode() for path in odd_pictures.values()]
    table = model.predict(pd.DataFrame({"image": texts}))
    assert_equal(table["probs"].tolist(), by_evaluation, list(odd_pictures))
    assert table["labels"].iloc[0] == CLASSES


def test_an_exported_program_changes_no_setting_of_its_process(
    exported: Callable[..., Path],
) -> None:
    program = (
        "import warnings, PIL.Image, numpy, onnxruntime\n"
        "before = PIL.Image.MAX_IMAGE_PIXELS, list(warnings.filters)\n"
        "import predict\n"
        "assert (PIL.Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before"
    )
    folder = exported("bundle", with_int8=True)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, done.stderr


def test_our_own_processes_are_quiet_about_large_pictures(tmp_path: Path) -> None:
    """95 million pixels are more than Pillow's limit and less than ours."""
    path = tmp_path / "large.png"
    Image.new("1", (10_000, 9_500)).save(path)
    program = (
        "import sys; from pathlib import Path; from automl.dataset.preprocessing import opened\n"
        f"with opened(Path({str(path)!r})) as image: print(image.size)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(10000, 9500)\n", "")
