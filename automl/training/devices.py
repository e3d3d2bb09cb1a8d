"""A trial on one device, in this process, or on several, in a process for each.

Both are asked in the same way: `ask` calls a function with the `TrialTraining`, wherever it is.
"""

import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import connection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from torch import distributed

from automl.errors import RankDiedError
from automl.evaluation.predictions import Predictions
from automl.experiments.records import Evaluation
from automl.host import free_port
from automl.jobs.hyperparameters import Hyperparameters
from automl.training import rank_process
from automl.training.cancellation import CancelledError
from automl.training.rank_process import Answer, Request, Setup
from automl.training.resume_state import KeptState
from automl.training.trial_data import TrialData
from automl.training.trial_training import Placement, TrialTraining

_LOOK_SECONDS = 0.5
_DEATH_SECONDS = 2.0
"""Time in which the end of a process is seen after another one has felt it."""

_T = TypeVar("_T")


class OneDevice:
    """A trial in this process."""

    failed_rank = 0
    """Rank of the process whose error was raised last."""

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        data: TrialData,
        placement: Placement,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """The arguments are those of `TrialTraining`, which says what they are."""
        self._training = TrialTraining(hyperparameters, data, placement, is_cancelled=is_cancelled)

    @property
    def epoch(self) -> int:
        """Number of epochs trained."""
        return self._training.epoch

    def ask(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """The value of a function, called with the `TrialTraining` and the arguments."""
        return function(self._training, *arguments)

    def go_on_from(self, state: KeptState) -> None:
        """Continue from a state that another process has kept."""
        self._training.go_on_from(state)

    def advance(self, after_epoch: Callable[[], None]) -> tuple[Evaluation, Predictions]:
        """See `TrialTraining.advance`."""
        return self._training.advance(after_epoch)

    def close(self) -> None:
        """End everything that was started."""


class Line(Protocol):
    """The leader's end of the connection to a rank."""

    def send(self, request: Request, /) -> None:
        """Ask the rank."""

    def recv(self) -> Answer:
        """Its next answer; EOFError if it has ended."""

    def fileno(self) -> int:
        """Can be read when there is an answer."""

    def close(self) -> None:
        """Ask no more."""


@dataclass(frozen=True)
class Elsewhere:
    """The ranks of a trial on other machines, which are the last ones."""

    devices: tuple[str, ...]
    """One for each of these ranks, as it sees it, such as `cuda:0`."""

    host: str
    """Address of this machine for the others."""

    start: Callable[[int, Setup], Line]
    """Start a rank, which ends when its line is closed; its first answer says that it is built."""


class _StartsAgainError(Exception):
    """A rank ran out of memory: all go on from this state."""

    def __init__(self, state: KeptState) -> None:
        super().__init__()
        self.state = state


class SeveralDevices:
    """A trial in a process for each device, with the methods of `OneDevice`.

    The first rank evaluates and is asked. A rank that fails ends all: those that wait for its
    gradients cannot be told. After a full memory all are started again, with smaller parts.
    """

    def __init__(  # noqa: PLR0913
        self,
        hyperparameters: Hyperparameters,
        data: TrialData,
        devices: Sequence[str],
        num_threads: int,
        is_cancelled: Callable[[], bool] = lambda: False,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """Start the ranks and build the network in each.

        Args:
            hyperparameters: of the trial, which trains a network.
            data: its pictures.
            devices: of this machine, such as `cuda:0`, all of one kind.
            num_threads: CPU threads of the ranks of this machine together.
            is_cancelled: asked twice a second while the networks are built, and by `advance`.
            elsewhere: the ranks on other machines, with as many on each as here.

        Raises:
            CancelledError: `is_cancelled` became true.
            UserError, ExperimentError: see `TrialTraining`.
            RankDiedError: a process has ended.
        """
        self.epoch = 0
        self.failed_rank = 0
        self._is_cancelled = is_cancelled
        self._folder = tempfile.TemporaryDirectory(prefix="automl-ranks-")
        self._processes: list[multiprocessing.process.BaseProcess] = []
        self._ranks: list[Line] = []
        self._num_starts = 0
        threads = max(1, num_threads // len(devices))
        self._num_here, self._elsewhere = len(devices), elsewhere
        self._devices = (*devices, *(elsewhere.devices if elsewhere else ()))
        self._setup = partial(Setup, hyperparameters, data, self._devices, threads)
        try:
            self._start(None)
        except BaseException:
            self.close()
            raise

    def ask(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """See `OneDevice`; the function is found by its name in its module."""
        self._send(self._ranks[0], Request(function, arguments))
        value: _T = self._answers(self._ranks[:1])
        return value

    def go_on_from(self, state: KeptState) -> None:
        """See `OneDevice`."""
        self.ask_all(TrialTraining.go_on_from, self._for_all(state))
        self.epoch = state.epoch

    def ask_all(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Like `ask`, but every rank calls the function."""
        self._send_all(Request(function, arguments))
        value: _T = self._answers(self._ranks)
        return value

    def advance(self, after_epoch: Callable[[], None]) -> tuple[Evaluation, Predictions]:
        """See `TrialTraining.advance`."""
        while True:
            self._send_all(Request(rank_process.advance))
            try:
                scored: tuple[Evaluation, Predictions] = self._answers(
                    self._ranks, self._is_cancelled, after_epoch
                )
            except _StartsAgainError as again:
                self._start(self._for_all(again.state))
            else:
                self.epoch = scored[0].epoch
                return scored

    def close(self) -> None:
        """See `OneDevice`."""
        self._end_ranks()
        self._folder.cleanup()

    def _for_all(self, state: KeptState) -> KeptState:
        return state.for_other_machines() if self._elsewhere else state

    def _start(self, state: KeptState | None) -> None:
        self._end_ranks()
        self._num_starts += 1
        folder = Path(self._folder.name, str(self._num_starts))
        folder.mkdir()
        setup = self._setup(state_dir=folder, meeting=(folder / "meeting").as_uri(), state=state)
        elsewhere = self._elsewhere
        if elsewhere is not None:
            host = elsewhere.host
            setup = replace(setup, meeting=f"tcp://{host}:{free_port.find(host)}", host=host)
        # a rank that is forked from a process with torch starts in a second instead of ten
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([rank_process.__name__])
        for rank in range(self._num_here):
            ours, theirs = context.Pipe()
            arguments = (rank, theirs, setup)
            process = context.Process(target=rank_process.run, args=arguments, daemon=True)
            process.start()
            theirs.close()  # so that the end of the process is the end of the connection
            self._processes.append(process)
            self._ranks.append(ours)
        if elsewhere is not None:
            for rank in range(self._num_here, len(self._devices)):
                self._ranks.append(elsewhere.start(rank, setup))
        self._answers(self._ranks, self._is_cancelled)

    def _end_ranks(self) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()
        for rank in self._ranks:
            rank.close()
        self._processes, self._ranks = [], []

    def _send_all(self, request: Request) -> None:
        for rank in self._ranks:
            self._send(rank, request)

    def _send(self, rank: Line, request: Request) -> None:
        try:
            rank.send(request)
        except ConnectionError:
            raise self._cause(RankDiedError("a process has ended")) from None

    def _answers(
        self,
        asked: Sequence[Line],
        is_cancelled: Callable[[], bool] = lambda: False,
        after_epoch: Callable[[], None] = lambda: None,
    ) -> Any:
        """The value of the first rank, once all that were asked have answered."""
        waiting, value = list(asked), None
        while waiting:
            if is_cancelled():
                self._end_ranks()
                raise CancelledError
            ready = connection.wait(cast("list[Connection]", waiting), timeout=_LOOK_SECONDS)
            for rank in cast("list[Line]", ready):
                answer = self._received(rank)
                if answer.epoch is not None:
                    self.epoch = answer.epoch
                    after_epoch()
                    self._send(rank, Request(None))
                    continue
                waiting.remove(rank)
                if rank is self._ranks[0]:
                    value = answer.value
        return value

    def _received(self, rank: Line) -> Answer:
        """The next answer of a rank; raises the error of one that has failed."""
        try:
            answer = rank.recv()
        except (EOFError, ConnectionError):
            answer = Answer(error=RankDiedError("a process has ended"))
        if answer.starts_from is not None:
            raise _StartsAgainError(answer.starts_from)
        if answer.error is not None:
            self.failed_rank = self._ranks.index(rank)
            raise self._cause(answer.error)
        return answer

    def _cause(self, error: Exception) -> Exception:
        """The error, or the end of a process by which it came about; ends all processes."""
        connection.wait([process.sentinel for process in self._processes], _DEATH_SECONDS)
        codes = [process.exitcode for process in self._processes]
        if ended := [rank for rank, code in enumerate(codes) if code is not None]:
            code, device = codes[ended[0]], self._devices[ended[0]]
            error = RankDiedError(
                f"The process that trained on {device} ended with code {code}; -9 often means that "
                "the system was short of memory."
            )
        elif self._elsewhere is not None and _is_of_the_network(error):
            error = RankDiedError(f"A process on another machine cannot be reached: {error}")
        self._end_ranks()
        return error


def _is_of_the_network(error: Exception) -> bool:
    """True if a rank has felt the end of another one; gloo has no class for it."""
    return isinstance(error, distributed.DistError) or "gloo" in str(error)
