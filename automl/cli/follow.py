"""Follow a running experiment in the terminal; Ctrl-C and SIGTERM stop it cleanly."""

import re
import signal
from types import FrameType, TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from automl.cli import audited
from automl.cli.output import console, tell
from automl.experiments import endings, time_left
from automl.experiments.experiment import Experiment
from automl.experiments.records import ExperimentRecord, ExperimentState, now
from automl.experiments.time_left import TimeLeft
from automl.figures import wording

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class GaveUpWaiting(KeyboardInterrupt):
    """The user pressed Ctrl-C twice; the engine stops in the background."""


class Follower:
    """Context that shows progress and turns signals into requests to stop."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._metric = experiment.job.primary_metric
        self._printed: tuple[object, ...] = ()
        self._num_told = 0
        self._stopping = False
        out = console(stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20))
        self._bar = Progress(*columns, TimeElapsedColumn(), console=out, transient=True)
        self._bar.disable = not out.is_terminal
        self._task = self._bar.add_task("Starting", total=1.0)

    def __enter__(self) -> Self:
        tell(f"Experiment {self._experiment.id}")
        self._handlers = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        self._bar.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        return kind is GaveUpWaiting

    def update(self, record: ExperimentRecord) -> None:
        for sentence in record.plan[self._num_told :]:
            tell(sentence)
        self._num_told = len(record.plan)
        trials = self._experiment.trials
        finished = endings.num_ended(trials)
        left = time_left.estimate(record, trials, now())
        text = progress_text(record, finished=finished, metric=self._metric, left=left)
        self._bar.update(self._task, description=text, completed=record.progress)
        # in a log file: one line per change of state, not per picture or second
        news = (record.state, re.split("[:,]", record.message)[0], finished, record.best_score)
        if self._bar.disable and news != self._printed:
            tell(text)
        self._printed = news

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._stopping:
            raise GaveUpWaiting
        self._stopping = True
        with audited.recorded("stop", self._experiment.id):
            self._experiment.stop()
        again = "; Ctrl-C again to stop waiting" if number == signal.SIGINT else ""
        tell(f"Stopping cleanly; the best model so far is kept{again}.")


def progress_text(
    record: ExperimentRecord, *, finished: int, metric: str, left: TimeLeft | None = None
) -> str:
    """Describe the experiment's state and progress in one line."""
    if record.state is ExperimentState.QUEUED:
        return f"Waiting: {record.message}" if record.message else "Starting"
    if record.state is ExperimentState.PREPARING:
        return record.message or "Preparing the data"
    # a plan by the clock was told above; its number of trials is only a limit
    has_number = record.num_trials and not record.plan
    of = f"{finished} of " if has_number else ""
    trials = wording.count(record.num_trials if has_number else finished, "trial")
    parts = [f"{record.state.capitalize()}: {of}{trials} finished"]
    if expected := wording.expected(record):
        parts.append(f"expect {metric} {expected} of {record.expected_trial or record.best_trial}")
    elif record.best_score is not None:
        parts.append(f"best {metric} {wording.score(record.best_score)} ({record.best_trial})")
    if record.state is ExperimentState.RUNNING and record.message:
        return f"{', '.join(parts)}. {record.message}"
    if left is not None and record.state is ExperimentState.RUNNING:
        parts.append(wording.time_left(left))
    return ", ".join(parts)
