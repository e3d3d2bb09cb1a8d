"""The Ray cluster that the trials run on: the local head of all experiments, or another cluster.

The local head has a keeper, `automl.engine.head`; the first process that needs it starts it. With
another cluster this machine shares nothing but Ray: our package travels to its machines, which need
only the libraries.
"""

import contextlib
import json
import logging
import multiprocessing
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import psutil

import automl
from automl.engine import fork_server, forked_worker, head_address, ray_settings
from automl.errors import ClusterError
from automl.host import detached, home, process_lock, termination

_START_SECONDS = 90.0
_LOOK_SECONDS = 1.0
_GRACE_SECONDS = 5.0
_PATIENCE_SECONDS = 20.0
"""Time without an answer after which the head of another cluster is taken for lost."""

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_own_server: list[socket.socket] = []
"""Held as long as this process is connected, see `ask_for_own_server`."""


def join(address: str | None) -> tuple[int, int]:
    """Connect to the cluster, or to the local head if there is no address.

    Returns its cores and GPUs.

    Raises:
        UserError: the address has another form.
        ClusterError: it cannot be joined.
    """
    is_elsewhere = address is not None
    if address is not None:
        head_address.check(address)
    else:
        os.environ.update(ray_settings.connection())
        if _is_kept() and _running_head() is None:
            from automl.engine import search  # slow; the head starts meanwhile
        address = ensure_local_head()
        live_with(address)
    import ray

    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.WARNING,
            runtime_env=_our_package() if is_elsewhere else None,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ClusterError(
            f"The Ray cluster at {address} cannot be joined: {error}. "
            "Check ray_address, or leave it out to run on this machine."
        ) from error
    if is_elsewhere:
        _live_with_another(ray.get_runtime_context().gcs_address)
    elif fork_server.is_supported():
        _own_server[:] = [ask_for_own_server(ray.get_runtime_context().get_job_id())]
    from automl.engine import search  # noqa: F401 (slow; that server starts meanwhile)

    total = ray.cluster_resources()
    return int(total.get("CPU", 1)), int(total.get("GPU", 0))


def ask_for_own_server(job_id: str) -> socket.socket:
    """Have a server for the workers of our job forked, which imports what they need meanwhile.

    It ends when the socket that is returned is closed. If the request does not arrive, the workers
    are forked as those of others are.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with contextlib.suppress(OSError, StopIteration, ValueError, psutil.Error):
        info = head_info() or {"keeper_pid": -1, "temp_dir": ""}
        of_head = psutil.Process(info["keeper_pid"]).children(recursive=True)
        raylet = next(process for process in of_head if process.name() == "raylet")
        # Ray reads these when it is imported, and ends a worker that does not know its raylet
        environment = {forked_worker.JOB: job_id, "RAY_RAYLET_PID": str(raylet.pid)}
        server = ray_settings.fork_place(Path(info["temp_dir"]))
        request = {"place": forked_worker.place_of(server, job_id), "environment": environment}
        connection.connect(server)
        socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
    return connection


def run_here(function: Callable[..., _T], *arguments: Any) -> _T:
    """The value of a function that another process on this machine computes, which has torch.

    It sees our folders. A worker of another cluster may not, even on this machine, and its node may
    have no core for it.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    if (head_info() or {}).get("address") != ray.get_runtime_context().gcs_address:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, spawn, initializer=termination.exit_with_parent) as pool:
            return pool.submit(function, *arguments).result()
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    task = ray.remote(function).options(num_cpus=1, scheduling_strategy=here)
    result: _T = ray.get(task.remote(*arguments))
    return result


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
    """Keep the local head in use, and end this process soon after the head.

    Without its head Ray may wait for ever.
    """

    def watch() -> None:
        while _is_kept() and (head_info() or {}).get("address") == address:
            touch_lease()
            time.sleep(_LOOK_SECONDS)
        _log.error("Ray's head at %s has ended", address)
        time.sleep(_GRACE_SECONDS)  # if Ray raises an error, the experiment can still record it
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _our_package() -> dict[str, Any]:
    """Ray's runtime environment for workers that lack our package and the settings of our head."""
    package = Path(automl.__file__).parent
    return {
        "py_modules": [str(package)],
        "excludes": ["**/__pycache__"],
        "env_vars": ray_settings.WORKERS,
    }


def _live_with_another(address: str) -> None:
    """End this process soon after the head of another cluster: the experiment can be resumed."""

    def watch() -> None:
        answered = time.monotonic()
        while time.monotonic() - answered < _PATIENCE_SECONDS:
            time.sleep(_LOOK_SECONDS)
            if head_address.accepts_connections(address):
                answered = time.monotonic()
        _log.error("The head of the Ray cluster at %s does not answer any more.", address)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def touch_lease() -> None:
    """Mark the head as in use."""
    lease_path().touch()


def _running_head() -> str | None:
    """Address of the head if it accepts connections."""
    info = head_info() if _is_kept() else None
    return (
        str(info["address"])
        if info is not None and head_address.accepts_connections(info["address"])
        else None
    )


def _is_kept() -> bool:
    """True if a keeper is alive."""
    return process_lock.is_held(home.head_lock_path())


def _wait_until(is_true: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not is_true():
        time.sleep(0.1)


_HEAD_KEYS = {"address", "keeper_pid", "temp_dir"}


def head_info() -> dict[str, Any] | None:
    """Address, folder and keeper of the head, as its keeper has written them.

    None without a head, or if the file was cut off, for example by a loss of power.
    """
    try:
        found = json.loads(info_path().read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) and found.keys() >= _HEAD_KEYS else None


def lease_path() -> Path:
    """File that every process that uses the head touches."""
    return home.ray_dir() / "lease"


def info_path() -> Path:
    """File of `head_info`."""
    return home.ray_dir() / "head.json"


def log_path() -> Path:
    """Messages of the keeper and of Ray."""
    return home.ray_dir() / "head.log"
