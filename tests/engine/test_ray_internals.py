"""Canaries: everything of Ray that is not public and that the engine relies on.

A failure says what Ray has changed and which file to mend.
"""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import ray
from ray._private import parameter, services
from ray._private.node import Node

from automl.engine import cluster, forked_worker, head, ray_settings

RAY = Path(ray.__file__).parent
RAYLET = RAY / "core" / "src" / "ray" / "raylet" / "raylet"


def changed(name: str, file: str) -> str:
    return f"Ray has changed {name}: mend automl/engine/{file}"


def test_ray_starts_the_api_server_by_the_method_that_is_replaced() -> None:
    message = changed("Node.start_api_server", "ray_internals.py, start_hook")
    assert callable(getattr(Node, "start_api_server", None)), message
    assert "self.start_api_server(" in inspect.getsource(Node), message


@pytest.mark.parametrize("name", ["setup_worker_path", "ray_client_server_port"])
def test_ray_params_have_what_the_start_hook_sets(name: str) -> None:
    message = changed(f"RayParams.{name}", "ray_internals.py, start_hook")
    assert name in inspect.signature(parameter.RayParams).parameters, message
    params = parameter.RayParams()
    params.update(**{name: None})
    assert getattr(params, name) is None, message


def test_ray_start_calls_the_hook() -> None:
    from ray.scripts import scripts  # which imports all of Ray: not in every process of the tests

    message = changed("RAY_START_HOOK", "ray_settings.py and ray_internals.py, start_hook")
    source = inspect.getsource(scripts.start.callback)
    assert "os.environ[ray_constants.RAY_START_HOOK])(ray_params, head)" in source, message
    module, _, function = ray_settings.START_HOOK.rpartition(".")
    assert callable(getattr(__import__(module, fromlist=["x"]), function))


@pytest.mark.parametrize("option", forked_worker.FOR_SETUP)
def test_ray_gives_the_worker_the_options_that_are_taken_out(option: str) -> None:
    message = changed(f"the option {option} of setup_worker.py", "forked_worker.py")
    assert option in inspect.getsource(services), message
    parser = (RAY / "_private" / "workers" / "setup_worker.py").read_text("utf-8")
    assert f'"{option.rstrip("=")}"' in parser, message
    assert parser.count("add_argument(") == len(forked_worker.FOR_SETUP), message


def test_ray_start_has_the_options_of_the_head(tmp_path: Path) -> None:
    from ray.scripts import scripts

    known = {name for option in scripts.start.params for name in option.opts}
    _, module, name, *options = head.head_command(1, tmp_path)[1:]
    assert (module, name) == ("ray.scripts.scripts", "start")
    for option in options:
        word = option.partition("=")[0]
        assert word in known, changed(f"the option {word} of `ray start`", "head.py")
    source = (RAY / "scripts" / "scripts.py").read_text("utf-8")
    assert '__name__ == "__main__"' in source, changed("ray.scripts.scripts", "head.py")


def test_tune_has_what_checkpoints_through_ray_need() -> None:
    from ray.air.execution._internal.actor_manager import RayActorManager
    from ray.train._internal.session import _TrainingResult

    message = changed("Trainable.save and its result", "ray_internals.py, saved")
    assert list(inspect.signature(_TrainingResult).parameters) == ["checkpoint", "metrics"], message
    handler = inspect.signature(RayActorManager._actor_task_failed)
    message = changed("RayActorManager", "ray_internals.py, treat_lost_results_as_deaths")
    assert list(handler.parameters) == ["self", "tracked_actor_task", "exception"], message


def test_tune_counts_the_deaths_of_a_trial() -> None:
    from ray.tune.experiment import Trial

    message = changed("Trial.run_metadata.num_failures", "ray_internals.py, forgive_deaths")
    trial = Trial("canary", stub=True)
    trial.run_metadata.num_failures = trial.max_failures + 1
    assert not trial.should_recover(), message
    trial.run_metadata.num_failures = 0
    assert trial.should_recover(), message


def _variables() -> list[str]:
    names = {*ray_settings.CONNECTION, *ray_settings.SEARCH, *ray_settings.HEAD}
    return sorted(name for name in names if name.startswith(("RAY_", "TUNE_")))


@pytest.mark.parametrize("name", _variables())
def test_ray_reads_the_variable(name: str) -> None:
    """Its name is in Ray's Python files, or without `RAY_` in its binaries."""
    files = [*(RAY / "_private").rglob("*.py"), *(RAY / "tune").rglob("*.py")]
    if any(name in file.read_text("utf-8", errors="ignore") for file in files):
        return
    is_known = name.removeprefix("RAY_").encode() in RAYLET.read_bytes()
    assert is_known, changed(f"the variable {name}", "ray_settings.py")


def run(address: str, folder: Path, *kinds: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.ray_canary", address, str(folder), *kinds],
        env={**os.environ, **ray_settings.search(), **environment},
        timeout=600,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    # Ray may say something after it, such as that nobody has the cores which a task asks for
    reports = [line for line in done.stdout.splitlines() if line.startswith('{"')]
    assert reports, done.stdout[-3000:]
    return dict(json.loads(reports[-1]))


@pytest.fixture(scope="module")
def seen(head_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Reports of the runs that need no setting of their own, by kind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(head_home))
        address = cluster.ensure_local_head()
        kinds = ("Reports", "DiskFull", "Killed")
        connection = ray_settings.connection()
        return run(address, tmp_path_factory.mktemp("canaries"), *kinds, **connection)


@pytest.mark.engine
def test_the_key_value_store_and_the_state_of_a_trial(seen: dict[str, Any]) -> None:
    seen = seen["Reports"]
    store = changed("ray.experimental.internal_kv", "ray_internals.py, put, get, exists, delete")
    assert seen["exists"] == [True, False], store
    assert seen["last_result"] == "b'1'", store  # a worker reads what the engine has written
    assert seen["deleted"] is True, store
    server = changed("RAY_JOB_ID or RAY_RAYLET_PID", "cluster.py, ask_for_own_server")
    assert seen["is_of_job"] is True, server
    worker = changed("Trial.temporary_state.ray_actor", "ray_internals.py, worker_of")
    assert seen["worker"] == "ActorHandle", worker
    node = changed("ray._private.state.actors", "ray_internals.py, node_of")
    assert seen["is_on_a_node"] is True, node
    free = changed("ray._private.state", "ray_internals.py, free_by_node")
    assert seen["cores_are_counted"] is True, free
    assert seen["draining"] == [], changed("get_draining_nodes", "ray_internals.py, draining")
    results = changed("Trial.run_metadata", "ray_internals.py, forget_results")
    assert seen["forgotten"] == [True, 0], results
    assert "seen" not in seen["after"], results


@pytest.mark.engine
def test_a_network_that_cannot_be_measured_ends_nothing(seen: dict[str, Any]) -> None:
    assert seen["measured"] is None
    assert seen["given_up"] in {"TaskCancelledError", "WorkerCrashedError"}, seen["given_up"]
    assert seen["soup_given_up"] is True


@pytest.mark.engine
def test_a_call_whose_worker_dies_is_made_again_and_one_that_fails_is_not(
    seen: dict[str, Any],
) -> None:
    num_calls, kinds, cause = seen["failing_calls"]["fails"]
    assert (num_calls, "ZeroDivisionError" in kinds) == (1, True), kinds
    assert cause == "ZeroDivisionError: division by zero.", changed(
        "RayTaskError.cause", "failures.py, cause_of"
    )
    num_calls, kinds, _ = seen["failing_calls"]["dies"]
    assert (num_calls, "WorkerCrashedError" in kinds) == (2, True), kinds


@pytest.mark.engine
def test_the_error_that_ends_a_worker(seen: dict[str, Any]) -> None:
    seen = seen["DiskFull"]
    message = changed("Trial.error_file or pickled_error_file", "ray_internals.py, death_of")
    assert seen["error"] == "OSError", message
    assert seen["is_disk_full"] is True, message
    assert "No space left on device" in seen["text"], message
    assert seen["is_memory_short"] is False


def test_ray_says_that_memory_was_short() -> None:
    said = b"killed due to the node running low on memory"
    message = changed("the text of a death by short memory", "deaths.py, is_memory_short")
    assert said in RAYLET.read_bytes(), message


@pytest.mark.nightly  # a cluster of its own; its text is in the test above
@pytest.mark.engine
def test_the_death_of_a_worker_that_the_memory_monitor_ends(tmp_path: Path) -> None:
    seen = run(
        "local",
        tmp_path,
        "MemoryShort",
        RAY_memory_usage_threshold="0.0",
        RAY_memory_monitor_refresh_ms="100",
        RAY_task_oom_retries="0",
    )["MemoryShort"]
    message = changed("the text of a death by short memory", "deaths.py, is_memory_short")
    assert seen["is_memory_short"] is True, f"{message}; it is now: {seen['text']}"
    assert seen["is_disk_full"] is False


@pytest.mark.engine
def test_a_worker_that_is_killed_is_no_sign_of_short_memory(seen: dict[str, Any]) -> None:
    seen = seen["Killed"]
    message = changed("the text of a worker's death", "deaths.py")
    assert seen["error"] == "ActorDiedError", message
    assert (seen["is_memory_short"], seen["is_disk_full"]) == (False, False), message
