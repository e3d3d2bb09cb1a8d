"""A measurement and the steps of a trial take turns."""

import threading
import time

import pytest

from automl.host import home, process_lock, quiet


def test_a_measurement_waits_for_the_step_and_the_next_step_for_the_measurement() -> None:
    events: list[str] = []

    def measure() -> None:
        with quiet.moment():
            events.append("measured")

    thread = threading.Thread(target=measure)
    with quiet.Work() as work:
        for step in work.steps(range(2)):
            if step == 0:
                thread.start()
                while not process_lock.is_held(home.home_dir() / "quiet-gate.lock"):
                    time.sleep(0.001)  # until the measurement is waiting for this step
            events.append(f"step {step}")
    thread.join()
    assert events == ["step 0", "measured", "step 1"]


def test_two_trials_compute_at_once() -> None:
    with quiet.Work() as one, quiet.Work() as other:
        assert list(zip(one.steps("ab"), other.steps("cd"), strict=True)) == [
            ("a", "c"),
            ("b", "d"),
        ]


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "_PATIENCE_SECONDS", 0.05)
    with quiet.Work(), quiet.moment():
        pass
    with quiet.moment(), quiet.Work() as work:
        assert list(work.steps("ab")) == ["a", "b"]


def test_a_trial_that_fails_is_not_waited_for() -> None:
    def fail() -> None:
        with quiet.Work() as work:
            for _ in work.steps("ab"):
                raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    started = time.monotonic()
    with quiet.moment():
        assert time.monotonic() - started < quiet._PATIENCE_SECONDS
