"""An export in a process of its own, for whoever is not to import torch."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from automl.errors import ExportError
from automl.export.formats import Progress, check, refuse_taken


def run(  # noqa: PLR0913
    experiment_dir: Path,
    trial_id: str,
    name: str,
    target: Path,
    *,
    with_int8: bool = False,
    replaces: bool = False,
    progress: Progress = lambda _, __: None,
) -> dict[str, Any]:
    """As `artefact.export`; returns what `automl export --json` prints.

    The process is ended when this is left early, as when somebody leaves a page.

    Raises:
        ExportError: it cannot be exported so, or the process died.
    """
    check(name, int8=with_int8)  # at once, before a process has imported torch
    if not replaces:
        refuse_taken(target)
    command = [sys.executable, "-P", "-m", "automl.export", str(experiment_dir), trial_id, name]
    command += [str(target), *["--int8"] * with_int8, *["--replace"] * replaces]
    last: dict[str, Any] = {}
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                last = _object(line) or last
                if "doing" in last:
                    progress(last["doing"], last["progress"])
        finally:
            process.terminate()
        process.wait()
        complaints.seek(0)
        said = complaints.read().strip().splitlines()[-1:]
    if "parity" in last:
        return last
    reason = last.get("error") or (said[0] if said else "its process ended without a word")
    raise ExportError(f"{trial_id} cannot be exported: {reason}")


def _object(line: str) -> dict[str, Any] | None:
    """None for what a library prints in between."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
