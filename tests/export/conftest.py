import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from automl.dataset import manifest
from automl.engine import trainable
from automl.engine.planning import PlannedTrial
from automl.engine.results import Results
from automl.experiments import launcher, store
from automl.experiments.records import ExperimentState, TrialState
from automl.export import artefact
from automl.export.request import ExportRequest
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.training import effective, resume_state, trial_data
from automl.training.process_state import ProcessState
from automl.training.trial_training import Placement, TrialTraining
from tests import small_training as engine_conftest


def _photo(width: int, height: int) -> Image.Image:
    """Smooth colours with a corner that tells how it is turned."""
    rng = np.random.default_rng(width)
    small = Image.fromarray(rng.integers(0, 255, (4, 6, 3), dtype=np.uint8))
    photo = small.resize((width, height), Image.Resampling.BICUBIC)
    photo.paste((255, 0, 0), (0, 0, max(width // 4, 1), max(height // 4, 1)))
    return photo


def _turned() -> tuple[Image.Image, dict[str, object]]:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _photo(90, 60), {"exif": exif, "quality": 92}


def _sixteen_bits() -> Image.Image:
    grey = np.asarray(_photo(80, 60).convert("L"), dtype=np.uint16)
    return Image.fromarray(grey * 257)


@pytest.fixture(scope="session")
def odd_pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One picture file of every kind that is easily read in two ways."""
    folder = tmp_path_factory.mktemp("odd")
    turned, options = _turned()
    see_through = _photo(80, 60)
    see_through.putalpha(Image.linear_gradient("L").resize((80, 60)))
    kinds: dict[str, Callable[[], tuple[Image.Image, str, dict[str, object]]]] = {
        "jpeg": lambda: (_photo(90, 60), "jpg", {}),
        "large jpeg": lambda: (_photo(1200, 800), "jpg", {}),
        "png": lambda: (_photo(80, 60), "png", {}),
        "cmyk": lambda: (_photo(80, 60).convert("CMYK"), "jpg", {}),
        "grey": lambda: (_photo(80, 60).convert("L"), "png", {}),
        "sixteen bits": lambda: (_sixteen_bits(), "png", {}),
        "palette": lambda: (_photo(80, 60).quantize(16), "gif", {}),
        "see-through": lambda: (see_through, "png", {}),
        "turned": lambda: (turned, "jpg", options),
        "one pixel wide": lambda: (_photo(1, 60), "png", {}),
        "one pixel high": lambda: (_photo(70, 1), "png", {}),
        "one pixel": lambda: (_photo(1, 1), "png", {}),
    }
    paths = {}
    for name, make in kinds.items():
        image, extension, given = make()
        path = folder / f"{name}.{extension}"
        image.save(path, **given)
        paths[name] = path
    return paths


TINY = {**engine_conftest.TINY, "number_of_epochs": 4}


CLASSES = ["../..", 'CON: a\\b "<b>" | 🦊 مرحبا' + "n" * 176, "x/y."]
"""Names that no file or folder may have, one of 200 characters, in the order of texts."""


def _write_shapes(root: Path, labels: Sequence[Any] = CLASSES) -> Path:
    """A table of 72 pictures of 3 colours on noise, PNG and JPEG, and the label of each colour.

    One in a class has the wrong colour, so that no score is perfect.
    """
    rng = np.random.default_rng(0)
    rows = []
    for index, label in enumerate(labels):
        (root / str(index)).mkdir(parents=True)
        for number in range(24):
            colour = (index + (number == 6)) % 3
            pixels = rng.integers(0, 120, size=(36, 48, 3), dtype=np.uint8)
            pixels[8:28, 10:38, 2 - colour] = 220
            path = root / str(index) / f"{number}.{'png' if number % 2 else 'jpg'}"
            Image.fromarray(pixels).save(path)
            rows.append({"image_url": str(path), "label": label})
    table = root / "labels.jsonl"
    table.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return table


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment of two trained trials and their best_model, made as the engine makes it but
    without Ray: trial-000 fine-tuned, trial-001 a vote of nearest neighbours that asks for the
    normalisation outside of the ONNX model."""
    root = tmp_path_factory.mktemp("export")
    table = _write_shapes(root / "shapes")
    parameters = (
        TINY,
        {**TINY, "method": "k_nearest_neighbours", "enable_onnx_normalization": False},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(root / "home"))
        job = Job(training_data=DataSource(path=table))
        return _run(job, root / "experiments", parameters)


@pytest.fixture(scope="session")
def with_label_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment of one trained trial on pictures that have two labels, one or none."""
    root = tmp_path_factory.mktemp("label sets")
    table = _write_shapes(root / "shapes", ([], ["green"], ["red", "ça, chaud"]))
    job = Job.from_dict(
        {
            "task": "image_classification_multilabel",
            "primary_metric": "iou",
            "training_data": {"path": table},
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(root / "home"))
        return _run(job, root / "experiments", [{**TINY, "weighted_loss": 2, "cutmix": 1}])


def _run(job: Job, experiments_dir: Path, parameters: Sequence[dict[str, Any]]) -> Path:
    directory = launcher.create(job, name="shapes", experiments_dir=experiments_dir)
    data = manifest.build(job)
    data.samples["fold"] = pd.NA  # both are scored on the validation pictures
    store.save_dataset(directory, data.samples, data.report)
    results = Results(directory, job.primary_metric)
    planned = [PlannedTrial.of(number, asked) for number, asked in enumerate(parameters)]
    for trial in results.plan(planned):
        _train(trial, data, results)
    results.update(state=ExperimentState.COMPLETED, num_trials=len(parameters))
    best = results.best_trial()
    assert best is not None
    assert trainable.export(directory, best.trial_id) == ""
    return directory


def _train(trial: PlannedTrial, data: manifest.Manifest, results: Results) -> None:
    (pictures,) = trial_data.prepare(
        data, [trial.hyperparameters.complete], progress=lambda *_: None
    ).values()
    found = ProcessState.take()
    training = TrialTraining(
        trial.hyperparameters.complete, pictures, Placement(torch.device("cpu"), 1)
    )
    results.started(trial.trial_id)
    results.built(trial.trial_id, effective.in_effect(training), effective.notes(training), [])
    best = -1.0
    while best < 0 or not training.is_done:
        evaluation, predictions = training.advance()
        saved = results.experiment_dir / "tune" / trial.trial_id / str(evaluation.epoch)
        saved.mkdir(parents=True)
        state = training.state()
        resume_state.save(saved, state.tensors, state.values)
        if evaluation.metrics[results.primary_metric] > best:
            best = evaluation.metrics[results.primary_metric]
            training.save_scored_model(saved, predictions)
        results.evaluated(trial.trial_id, evaluation, saved)
    results.ended(trial.trial_id, TrialState.COMPLETED)
    found.put_back()


@pytest.fixture(scope="session")
def exported(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder of a format, exported once in all tests; they only read it."""
    root = tmp_path_factory.mktemp("exported")

    @functools.cache
    def written(name: str, trial_id: str, with_int8: bool) -> Path:
        target = root / f"{name} {trial_id}"
        artefact.export(ExportRequest(finished, trial_id, name, target, with_int8=with_int8))
        return target

    def folder(name: str, trial_id: str = "trial-000", *, with_int8: bool = False) -> Path:
        return written(name, trial_id, with_int8)

    return folder
