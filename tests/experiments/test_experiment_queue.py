"""The queue with tickets of real processes, and the limits that it holds."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from automl.errors import UserError
from automl.experiments import experiment_queue, launcher, limits, store
from automl.experiments.experiment_queue import Running, expected_seconds
from automl.experiments.limits import QueueLimits
from automl.experiments.records import ExperimentState, now
from automl.host import process_lock
from automl.host.cores import usable_cores
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.jobs.machine_share import ResourcesPerTrial

JOB = Job(training_data=DataSource(path=Path("/data")))
ONE_CORE = JOB.model_copy(update={"resources_per_trial": ResourcesPerTrial(cpu=1)})


def runs(folder: Path, job: Job, owner: str) -> None:
    """Let the experiment run, as if this process were its engine."""
    assert process_lock.take(store.lock_path(folder)) is not None
    experiment_queue.wait_for_turn(
        folder, job, owner, tell=lambda _: None, give_up_if_asked=lambda: None
    )


def test_the_start_is_expected_when_the_time_left_of_all_is_known() -> None:
    known = Running(so_far=1800, left=1800)
    assert expected_seconds([known], 0) == 1800
    assert expected_seconds([known], 2) == 1800 + 2 * 3600
    assert expected_seconds([known, None], 0) is None
    assert expected_seconds([], 0) is None


def test_an_experiment_waits_for_the_one_before_it_and_says_so(
    make_experiment: Callable[..., Path],
) -> None:
    started = now() - timedelta(minutes=10)
    running = make_experiment(
        "running", state=ExperimentState.RUNNING, progress=0.5, started_at=started, ended_at=None
    )
    waiting = make_experiment("waiting", state=ExperimentState.QUEUED)
    job = store.load_job(waiting)
    locks = {folder: process_lock.take(store.lock_path(folder)) for folder in (running, waiting)}
    told: list[str] = []

    def wait(folder: Path) -> None:
        experiment_queue.wait_for_turn(
            folder, job, "ada", tell=told.append, give_up_if_asked=lambda: None
        )

    wait(running)
    assert told == []
    second = threading.Thread(target=wait, args=(waiting,))
    second.start()
    while not told:
        assert second.is_alive()
    assert told[0] == "Experiments before it: 1."  # how fast it runs is not known yet
    lock = locks[running]
    assert lock is not None
    os.close(lock)  # as when its engine is killed
    second.join(timeout=60)
    assert not second.is_alive()


def test_who_waits_can_be_stopped(make_experiment: Callable[..., Path]) -> None:
    folders = [make_experiment(name, state=ExperimentState.QUEUED) for name in ("a", "b")]
    locks = [process_lock.take(store.lock_path(folder)) for folder in folders]
    job = store.load_job(folders[0])

    class StopError(Exception):
        pass

    def stop() -> None:
        raise StopError

    for folder, expected in zip(folders, (None, StopError), strict=True):
        arguments = {"tell": lambda _: None, "give_up_if_asked": stop}
        if expected is None:
            experiment_queue.wait_for_turn(folder, job, "ada", **arguments)  # type: ignore[arg-type]
        else:
            with pytest.raises(expected):
                experiment_queue.wait_for_turn(folder, job, "ada", **arguments)  # type: ignore[arg-type]
    assert None not in locks


def test_no_more_are_created_than_may_wait(make_experiment: Callable[..., Path]) -> None:
    """Before the engine of any of them has joined the queue."""
    runs(make_experiment("running"), JOB, "bob")
    limits.save(QueueLimits(max_waiting_per_user=1))
    launcher.create(JOB, name="first", owner="ann")
    with pytest.raises(UserError, match=r"^ann already has 1 experiment waiting.*limits.yml is 1"):
        launcher.create(JOB, name="second", owner="ann")
    limits.save(QueueLimits(max_waiting_per_user=2))
    launcher.create(JOB, name="second", owner="ann")
    with pytest.raises(UserError, match=r"^ann already has 2 experiments waiting"):
        launcher.create(JOB, name="third", owner="ann")
    launcher.create(JOB, name="third", owner="eve")
    launcher.create(JOB, name="a", owner="")
    launcher.create(JOB, name="b", owner="")
    with pytest.raises(UserError, match=r"^You already have 2 experiments waiting"):
        launcher.create(JOB, name="c", owner="")


def test_creating_at_once_does_not_pass_the_limit(make_experiment: Callable[..., Path]) -> None:
    runs(make_experiment("running"), JOB, "bob")
    limits.save(QueueLimits(max_waiting_per_user=3))
    refused: list[str] = []

    def create(number: int) -> None:
        try:
            launcher.create(JOB, name=f"e{number}", owner="ann")
        except UserError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5


@pytest.mark.skipif(usable_cores() < 2, reason="one core runs, another is free")
def test_where_none_may_wait_one_that_starts_at_once_is_welcome(
    make_experiment: Callable[..., Path],
) -> None:
    limits.save(QueueLimits(max_waiting_per_user=0))
    runs(make_experiment("running"), ONE_CORE, "bob")
    launcher.create(ONE_CORE, name="first", owner="ann")
    with pytest.raises(UserError, match=r"is 0, so no experiment may wait, and this one could not"):
        launcher.create(JOB, name="second", owner="ann")


def test_a_reserved_place_is_given_back(make_experiment: Callable[..., Path]) -> None:
    runs(make_experiment("running"), JOB, "bob")
    limits.save(QueueLimits(max_waiting_per_user=1))
    first = launcher.create(JOB, name="first", owner="ann")
    launcher.delete(first)
    second = launcher.create(JOB, name="second", owner="ann")
    assert [ticket.owner for ticket in experiment_queue.tickets()] == ["bob"]
    experiment_queue.leave(second)
    launcher.create(JOB, name="third", owner="ann")


def test_resuming_counts_as_well(make_experiment: Callable[..., Path]) -> None:
    runs(make_experiment("running"), JOB, "bob")
    limits.save(QueueLimits(max_waiting_per_user=1))
    stopped = make_experiment("stopped", state="stopped", owner="ann")
    launcher.create(JOB, name="first", owner="ann")
    with pytest.raises(UserError, match="ann already has 1 experiment waiting"):
        launcher.resume(stopped)
    assert not launcher.is_running(stopped)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("max_runing: 1", "max_runing cannot be used"),
        ("max_running: none of them", "max_running cannot be used"),
        ("max_running: 0", "max_running cannot be used"),
        ("{", "is not YAML"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_by_name(text: str, says: str) -> None:
    limits.path().write_text(text)
    with pytest.raises(UserError, match=says):
        limits.load()


def test_six_processes_at_once_never_run_beside_each_other(
    make_experiment: Callable[..., Path], tmp_path: Path
) -> None:
    """Each takes the whole machine, notes when it ran, and leaves by dying."""
    program = """
import os, sys, time
from pathlib import Path
from automl.experiments import experiment_queue, store
from automl.host import process_lock
folder = Path(sys.argv[1])
assert process_lock.take(store.lock_path(folder)) is not None
experiment_queue.wait_for_turn(
    folder, store.load_job(folder), sys.argv[3], tell=lambda _: None, give_up_if_asked=lambda: None
)
begin = time.monotonic_ns()
time.sleep(0.02)
Path(sys.argv[2], f"{begin}-{time.monotonic_ns()}").touch()
os._exit(9)
"""
    folder = tmp_path / "times"
    folder.mkdir()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(make_experiment(f"e{n}")), str(folder), f"u{n % 3}"]
        )
        for n in range(6)
    ]
    assert [process.wait(timeout=300) for process in processes] == [9] * 6
    times = sorted(tuple(map(int, path.name.split("-"))) for path in folder.iterdir())
    assert len(times) == 6
    assert all(end < begin for (_, end), (begin, _) in zip(times, times[1:], strict=False))
