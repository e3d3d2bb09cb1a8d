"""Azure's own sample jobs, run to the end as somebody with a small machine would run them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from automl.experiments import launcher, store
from automl.experiments.records import ExperimentState, TrialState
from automl.jobs.job import Job

JOBS = Path(__file__).parents[2].parent / "shared" / "data" / "azure_samples" / "cli" / "jobs"
pytestmark = [
    pytest.mark.engine,
    pytest.mark.nightly,  # the networks are big; tests/jobs/test_azure_jobs.py loads every sample
    pytest.mark.usefixtures("head"),
    pytest.mark.skipif(not JOBS.is_dir(), reason="Azure's samples are not here"),
]
SIDES = ("training_crop_size", "validation_crop_size", "validation_resize_size")
SMALL = dict.fromkeys(SIDES, 32)
SETS = {"red": ["red"], "green": ["green", "blue"], "blue": []}
"""Labels of the shapes of each colour, for the jobs with any number of labels."""


@pytest.fixture(params=["mc", "ml"])
def sample(
    shapes: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[str], dict[str, Any]]:
    """Content of a sample's file, with tables of the shapes instead of its own: of the jobs with
    one label a picture, and of those with any number."""
    task = request.param
    label_of = SETS.__getitem__ if task == "ml" else str
    pictures = sorted(shapes.rglob("*.png"))
    for name, of_five in (("training", (1, 2, 3, 4)), ("validation", (0,))):
        folder = tmp_path / "data" / f"{name}-mltable-folder"
        folder.mkdir(parents=True)
        (folder / "MLTable").write_text(
            "paths: [{file: ./rows.jsonl}]\ntransformations: [read_json_lines]\n"
        )
        rows = [
            json.dumps({"image_url": str(path), "label": label_of(path.parent.name)})
            for index, path in enumerate(pictures)
            if index % 5 in of_five
        ]
        (folder / "rows.jsonl").write_text("\n".join(rows))

    def read(name: str) -> dict[str, Any]:
        (path,) = JOBS.glob(f"*/*/*-{task}-task-fridge-items{name}.yml")
        said: dict[str, Any] = yaml.safe_load(path.read_text())
        for key in ("training_data", "validation_data"):
            said[key]["path"] = str(tmp_path / said[key]["path"])
        return said

    return read


def run(said: dict[str, Any]) -> Path:
    directory = launcher.create(Job.from_yaml(yaml.safe_dump(said)))
    launcher.start(directory)
    done = launcher.wait(directory)
    assert done.state is ExperimentState.COMPLETED, (done.message, done.details)
    assert (store.best_model_dir(directory) / "model.onnx").is_file()
    return directory


def test_the_sweep_runs(sample: Callable[[str], dict[str, Any]]) -> None:
    said = sample("")
    said["limits"]["max_trials"] = 2
    said["training_parameters"] |= {**SMALL, "number_of_epochs": 1}
    said["search_space"][0]["number_of_epochs"]["values"] = [1, 2]
    rates = [space["learning_rate"] for space in said["search_space"]]
    lowest, highest = min(r["min_value"] for r in rates), max(r["max_value"] for r in rates)
    first, second = store.load_trials(run(said))
    for trial in (first, second):
        assert trial.state is TrialState.COMPLETED
        assert trial.score("accuracy") is not None
        assert lowest <= trial.effective["learning_rate"] <= highest
    drawn = {name for space in said["search_space"] for name in space["model_name"]["values"]}
    assert {first.model_name, second.model_name} <= drawn


def test_automode_runs(sample: Callable[[str], dict[str, Any]]) -> None:
    said = sample("-automode")
    said["limits"]["max_trials"] = 2
    said["training_parameters"] = {**SMALL, "number_of_epochs": 1}
    floor, trained = store.load_trials(run(said))
    assert floor.method == "linear_probe"
    assert floor.effective["weights_licence"] == "apache-2.0"
    assert trained.state is TrialState.COMPLETED
    assert trained.score("accuracy") is not None
