"""An export in a process of its own, for processes that must not import torch."""

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from automl.errors import ExportError
from automl.export.request import ExportRequest, Progress, no_progress
from automl.host import atomic, cores
from automl.texts import mark

_PATIENCE_SECONDS = 30  # torch does not react to SIGTERM in the middle of a long computation


def run(request: ExportRequest, progress: Progress = no_progress) -> dict[str, Any]:
    """Export a model; returns what `automl export --json` prints.

    If this is left early, for example because the page is closed, the process is ended and what it
    has written is removed.

    Raises:
        ExportError: the request cannot be met, or the process died.
    """
    request.check()  # here as well: an error needs no process that imports torch
    # -P: a file called random.py in the working directory must not be imported
    command = [sys.executable, "-P", "-m", "automl.export", request.to_text()]
    last: dict[str, Any] = {}
    with (
        tempfile.TemporaryFile("w+") as stderr,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=os.environ | cores.PATIENT,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                last = _object(line) or last
                if "doing" in last:
                    progress(last["doing"], last["progress"])
            process.wait()
        finally:
            _end(process)
            atomic.remove_leftovers(request.target)
        stderr.seek(0)
        last_words = stderr.read().strip().rpartition("\n")[2]
    if "parity" in last:
        return last
    reason = last.get("error") or last_words or mark(f"its process ended with {process.returncode}")
    raise ExportError(f"{request.trial_id} cannot be exported: {reason}")


def _end(process: "subprocess.Popen[str]") -> None:
    """End the process: with SIGTERM, after which it removes its files, or else with SIGKILL."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _object(line: str) -> dict[str, Any] | None:
    """Parse a line of output; None if a library has printed it."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
