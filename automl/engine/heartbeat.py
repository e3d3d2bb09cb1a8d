"""Signs of life of a worker: sent by a thread of the worker, and judged in the engine.

A hang must be told from slow work. A batch, a compilation or an evaluation may take many minutes
on a slow machine, so neither the time since the last report nor the time that other trials take
can decide. A worker is alive while it does anything: its training thread uses the CPU, a process
that it has started does (a compiler), or its bytes reach or leave a disk. It hangs when for five
minutes none of this has happened: the process is stopped (SIGSTOP), waits for a lock that nobody
releases, or reads from a network disk that does not answer.

A computation that never ends uses the CPU, and so does the wait for a GPU: neither is a hang here,
and only the time limit ends it.
"""

import contextlib
import sys
import threading
import time
import uuid
from collections.abc import Callable

import psutil

BEAT_SECONDS = 2.0
"""Seconds between two looks of the worker at itself, and of the engine at its workers."""

LIMIT_SECONDS = 300.0
"""Seconds without a sign of life after which a worker counts as hanging."""

_DEAF_SECONDS = 30.0


class Activity:
    """Work that a thread, and the processes started by it, have done so far.

    The CPU time of the whole process would not do: Ray's own threads always use a little.
    """

    def __init__(self, thread_id: int) -> None:
        """thread_id: `threading.get_ident()` of the thread to observe."""
        self._thread_id = thread_id
        self._process = psutil.Process()
        self._last = {read: read() for read in self._counters()}

    def has_worked(self) -> bool:
        """True if something was done since the last call that returned True."""
        for read in self._counters():
            current = read()
            if current != self._last[read]:
                self._last[read] = current
                return True
        return False

    def _counters(self) -> list[Callable[[], float]]:
        """The cheap ones first: usually the thread has worked, and nothing else is read."""
        return [self._thread_seconds, self._disk_megabytes, self._children_seconds]

    def _thread_seconds(self) -> float:
        if sys.platform == "darwin":  # has no clock for one thread: only a stopped process is found
            return time.process_time()
        return time.clock_gettime(time.pthread_getcpuclockid(self._thread_id))

    def _children_seconds(self) -> float:
        seconds = 0.0
        for child in self._process.children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it may end meanwhile
                times = child.cpu_times()
                seconds += times.user + times.system
        return seconds

    def _disk_megabytes(self) -> int:
        """Megabytes read from and written to disks, rounded down: Ray's own logging writes less."""
        try:
            counters = self._process.io_counters()
        except (AttributeError, psutil.Error):  # not on every system
            return 0
        return int(counters.read_bytes + counters.write_bytes) // 1_000_000


class Heartbeat:
    """Thread of a worker that sends a new value whenever the calling thread has worked."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._activity = Activity(threading.get_ident())
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """End the thread; it is not waited for."""
        self._ended.set()

    def _run(self) -> None:
        worker, count = uuid.uuid4().hex, 0
        while True:
            # an engine or a head that does not answer is not this worker's fault: the next beat
            # tries again
            with contextlib.suppress(Exception):
                self._send(f"{worker} {count}".encode())
            while not self._activity.has_worked():
                if self._ended.wait(BEAT_SECONDS):
                    return
            if self._ended.wait(BEAT_SECONDS):
                return
            count += 1


class LifeSigns:
    """The engine's record of the last sign of life of every running trial.

    Times are seconds of a monotonic clock of the engine's machine, so clocks of other machines do
    not matter. While the engine itself did not run (the machine slept, the process was stopped) it
    could not notice any: such gaps do not count.
    """

    def __init__(self) -> None:
        self._last_seconds: dict[str, float] = {}
        self._last_beat: dict[str, bytes | None] = {}
        self._looked_at: float | None = None

    @property
    def expected(self) -> list[str]:
        """Trials whose workers should show signs of life."""
        return list(self._last_seconds)

    def sign(self, trial_id: str, at: float) -> None:
        """The trial has started or reported."""
        self._last_seconds[trial_id] = at

    def beat(self, trial_id: str, value: bytes | None, at: float) -> None:
        """The worker's latest value was `value`: a sign of life if it is a new one."""
        if trial_id in self._last_seconds and value != self._last_beat.get(trial_id):
            self._last_beat[trial_id] = value
            self._last_seconds[trial_id] = at

    def forget(self, trial_id: str) -> None:
        """Nothing is expected of the trial until it starts again."""
        self._last_seconds.pop(trial_id, None)
        self._last_beat.pop(trial_id, None)

    def overdue(self, at: float) -> dict[str, float]:
        """Trials that hang, with the seconds since their last sign of life."""
        gap = 0.0 if self._looked_at is None else at - self._looked_at
        self._looked_at = at
        if gap > _DEAF_SECONDS:
            self._last_seconds = {
                trial_id: min(at, before + gap) for trial_id, before in self._last_seconds.items()
            }
        return {
            trial_id: at - before
            for trial_id, before in self._last_seconds.items()
            if at - before > LIMIT_SECONDS
        }
