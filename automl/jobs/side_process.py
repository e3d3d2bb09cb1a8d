"""A process that imports torch for a question about a job, as `automl.engine.first_score`.

It reads the job from its input, prints `done total` while it works, and its answer as a line of
JSON at the end; one that refines its answer prints each that is better than the one before.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from typing import Self

from automl.errors import UserError
from automl.host import cores
from automl.jobs.job import Job


class SideProcess:
    """The running process, and what it has printed so far; a context that ends it."""

    def __init__(self, module: str, job: Job, *arguments: str) -> None:
        """Start `python -m MODULE ARGUMENT … < job.yml`."""
        self._started = time.monotonic()
        # files, because a pipe fills up while nobody asks; the process goes on at their end
        # wherever this one reads
        self._output = tempfile.TemporaryFile("a+")  # noqa: SIM115 (open as long as the process)
        self._errors = tempfile.TemporaryFile("a+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=self._errors,
            text=True,
            env=os.environ | cores.PATIENT,
        )
        assert self._process.stdin is not None
        # a process that has ended already says why in its errors
        with contextlib.suppress(BrokenPipeError), self._process.stdin as given:
            given.write(job.to_yaml())

    def is_running(self, *, wait_seconds: float = 0) -> bool:
        """True if it is still running after so many seconds."""
        try:
            self._process.wait(wait_seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def count(self) -> tuple[int, int]:
        """How much is done, and how much there is; 0, 0 at first."""
        counts = [line.split() for line in self._lines() if not line.startswith("{")]
        done, total = counts[-1] if counts else ("0", "0")
        return int(done), int(total)

    @property
    def seconds(self) -> float:
        """Time since its start."""
        return time.monotonic() - self._started

    def answer(self) -> str:
        """The best answer so far; "" without any."""
        return next((line for line in reversed(self._lines()) if line.startswith("{")), "")

    def result(self) -> str:
        """The last line that it has printed; waits for its end.

        Raises:
            UserError: it has ended with an error; the last line that it wrote about it.
        """
        if self._process.wait():
            self._errors.seek(0)
            said = self._errors.read().splitlines()
            raise UserError(said[-1] if said else "The process was ended: the memory was short.")
        lines = self._lines()
        return lines[-1] if lines else ""

    def close(self) -> None:
        """End it if it is running; after this only `is_running` may be called."""
        self._process.kill()
        self._process.wait()
        self._output.close()
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lines(self) -> list[str]:
        """The complete lines so far."""
        self._output.seek(0)
        return self._output.read().rpartition("\n")[0].splitlines()
