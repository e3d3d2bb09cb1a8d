"""The first score of `automl check --look`."""

import contextlib
import os
from collections.abc import Iterator

from rich.progress import Progress

from automl.cli.output import console, say, say_table
from automl.dataset.manifest import Manifest
from automl.engine import first_score as engine
from automl.engine.side_answers import Counted
from automl.evaluation.first_score import FirstScore
from automl.figures import first_score_text
from automl.figures.first_score_text import Table
from automl.host import cores
from automl.jobs.job import Job
from automl.jobs.side_process import SideProcess

_NUM_SHOWN = 10


def score(data: Manifest, job: Job) -> FirstScore:
    """Compute the first score of data that was read already.

    Raises:
        UserError: see `automl.engine.first_score.score`.
    """
    os.environ.update(cores.PATIENT)
    with _progress() as counted:
        return engine.scored(data, job, counted)


def answer_of(module: str, job: Job, *arguments: str) -> str:
    """The last answer of a process that looks at pictures, with a progress bar on a terminal.

    Raises:
        UserError: the process has ended with an error.
    """
    with SideProcess(module, job, *arguments) as process, _progress() as counted:
        while process.is_running(wait_seconds=0.2):
            counted(*process.count())
        return process.result()


@contextlib.contextmanager
def _progress() -> Iterator[Counted]:
    """A progress bar on a terminal."""
    out = console(stderr=True)
    with Progress(console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("Looking at the pictures", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


def say_score(found: FirstScore) -> None:
    """Print the score, the weakest classes or labels, the confusions and the doubtful labels."""
    say(f"\nFirst score: {first_score_text.headline(found)}")
    _say_rows(first_score_text.weakest(found), "right found false")
    _say_rows(first_score_text.confusions(found), "pictures")
    _say_rows(first_score_text.missed_together(found), "pictures")
    if found.doubtful:
        say(f"Labels in doubt ({len(found.doubtful):,}), the clearest first:")
        for doubt in found.doubtful[:_NUM_SHOWN]:
            say(f"    {first_score_text.doubt(doubt)}")
        if len(found.doubtful) > _NUM_SHOWN:
            say(f"… and {len(found.doubtful) - _NUM_SHOWN:,} more; --json lists all.")


def _say_rows(table: Table, numbers: str) -> None:
    headings, rows = table
    if rows:
        say_table(headings, rows[:_NUM_SHOWN], numbers)
