"""One of several processes that train a trial together: it does what its leader asks.

A rank ends with the leader, however that ends. On one machine it meets the others through a file
and the loopback interface: no port is open to the network.
"""

import os
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import distributed

from automl.evaluation.predictions import Predictions
from automl.experiments.records import Evaluation
from automl.host import termination
from automl.jobs.hyperparameters import Hyperparameters
from automl.training import resume_state
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
    """New folder; gets the state of a rank that ran out of memory."""

    meeting: str
    """URL at which the ranks find each other: a file, or an address of the first rank's machine."""

    host: str = "127.0.0.1"
    """Address of this machine for the others."""

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
    starts_from: KeptState | None = None
    """State from which all must start again."""

    epoch: int | None = None
    """`advance` pauses after this epoch until the leader ends the pause."""


def run(rank: int, leader: Connection, setup: Setup) -> None:
    """The life of a rank: build the trial, then answer one request after the other."""
    termination.exit_with_parent()
    try:
        training = join(rank, setup)
    except Exception as error:  # noqa: BLE001 (raised by the leader)
        leader.send(Answer(error=portable(error)))
        threading.Event().wait()  # for the leader to end it: it has not died
        return
    leader.send(Answer())
    _serve(training, leader, setup.state_dir)


def advance(
    training: TrialTraining, leader: Connection | None = None
) -> tuple[Evaluation, Predictions] | None:
    """Train until the next evaluation, which the first rank makes; it pauses after every epoch."""
    if training.placement.ranks.rank:
        training.follow()
        return None
    assert leader is not None

    def pause() -> None:
        leader.send(Answer(epoch=training.epoch))
        _serve(training, leader, state_dir=None)

    return training.advance(pause)


def join(rank: int, setup: Setup) -> TrialTraining:
    """Meet the other ranks, and build the trial."""
    device = torch.device(setup.devices[rank])
    interface = _interface(setup.host)
    os.environ.update(GLOO_SOCKET_IFNAME=interface, NCCL_SOCKET_IFNAME=interface)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    number = len(setup.devices)
    distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        init_method=setup.meeting,
        rank=rank,
        world_size=number,
    )
    placement = Placement(device, setup.num_threads, Ranks(rank, number))
    training = TrialTraining(setup.hyperparameters, setup.data, placement)
    if setup.state is not None:
        training.go_on_from(setup.state)
    return training


def _interface(host: str) -> str:
    """Name of this machine's network interface with an address."""
    found = psutil.net_if_addrs()
    return next(
        name for name, addresses in found.items() if host in (each.address for each in addresses)
    )


def _serve(training: TrialTraining, leader: Connection, state_dir: Path | None) -> None:
    """Answer requests until a pause ends, or for ever if there is a folder for the state."""
    while True:
        request: Request = leader.recv()
        if request.function is None:
            return
        more = (leader,) if request.function is advance else ()
        asked = Request(request.function, (*request.arguments, *more))
        leader.send(answer(training, asked, state_dir))


def answer(training: TrialTraining, request: Request, state_dir: Path | None) -> Answer:
    """The value of a request, or its error; an error of memory leaves the state in the folder."""
    assert request.function is not None
    try:
        return Answer(request.function(training, *request.arguments))
    except StartAgainError:
        assert state_dir is not None
        training.save_state(state_dir)
        return Answer(starts_from=resume_state.find(state_dir))
    except Exception as error:  # noqa: BLE001 (raised by the leader)
        return Answer(error=portable(error))


def portable(error: Exception) -> Exception:
    """The error with its traceback as a note, which pickling keeps."""
    error.add_note("".join(traceback.format_exception(error)))
    return error
