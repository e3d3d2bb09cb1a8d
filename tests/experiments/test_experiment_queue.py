"""Who may run next: the order as a pure rule, and tickets of real processes."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from automl.experiments import experiment_queue, launcher, limits, store
from automl.experiments.experiment_queue import Machine, Ticket, in_order, next_to_start
from automl.experiments.limits import QueueLimits
from automl.experiments.records import ExperimentState, now
from automl.host import process_lock
from automl.jobs.job import DataSource, Job, ResourcesPerTrial

MACHINE = Machine(num_cpus=4, num_gpus=0)


def ticket(
    name: str, *, cpus: int = 4, gpus: float = 0, entered: float = 0, started: float | None = None
) -> Ticket:
    """Of the user whose initial the name begins with."""
    return Ticket(
        experiment_dir=Path(name),
        owner=name[0],
        num_cpus=cpus,
        num_gpus=gpus,
        entered=entered,
        started=started,
    )


def names(tickets: list[Ticket]) -> list[str]:
    return [str(each.experiment_dir) for each in tickets]


def test_users_take_turns_whatever_they_have_waiting() -> None:
    waiting = [ticket(f"a{n}", entered=n) for n in range(3)] + [ticket("b0", entered=9)]
    assert names(in_order(waiting, {})) == ["a0", "b0", "a1", "a2"]


def test_who_runs_something_comes_after_who_does_not() -> None:
    line = [ticket("a0", started=1), ticket("a1", entered=1), ticket("b0", entered=5)]
    assert names(in_order(line, {})) == ["b0", "a1"]


def test_who_was_served_last_comes_last_also_when_that_has_ended() -> None:
    line = [ticket("a1", entered=1), ticket("b0", entered=5)]
    assert names(in_order(line, {"a": 100.0})) == ["b0", "a1"]


@pytest.mark.parametrize(
    ("line", "starts"),
    [
        ([ticket("a0")], "a0"),
        ([ticket("a0", started=1), ticket("b0")], None),
        ([ticket("a0", cpus=2, started=1), ticket("b0", cpus=2)], "b0"),
        ([ticket("a0", cpus=3, started=1), ticket("b0", cpus=2)], None),
        # the large one is not overtaken by a small one that would fit
        ([ticket("a0", cpus=2, started=1), ticket("b0"), ticket("c0", cpus=1, entered=1)], None),
        ([ticket("a0", cpus=0, gpus=1, started=1), ticket("b0", cpus=0, gpus=1)], None),
        ([ticket("a0", cpus=99)], "a0"),  # alone it may try: the plan says what is wrong with it
    ],
)
def test_an_experiment_starts_when_its_cores_and_gpus_are_free(
    line: list[Ticket], starts: str | None
) -> None:
    found = next_to_start(line, QueueLimits(), MACHINE, {})
    assert (found and str(found.experiment_dir)) == starts


def test_limits_hold_a_user_and_everybody_back() -> None:
    line = [ticket("a0", cpus=1, started=1), ticket("a1", cpus=1), ticket("b0", cpus=1, entered=1)]
    per_user = QueueLimits(max_running_per_user=1)
    assert next_to_start(line, per_user, MACHINE, {}) == line[2]
    assert next_to_start(line[:2], per_user, MACHINE, {}) is None
    assert next_to_start(line, QueueLimits(max_running=1), MACHINE, {}) is None


def test_a_job_takes_the_whole_machine_unless_it_says_how_much(tmp_path: Path) -> None:
    def taken(**keys: object) -> tuple[int, float]:
        job = Job(training_data=DataSource(path=tmp_path), **keys)  # type: ignore[arg-type]
        asked = experiment_queue._ticket(tmp_path, job, "a", Machine(num_cpus=8, num_gpus=2))
        return asked.num_cpus, asked.num_gpus

    assert taken() == (8, 2)
    assert taken(resources_per_trial=ResourcesPerTrial(cpu=3, gpu=0.5)) == (3, 0.5)
    assert taken(ray_address="10.0.0.1:6379") == (0, 0)


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
    assert told[0] == "1 experiment before it, expected start in about 10 min."
    lock = locks[running]
    assert lock is not None
    os.close(lock)  # as when its engine is killed
    second.join(timeout=10)
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


def test_no_more_may_wait_than_the_settings_say(make_experiment: Callable[..., Path]) -> None:
    limits.path().write_text("max_waiting_per_user: 0\nmax_running: 1\n")
    assert launcher.create(Job(training_data=DataSource(path=Path("/data"))), name="first")
    folder = make_experiment("running")
    assert process_lock.take(store.lock_path(folder)) is not None
    experiment_queue.wait_for_turn(
        folder, store.load_job(folder), "x", tell=lambda _: None, give_up_if_asked=lambda: None
    )
    with pytest.raises(ValueError, match=r"0 experiments waiting.*limits\.yml is 0"):
        launcher.create(Job(training_data=DataSource(path=Path("/data"))), name="second")


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
    with pytest.raises(ValueError, match=says):
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
    assert [process.wait(timeout=60) for process in processes] == [9] * 6
    times = sorted(tuple(map(int, path.name.split("-"))) for path in folder.iterdir())
    assert len(times) == 6
    assert all(end < begin for (_, end), (begin, _) in zip(times, times[1:], strict=False))
