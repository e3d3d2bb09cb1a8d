import threading

import pytest

from automl.dataset.threads import map_in_threads


def test_results_keep_the_order_of_the_items():
    assert map_in_threads(str, range(1000)) == [str(number) for number in range(1000)]


def test_progress_is_called_here_and_ends_with_the_total():
    seen = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total, threading.current_thread()))

    map_in_threads(str, range(100), progress)
    assert seen[-1] == (100, 100, threading.current_thread())


def test_an_error_ends_the_rest():
    started = []

    def fail_at_once(number: int) -> None:
        started.append(number)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        map_in_threads(fail_at_once, range(10_000))
    assert len(started) < 10_000
