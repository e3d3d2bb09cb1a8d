"""`python -m automl.engine.fork_server SOCKET`: a process that Ray's workers are forked from.

A worker needs torch and timm, whose import takes 12 seconds of a core. This process imports them
once, in advance. A forked worker starts at once and shares the memory of its modules with the
others. Ray itself can only start workers early: each of them imports everything for itself and ends
with its experiment.

For each worker Ray starts `forked_worker.py`, which sends a request here. Before a fork this
process starts no thread and touches no GPU, since neither survives a fork.

An engine has a server of its own forked from it, which imports Ray and our modules while the data
is read, and ends with the engine. The workers of the engine's job are forked from that one.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRELOADED = ("torch", "timm", "timm.optim", "pandas", "safetensors.torch", "pydantic")
"""Without Ray, whose library reads the id of its job from the environment when it is loaded, and
without our own modules: a head that outlives an update must not serve the old code."""

_OF_JOB = (
    *("ray.tune", "automl.engine.trainable", "automl.training.devices"),
    *("automl.training.speed", "automl.training.standing"),
)
"""Modules of the server of one job, which lives as long as its engine."""

_LATER = ("sklearn.linear_model", "onnxscript")
"""For trainings and exports, which come after the first row. Not onnxruntime, which starts a
thread."""

_QUIET_SECONDS = 5.0
"""Time without a client after which those are imported: they would take a core from a start."""

_BUSY_SECONDS = 120.0
"""The same while an engine may be running, whose own server imports them for it."""

_MAX_REQUEST_BYTES = 1 << 20


@dataclass(frozen=True)
class Request:
    """Description of the process that a client wants to be forked."""

    arguments: list[str]
    """Path of a script and its arguments."""

    environment: dict[str, str]
    folder: str
    niceness: int
    oom_score_adj: str
    """The system's priority for killing the process when memory is short."""


@dataclass(frozen=True)
class JobServer:
    """Description of a server for the workers of one of Ray's jobs."""

    place: str
    """Path of its socket."""

    environment: dict[str, str]
    """Variables that Ray reads when it is imported."""

    owner: socket.socket
    """Connection that is closed when the job's engine has ended."""


def is_supported() -> bool:
    """True on Linux.

    Elsewhere system libraries do not survive a fork, and there is no pidfd to wait for its end.
    """
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def command(path: str) -> list[str]:
    """Command line of a fork server that listens at the path."""
    # -P: a file called random.py in the working directory must not become ours
    return [sys.executable, "-P", "-m", "automl.engine.fork_server", path]


def serve(
    listener: socket.socket, owner: socket.socket | None = None
) -> Request | JobServer | None:
    """Fork a process for each request, until the owner has ended.

    Returns in the forked processes, each with its request, and None at the end.
    """
    signal.signal(signal.SIGCHLD, _reap)
    to_import, patience = list(_LATER), _QUIET_SECONDS
    watched = [listener] if owner is None else [listener, owner]
    while True:
        ready, _, _ = select.select(watched, [], [], patience if to_import else None)
        if owner in ready:
            return None
        if not ready:
            _import(to_import.pop(0))
            continue
        connection, _ = listener.accept()
        # if the fork fails, the client starts a worker without us; it may end before it has asked
        with connection, contextlib.suppress(OSError, ValueError):
            message, files, _, _ = socket.recv_fds(connection, _MAX_REQUEST_BYTES, 3)
            asked = json.loads(message)
            process_id = os.fork()
            for descriptor, file in enumerate(files):  # stdin, stdout and stderr of the client
                if process_id == 0:
                    os.dup2(file, descriptor)
                os.close(file)
            is_server = "place" in asked
            if process_id == 0:
                for each in watched:
                    each.close()
                return JobServer(**asked, owner=connection.dup()) if is_server else Request(**asked)
            patience = _BUSY_SECONDS if is_server else patience
            connection.sendall(str(process_id).encode())


def become(request: Request) -> None:
    """Run the script in this forked process as if it had been started on its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    os.nice(request.niceness - os.nice(0))
    Path("/proc/self/oom_score_adj").write_text(request.oom_score_adj, "ascii")
    sys.argv = request.arguments
    sys.path.insert(0, str(Path(request.arguments[0]).parent))
    runpy.run_path(request.arguments[0], run_name="__main__")


def _import(name: str) -> None:
    importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a garbage collection in a worker would write to, and so copy, the shared pages


def _reap(*_: Any) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _served(
    place: str, names: Sequence[str], owner: socket.socket | None = None
) -> Request | JobServer | None:
    """Import the modules, then `serve` at a place; clients that connect before wait there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"{place}.new")
        listener.listen(64)
        Path(f"{place}.new").rename(place)  # who finds the socket is not refused
        for name in names:
            _import(name)
        found = serve(listener, owner)
    if found is None:
        Path(place).unlink(missing_ok=True)
    return found


def _main(path: str) -> None:
    request = _served(path, PRELOADED)
    while isinstance(request, JobServer):
        os.environ.update(request.environment)
        request = _served(request.place, _OF_JOB, request.owner)
    if request is None:
        os._exit(0)  # libraries would write into the engine's log what they have not freed
    become(request)


if __name__ == "__main__":
    _main(sys.argv[1])
