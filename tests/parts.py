"""The processes of the test suite: each imports and runs a part of the tests.

A process spends 15 seconds of a core on importing all of them. So each of the parts below has a
process of its own, which collects nothing else, and all processes beyond share the rest by file.
With too few processes for that, every process collects everything.
"""

import os
from collections.abc import Iterable
from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

PARTS = {
    "Ray": (
        "tests/browser/test_walk.py",
        "tests/engine/test_cluster.py",
        "tests/engine/test_engine.py",
        "tests/engine/test_fork_server.py",
        "tests/engine/test_offline.py",
        "tests/engine/test_ranks_elsewhere.py",
        "tests/engine/test_ray_internals.py",
        "tests/engine/test_s3.py",
        "tests/experiments/test_launcher.py",
        "tests/test_cli.py",
    ),
    "browser": ("tests/browser/", "tests/engine/test_separate_nodes.py"),
    "faults": ("tests/faults/", "tests/browser/test_story.py"),
    "torch": ("tests/engine/", "tests/export/", "tests/model/test_several_networks.py"),
}
"""Tests that share what is slow to make: a Ray head; a browser; a Ray head that they kill; torch's
exporter, and exported models. The story and those of separate machines wait most of the time and
are where there is time for them. The longest path that fits decides."""


def part_of(path: str) -> str:
    """Name of the part of a file or a test; a file of the rest is a part of its own."""
    paths = {path: part for part, paths in PARTS.items() for path in paths}
    fitting = [each for each in paths if path.startswith(each)]
    return paths[max(fitting, key=len)] if fitting else path.partition("::")[0]


def is_left_out(path: PurePosixPath, *, is_folder: bool) -> bool:
    """True for a file or folder without a test for this process; the path begins with `tests`."""
    worker, count = (os.environ.get(f"PYTEST_XDIST_WORKER{end}", "") for end in ("", "_COUNT"))
    if not worker or int(count) <= len(PARTS):
        return False
    own = dict(enumerate(PARTS)).get(int(worker.removeprefix("gw")))
    if is_folder:
        inside = f"{path}/"
        holds_own = own and any(each.startswith(inside) for each in PARTS[own])
        return not holds_own and _is_foreign(inside, own)
    return _is_foreign(str(path), own)


def _is_foreign(path: str, own: str | None) -> bool:
    part = part_of(path)
    return part != own if own else part in PARTS


class Scheduling(LoadScopeScheduling):
    """Give each process the tests that it has collected, one part or file after the other.

    The groups of pytest-xdist itself have no effect with pytest 9.2.
    """

    def schedule(self) -> None:
        if self.collection is None:
            collections = self.registered_collections.values()
            self.collection = _without_copies(each for part in collections for each in part)
            session = self.config.pluginmanager.get_plugin("session")
            assert isinstance(session, pytest.Session)
            session.testscollected = len(self.collection)
            for test in self.collection:
                self.workqueue.setdefault(part_of(test), {})[test] = False
        for _ in range(2):  # a process begins a test once it knows the next one
            for node in self.nodes:
                self._reschedule(node)

    def _split_scope(self, nodeid: str) -> str:
        return part_of(nodeid)

    def _reschedule(self, node: WorkerController) -> None:
        """Put the next part of which the process has the tests in front, or let the process end."""
        collected = set(self.registered_collections[node])
        for part, tests in self.workqueue.items():
            if collected.issuperset(tests):
                self.workqueue.move_to_end(part, last=False)
                super()._reschedule(node)
                return
        if not node.shutting_down:
            node.shutdown()


def _without_copies(tests: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(tests))
