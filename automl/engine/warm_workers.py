"""Ray workers that wait with torch and timm imported, so that a search starts at once.

Ray gives a worker to one driver and ends it with that driver; new ones are started when they are
asked for, and then import for seconds. Ray itself preloads workers only when a head starts.
"""

import logging
from collections import Counter
from pathlib import Path

import psutil

from automl.engine import cluster
from automl.host.cores import usable_cores

# our own modules are left out: a head that outlives an update must not serve the old code
PRELOADED = ("torch", "timm", "timm.optim", "ray.tune", "sklearn.metrics", "safetensors.torch")
RUNTIME_ENV = {"env_vars": {"PL_DISABLE_FORK": "1"}}
"""What Tune asks for its workers: a worker is only given to who asks for the same."""

_MAX_WARM = 2
"""Enough for two trials at a time, or one and the export; each takes half a gigabyte."""

_KEEP_SECONDS = 3600
_RPC_SECONDS = 10
_log = logging.getLogger(__name__)


class WarmWorkers:
    """Looks after the idle workers of one head."""

    def __init__(self, head_pid: int, raylet_port: int) -> None:
        self._head = psutil.Process(head_pid)
        self._raylet_port = raylet_port
        self._was_quiet = True

    @staticmethod
    def import_ray() -> None:
        """Seconds that pass while the head starts, rather than when its first workers are due."""
        import grpc  # noqa: F401
        from ray.core.generated import node_manager_pb2_grpc  # noqa: F401
        from ray.runtime_env import RuntimeEnv  # noqa: F401

    def top_up(self) -> None:
        """Have missing workers started, unless something is being trained; call every second or so.

        A head that looks quiet once may be between two trials.
        """
        kinds = Counter(_kind(process) for process in descendants(self._head))
        missing = min(_MAX_WARM, usable_cores()) - kinds["idle"]
        is_quiet = kinds["raylet"] > 0 and kinds["busy"] == 0
        if is_quiet and self._was_quiet and missing > 0:
            _start(self._raylet_port, missing)
        self._was_quiet = is_quiet


def _start(raylet_port: int, count: int) -> None:
    """Ask the raylet for workers that any driver may have."""
    import grpc
    from ray.core.generated import node_manager_pb2, node_manager_pb2_grpc
    from ray.core.generated.runtime_environment_pb2 import RuntimeEnvInfo
    from ray.runtime_env import RuntimeEnv

    token = Path(cluster.environment()["RAY_AUTH_TOKEN_PATH"]).read_text("utf-8").strip()
    request = node_manager_pb2.PrestartWorkersRequest(
        num_workers=count,
        keep_alive_duration_secs=_KEEP_SECONDS,
        runtime_env_info=RuntimeEnvInfo(
            serialized_runtime_env=RuntimeEnv(**RUNTIME_ENV).serialize()
        ),
    )
    with grpc.insecure_channel(f"127.0.0.1:{raylet_port}") as channel:
        stub = node_manager_pb2_grpc.NodeManagerServiceStub(channel)
        metadata = [("authorization", f"Bearer {token}")]
        try:
            stub.PrestartWorkers(request, metadata=metadata, timeout=_RPC_SECONDS)
        except grpc.RpcError as error:  # a search then starts its workers itself
            _log.warning("no warm workers: %s", error)


def descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _kind(process: psutil.Process) -> str:
    """Ray writes into a worker's command line what it is doing."""
    try:
        command = process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""
    title = command[0] if command else ""
    if title.endswith("/raylet"):
        return "raylet"
    if title == "ray::IDLE" or any(part.endswith("default_worker.py") for part in command):
        return "idle"
    is_agent = title.endswith("Agent")
    return "busy" if title.startswith("ray::") and not is_agent else ""
