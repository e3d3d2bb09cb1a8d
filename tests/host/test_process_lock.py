"""A lock is that of the file which has the name once it is taken."""

import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from automl.host import process_lock


@pytest.mark.parametrize("is_replaced", [False, True])
def test_who_waits_for_the_lock_of_what_is_deleted_meanwhile_does_not_get_that(
    tmp_path: Path, is_replaced: bool
) -> None:
    folder = tmp_path / "pets"
    folder.mkdir()
    held = process_lock.take(folder / "lock")
    assert held is not None
    found: list[int | type[Exception] | None] = []

    def wait() -> None:
        try:
            found.append(process_lock.take(folder / "lock"))
        except FileNotFoundError as error:
            found.append(type(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    while [file.path for file in psutil.Process().open_files()].count(str(folder / "lock")) < 2:
        time.sleep(0.001)
    folder.rename(tmp_path / "deleted")
    if is_replaced:
        folder.mkdir()
    os.close(held)
    waiting.join()
    (taken,) = found
    if not is_replaced:
        assert taken is FileNotFoundError
        return
    assert isinstance(taken, int)
    assert process_lock.is_held(folder / "lock")
    os.close(taken)
