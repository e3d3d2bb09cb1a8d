"""One of several processes that train a trial together: it does what its leader asks.

A rank ends with the leader, however that ends, and meets the others through a file and the loopback
interface: no port is open to the network.
"""

import multiprocessing
import os
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from automl.evaluation.predictions import Predictions
from automl.experiments.records import Evaluation
from automl.jobs.hyperparameters import Hyperparameters
from automl.training.ranks import Ranks
from automl.training.resume_state import KeptState
from automl.training.trial_data import TrialData
from automl.training.trial_training import Placement, StartAgainError, TrialTraining


@dataclass(frozen=True)
class Setup:
    """All that the ranks begin with."""

    hyperparameters: Hyperparameters
    data: TrialData
    devices: tuple[str, ...]
    """One for each rank, such as `cuda:0`."""

    num_threads: int
    """CPU threads of each rank."""

    state_dir: Path
    """New folder, in which the ranks find each other; gets the state of one that ran out of
    memory."""

    state: KeptState | None = None
    """State to go on from."""


@dataclass(frozen=True)
class Request:
    """A function to call with the `TrialTraining` and arguments; None ends a pause of `advance`."""

    function: Callable[..., Any] | None
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The value of a request, or why there is none."""

    value: Any = None
    error: Exception | None = None
    starts_again: bool = False
    """All must go on from the state in `Setup.state_dir`."""

    epoch: int | None = None
    """`advance` pauses after this epoch until the leader ends the pause."""


def run(rank: int, leader: Connection, setup: Setup) -> None:
    """The life of a rank: build the trial, then answer one request after the other."""
    threading.Thread(target=_end_with_the_leader, daemon=True).start()
    try:
        training = _join(rank, setup)
    except Exception as error:  # noqa: BLE001 (raised by the leader)
        leader.send(Answer(error=_portable(error)))
        threading.Event().wait()  # for the leader to end it: it has not died
        return
    leader.send(Answer())
    _serve(training, leader, setup)


def advance(training: TrialTraining, leader: Connection) -> tuple[Evaluation, Predictions] | None:
    """Train until the next evaluation, which the first rank makes; it pauses after every epoch."""
    if training.placement.ranks.rank:
        training.follow()
        return None

    def pause() -> None:
        leader.send(Answer(epoch=training.epoch))
        _serve(training, leader, setup=None)

    return training.advance(lambda: False, pause)


def _join(rank: int, setup: Setup) -> TrialTraining:
    device = torch.device(setup.devices[rank])
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    os.environ.update(GLOO_SOCKET_IFNAME=loopback, NCCL_SOCKET_IFNAME=loopback)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    number = len(setup.devices)
    distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        init_method=(setup.state_dir / "meeting").as_uri(),
        rank=rank,
        world_size=number,
    )
    placement = Placement(device, setup.num_threads, Ranks(rank, number))
    training = TrialTraining(setup.hyperparameters, setup.data, placement)
    if setup.state is not None:
        training.go_on_from(setup.state)
    return training


def _serve(training: TrialTraining, leader: Connection, setup: Setup | None) -> None:
    """Answer requests until a pause ends, or for ever if there is a setup."""
    while True:
        request: Request = leader.recv()
        if request.function is None:
            return
        more = (leader,) if request.function is advance else ()
        try:
            answer = Answer(request.function(training, *request.arguments, *more))
        except StartAgainError:
            assert setup is not None
            training.save_state(setup.state_dir)
            answer = Answer(starts_again=True)
        except Exception as error:  # noqa: BLE001 (raised by the leader)
            answer = Answer(error=_portable(error))
        leader.send(answer)


def _portable(error: Exception) -> Exception:
    """The error with its traceback as a note, which pickling keeps."""
    error.add_note("".join(traceback.format_exception(error)))
    return error


def _end_with_the_leader() -> None:
    leader = multiprocessing.parent_process()
    assert leader is not None
    leader.join()
    os._exit(1)
