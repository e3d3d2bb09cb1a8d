"""A trial on one device, in this process, or on several of this machine, in a process for each.

Both are asked in the same way: `ask` calls a function with the `TrialTraining`, wherever it is.
"""

import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing import connection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from automl.errors import RankDiedError
from automl.evaluation.predictions import Predictions
from automl.experiments.records import Evaluation
from automl.jobs.hyperparameters import Hyperparameters
from automl.training import rank_process, resume_state
from automl.training.rank_process import Answer, Request, Setup
from automl.training.resume_state import KeptState
from automl.training.trial_data import TrialData
from automl.training.trial_training import CancelledError, Placement, TrialTraining

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

    def advance(
        self, is_cancelled: Callable[[], bool], after_epoch: Callable[[], None]
    ) -> tuple[Evaluation, Predictions]:
        """See `TrialTraining.advance`."""
        return self._training.advance(is_cancelled, after_epoch)

    def close(self) -> None:
        """End everything that was started."""


class _StartsAgainError(Exception):
    """A rank ran out of memory and has written its state."""


class SeveralDevices:
    """A trial in a process for each device, with the methods of `OneDevice`.

    The first rank evaluates and is asked. A rank that fails ends all: those that wait for its
    gradients cannot be told. After a full memory all are started again, with smaller parts.
    """

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        data: TrialData,
        devices: Sequence[str],
        num_threads: int,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Start the ranks and build the network in each.

        Args:
            hyperparameters: of the trial, which trains a network.
            data: its pictures.
            devices: such as `cuda:0`, two or more of one kind.
            num_threads: CPU threads of all together.
            is_cancelled: asked twice a second until the networks are built.

        Raises:
            CancelledError: `is_cancelled` became true.
            UserError, ExperimentError: see `TrialTraining`.
            RankDiedError: a process has ended.
        """
        self.epoch = 0
        self.failed_rank = 0
        self._folder = tempfile.TemporaryDirectory(prefix="automl-ranks-")
        self._processes: list[multiprocessing.process.BaseProcess] = []
        self._ranks: list[Connection] = []
        self._num_starts = 0
        threads = max(1, num_threads // len(devices))
        place = Path(self._folder.name)
        self._setup = Setup(hyperparameters, data, tuple(devices), threads, place)
        try:
            self._start(None, is_cancelled)
        except BaseException:
            self.close()
            raise

    def ask(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """See `OneDevice`; the function is found by its name in its module."""
        self._ranks[0].send(Request(function, arguments))
        value: _T = self._answers(self._ranks[:1])
        return value

    def go_on_from(self, state: KeptState) -> None:
        """See `OneDevice`."""
        self.ask_all(TrialTraining.go_on_from, state)
        self.epoch = state.epoch

    def ask_all(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Like `ask`, but every rank calls the function."""
        self._send_all(Request(function, arguments))
        value: _T = self._answers(self._ranks)
        return value

    def advance(
        self, is_cancelled: Callable[[], bool], after_epoch: Callable[[], None]
    ) -> tuple[Evaluation, Predictions]:
        """See `TrialTraining.advance`."""
        while True:
            self._send_all(Request(rank_process.advance))
            try:
                scored: tuple[Evaluation, Predictions] = self._answers(
                    self._ranks, is_cancelled, after_epoch
                )
            except _StartsAgainError:
                state = resume_state.find(self._setup.state_dir)
                assert state is not None
                self._start(state, is_cancelled)
            else:
                self.epoch = scored[0].epoch
                return scored

    def close(self) -> None:
        """See `OneDevice`."""
        self._end_ranks()
        self._folder.cleanup()

    def _start(self, state: KeptState | None, is_cancelled: Callable[[], bool]) -> None:
        self._end_ranks()
        self._num_starts += 1
        folder = Path(self._folder.name, str(self._num_starts))
        folder.mkdir()
        self._setup = replace(self._setup, state_dir=folder, state=state)
        # a rank that is forked from a process with torch starts in a second instead of ten
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([rank_process.__name__])
        for rank in range(len(self._setup.devices)):
            ours, theirs = context.Pipe()
            arguments = (rank, theirs, self._setup)
            process = context.Process(target=rank_process.run, args=arguments, daemon=True)
            process.start()
            theirs.close()  # so that the end of the process is the end of the connection
            self._processes.append(process)
            self._ranks.append(ours)
        self._answers(self._ranks, is_cancelled)

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
            rank.send(request)

    def _answers(
        self,
        asked: Sequence[Connection],
        is_cancelled: Callable[[], bool] = lambda: False,
        after_epoch: Callable[[], None] = lambda: None,
    ) -> Any:
        """The value of the first rank, once all that were asked have answered."""
        waiting, value = list(asked), None
        while waiting:
            if is_cancelled():
                self._end_ranks()
                raise CancelledError
            for rank in connection.wait(waiting, timeout=_LOOK_SECONDS):
                assert isinstance(rank, Connection)
                answer = self._received(rank)
                if answer.epoch is not None:
                    self.epoch = answer.epoch
                    after_epoch()
                    rank.send(Request(None))
                    continue
                waiting.remove(rank)
                if rank is self._ranks[0]:
                    value = answer.value
        return value

    def _received(self, rank: Connection) -> Answer:
        """The next answer of a rank; raises the error of one that has failed."""
        try:
            answer: Answer = rank.recv()
        except (EOFError, ConnectionError):
            answer = Answer(error=RankDiedError("a process has ended"))
        if answer.starts_again:
            raise _StartsAgainError
        if answer.error is not None:
            self.failed_rank = self._ranks.index(rank)
            raise self._cause(answer.error)
        return answer

    def _cause(self, error: Exception) -> Exception:
        """The error, or the end of a process by which it came about; ends all processes."""
        connection.wait([process.sentinel for process in self._processes], _DEATH_SECONDS)
        codes = [process.exitcode for process in self._processes]
        if ended := [rank for rank, code in enumerate(codes) if code is not None]:
            code, device = codes[ended[0]], self._setup.devices[ended[0]]
            error = RankDiedError(
                f"The process that trained on {device} ended with code {code}; -9 often means that "
                "the system was short of memory."
            )
        self._end_ranks()
        return error
