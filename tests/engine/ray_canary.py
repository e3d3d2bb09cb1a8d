"""`python -m tests.engine.ray_canary ADDRESS FOLDER KIND …`: for each kind a Tune run of one trial.

Prints as JSON what `ray_internals` and `deaths` report, by kind. ADDRESS is that of a running Ray,
or `local` for one of its own.
"""

import errno
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray import tune
from ray.exceptions import RayError

from automl.dataset.packed_pictures import PackedPictures
from automl.engine import (
    cluster,
    deaths,
    failures,
    forked_worker,
    measuring,
    ray_internals,
    ray_settings,
    soups,
    worker_calls,
)
from automl.engine.resources import Resources
from automl.training.trial_data import LabelledPictures

_KEY = "canary/value"
_NO_IDS = np.zeros(0, np.int64)
EMPTY = LabelledPictures(
    PackedPictures.of(np.zeros(0, np.uint8), np.zeros((0, 2), np.int64)), _NO_IDS, _NO_IDS, _NO_IDS
)


class Reports(tune.Trainable):  # type: ignore[misc]
    """Reports once, and ends."""

    def step(self) -> dict[str, Any]:
        is_of_job = "automl.training.devices" in sys.modules  # which its server has imported
        seen = str(ray_internals.get(_KEY))
        return {"score": 1.0, "seen": seen, "is_of_job": is_of_job, "done": True}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        Path(checkpoint_dir, "state").touch()


class DiskFull(Reports):
    """Its worker raises the error of a full disk."""

    def step(self) -> dict[str, Any]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Killed(Reports):
    """Its worker is killed."""

    def step(self) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}


class MemoryShort(Reports):
    """Its worker is ended by Ray's memory monitor, whose threshold is 0 here."""

    def step(self) -> dict[str, Any]:
        held = bytes(200_000_000)
        signal.pause()
        return {"size": len(held)}


KINDS = {kind.__name__: kind for kind in (Reports, DiskFull, Killed, MemoryShort)}


class Report(tune.Callback):  # type: ignore[misc]
    """Calls everything that the engine calls."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def on_trial_start(self, trial: Any, **_: Any) -> None:
        worker = ray_internals.worker_of(trial)
        self.values["worker"] = type(worker).__name__
        nodes = {node["NodeID"] for node in ray.nodes()}
        self.values["is_on_a_node"] = ray_internals.node_of(worker) in nodes
        free = ray_internals.free_by_node()
        self.values["cores_are_counted"] = set(free) == nodes and "memory" in str(free)
        self.values["draining"] = sorted(ray_internals.draining())

    def on_trial_complete(self, trial: Any, **_: Any) -> None:
        self.values["last_result"] = trial.last_result["seen"]
        self.values["is_of_job"] = trial.last_result["is_of_job"]
        before = len(trial.run_metadata.metric_analysis)
        ray_internals.forget_results(trial)
        self.values["forgotten"] = [before > 0, len(trial.run_metadata.metric_analysis)]
        self.values["after"] = trial.last_result

    def on_trial_error(self, trial: Any, **_: Any) -> None:
        death = ray_internals.death_of(trial)
        self.values |= {
            "error": type(death.error).__name__,
            "text": death.text,
            "is_disk_full": deaths.is_disk_full(death),
            "is_memory_short": deaths.is_memory_short(death),
        }


def main(address: str, folder: Path, kinds: list[str]) -> None:
    own = {"num_cpus": 1, "include_dashboard": False} if address == "local" else {}
    ray.init(address=address, log_to_driver=False, **own)
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a worker does not find it
    own_server = None if address == "local" else _own_server()
    reports: dict[str, Any] = {kind: run(KINDS[kind], folder / kind) for kind in kinds}
    if address != "local":  # whose memory is short
        share = Resources(1, num_cpus=3, num_gpus=0, notes=[])  # with which nothing was measured
        reports["measured"] = measuring.measured(["no_network"], share, num_classes=2)
        reports["given_up"] = give_up()
        reports["soup_given_up"] = give_up_a_soup()
        reports["failing_calls"] = failing_calls()
    if own_server is not None:
        own_server.close()
    sys.stdout.write(json.dumps(reports) + "\n")


def stop() -> None:
    raise worker_calls.GivenUpError


def give_up() -> str:
    """The error of a task that nobody waits for any more."""
    pending = ray.remote(lambda: time.sleep(60)).remote()
    try:
        worker_calls.awaited(lambda: pending, stop)
        return "nobody has given up"
    except worker_calls.GivenUpError:
        pass
    try:
        return str(ray.get(pending, timeout=20))
    except RayError as error:
        return type(error).__name__


def give_up_a_soup() -> bool:
    """True if scoring averages of weights ends at once, which waits for cores that nobody has."""
    try:
        soups.in_a_worker({}, EMPTY, Resources(1, num_cpus=1000, num_gpus=0, notes=[]), stop)
    except worker_calls.GivenUpError:
        return True
    return False


def failing_calls() -> dict[str, Any]:
    """Calls until the end, and the error, of a function that fails and of one that dies."""
    found = {}
    for name, call in (("fails", lambda: 1 / 0), ("dies", lambda: os._exit(1))):
        task, begun = ray.remote(max_retries=0)(call), []
        try:
            worker_calls.awaited(
                lambda task=task, begun=begun: begun.append(0) or task.remote(),
                lambda: None,
                max_deaths=1,
            )
        except RayError as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            found[name] = [len(begun), kinds, failures.cause_of(error)]
    return found


def _own_server() -> socket.socket:
    """The connection to a server of this job, once it is there."""
    job_id, head = ray.get_runtime_context().get_job_id(), cluster.head_info()
    assert head is not None
    connection = cluster.ask_for_own_server(job_id)
    place = forked_worker.place_of(ray_settings.fork_place(Path(head["temp_dir"])), job_id)
    until = time.monotonic() + 60
    while not Path(place).exists() and time.monotonic() < until:
        time.sleep(0.05)
    return connection


def run(kind: type[Reports], folder: Path) -> dict[str, Any]:
    ray_internals.put(_KEY, b"1")
    report = Report()
    report.values["exists"] = [ray_internals.exists(_KEY), ray_internals.exists("canary/other")]
    run_config = tune.RunConfig(storage_path=str(folder), callbacks=[report], verbose=0)
    tune.Tuner(kind, run_config=run_config).fit()
    ray_internals.delete_all("canary/")
    report.values["deleted"] = ray_internals.get(_KEY) is None
    return report.values


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
