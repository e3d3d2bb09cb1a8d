"""Every test runs in one process, and no process imports what it does not run."""

from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

import pytest

from tests import parts

ROOT = Path(__file__).parents[1]
NUM_PROCESSES = len(parts.PARTS) + 2


class Process:
    """A process of pytest-xdist that runs what it is sent, or ends, when it is told to."""

    def __init__(self, tests: list[str]) -> None:
        self.gateway = SimpleNamespace(id="gw0")
        self.tests = tests
        self.waiting: list[int] = []
        self.shutting_down = False

    def send_runtest_some(self, indices: list[int]) -> None:
        self.waiting += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def schedule(collected: list[list[str]]) -> list[list[str]]:
    """Run the tests that each process has collected; returns those that it was given."""
    session = pytest.Session.__new__(pytest.Session)
    config: Any = SimpleNamespace(
        getvalue=lambda _: [f"{len(collected)}*popen"],
        pluginmanager=SimpleNamespace(get_plugin=lambda _: session),
    )
    scheduling = parts.Scheduling(config)
    processes: list[Any] = [Process(tests) for tests in collected]
    for process in processes:
        scheduling.add_node(process)
    for process in processes:
        scheduling.add_node_collection(process, process.tests)
    scheduling.schedule()
    done: list[list[str]] = [[] for _ in processes]
    while running := [one for one in processes if len(one.waiting) > (not one.shutting_down)]:
        for process in running:
            index = process.waiting.pop(0)
            done[processes.index(process)].append(process.tests[index])
            scheduling.mark_test_complete(process, index)
    assert not scheduling.has_pending
    assert all(process.shutting_down for process in processes)
    assert session.testscollected == len({test for tests in collected for test in tests})
    return done


def test_every_test_runs_once_where_it_was_collected() -> None:
    rest = [f"tests/ui/test_{name}.py::test_{number}" for name in "abc" for number in range(3)]
    rest.append("tests/test_alone.py::test_it")
    own = [f"tests/faults/test_{number}.py::test_it" for number in range(2)]
    other, first, second, nothing = schedule([own, rest, rest, []])
    assert (other, nothing) == (own, [])
    assert sorted(first + second) == sorted(rest)
    assert first
    assert second
    files = [{test.partition("::")[0] for test in tests} for tests in (first, second)]
    assert not files[0] & files[1]


def test_processes_that_collect_the_same_share_it_by_part() -> None:
    tests = [f"tests/{name}.py::test_it" for name in ("browser/test_a", "browser/test_b", "test_c")]
    assert sorted(map(len, schedule([tests, tests]))) == [1, 2]


def processes_of(path: PurePosixPath, monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Numbers of the processes that collect a test file."""
    found = set()
    for number in range(NUM_PROCESSES):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", f"gw{number}")
        folders = list(path.parents)[:-2]
        if not parts.is_left_out(path, is_folder=False) and not any(
            parts.is_left_out(folder, is_folder=True) for folder in folders
        ):
            found.add(number)
    return found


def test_every_file_belongs_to_one_part_or_to_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", str(NUM_PROCESSES))
    order = list(parts.PARTS)
    for file in (ROOT / "tests").rglob("test_*.py"):
        path = PurePosixPath(file.relative_to(ROOT).as_posix())
        part = parts.part_of(str(path))
        wanted = {order.index(part)} if part in order else {4, 5}
        assert processes_of(path, monkeypatch) == wanted, path
    for path in {path for paths in parts.PARTS.values() for path in paths}:
        assert (ROOT / path).exists(), f"tests/parts.py names {path}, which is not there"


def test_with_few_processes_each_collects_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "4")
    assert not parts.is_left_out(PurePosixPath("tests/ui"), is_folder=True)
