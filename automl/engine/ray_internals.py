"""The parts of Ray and Ray Tune that this project uses although they are not public.

`tests/engine/test_ray_internals.py` has a test for each of them, which names the place to mend when
a new version of Ray has changed it.
"""

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.experimental import internal_kv

from automl.engine import forked_worker
from automl.engine.deaths import Death

if TYPE_CHECKING:
    from ray._private.parameter import RayParams
    from ray.tune.experiment import Trial  # not in a process of `ray start`: it takes seconds

_COLOUR = re.compile(r"\x1b\[\d+m")  # Ray writes terminal colours into files, too


def put(key: str, value: bytes) -> None:
    """Write to the key-value store of Ray's head, which every machine of the cluster reaches.

    The public way to share a value, a named actor, would cost a process for each experiment.
    """
    internal_kv._internal_kv_put(key, value)


def get(key: str) -> bytes | None:
    """Value of a key in the store of Ray's head; None if it is not set."""
    value: bytes | None = internal_kv._internal_kv_get(key)
    return value


def exists(key: str) -> bool:
    """True if the key is set in the store of Ray's head."""
    return bool(internal_kv._internal_kv_exists(key))


def delete_all(prefix: str) -> None:
    """Remove every key that begins with `prefix` from the store of Ray's head."""
    internal_kv._internal_kv_del(prefix, del_by_prefix=True)


def worker_of(trial: "Trial") -> Any:
    """Handle of the actor that runs the trial; None while it has none."""
    return trial.temporary_state.ray_actor


def node_of(actor: Any) -> str:
    """Id of the machine on which an actor runs; empty if it has none yet."""
    from ray._private import state

    found = state.actors(actor._actor_id.hex())
    return str(found.get("Address", {}).get("NodeID", ""))


def free_by_node() -> dict[str, dict[str, float]]:
    """Free resources of every machine, by its id, as Ray counts them: `CPU`, `GPU` and others."""
    from ray._private import state

    found: dict[str, dict[str, float]] = state.available_resources_per_node()
    return found


def draining() -> set[str]:
    """Ids of the machines that will end soon, as a cloud or `ray drain-node` has told Ray."""
    from ray._private import state

    return set(state.state.get_draining_nodes())


def death_of(trial: "Trial") -> Death:
    """Read the cause of a worker's death from the files that Tune writes."""
    text = _COLOUR.sub("", Path(trial.error_file).read_text("utf-8"))
    *_, latest = text.split("Failure # ")  # Tune appends each failure to the same file
    return Death(_pickled_error(trial), latest, text)


def _pickled_error(trial: "Trial") -> Exception | None:
    path = Path(trial.pickled_error_file or "")
    if not path.is_file():
        return None
    with contextlib.suppress(Exception):  # a class that this process cannot import
        error: Exception = ray.cloudpickle.loads(path.read_bytes())
        path.unlink()  # Tune does not replace it if it cannot keep the error of a later death
        cause = getattr(error, "cause", None)
        return cause if isinstance(cause, Exception) else error
    return None


def saved(checkpoint: Any, result: Mapping[str, Any] | None) -> Any:
    """Return value of a trainable's `save`, for a checkpoint that Tune does not store."""
    from ray.train._internal.session import _TrainingResult

    return _TrainingResult(checkpoint, dict(result or {}))


def treat_lost_results_as_deaths() -> None:
    """Have a trial go on elsewhere if its machine is lost before Ray has fetched a result from it.

    Tune would end the search: it expects that a method of an actor fails, or that the actor dies.
    """
    from ray.air.execution._internal.actor_manager import RayActorManager

    tunes = RayActorManager._actor_task_failed
    if getattr(tunes, "knows_lost_results", False):
        return

    def handle(self: Any, tracked_actor_task: Any, exception: Exception) -> None:
        if isinstance(exception, RayError) and not isinstance(exception, RayTaskError):
            is_death = isinstance(exception, RayActorError)
            exception = exception if is_death else RayActorError(error_msg=str(exception))
        tunes(self, tracked_actor_task=tracked_actor_task, exception=exception)

    handle.knows_lost_results = True  # type: ignore[attr-defined]
    RayActorManager._actor_task_failed = handle


def forgive_deaths(trial: "Trial") -> None:
    """Count the deaths of a trial's workers anew: only those in a row speak against the trial."""
    trial.run_metadata.num_failures = 0


def forget_results(trial: "Trial") -> None:
    """Drop the statistics of a finished trial: Tune keeps 200 kB each until the search ends."""
    trial.run_metadata.metric_analysis.clear()
    trial.run_metadata.metric_n_steps.clear()
    trial.run_metadata.last_result = {"done": True}


def start_hook(ray_params: "RayParams", is_head: bool) -> None:  # noqa: ARG001 (Ray calls it so)
    """Change how `ray start` starts its processes; Ray calls the function named in RAY_START_HOOK.

    Workers are forked (`forked_worker`). Two processes are not started, for which Ray has no
    option: the client server, which listens on port 10001 if no port is set, and the process
    `dashboard.py`, which without a dashboard only reports usage to Ray's makers and looks on the
    network for a cloud provider.
    """
    from ray._private.node import Node

    ray_params.update(setup_worker_path=forked_worker.__file__, ray_client_server_port=None)
    Node.start_api_server = lambda *_, **__: None
