"""A worker that hangs is told from one that is slow."""

import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from automl.engine.heartbeat import LIMIT_SECONDS, Activity, Heartbeat, LifeSigns

LOOKS = 20

BLOCKED = """
import os, sys, threading
from automl.engine.heartbeat import Activity
thread = threading.Thread(target=os.read, args=(os.pipe()[0], 1), daemon=True)
thread.start()
activity = Activity(thread.ident)
while any(activity.has_worked() for _ in range(50)):
    pass  # until it has reached its read
{meanwhile}
print(*(activity.has_worked() for _ in range(20)), flush=True)
os._exit(0)
"""

WORKER = """
import sys
from automl.engine import heartbeat
heartbeat.BEAT_SECONDS = 0.02
beat = heartbeat.Heartbeat(lambda value: print(value.decode(), flush=True))
while True:
    sum(range(10_000))
"""


def has_worked(meanwhile: str) -> list[bool]:
    """Looks at a thread that waits for a pipe, as a thread does for a disk that does not answer.

    In a process of its own, which has no other children. The code in `meanwhile` runs before.
    """
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(meanwhile=meanwhile)],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return [word == "True" for word in done.stdout.split()]


def test_a_thread_that_waits_for_a_disk_has_not_worked_while_others_do() -> None:
    looks = has_worked("sum(range(1_000_000))  # as Ray's threads do")
    assert len(looks) == LOOKS
    assert not any(looks)


def test_a_thread_that_computes_has_worked_at_every_look() -> None:
    activity = Activity(threading.get_ident())
    for _ in range(LOOKS):
        sum(range(10_000))
        assert activity.has_worked()


def test_a_thread_that_waits_for_a_compiler_has_worked() -> None:
    assert any(
        has_worked(
            "import subprocess\n"
            "child = subprocess.Popen([sys.executable, '-c', 'print(sum(range(10**7)))\\ninput()'],"
            " stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
            "child.stdout.readline()  # it has computed something, and is still there\n"
        )
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts the bytes of a process")
def test_a_thread_that_waits_for_a_slow_disk_has_worked(tmp_path: Path) -> None:
    path = str(tmp_path / "checkpoint")
    assert any(has_worked(f"open({path!r}, 'wb').write(bytes(4_000_000))"))


def test_every_worker_sends_values_of_its_own() -> None:
    values: list[bytes] = []
    came = threading.Event()

    def send(value: bytes) -> None:
        values.append(value)
        came.set()

    for _ in range(2):
        came.clear()
        beat = Heartbeat(send)
        assert came.wait(60)
        beat.stop()
    assert len(set(values)) == len(values) >= 2


def test_a_stopped_process_sends_nothing_until_it_goes_on() -> None:
    command = [sys.executable, "-c", WORKER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as worker:
        assert worker.stdout is not None
        try:
            os.read(worker.stdout.fileno(), 1)
            worker.send_signal(signal.SIGSTOP)
            os.waitpid(worker.pid, os.WUNTRACED)  # until it is stopped
            while select.select([worker.stdout], [], [], 0)[0]:  # sent before
                os.read(worker.stdout.fileno(), 1_000_000)
            assert not select.select([worker.stdout], [], [], 0.5)[0]
            worker.send_signal(signal.SIGCONT)
            assert os.read(worker.stdout.fileno(), 1)
        finally:
            worker.kill()


def looks(signs: LifeSigns, until: float, *, since: float = 0) -> dict[str, float]:
    """The engine looks every ten seconds; what it finds in the end."""
    overdue: dict[str, float] = {}
    for second in range(int(since), int(until) + 1, 10):
        overdue = signs.overdue(float(second))
    return overdue


def started(*trial_ids: str) -> LifeSigns:
    signs = LifeSigns()
    for trial_id in trial_ids:
        signs.sign(trial_id, 0.0)
    return signs


def test_a_trial_hangs_after_five_minutes_without_a_sign() -> None:
    assert looks(started("a"), LIMIT_SECONDS) == {}
    assert looks(started("a"), LIMIT_SECONDS + 10) == {"a": LIMIT_SECONDS + 10}


def test_a_slow_first_epoch_is_no_hang_however_fast_other_trials_are() -> None:
    signs = started("fast", "slow")
    for second in range(0, 8 * 3600, 20):
        signs.sign("fast", float(second))  # an evaluation every 20 seconds
        signs.beat("slow", b"%d" % second, float(second))  # none in eight hours, but it computes
        assert signs.overdue(float(second)) == {}


def test_a_value_that_does_not_change_is_no_sign() -> None:
    signs = started("a")
    for second in range(0, 400, 20):
        signs.beat("a", b"7", float(second))
    assert looks(signs, 400) == {"a": 400.0}


def test_the_first_value_of_the_next_worker_is_a_sign() -> None:
    signs = started("a")
    signs.beat("a", b"first 3", 100.0)
    signs.forget("a")
    signs.beat("a", b"first 4", 110.0)  # sent late by the worker that was ended
    assert signs.expected == []
    signs.sign("a", 120.0)
    signs.beat("a", b"second 0", 300.0)
    assert looks(signs, 590, since=300) == {}
    assert list(looks(signs, 610, since=600)) == ["a"]


def test_time_in_which_the_engine_slept_does_not_count() -> None:
    signs = started("a")
    assert looks(signs, 200) == {}
    assert signs.overdue(50_000) == {}
    assert looks(signs, 50_090, since=50_010) == {}
    assert list(looks(signs, 50_110, since=50_100)) == ["a"]


def test_nothing_is_expected_of_a_trial_that_has_ended() -> None:
    signs = started("a", "b")
    signs.forget("b")
    assert list(looks(signs, 400)) == ["a"]
