"""The experiment's own record, in memory and on disk alike, and the clock of its time limit."""

import math
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from automl.experiments import store
from automl.experiments.records import FORMAT_VERSION, ExperimentRecord, now

_CLOCK_TOLERANCE_SECONDS = 60.0


class ExperimentFile:
    """The record of an experiment and its file."""

    def __init__(self, experiment_dir: Path) -> None:
        self.experiment_dir = experiment_dir
        self.record: ExperimentRecord = store.load_experiment(experiment_dir)

    def update(self, **changes: Any) -> None:
        """Change the record; nothing is written when nothing changes."""
        changed = self.record.model_copy(update=changes)
        if changed != self.record:
            self.record = changed
            store.save_experiment(self.experiment_dir, changed)


class TimeLimit:
    """The time limit of an experiment.

    It is kept on the monotonic clock, which nobody sets and which stops while the machine sleeps;
    the record has the expected moment for readers.
    """

    def __init__(self, file: ExperimentFile) -> None:
        self._file = file
        self._until, self._seconds = math.inf, math.inf

    def begin(self, minutes: float) -> None:
        """Start the experiment's time, for the first time or again after a resume."""
        self._seconds = 60 * minutes
        self._until = time.monotonic() + self._seconds
        record = self._file.record
        self._file.update(
            format_version=FORMAT_VERSION,
            started_at=record.started_at or now(),
            paused_seconds=record.paused_seconds + self._seconds_without_engine(),
            ended_at=None,
            deadline=now() + timedelta(minutes=minutes),
        )

    def is_reached(self) -> bool:
        """True if the experiment has used its time."""
        return time.monotonic() >= self._until

    def seconds_left(self) -> float:
        """Seconds until it is reached; infinite before `begin`."""
        return self._until - time.monotonic()

    def share_used(self) -> float:
        """Share of the time that is over; 0 before `begin`."""
        if math.isinf(self._until):
            return 0.0
        return min(1.0, max(0.0, 1.0 - self.seconds_left() / self._seconds))

    def correct_deadline(self) -> None:
        """Correct the recorded moment after the clock was set or the machine slept."""
        recorded = self._file.record.deadline
        if recorded is None or math.isinf(self._until):
            return
        deadline = now() + timedelta(seconds=self._until - time.monotonic())
        if abs((deadline - recorded).total_seconds()) > _CLOCK_TOLERANCE_SECONDS:
            self._file.update(deadline=deadline)

    def _seconds_without_engine(self) -> float:
        """Seconds since an earlier engine last wrote something; 0 if there was none."""
        record, folder = self._file.record, self._file.experiment_dir
        if record.started_at is None:
            return 0.0
        files = [*store.trial_paths(folder), store.samples_path(folder)]
        written = [path.stat().st_mtime for path in files if path.exists()]
        moments = (record.started_at, record.ended_at)
        written += [moment.timestamp() for moment in moments if moment is not None]
        return max(0.0, now().timestamp() - max(written))
