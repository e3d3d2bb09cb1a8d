"""The job that somebody has set up last and not started: a reload of the page must not lose it.

It is kept beside the unsaved corrections, one for each person and place of data.
"""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from automl.errors import UserError
from automl.host import atomic
from automl.jobs import unsaved_corrections
from automl.jobs.job import Job


def keep(data: Path, by: str, job: Job) -> None:
    """Keep the job in place of the one before; a full disk loses it, and nothing else."""
    path = _path(data, by)
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic.write_text(path, job.to_yaml())


def of(data: Path, by: str) -> tuple[Job, datetime] | None:
    """The job that was kept, and when; None if there is none that can be read."""
    path = _path(data, by)
    with contextlib.suppress(OSError, UserError):
        when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Job.from_yaml(path.read_text("utf-8")), when
    return None


def forget(data: Path, by: str) -> None:
    with contextlib.suppress(OSError):
        _path(data, by).unlink(missing_ok=True)


def _path(data: Path, by: str) -> Path:
    return unsaved_corrections.folder(data, by) / "job.yml"
