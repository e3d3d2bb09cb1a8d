import json
import subprocess
import sys
from pathlib import Path

import pytest

from automl.errors import ExportError
from automl.experiments import store
from automl.export import exporting


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "automl.cli", "export", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_trial_is_exported_and_the_parity_printed(finished: Path, tmp_path: Path) -> None:
    target = tmp_path / "taken away"
    done = run(finished, "--format", "weights", "--output", target, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["format"], result["path"]) == ("weights", str(target))
    assert result["parity"]["agreement"] == 1.0
    assert result["parity"]["num_images"] > 0
    assert result["parity"]["max_probability_difference"] < 1e-3
    assert (target / "model.safetensors").is_file()
    assert "Comparing it with the trial's own model" in done.stderr


def test_what_cannot_be_exported_is_said_in_a_sentence(finished: Path, tmp_path: Path) -> None:
    done = run(finished, "--format", "torch", "--int8", "--output", tmp_path / "program")
    assert done.returncode == 2
    assert "int8 is for onnx and bundle; torch has no such form." in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_dies_is_an_error(finished: Path, tmp_path: Path) -> None:
    weights = store.checkpoint_dir(finished, "trial-001") / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:100])
    try:
        with pytest.raises(ExportError, match="trial-001 cannot be exported"):
            exporting.run(finished, "trial-001", "onnx", tmp_path / "onnx")
    finally:
        weights.write_bytes(whole)
    assert list(tmp_path.iterdir()) == []
