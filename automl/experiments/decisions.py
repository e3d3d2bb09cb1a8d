"""Decisions of people about doubtful labels of an experiment, until they train on them.

Each person has a file in `decisions/` of the experiment's directory: a closed tab loses none.
"""

import contextlib
import hashlib
import json
from pathlib import Path

from automl.host import atomic

Question = tuple[str, str]
"""SHA-256 of a picture, and the label that is asked about; "" where a picture has one class."""


def load(experiment_dir: Path, by: str) -> dict[Question, str]:
    """Return what a person has decided on each question; nothing if it cannot be read."""
    try:
        rows = json.loads(_path(experiment_dir, by).read_bytes())
        return {(str(content), str(label)): str(decision) for content, label, decision in rows}
    except (OSError, ValueError, TypeError, RecursionError):  # it must not hide the labels
        return {}


def keep(experiment_dir: Path, by: str, question: Question, decision: str) -> None:
    """Keep a decision beside those of the person's other tabs.

    A full disk, or a deleted experiment, loses it and nothing else.
    """
    path = _path(experiment_dir, by)
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        kept = {**load(experiment_dir, by), question: decision}
        atomic.write_text(path, json.dumps([[*each, kept[each]] for each in kept]))


def _path(experiment_dir: Path, by: str) -> Path:
    name = hashlib.sha256(by.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return experiment_dir / "decisions" / f"{name}.json"
