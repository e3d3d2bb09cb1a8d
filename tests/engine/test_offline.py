"""Nothing phones home: the main job, with everything that leaves the machine refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import WATCHED, connections_file

JOB = """
training_data: {{path: {data}}}
training_parameters:
  model_name: test_resnet.r160_in1k
  pretrained: auto
  training_crop_size: 32
  validation_resize_size: 32
  validation_crop_size: 32
  number_of_epochs: 1
"""
THE_HUB = {"huggingface.co"}
"""Hosts that may be contacted for weights, with `pretrained: auto` or `required` only."""


@pytest.fixture
def connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hosts that processes started from now on ask for, all of which are refused."""
    monkeypatch.setenv("PYTHONPATH", f"{WATCHED}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("AUTOML_TEST_CONNECTIONS", str(tmp_path / "connections"))
    (tmp_path / "connections").touch()
    return tmp_path / "connections"


def python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("call", ["create_connection(('198.51.100.1', 80), 1)", "getaddrinfo"])
def test_the_watch_refuses_and_writes_down(connections: Path, call: str) -> None:
    call = call if "(" in call else f"{call}('telemetry.test', 443)"
    done = python("-c", f"import socket; socket.{call}")
    assert "the network is blocked for this test" in done.stderr
    assert connections.read_text().strip() in ("198.51.100.1", "telemetry.test")


@pytest.mark.engine
def test_a_job_asks_for_nothing_but_weights(
    head: Path, connections: Path, shapes: Path, tmp_path: Path
) -> None:
    (tmp_path / "job.yml").write_text(JOB.format(data=shapes))
    done = python("-m", "automl.cli", "run", str(tmp_path / "job.yml"), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    picture = str(next(shapes.rglob("*.png")))
    assert python("-m", "automl.cli", "predict", found["experiment"], picture).returncode == 0
    asked = connections.read_text().split() + connections_file(head).read_text().split()
    assert set(asked) <= THE_HUB


def test_libraries_are_told_not_to_report(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("DO_NOT_TRACK", "HF_HUB_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY")
    for name in (*names, "RAY_USAGE_STATS_ENABLED"):
        monkeypatch.delenv(name, raising=False)
    done = python("-c", f"import automl, os; print([os.environ[name] for name in {names!r}])")
    assert done.stdout.strip() == "['1', '1', 'true']"
