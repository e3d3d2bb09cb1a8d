"""What Ray runs for a worker: asks the fork server for one and lives as long as it does.

A script rather than a module, and of the standard library alone: it runs for every worker, and Ray
gives it the options that are meant for its own `setup_worker.py`. Without a fork server it
becomes the worker itself.
"""

import json
import os
import select
import socket
import sys
from pathlib import Path

SOCKET = "AUTOML_FORK_SERVER"
"""The environment's name for the path of the server's socket."""

_CONTEXT = "--serialized-runtime-env-context="
FOR_SETUP = (_CONTEXT, "--language=")


def main() -> None:
    given = [one for one in sys.argv[1:] if one.startswith(_CONTEXT)]
    context = json.loads(given[0].removeprefix(_CONTEXT)) if given else {}
    os.environ.update(context.get("env_vars", {}))
    arguments = [one for one in sys.argv[1:] if not one.startswith(FOR_SETUP)]
    try:
        worker = _forked(arguments)
    except (OSError, ValueError, KeyError):
        os.execv(sys.executable, [sys.executable, *arguments])
    select.select([worker], [], [])


def _forked(arguments: list[str]) -> int:
    """A file descriptor that can be read when the worker has ended."""
    birth = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "niceness": os.nice(0),
        "oom_score_adj": Path("/proc/self/oom_score_adj").read_text("ascii"),
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.connect(os.environ[SOCKET])
        socket.send_fds(server, [json.dumps(birth).encode()], [0, 1, 2])
        return os.pidfd_open(int(server.recv(32)))


if __name__ == "__main__":
    main()
