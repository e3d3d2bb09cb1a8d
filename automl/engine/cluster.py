"""The Ray cluster the trials run on: one local head shared by all experiments, or a given one.

The head has a keeper, `automl.engine.head`, that whoever needs it first starts.
"""

import contextlib
import json
import logging
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from automl.errors import ClusterError
from automl.host import detached, home, process_lock

_START_SECONDS = 90.0
_LOOK_SECONDS = 1.0
_GRACE_SECONDS = 5.0
_log = logging.getLogger(__name__)


def ensure_local_head() -> str:
    """Address of this user's head, started if there is none.

    Raises:
        ClusterError: it does not answer in time.
    """
    touch_lease()
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if (address := _running_head()) is not None:
            return address
        if not _is_kept():
            detached.start("automl.engine.head", output=subprocess.DEVNULL)
            _wait_until(_is_kept, seconds=10)
        _wait_until(lambda: _running_head() is not None or not _is_kept(), seconds=5)
    raise ClusterError(
        f"Ray did not start within {_START_SECONDS:.0f} seconds. "
        f"Its messages are in {log_path()}; try again, or set ray_address to a running cluster."
    )


def live_with(address: str) -> None:
    """Keep the local head in use, and end this process soon after it: Ray may wait for ever."""

    def watch() -> None:
        while _is_kept() and (head_info() or {}).get("address") == address:
            touch_lease()
            time.sleep(_LOOK_SECONDS)
        _log.error("Ray's head at %s has ended", address)
        time.sleep(_GRACE_SECONDS)  # if Ray does say so, the experiment can tell its reader
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def touch_lease() -> None:
    """Say that the head is in use."""
    lease_path().touch()


def stop_local_head() -> None:
    """End the head and its keeper, whoever uses it."""
    info = head_info()
    if info is not None and _is_kept():
        with contextlib.suppress(ProcessLookupError):
            os.kill(info["keeper_pid"], signal.SIGTERM)
        _wait_until(lambda: not _is_kept(), seconds=30)


def environment() -> dict[str, str]:
    """What the head and those who talk to it need in their environment before they import Ray.

    Creates the token. Ray makes the machine's own address of 127.0.0.1, and then listens on every
    interface, unless it is told that there will be no cluster of several machines; it asks this by
    the name of the systems where that is the rule.
    """
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(_token_path()),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    }


def _running_head() -> str | None:
    """The head's address once it accepts connections."""
    info = head_info() if _is_kept() else None
    if info is None:
        return None
    host, _, port = info["address"].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return None
    return str(info["address"])


def _is_kept() -> bool:
    """Whether a keeper is alive."""
    return process_lock.is_held(home.head_lock_path())


def _wait_until(is_true: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not is_true():
        time.sleep(0.1)


def head_info() -> dict[str, Any] | None:
    try:
        return dict(json.loads(info_path().read_text("utf-8")))
    except FileNotFoundError:
        return None


def _token_path() -> Path:
    path = home.ray_dir() / "token"
    with contextlib.suppress(FileExistsError):
        partial = home.ray_dir() / f"token.{os.getpid()}.partial"
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        os.link(partial, path)  # fails if another process was first
        partial.unlink()
    (home.ray_dir() / f"token.{os.getpid()}.partial").unlink(missing_ok=True)
    return path


def lease_path() -> Path:
    return home.ray_dir() / "lease"


def info_path() -> Path:
    return home.ray_dir() / "head.json"


def log_path() -> Path:
    return home.ray_dir() / "head.log"
