import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from automl.cli import cli
from automl.errors import ExportError
from automl.experiments import store
from automl.export import artefact, exporting
from automl.export.request import ExportRequest


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["export", *map(str, arguments)])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def writing(command: list[str], folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process, from the moment in which it has begun to write into the folder."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while not names(folder):
                assert process.poll() is None
                time.sleep(0.001)
            yield process
        finally:
            process.kill()


def test_a_trial_is_exported_and_the_parity_printed(finished: Path, tmp_path: Path) -> None:
    target = tmp_path / "taken away"
    done = run(finished, "--format", "weights", "--output", target, "--json")
    assert done.exit_code == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["format"], result["path"]) == ("weights", str(target))
    assert result["parity"]["agreement"] == 1.0
    assert result["parity"]["num_images"] > 0
    assert result["parity"]["max_probability_difference"] < 1e-3
    assert (target / "model.safetensors").is_file()
    assert "Comparing it with the trial's own model" in done.stderr


def test_what_cannot_be_exported_is_said_in_a_sentence(finished: Path, tmp_path: Path) -> None:
    done = run(finished, "--format", "torch", "--int8", "--output", tmp_path / "program")
    assert done.exit_code == 2
    assert "int8 is for onnx and bundle; torch has no such form." in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_damaged_weights_are_a_sentence(finished: Path, tmp_path: Path) -> None:
    weights = store.checkpoint_dir(finished, "trial-001") / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:100])
    try:
        with pytest.raises(ExportError, match="The checkpoint .* cannot be loaded .* Choose"):
            artefact.export(ExportRequest(finished, "trial-001", "onnx", tmp_path / "onnx"))
    finally:
        weights.write_bytes(whole)
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_is_ended_leaves_nothing(finished: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "automl.cli",
        "export",
        str(finished),
        "--format",
        "weights",
        "--output",
        str(tmp_path / "out"),
    ]
    with writing(command, tmp_path) as process:
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert names(tmp_path) == []


def test_a_page_that_is_left_leaves_nothing_not_even_of_a_killed_export(
    finished: Path, tmp_path: Path
) -> None:
    """Streamlit raises in the callback when the page is closed."""
    request = ExportRequest(finished, "trial-000", "weights", tmp_path / "out")
    program = (  # as an export begins, without the seconds that torch takes to import
        "import pathlib, sys, time; from automl.host import atomic\n"
        "with atomic.new_folder(pathlib.Path(sys.argv[1]), private=False): time.sleep(600)"
    )
    with writing([sys.executable, "-c", program, str(request.target)], tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
    (killed,) = names(tmp_path)

    class Left(BaseException):
        pass

    written: list[str] = []

    def leave(step: str, _: float) -> None:
        if step.startswith("Comparing"):
            written.extend(names(tmp_path))
            raise Left

    with pytest.raises(Left):
        exporting.run(request, leave)
    assert len(written) == 1
    assert written != [killed]
    assert names(tmp_path) == []
