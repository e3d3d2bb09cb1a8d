"""Every environment variable that configures Ray and Ray Tune. Imports neither."""

import contextlib
import os
import secrets
import sys
from pathlib import Path

from automl.engine import forked_worker
from automl.host import atomic, cores, home

START_HOOK = "automl.engine.ray_internals.start_hook"
"""Function that `ray start` calls before it starts its processes."""

CONNECTION = {
    "RAY_AUTH_MODE": "token",
    # Ray replaces 127.0.0.1 by the machine's own address, and then listens on every interface,
    # unless this forbids clusters of several machines
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    # on a busy machine a new head does not answer within Ray's five seconds
    "RAY_gcs_rpc_server_connect_timeout_s": "30",
}

WORKERS = {
    # a trial without GPUs must not see any
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    **cores.PATIENT,
}
"""For every worker, wherever it runs."""

HEAD = {
    **WORKERS,
    "RAY_START_HOOK": START_HOOK,
    # prestarted workers lack the job's environment: the first engine would wait for them
    "RAY_prestart_worker_first_driver": "0",
    # at Ray's niceness of 15 a thread gets 3 % of a busy core, and the other threads of its trial
    # wait for it at the next barrier
    "RAY_worker_niceness": "5",
    # a machine whose cores all train is slow to answer; a node that is gone refuses at once
    "RAY_health_check_timeout_ms": "120000",
}

SEARCH = {
    # the results are recorded by us: no loggers, no snapshots of the search, no output of Tune
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",
    "RAY_AIR_NEW_OUTPUT": "0",
    # the engine has a signal handler of its own
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_FORCE_TRIAL_CLEANUP_S": "20",
}


def connection() -> dict[str, str]:
    """Variables for the local head and for each process that connects to it.

    They must be set before Ray is imported. Creates the token.
    """
    return {**CONNECTION, "RAY_AUTH_TOKEN_PATH": str(_token_path())}


def head(temp_dir: Path) -> dict[str, str]:
    """Environment of the head and the fork server, which every worker inherits."""
    inherited = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    return {
        # what torch has compiled outlives the temporary files
        "TORCHINDUCTOR_CACHE_DIR": str(home.cache_dir("compiled")),
        **inherited,
        **connection(),
        **HEAD,
        forked_worker.SOCKET: fork_place(temp_dir),
        "TMPDIR": str(temporary_place(temp_dir)),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


def fork_place(temp_dir: Path) -> str:
    """Path of the fork server's socket, in the folder of its head."""
    return str(temp_dir / "fork")


def temporary_place(temp_dir: Path) -> Path:
    """Folder of the workers' temporary files, in that of their head: a killed one deletes none."""
    return temp_dir / "tmp"


def search() -> dict[str, str]:
    """Variables that Tune reads in the engine's process when a search starts."""
    return dict(SEARCH)


def _token_path() -> Path:
    path = home.ray_dir() / "token"
    with contextlib.suppress(FileExistsError):  # another process was first
        atomic.write_text(path, secrets.token_hex(32), overwrite=False)
    return path
