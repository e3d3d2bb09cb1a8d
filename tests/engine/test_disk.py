"""A full disk: known by its error wherever it comes from, and room held for saying so."""

import errno
import os
from pathlib import Path

import pytest

from automl.engine import disk


def chained() -> Exception:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("the trial could not be saved") from error
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    ("error", "is_cause"),
    [
        (OSError(errno.ENOSPC, "x"), True),
        (OSError(errno.EDQUOT, "x"), True),
        (RuntimeError("RayTaskError: OSError: [Errno 28] No space left on device: '/a'"), True),
        (chained(), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (ValueError("the disk is round"), False),
    ],
)
def test_a_full_disk_is_known_wherever_the_error_comes_from(
    error: Exception, is_cause: bool
) -> None:
    assert disk.is_cause(error) is is_cause


def test_room_is_held_and_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)  # macOS has none
    disk.reserve(tmp_path)
    (held,) = tmp_path.iterdir()
    assert held.stat().st_blocks * 512 >= 1024**2
    disk.release(tmp_path)
    disk.release(tmp_path)  # once more does nothing
    assert list(tmp_path.iterdir()) == []


def test_the_sentence_names_the_folder_and_what_to_do(tmp_path: Path) -> None:
    sentence = disk.sentence(tmp_path)
    assert str(tmp_path) in sentence
    assert "then resume the experiment" in sentence
