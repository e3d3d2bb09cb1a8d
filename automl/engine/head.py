"""`python -m automl.engine.head`: the keeper of this user's Ray head.

The keeper holds a lock while the head lives, so that a user has one head. It ends the head when it
was not used for a while. Beside the head it runs a fork server, from which workers start at once.

The head listens on the loopback interface alone (`ray_settings.connection`), requires a token that
only this user can read, keeps its files in a folder that only this user can enter, and has neither
dashboard nor client server.
"""

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from automl.engine import cluster, fork_server, forked_worker, ray_settings
from automl.host import atomic, free_port, home, process_lock
from automl.host.cores import usable_cores

_IDLE_MINUTES = 30.0
_PREFIX = "automl-ray-"
_LOOK_SECONDS = 1
_OBJECT_STORE_BYTES = 512 * 1024**2  # local trials read pictures from mapped files
_log = logging.getLogger(__name__)


def keep_head() -> None:
    """Start the head, and return when it is idle or has died; SIGTERM ends both."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    previous = cluster.head_info()
    if previous is not None:
        reap(Path(previous["temp_dir"]))
    temp_dir = Path(tempfile.mkdtemp(prefix=_PREFIX))  # short: sockets allow 107 bytes
    ray_settings.temporary_place(temp_dir).mkdir()
    port, environment = free_port.find(), ray_settings.head(temp_dir)
    try:
        if fork_server.is_supported():
            _start(fork_server.command(environment[forked_worker.SOCKET]), environment)
        head = _start(head_command(port, temp_dir), environment)
        info = {
            "address": f"127.0.0.1:{port}",
            "keeper_pid": os.getpid(),
            "temp_dir": str(temp_dir),
        }
        atomic.write_text(cluster.info_path(), json.dumps(info))
        cluster.touch_lease()
        lease = Lease()
        while head.poll() is None and not lease.is_over():
            time.sleep(_LOOK_SECONDS)
    finally:
        cluster.info_path().unlink(missing_ok=True)
        reap(temp_dir)


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with cluster.log_path().open("ab") as log:
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def head_command(port: int, temp_dir: Path) -> list[str]:
    options = {
        "port": port,
        "node-ip-address": "127.0.0.1",
        # Ray lets everybody read this folder; nobody else can enter its parent
        "temp-dir": temp_dir / "ray",
        "num-cpus": usable_cores(),
        "object-store-memory": _OBJECT_STORE_BYTES,
        "include-dashboard": "false",
        "include-log-monitor": "false",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    flags.append("--no-monitor")  # no autoscaler is needed, and it would open a metrics port
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    return [*ray, "--disable-usage-stats", *flags]


class Lease:
    """The time for which the head stays when nobody uses it.

    It is measured on the monotonic clock, which nobody sets and which stops while the machine
    sleeps.
    """

    def __init__(self) -> None:
        self._idle_seconds = 60 * idle_minutes()
        self._touched, self._since = self._time(), time.monotonic()

    def is_over(self) -> bool:
        """True if the head was not used for too long."""
        touched = self._time()
        if touched != self._touched:
            self._touched, self._since = touched, time.monotonic()
        return time.monotonic() - self._since > self._idle_seconds

    @staticmethod
    def _time() -> int:
        return cluster.lease_path().stat().st_mtime_ns


def idle_minutes() -> float:
    """Minutes after which an unused head ends (`AUTOML_HEAD_IDLE_MINUTES`)."""
    text = os.environ.get("AUTOML_HEAD_IDLE_MINUTES", "")
    try:
        return float(text or _IDLE_MINUTES)
    except ValueError:
        _log.warning("AUTOML_HEAD_IDLE_MINUTES is %s, which is not a number: 30 is used.", text)
        return _IDLE_MINUTES


def reap(temp_dir: Path) -> None:
    """End every process of a head's session, also those that a crash has orphaned.

    Nothing is done if the folder is not one of a head, as in a file that was tampered with: every
    process with its path in the command line is killed, and the folder is deleted.
    """
    is_of_a_head = temp_dir.parent == Path(tempfile.gettempdir()) and not temp_dir.is_symlink()
    if not (is_of_a_head and temp_dir.name.startswith(_PREFIX)):
        return
    mark = str(temp_dir)  # is in the command line of each
    processes = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(mark in argument for argument in process.info["cmdline"] or [])
    ]
    processes += [child for process in processes for child in descendants(process)]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=5)
    shutil.rmtree(temp_dir, ignore_errors=True)


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """All processes below this one; none if it has ended."""
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


if __name__ == "__main__":
    logging.basicConfig(filename=cluster.log_path(), level=logging.INFO)
    cluster.touch_lease()
    if process_lock.take(home.head_lock_path()) is not None:
        keep_head()
