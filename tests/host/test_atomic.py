"""Files and folders appear complete under their name, or not at all."""

import errno
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from automl.host import atomic


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    previous = os.umask(0o022)
    yield
    os.umask(previous)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_file_is_written_with_its_folder(tmp_path: Path) -> None:
    atomic.write_text(tmp_path / "new" / "a.txt", "é")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "é".encode()
    atomic.write_bytes(tmp_path / "new" / "a.txt", b"2", durable=False)
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"2"
    assert names(tmp_path / "new") == ["a.txt"]


def test_an_error_of_the_disk_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(OSError, match="a.txt") as full, atomic.open_binary(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as `write` raises it
    assert full.value.filename == str(path)
    for write in (atomic.new_folder, atomic.open_binary):
        nowhere = Path("/proc/a.txt")
        with pytest.raises(OSError, match="a.txt") as missing, write(nowhere):
            pytest.fail("it was opened")
        assert missing.value.filename == str(nowhere)


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_error_keeps_the_old_file_and_leaves_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "a.txt"
    atomic.write_text(path, "old")

    def write() -> None:
        with atomic.open_binary(path) as file:
            file.write(b"new")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_two_writers_at_once_do_not_meet_and_the_later_wins(tmp_path: Path) -> None:
    path = tmp_path / "limits.yml"
    with atomic.open_binary(path) as first:
        first.write(b"first")
        with atomic.open_binary(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["limits.yml"]


def test_the_bytes_are_on_the_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, bool]] = []
    path = tmp_path / "a"
    monkeypatch.setattr(
        os, "fsync", lambda number: synced.append((os.fstat(number).st_size, path.exists()))
    )
    atomic.write_bytes(path, b"12345")
    assert synced == [(5, False)]
    atomic.write_bytes(path, b"1", durable=False)
    assert len(synced) == 1


def test_only_this_user_reads_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    atomic.write_text(tmp_path / "ours", "")
    atomic.write_text(tmp_path / "report.html", "", private=False)
    with atomic.new_folder(tmp_path / "a"), atomic.new_folder(tmp_path / "b", private=False):
        pass
    assert [mode(tmp_path / name) for name in ("ours", "report.html", "a", "b")] == [
        0o600,
        0o644,
        0o700,
        0o755,
    ]


def test_a_file_that_appeared_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "token"

    def write() -> None:
        with atomic.open_binary(path, overwrite=False) as file:
            file.write(b"late")
            atomic.write_text(path, "first", overwrite=False)

    with pytest.raises(FileExistsError):
        write()
    assert path.read_text() == "first"
    assert names(tmp_path) == ["token"]


def test_the_file_object_can_hold_a_zip_file(tmp_path: Path) -> None:
    with (
        atomic.open_binary(tmp_path / "a.zip") as opened,
        zipfile.ZipFile(opened, "w") as file,
    ):
        file.writestr("a", "1")
    assert zipfile.ZipFile(tmp_path / "a.zip").read("a") == b"1"


def test_a_very_long_name_is_no_obstacle(tmp_path: Path) -> None:
    for name in ("n" * 250, "本" * 80):
        atomic.write_text(tmp_path / name, "1")
        assert name in names(tmp_path)
    assert len(names(tmp_path)) == 2


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "there" / "model"
    with atomic.new_folder(target) as partial:
        (partial / "a").write_text("1")
        assert not target.exists()
    assert names(target) == ["a"]
    assert names(target.parent) == ["model"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_folder_that_fails_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def fill() -> None:
        with atomic.new_folder(tmp_path / "model") as partial:
            (partial / "a").write_text("1")
            raise error

    with pytest.raises(error):
        fill()
    assert names(tmp_path) == []


@pytest.mark.parametrize("content", [[], ["a"]])
def test_a_folder_of_that_name_is_kept(tmp_path: Path, content: list[str]) -> None:
    def fill() -> None:
        with atomic.new_folder(tmp_path / "model"):
            (tmp_path / "model").mkdir()
            for name in content:
                (tmp_path / "model" / name).touch()

    with pytest.raises(FileExistsError):
        fill()
    assert names(tmp_path) == ["model"]
    assert names(tmp_path / "model") == content


def test_a_folder_can_be_replaced(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with atomic.new_folder(tmp_path / "model", overwrite=True) as partial:
            (partial / name).touch()
    assert names(tmp_path / "model") == ["second"]
    assert names(tmp_path) == ["model"]


def test_the_old_folder_is_put_back_if_the_new_one_cannot_take_its_place(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old").touch()
    with (
        pytest.raises(FileNotFoundError),
        atomic.new_folder(tmp_path / "model", overwrite=True) as partial,
    ):
        partial.rmdir()
    assert names(tmp_path / "model") == ["old"]
    assert names(tmp_path) == ["model"]


KILLED = """
import os, signal, sys
from pathlib import Path
from automl.host import atomic

with getattr(atomic, sys.argv[1])(Path(sys.argv[2])) as partial:
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("writer", ["open_binary", "new_folder"])
def test_what_a_killed_writer_left_is_removed_and_what_a_living_one_writes_is_not(
    tmp_path: Path, writer: str
) -> None:
    target = tmp_path / "a [1].zip"
    subprocess.run([sys.executable, "-c", KILLED, writer, str(target)], check=False)
    (left,) = names(tmp_path)
    assert left.endswith(".partial")
    (tmp_path / ".a [1].zip.mine.partial").touch()
    with getattr(atomic, writer)(target):
        atomic.remove_leftovers(target)
        assert left not in names(tmp_path)
        assert len(names(tmp_path)) == 2
    assert names(tmp_path) == [".a [1].zip.mine.partial", "a [1].zip"]


def test_a_folder_that_was_being_replaced_is_put_back(tmp_path: Path) -> None:
    program = (
        "import os, shutil, signal, sys\n"
        "from pathlib import Path\n"
        "from automl.host import atomic\n"
        "def rename(self, target, old=Path.rename):\n"
        "    if target.name == 'model': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    old(self, target)\n"
        "Path.rename = rename\n"
        "with atomic.new_folder(Path(sys.argv[1]), overwrite=True): pass\n"
    )
    target = tmp_path / "model"
    target.mkdir()
    (target / "old").touch()
    subprocess.run([sys.executable, "-c", program, str(target)], check=False)
    assert "model" not in names(tmp_path)
    atomic.remove_leftovers(target)
    assert names(tmp_path) == ["model"]
    assert names(target) == ["old"]
