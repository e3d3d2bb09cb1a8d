"""The other end of `jobs.side_process`: read a job from the input, print counts and answers."""

import sys
from collections.abc import Callable, Iterable

from automl.errors import ExperimentError, UserError
from automl.frozen_model import FrozenModel
from automl.jobs.job import Job

Counted = Callable[[int, int], None]
"""Called with how much is done, and how much there is."""


def give(answers: Callable[[Job, Counted], Iterable[FrozenModel]]) -> None:
    """Answer for the job, each time better; an error that has a sentence ends the process with it.

    Args:
        answers: of the job, the best one last.
    """
    try:
        for answer in answers(Job.from_yaml(sys.stdin.read()), _count):
            print(answer.model_dump_json(), flush=True)  # noqa: T201
    except (UserError, ExperimentError) as error:
        sys.exit(str(error))


def _count(done: int, total: int) -> None:
    print(done, total, flush=True)  # noqa: T201
