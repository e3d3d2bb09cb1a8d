import fcntl
import threading
from pathlib import Path

import pytest

from automl.dataset import cache_entries


def test_a_file_that_could_not_be_written_whole_leaves_nothing(tmp_path):
    target = tmp_path / "entry"
    target.write_bytes(b"before")

    def write() -> None:
        with cache_entries.written_whole(target) as file:
            file.write(b"half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write()
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


def test_an_entry_is_in_use_until_the_block_ends(home):
    with cache_entries.held(Path("entry")):
        with cache_entries.unused(Path("entry")) as is_free:
            assert not is_free
        with cache_entries.unused(Path("other")) as is_free:
            assert is_free
    with cache_entries.unused(Path("entry")) as is_free:
        assert is_free
    assert list((home / "cache" / "in_use").iterdir()) == []


def test_a_mark_that_is_not_locked_yet_is_not_taken_for_that_of_a_dead_process(home, monkeypatch):
    """Another thread looks for marks at the moment at which this one has created its mark."""
    marks, original, answers = home / "cache" / "in_use", fcntl.flock, []
    looked = threading.Event()

    def look() -> None:
        with cache_entries.unused(Path("entry")) as is_free:
            answers.append(is_free)
        looked.set()

    looker = threading.Thread(target=look)

    def flock(descriptor: int, kind: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        if path.parent == marks and kind & fcntl.LOCK_EX and not looker.ident:
            looker.start()
            looked.wait(0.5)  # it only gets this far where nothing keeps it waiting
        original(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", flock)
    with cache_entries.held(Path("entry")):
        looker.join()
        assert answers == [False]
        assert len(list(marks.iterdir())) == 1


@pytest.mark.usefixtures("home")
def test_who_waits_for_a_lock_can_give_up():
    class StoppedError(Exception):
        pass

    def stop() -> None:
        raise StoppedError

    with (
        cache_entries.locked("entry"),
        pytest.raises(StoppedError),
        cache_entries.locked("entry", while_waiting=stop),
    ):
        pytest.fail("the lock was given to two")
