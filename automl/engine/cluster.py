"""The Ray cluster the trials run on: one local head shared by all experiments, or a given one.

`python -m automl.engine.cluster` is the head's keeper. It holds a lock for as long as the head
lives, so that there is one head for a user, and ends it when nobody has used it for a while.
The head's workers import torch and timm before anybody asks for them.

Ray listens on every interface, so the head asks for a token of ours that only this user can read,
keeps its files in a folder that only this user can enter, and has no dashboard.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from automl import home
from automl.cores import usable_cores

IDLE_MINUTES = float(os.environ.get("AUTOML_HEAD_IDLE_MINUTES", "30"))
_START_SECONDS = 90.0
# our own modules are left out: a head that outlives an update must not serve the old code
_PRELOADED = ("torch", "timm", "timm.optim", "ray.tune", "sklearn.metrics", "safetensors.torch")
_OBJECT_STORE_BYTES = 512 * 1024**2  # local trials read pictures from mapped files


class ClusterError(RuntimeError):
    """Ray cannot be started or reached."""


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
            _start_keeper()
            _wait_until(_is_kept, seconds=10)
        _wait_until(lambda: _running_head() is not None or not _is_kept(), seconds=5)
    raise ClusterError(
        f"Ray did not start within {_START_SECONDS:.0f} seconds. "
        f"Its messages are in {_log_path()}; try again, or set ray_address to a running cluster."
    )


def _start_keeper() -> None:
    keeper = subprocess.Popen(
        [sys.executable, "-P", "-m", "automl.engine.cluster"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    threading.Thread(target=keeper.wait, daemon=True).start()  # or it would end as a zombie


def touch_lease() -> None:
    """Say that the head is in use."""
    (_dir() / "lease").touch()


def stop_local_head() -> None:
    """End the head and its keeper, whoever uses it."""
    info = _head_info()
    if info is not None and _is_kept():
        with contextlib.suppress(ProcessLookupError):
            os.kill(info["keeper_pid"], signal.SIGTERM)
        _wait_until(lambda: not _is_kept(), seconds=30)


def environment() -> dict[str, str]:
    """What a process needs in its environment to talk to our head; creates the token."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(_token_path())}


def keep_head() -> None:
    """Start the head and stay until it is idle, has died or a signal comes."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    previous = _head_info()
    if previous is not None:
        _reap(Path(previous["temp_dir"]))
    temp_dir = Path(tempfile.mkdtemp(prefix="automl-ray-"))  # short: sockets allow 107 bytes
    port = _free_port()
    try:
        with _log_path().open("ab") as log:
            head = subprocess.Popen(
                _head_command(port, temp_dir),
                env=_head_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        info = {
            "address": f"127.0.0.1:{port}",
            "keeper_pid": os.getpid(),
            "temp_dir": str(temp_dir),
        }
        partial = _info_path().with_suffix(".partial")
        partial.write_text(json.dumps(info), "utf-8")
        partial.replace(_info_path())
        touch_lease()
        while head.poll() is None and not _is_idle():
            time.sleep(1)
    finally:
        _info_path().unlink(missing_ok=True)
        _reap(temp_dir)


def _head_command(port: int, temp_dir: Path) -> list[str]:
    options = {
        "port": port,
        "node-ip-address": "127.0.0.1",
        "temp-dir": temp_dir
        / "ray",  # Ray opens its own folder to everybody; ours above stays shut
        "num-cpus": usable_cores(),
        "object-store-memory": _OBJECT_STORE_BYTES,
        "include-dashboard": "false",
        "include-log-monitor": "false",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    return [*ray, "--disable-usage-stats", *flags]


def _head_environment() -> dict[str, str]:
    """The head's environment, which every worker inherits."""
    inherited = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    return {
        **inherited,
        **environment(),
        "RAY_enable_worker_prestart": "1",
        "RAY_preload_python_modules": ",".join(_PRELOADED),
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
        "RAY_CHDIR_TO_TRIAL_DIR": "0",
        # a thread that spins at a barrier starves its neighbours on a busy machine
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


def _running_head() -> str | None:
    """The head's address once it accepts connections."""
    info = _head_info() if _is_kept() else None
    if info is None:
        return None
    host, _, port = info["address"].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return None
    return str(info["address"])


def _is_kept() -> bool:
    """Whether a keeper is alive: its lock goes when it goes, however it goes."""
    try:
        with FileLock(_lock_path(), timeout=0):
            return False
    except Timeout:
        return True


def _is_idle() -> bool:
    return time.time() - (_dir() / "lease").stat().st_mtime > IDLE_MINUTES * 60


def _reap(temp_dir: Path) -> None:
    """End every process of the head's session, also those a crash has orphaned."""
    mark = str(temp_dir)
    mine = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(mark in argument for argument in process.info["cmdline"] or [])
    ]
    mine += [child for process in mine for child in _children(process)]
    for process in mine:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(mine, timeout=5)
    shutil.rmtree(temp_dir, ignore_errors=True)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _wait_until(is_true: object, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not is_true():  # type: ignore[operator]
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _head_info() -> dict[str, Any] | None:
    try:
        return dict(json.loads(_info_path().read_text("utf-8")))
    except FileNotFoundError:
        return None


def _token_path() -> Path:
    path = _dir() / "token"
    with contextlib.suppress(FileExistsError):
        partial = _dir() / f"token.{os.getpid()}.partial"
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        os.link(partial, path)  # fails if another process was first
        partial.unlink()
    (_dir() / f"token.{os.getpid()}.partial").unlink(missing_ok=True)
    return path


def _dir() -> Path:
    path = home.home_dir() / "ray"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _info_path() -> Path:
    return _dir() / "head.json"


def _lock_path() -> Path:
    return _dir() / "head.lock"


def _log_path() -> Path:
    return _dir() / "head.log"


if __name__ == "__main__":
    touch_lease()
    with contextlib.suppress(Timeout), FileLock(_lock_path(), timeout=0):
        keep_head()
