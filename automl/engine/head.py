"""`python -m automl.engine.head`: the keeper of this user's Ray head.

It holds a lock for as long as the head lives, so that there is one head for a user, ends it when
nobody has used it for a while, and has a fork server beside it, so that workers start at once.

The head listens on the loopback interface alone (`cluster.environment`), asks for a token of ours
that only this user can read, keeps its files in a folder that only this user can enter, and has
neither dashboard nor client server.
"""

import contextlib
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from automl.engine import cluster, fork_server, forked_worker
from automl.host import home, process_lock
from automl.host.cores import usable_cores

if TYPE_CHECKING:
    from ray._private.parameter import RayParams

IDLE_MINUTES = float(os.environ.get("AUTOML_HEAD_IDLE_MINUTES", "30"))
_LOOK_SECONDS = 1
_OBJECT_STORE_BYTES = 512 * 1024**2  # local trials read pictures from mapped files


def keep_head() -> None:
    """Start the head and stay until it is idle, has died or a signal comes."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    previous = cluster.head_info()
    if previous is not None:
        _reap(Path(previous["temp_dir"]))
    temp_dir = Path(tempfile.mkdtemp(prefix="automl-ray-"))  # short: sockets allow 107 bytes
    port, environment = _free_port(), _head_environment(temp_dir)
    try:
        if fork_server.is_supported():
            _start(fork_server.command(environment[forked_worker.SOCKET]), environment)
        head = _start(_head_command(port, temp_dir), environment)
        info = {
            "address": f"127.0.0.1:{port}",
            "keeper_pid": os.getpid(),
            "temp_dir": str(temp_dir),
        }
        partial = cluster.info_path().with_suffix(".partial")
        partial.write_text(json.dumps(info), "utf-8")
        partial.replace(cluster.info_path())
        cluster.touch_lease()
        lease = Lease()
        while head.poll() is None and not lease.is_over():
            time.sleep(_LOOK_SECONDS)
    finally:
        cluster.info_path().unlink(missing_ok=True)
        _reap(temp_dir)


def start_hook(ray_params: "RayParams", is_head: bool) -> None:  # noqa: ARG001 (Ray calls it so)
    """Called by `ray start` before it starts anything, by the name in `RAY_START_HOOK`.

    It has workers forked, and leaves out what Ray has no option to leave out: the client server,
    which without a port takes 10001; and the process of the dashboard, which without a dashboard
    is there to report to Ray's makers, be it only that reports are off, and which asks the network
    for a cloud.
    """
    from ray._private.node import Node

    ray_params.update(setup_worker_path=forked_worker.__file__, ray_client_server_port=None)
    Node.start_api_server = lambda *_, **__: None


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with cluster.log_path().open("ab") as log:
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def _head_command(port: int, temp_dir: Path) -> list[str]:
    options = {
        "port": port,
        "node-ip-address": "127.0.0.1",
        # Ray opens its own folder to everybody; ours above stays shut
        "temp-dir": temp_dir / "ray",
        "num-cpus": usable_cores(),
        "object-store-memory": _OBJECT_STORE_BYTES,
        "include-dashboard": "false",
        "include-log-monitor": "false",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    flags.append("--no-monitor")  # no cluster to grow here, and it listens for who wants figures
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    return [*ray, "--disable-usage-stats", *flags]


def _head_environment(temp_dir: Path) -> dict[str, str]:
    """The environment of the head and the fork server, which every worker inherits."""
    inherited = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    return {
        **inherited,
        **cluster.environment(),
        "RAY_START_HOOK": "automl.engine.head.start_hook",
        forked_worker.SOCKET: str(temp_dir / "fork"),
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
        "RAY_CHDIR_TO_TRIAL_DIR": "0",
        # nobody could use those, and the first engine would wait for them
        "RAY_prestart_worker_first_driver": "0",
        # Ray's 15 leaves a thread 3 % of a core that others want, too, and its siblings wait
        "RAY_worker_niceness": "5",
        # a thread that spins at a barrier starves its neighbours on a busy machine
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


class Lease:
    """Whether the head is still wanted, on a clock that nobody sets and that stops in sleep."""

    def __init__(self) -> None:
        self._touched, self._since = self._time(), time.monotonic()

    def is_over(self) -> bool:
        touched = self._time()
        if touched != self._touched:
            self._touched, self._since = touched, time.monotonic()
        return time.monotonic() - self._since > IDLE_MINUTES * 60

    @staticmethod
    def _time() -> int:
        return cluster.lease_path().stat().st_mtime_ns


def _reap(temp_dir: Path) -> None:
    """End every process of the head's session, also those a crash has orphaned."""
    mark = str(temp_dir)
    mine = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(mark in argument for argument in process.info["cmdline"] or [])
    ]
    mine += [child for process in mine for child in descendants(process)]
    for process in mine:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(mine, timeout=5)
    shutil.rmtree(temp_dir, ignore_errors=True)


def descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    logging.basicConfig(filename=cluster.log_path(), level=logging.INFO)
    cluster.touch_lease()
    if process_lock.take(home.head_lock_path()) is not None:
        keep_head()
