"""Nothing phones home: a job from the command line to a prediction, with everything that leaves
the machine refused. Its exit score ends it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from automl.experiments import store
from automl.experiments.records import ExperimentState, TrialState
from tests.conftest import WATCHED, connections_file
from tests.small_training import TINY

PARAMETERS = {**TINY, "pretrained": "auto", "number_of_epochs": 30}
THE_HUB = {"huggingface.co"}
"""Hosts that may be contacted for weights, with `pretrained: auto` or `required` only."""


@pytest.fixture
def connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hosts that processes started from now on ask for, all of which are refused."""
    return watch(tmp_path, monkeypatch)


def watch(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    patch.setenv("PYTHONPATH", f"{WATCHED}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    patch.setenv("AUTOML_TEST_CONNECTIONS", str(folder / "connections"))
    (folder / "connections").touch()
    return folder / "connections"


def python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("call", ["create_connection(('198.51.100.1', 80), 1)", "getaddrinfo"])
def test_the_watch_refuses_and_writes_down(connections: Path, call: str) -> None:
    call = call if "(" in call else f"{call}('telemetry.test', 443)"
    done = python("-c", f"import socket; socket.{call}")
    assert "the network is blocked for this test" in done.stderr
    assert connections.read_text().strip() in ("198.51.100.1", "telemetry.test")


@pytest.fixture(scope="module")
def searched(
    head_home: Path, shapes: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, set[str]]:
    """An experiment of AutoMode, and the hosts that it and a prediction have asked for."""
    folder = tmp_path_factory.mktemp("offline")
    job = {
        "training_data": {"path": str(shapes)},
        "training_parameters": PARAMETERS,
        "limits": {"max_trials": 3, "exit_score": 0.6},
    }
    (folder / "job.yml").write_text(json.dumps(job))
    picture = str(next(shapes.rglob("*.png")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(head_home))
        asked = watch(folder, patch)
        done = python("-m", "automl.cli", "run", str(folder / "job.yml"), "--json")
        assert done.returncode == 0, done.stderr
        directory = json.loads(done.stdout.splitlines()[-1])["experiment_dir"]
        assert python("-m", "automl.cli", "predict", directory, picture).returncode == 0
    files = (asked, connections_file(head_home))
    return Path(directory), {host for file in files for host in file.read_text().split()}


@pytest.mark.engine
def test_a_job_asks_for_nothing_but_weights(searched: tuple[Path, set[str]]) -> None:
    assert searched[1] <= THE_HUB


@pytest.mark.engine
def test_the_exit_score_ends_everything_and_the_best_is_fitted_to_all_pictures(
    searched: tuple[Path, set[str]],
) -> None:
    directory = searched[0]
    done = store.load_experiment(directory)
    floor, best, *later = store.load_trials(directory)
    assert done.state is ExperimentState.COMPLETED
    assert "exit score was reached" in done.message
    assert (floor.method, floor.state) == ("majority_class", TrialState.COMPLETED)
    assert (best.state, done.best_trial) == (TrialState.STOPPED, best.trial_id)
    assert all(trial.evaluations == [] for trial in later)
    assert best.refitted_on == 60, done.notes
    assert best.effective["num_train_images"] == 48
    said = "fitted again to all 60 training and validation pictures"
    assert said in (store.best_model_dir(directory) / "README.md").read_text()
    settings = json.loads((store.best_model_dir(directory) / "settings.json").read_text())
    assert (settings["epoch"], said in settings["fitted_to"]) == (best.evaluations[-1].epoch, True)


def test_libraries_are_told_not_to_report(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("DO_NOT_TRACK", "HF_HUB_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY")
    for name in (*names, "RAY_USAGE_STATS_ENABLED"):
        monkeypatch.delenv(name, raising=False)
    done = python("-c", f"import automl, os; print([os.environ[name] for name in {names!r}])")
    assert done.stdout.strip() == "['1', '1', 'true']"
