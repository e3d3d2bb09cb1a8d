"""Script that Ray runs for each worker: has a fork server fork it, and ends when it ends.

The server is that of its job if there is one, or else that of the head. It runs in place of Ray's
own `setup_worker.py`, and gets the options meant for that. It is run by its path and imports the
standard library alone, so that it starts quickly. Without a fork server it becomes the worker
itself.
"""

import json
import os
import select
import socket
import sys
from pathlib import Path

SOCKET = "AUTOML_FORK_SERVER"
"""Environment variable with the path of the server's socket."""

JOB = "RAY_JOB_ID"
"""Environment variable in which Ray tells a worker the id of its job."""

_CONTEXT = "--serialized-runtime-env-context="
FOR_SETUP = (_CONTEXT, "--language=")


def main() -> None:
    contexts = [option for option in sys.argv[1:] if option.startswith(_CONTEXT)]
    context = json.loads(contexts[0].removeprefix(_CONTEXT)) if contexts else {}
    os.environ.update(context.get("env_vars", {}))
    arguments = [option for option in sys.argv[1:] if not option.startswith(FOR_SETUP)]
    for place in _places():
        try:
            worker = _forked(arguments, place)
        except ProcessLookupError:  # it has ended already
            return
        except (OSError, ValueError):
            continue
        select.select([worker], [], [])
        return
    os.execv(sys.executable, [sys.executable, *arguments])


def place_of(server: str, job_id: str) -> str:
    """Path of the socket of a job's own server, beside that of the server it is forked from."""
    return f"{server}-{job_id}"


def _places() -> list[str]:
    """Paths of the sockets of the servers to try, in order."""
    server, job_id = os.environ.get(SOCKET), os.environ.get(JOB)
    if server is None:
        return []
    return [place_of(server, job_id), server] if job_id else [server]


def _forked(arguments: list[str], place: str) -> int:
    """Have a worker forked; returns a file descriptor that is readable when it has ended.

    Raises:
        ProcessLookupError: it has ended before.
        OSError, ValueError: there is no server that could fork it.
    """
    request = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "niceness": os.nice(0),
        "oom_score_adj": Path("/proc/self/oom_score_adj").read_text("ascii"),
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.connect(place)
        socket.send_fds(server, [json.dumps(request).encode()], [0, 1, 2])
        return os.pidfd_open(int(server.recv(32)))


if __name__ == "__main__":
    main()
