"""The order of the queue as a pure rule."""

from pathlib import Path

import pytest

from automl.experiments.limits import QueueLimits
from automl.experiments.queue_order import (
    Machine,
    Ticket,
    in_order,
    make_ticket,
    next_to_start,
    still_waiting,
)
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.jobs.machine_share import ResourcesPerTrial

MACHINE = Machine(num_cpus=4, num_gpus=0)


def ticket(
    name: str, *, cpus: int = 4, gpus: float = 0, entered: float = 0, started: float | None = None
) -> Ticket:
    """Ticket of the user whose initial the name begins with."""
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
        made = make_ticket(tmp_path, job, "a", Machine(num_cpus=8, num_gpus=2), 0.0)
        return made.num_cpus, made.num_gpus

    assert taken() == (8, 2)
    assert taken(resources_per_trial=ResourcesPerTrial(cpu=3, gpu=0.5)) == (3, 0.5)
    assert taken(ray_address="10.0.0.1:6379") == (0, 0)


def test_those_that_cannot_start_now_wait_on() -> None:
    line = [ticket("a0", cpus=2, started=1), ticket("a1", cpus=2), ticket("a2", cpus=1, entered=1)]
    assert names(still_waiting(line, QueueLimits(), MACHINE, {})) == ["a2"]
    assert names(still_waiting(line[1:], QueueLimits(), MACHINE, {})) == []
    assert names(still_waiting(line, QueueLimits(max_running=1), MACHINE, {})) == ["a1", "a2"]
