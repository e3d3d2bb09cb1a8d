"""Pictures of more than 8 bits get the same answer wherever it is asked for."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automl.dataset.manifest import stored
from automl.experiments import store
from automl.export import artefact
from automl.export.parity_report import TOLERANCE
from automl.export.request import ExportRequest
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.prediction.inference import Prediction, Predictor
from tests.export import conftest


def _write(root: Path) -> None:
    """72 pictures with 900 of 65,536 grey levels; some pixels have no value."""
    rng = np.random.default_rng(0)
    for index, name in enumerate(("cold", "mild", "warm")):
        (root / name).mkdir(parents=True)
        for number in range(24):
            values = rng.integers(29_000, 29_400, (40, 40)).astype(np.uint16)
            values[8:32, 8:32] += 200 * index
            values[:, :3] = 0
            Image.fromarray(values).save(root / name / f"{number}.{'tif' if index else 'png'}")


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment on such pictures, whose only trial is a vote of nearest neighbours."""
    root = tmp_path_factory.mktemp("deep")
    _write(root / "data")
    job = Job(training_data=DataSource(path=root / "data"))
    parameters = ({**conftest.TINY, "method": "k_nearest_neighbours"},)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(root / "home"))
        return conftest._run(job, root / "experiments", parameters)


def test_the_range_is_kept_with_the_experiment_and_with_the_model(deep: Path) -> None:
    report = store.load_report(deep)
    assert report is not None
    low, high = stored(store.load_samples(deep), report).rendering.value_range or (0, 0)
    assert (low, high) == (pytest.approx(29_000, abs=5), pytest.approx(29_800, abs=5))
    settings = json.loads((store.best_model_dir(deep) / "settings.json").read_text())
    assert settings["rendering"] == {"value_range": [low, high], "background": "white"}
    description = json.loads((store.checkpoint_dir(deep, "trial-000") / "model.json").read_text())
    assert description["rendering"] == settings["rendering"]


def test_the_levels_tell_the_classes_apart(deep: Path) -> None:
    samples = store.load_samples(deep)
    means = samples.groupby("label")["brightness"].mean()
    assert means["warm"] - means["cold"] > 30  # of 255; 0 to 65,535 would leave 1
    predictor = Predictor(store.best_model_dir(deep))
    found = predictor.read(Path(samples["path"].iloc[0]))
    assert isinstance(found, np.ndarray)
    assert len(np.unique(found)) > 60


@pytest.mark.parametrize(
    "name", ["bundle", pytest.param("azure", marks=pytest.mark.nightly), "torch"]
)
def test_a_format_answers_as_the_model_and_as_was_recorded(
    deep: Path, tmp_path: Path, name: str
) -> None:
    if name == "azure":
        pytest.importorskip("mlflow.pyfunc")  # whose import warns
    report = artefact.export(ExportRequest(deep, "trial-000", name, tmp_path / name))
    assert report.max_probability_difference <= TOLERANCE
    assert report.max_difference_from_recorded is not None
    assert report.max_difference_from_recorded <= 1e-4
    if name == "bundle":
        _assert_alone(deep, tmp_path / name)


def _assert_alone(deep: Path, folder: Path) -> None:
    """The program of the bundle, without a line of ours, answers as the predictor."""
    paths = store.load_samples(deep)["path"].iloc[::12].tolist()
    command = [sys.executable, "predict.py", *paths]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    predictor = Predictor(store.best_model_dir(deep))
    for row, answer in zip(rows, predictor.predict([Path(path) for path in paths]), strict=True):
        assert isinstance(answer, Prediction)
        wanted = [answer.probabilities[label] for label in predictor.labels]
        assert row["probs"] == pytest.approx(wanted, abs=1e-5)
