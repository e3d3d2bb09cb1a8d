"""Work in processes beside the server, one of a kind at a time, whose answers are kept."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from automl.errors import UserError
from automl.frozen_model import FrozenModel
from automl.jobs.job import Job
from automl.jobs.side_process import SideProcess
from automl.texts import _

Answer = TypeVar("Answer", bound=FrozenModel)

_AUTOMATIC = "AUTOML_FIRST_SCORE"
"""Environment variable; `ask`: work begins only when somebody asks for it."""

_MAX_KEPT = 16


def is_automatic() -> bool:
    """True if work begins as soon as somebody looks at the page that shows it."""
    return os.environ.get(_AUTOMATIC, "").lower() != "ask"


@dataclass
class SideWork(Generic[Answer]):
    """One piece of work: being done, with an answer, refused or cancelled."""

    process: SideProcess
    kind: type[Answer]
    limit_seconds: float
    """Time after which the best answer so far is the answer."""

    answer: Answer | None = None
    refusal: str = ""
    is_cancelled: bool = False
    is_over: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)  # pages of several people look

    def is_running(self) -> bool:
        """True until nothing will change any more; takes over what is known by now."""
        with self._lock:
            if self.is_over:
                return False
            is_late = self.process.seconds > self.limit_seconds
            if self.process.is_running() and not is_late:
                self._take(self.process.answer())
                return True
            self._finish(is_late=is_late)
            return False

    def count(self) -> tuple[int, int]:
        """How much is done, and how much there is; 0, 0 at first and at the end."""
        with self._lock:
            return (0, 0) if self.is_over else self.process.count()

    def cancel(self) -> None:
        """End the process; what it has answered so far stays."""
        with self._lock:
            if not self.is_over:
                self.is_cancelled = True
                self._end()

    def _finish(self, *, is_late: bool) -> None:
        try:
            self._take(self.process.answer() if is_late else self.process.result())
        except UserError as error:
            self.refusal = str(error)
        if self.answer is None and not self.refusal:
            self.refusal = _(
                "There was no answer within {limit_seconds:g} s. Choose smaller models "
                "or pictures, or try again when the machine is less busy."
            ).format(limit_seconds=self.limit_seconds)
        self._end()

    def _take(self, answer: str) -> None:
        if answer:
            self.answer = self.kind.model_validate_json(answer)

    def _end(self) -> None:
        self.is_over = True
        self.process.close()


@dataclass
class SideWorks(Generic[Answer]):
    """The work of one kind that this server has done, by keys of its callers."""

    module: str
    kind: type[Answer]
    limit_seconds: float = float("inf")
    _by_key: OrderedDict[str, SideWork[Answer]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, key: str) -> SideWork[Answer] | None:
        """The work with this key, if there was one."""
        return self._by_key.get(key)

    def running(self) -> list[SideWork[Answer]]:
        """The work that is not finished; at most one piece."""
        return [work for work in self._by_key.values() if work.is_running()]

    def begin(self, key: str, job: Job, *arguments: str) -> SideWork[Answer] | None:
        """Begin the work, again if it was cancelled or refused; None if this server is busy."""
        with self._lock:
            there = self._by_key.get(key)
            if there and not there.is_cancelled and not there.refusal:
                return there
            if self.running():
                return None
            work = SideWork(
                SideProcess(self.module, job, *arguments), self.kind, self.limit_seconds
            )
            self._by_key[key] = work
            while len(self._by_key) > _MAX_KEPT:
                self._by_key.popitem(last=False)
            return work
