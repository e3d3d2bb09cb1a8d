"""Replace a trial's record and the files that belong to it, all at once or not at all.

An evaluation may bring a better model, its predictions, and the state from which the trial goes on,
and the engine can be killed between any two of them. So all files of a step are first gathered in
`trials/<trial_id>/.next.partial`, which is renamed to `.next` when it is complete. Only then are
they moved to their final names. The next process that takes the experiment's lock finishes a
`.next` and deletes a `.next.partial`, and what an engine was putting together before (`scratch`).
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from automl.experiments import store
from automl.experiments.records import TrialRecord
from automl.host import atomic

_RECORD = "record.json"
_SCRATCH = ".scratch-"


def commit(experiment_dir: Path, trial: TrialRecord, files: Mapping[str, Path]) -> None:
    """Replace the record, and files and folders by their path in the trial's folder.

    The sources stay: they are linked, or copied if they are on another disk.
    """
    _recover(experiment_dir, trial.trial_id)
    folder = experiment_dir / "trials" / trial.trial_id
    partial = folder / ".next.partial"
    partial.mkdir(parents=True)
    for name, source in files.items():
        _take(source, partial / name)
    atomic.write_text(partial / _RECORD, trial.model_dump_json(indent=1))
    partial.rename(folder / ".next")  # from here on the step counts
    _finish(experiment_dir, folder)


def scratch(experiment_dir: Path) -> "tempfile.TemporaryDirectory[str]":
    """A folder on the disk of the experiment, for files on their way into a step."""
    return tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=experiment_dir)


def recover(experiment_dir: Path) -> None:
    """Finish or delete what a killed engine or a full disk has left unfinished.

    The caller holds the experiment's lock.
    """
    for left in experiment_dir.glob(f"{_SCRATCH}*"):
        shutil.rmtree(left)
    _recover(experiment_dir, "*")


def _recover(experiment_dir: Path, trial_id: str) -> None:
    """Finish or delete the unfinished steps of a trial, or of all."""
    for partial in (experiment_dir / "trials").glob(f"{trial_id}/.next.partial"):
        shutil.rmtree(partial)
    for complete in (experiment_dir / "trials").glob(f"{trial_id}/.next"):
        _finish(experiment_dir, complete.parent)


def _finish(experiment_dir: Path, folder: Path) -> None:
    """Move every part of the step to its final name, the record last; can be repeated."""
    step = folder / ".next"
    for part in [*step.glob("epochs/*"), *step.iterdir()]:
        if part.name not in (_RECORD, "epochs"):
            target = folder / part.relative_to(step)
            target.parent.mkdir(exist_ok=True)
            if target.is_dir():  # a rename cannot replace a folder that has files
                shutil.rmtree(target)
            part.rename(target)
    if (step / _RECORD).exists():
        (step / _RECORD).rename(store.trial_path(experiment_dir, folder.name))
    shutil.rmtree(step)


def _take(source: Path, target: Path) -> None:
    if source.is_dir():
        for path in source.iterdir():
            _take(path, target / path.name)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP):
            raise
        shutil.copyfile(source, target)
    with target.open("rb+") as file:
        os.fsync(file.fileno())  # the bytes must be on disk before the step counts
