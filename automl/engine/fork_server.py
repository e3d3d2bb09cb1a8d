"""`python -m automl.engine.fork_server SOCKET`: a process that Ray's workers are forked from.

A worker needs torch and timm, and importing them takes 12 seconds of a core. Here they are imported
once, before anybody asks; a worker is then there at once, and shares the memory of its modules with
the others. Ray itself can only start workers early, each of which imports everything for itself
and ends with the experiment it is given to.

Ray starts `forked_worker.py` for a worker, which asks here for a fork. No thread is started and no
device is touched before the fork, as neither would survive it.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRELOADED = ("torch", "timm", "timm.optim", "sklearn.metrics", "safetensors.torch", "pydantic")
"""Without Ray, whose library learns from the environment which job it works for when it is loaded,
and without our own modules: a head that outlives an update must not serve the old code."""

_FOR_EXPORTS = ("onnxscript",)
"""Imported when nobody waits. Not onnxruntime, which starts a thread."""

_MAX_REQUEST_BYTES = 1 << 20


@dataclass(frozen=True)
class Birth:
    """What a forked process is to become."""

    arguments: list[str]
    """Path of a script and its arguments."""

    environment: dict[str, str]
    folder: str
    niceness: int
    oom_score_adj: str
    """How readily the system kills it when memory is short."""


def is_supported() -> bool:
    """On Linux: elsewhere system libraries do not survive a fork, and nobody can wait for it."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def command(path: str) -> list[str]:
    """Starts one that listens at the path."""
    # -P: a file called random.py in the working directory must not become ours
    return [sys.executable, "-P", "-m", "automl.engine.fork_server", path]


def next_birth(listener: socket.socket) -> Birth:
    """Serve for ever; returns in each forked process what it is to become."""
    signal.signal(signal.SIGCHLD, _reap)
    wanted = list(_FOR_EXPORTS)
    while True:
        while wanted and not select.select([listener], [], [], 0)[0]:
            _import(wanted.pop(0))
        connection, _ = listener.accept()
        # a fork that fails, or who asked is gone: who asked helps itself
        with connection, contextlib.suppress(OSError):
            message, files, _, _ = socket.recv_fds(connection, _MAX_REQUEST_BYTES, 3)
            process_id = os.fork()
            for place, file in enumerate(files):
                if process_id == 0:
                    os.dup2(file, place)
                os.close(file)
            if process_id == 0:
                listener.close()
                return Birth(**json.loads(message))
            connection.sendall(str(process_id).encode())


def become(birth: Birth) -> None:
    """Run the script as if it had been started on its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(birth.folder)
    os.environ.clear()
    os.environ.update(birth.environment)
    os.nice(birth.niceness - os.nice(0))
    Path("/proc/self/oom_score_adj").write_text(birth.oom_score_adj, "ascii")
    sys.argv = birth.arguments
    sys.path.insert(0, str(Path(birth.arguments[0]).parent))
    runpy.run_path(birth.arguments[0], run_name="__main__")


def _import(name: str) -> None:
    importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a worker would copy the pages it looks through


def _reap(*_: Any) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _main(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen(64)  # who asks before the modules are there, waits
        for name in PRELOADED:
            _import(name)
        birth = next_birth(listener)
    become(birth)


if __name__ == "__main__":
    _main(sys.argv[1])
