import io
import stat
import struct
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from automl.dataset import archive, archive_members
from automl.dataset.archive import extract
from automl.errors import DataError


def extract_zip(path: Path, **options: Any) -> Path:
    return extract(path, "zip", **options)


def write_zip(path: Path, *entries: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries:
            file.writestr(name, content)
    return path


def left_behind(home: Path) -> list[Path]:
    return [
        path for path in home.rglob("*") if "archives" in path.parts and path.name != "archives"
    ]


def test_the_files_come_out_as_they_went_in(tmp_path):
    root = extract_zip(write_zip(tmp_path / "a.zip", ("cat/1.png", b"one"), ("dog/2.png", b"two")))
    assert (root / "cat" / "1.png").read_bytes() == b"one"
    assert (root / "dog" / "2.png").read_bytes() == b"two"


def test_the_same_content_is_extracted_once(tmp_path):
    first = extract_zip(write_zip(tmp_path / "a.zip", ("cat/1.png", b"one")))
    before = (first / "cat" / "1.png").stat().st_ino
    (tmp_path / "b.zip").write_bytes((tmp_path / "a.zip").read_bytes())
    assert extract_zip(tmp_path / "b.zip") == first
    assert (first / "cat" / "1.png").stat().st_ino == before


class GaveUpError(RuntimeError):
    """A class that the zip library raises, too."""


def test_progress_goes_up_to_a_hundred_percent(tmp_path):
    told: list[tuple[int, int]] = []
    entries = [(f"cat/{number}.png", b"one") for number in range(20)]
    extract_zip(
        write_zip(tmp_path / "a.zip", *entries), progress=lambda *progress: told.append(progress)
    )
    assert len(told) == 20
    assert told == sorted(told)
    assert all(0 <= done < total == 100 for done, total in told)


def test_whoever_extracts_can_give_up_and_leaves_nothing(tmp_path, home):
    def stop(*_: int) -> None:
        raise GaveUpError

    path = write_zip(tmp_path / "a.zip", ("cat/1.png", b"one"))
    with pytest.raises(GaveUpError):
        extract_zip(path, progress=stop)
    assert left_behind(home) == []


def test_whoever_waits_for_the_same_archive_can_give_up(tmp_path, home):
    def stop(*_: int) -> None:
        raise GaveUpError

    path = write_zip(tmp_path / "a.zip", ("cat/1.png", b"one"))
    root = extract_zip(path)
    with (
        FileLock(home / "cache" / "locks" / f"archive-{root.name}.lock"),
        pytest.raises(GaveUpError),
    ):
        extract_zip(path, progress=stop)


def test_what_a_killed_process_left_is_cleared_away(tmp_path, home):
    path = write_zip(tmp_path / "a.zip", ("cat/1.png", b"one"))
    root = extract_zip(path)
    partial = root.with_name(f".{root.name}.partial")
    root.rename(partial)
    (partial / "half").touch()
    assert not (extract_zip(path) / "half").exists()
    assert left_behind(home) == [root, root / "cat", root / "cat" / "1.png"]


@pytest.mark.parametrize(
    "name", ["../out.png", "a/../../out.png", "/etc/out.png", "..\\out.png", "C:\\out.png", "C:out"]
)
def test_an_entry_that_leads_outside_is_refused(tmp_path, home, name):
    info = zipfile.ZipInfo()
    info.filename = name  # the constructor would clean it
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("cat/1.png", b"one")
        file.writestr(info, b"two")
    with pytest.raises(DataError, match="leads out of it"):
        extract_zip(tmp_path / "a.zip")
    assert left_behind(home) == []
    assert not list(tmp_path.rglob("out*"))


def test_a_link_is_refused(tmp_path, home):
    info = zipfile.ZipInfo("cat/passwd.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="link or device"):
        extract_zip(tmp_path / "a.zip")
    assert left_behind(home) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [("a/1.png", "a/1.png"), ("a/1.png", "A/1.PNG"), ("a", "a/1.png"), ("a/1.png", "a")],
)
def test_two_entries_at_one_place_are_refused(tmp_path, home, first, second):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = write_zip(tmp_path / "a.zip", (first, b"1"), (second, b"2"))
    with pytest.raises(DataError, match="two entries called"):
        extract_zip(path)
    assert left_behind(home) == []


def test_a_bomb_is_refused(tmp_path, home):
    path = write_zip(tmp_path / "a.zip", ("cat/1.png", bytes(60_000_000)))
    with pytest.raises(DataError, match="more than 50 MB"):
        extract_zip(path)
    assert left_behind(home) == []


def test_a_bomb_that_lies_about_its_size_is_stopped(tmp_path, home):
    path = write_zip(tmp_path / "a.zip", ("cat/1.png", bytes(60_000_000)))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 60_000_000), b"\1\0\0\0"))
    with pytest.raises(DataError):
        extract_zip(path)
    assert left_behind(home) == []


def test_the_bytes_that_come_out_are_limited(tmp_path, home):
    path = write_zip(tmp_path / "a.zip", ("cat/1.png", b"x" * 600), ("cat/2.png", b"y" * 600))
    with pytest.raises(DataError, match="would unpack to more than"):
        extract_zip(path, max_bytes=1000)
    assert left_behind(home) == []


def test_what_is_no_zip_is_refused(tmp_path, home):
    (tmp_path / "a.zip").write_bytes(b"hello")
    with pytest.raises(DataError, match="not a zip file that can be read"):
        extract_zip(tmp_path / "a.zip")
    assert left_behind(home) == []


def test_a_cut_off_zip_is_refused(tmp_path, home):
    path = write_zip(tmp_path / "a.zip", ("cat/1.png", b"one" * 1000))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="not a zip file that can be read"):
        extract_zip(path)
    assert left_behind(home) == []


def test_a_damaged_entry_is_refused(tmp_path, home):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("cat/1.png", b"one")
        file.writestr("cat/2.png", b"good content")
    content = (tmp_path / "a.zip").read_bytes().replace(b"good content", b"evil content")
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match="not a zip file that can be read"):
        extract_zip(tmp_path / "a.zip")
    assert left_behind(home) == []


def test_a_password_is_refused(tmp_path, home):
    path = write_zip(tmp_path / "a.zip", ("cat/1.png", b"one"))
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="password"):
        extract_zip(path)
    assert left_behind(home) == []


def test_hidden_files_stay_inside(tmp_path):
    names = ("__MACOSX/cat/._1.png", "cat/.DS_Store", ".git/config")
    root = extract_zip(write_zip(tmp_path / "a.zip", *((name, b"x") for name in names)))
    assert list(root.rglob("*")) == []


def test_names_written_as_utf8_without_saying_so_are_read_as_utf8(tmp_path):
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as file:
        file.writestr("cafe/1.png", b"one")
    content = plain.getvalue().replace(b"cafe/1.png", "caf\u00e9/.png".encode())
    (tmp_path / "a.zip").write_bytes(content.replace(b"/.png", b"/2png"))
    assert (extract_zip(tmp_path / "a.zip") / "caf\u00e9" / "2png").is_file()


def test_names_no_file_system_takes_are_changed(tmp_path):
    long = "x" * 300
    path = write_zip(tmp_path / "a.zip", ("a/CON.png", b"1"), (f"a/{long}1.png", b"2"))
    names = {path.name for path in (extract_zip(path) / "a").iterdir()}
    assert "_CON.png" in names
    assert all(len(name) < 255 for name in names)
    assert len(names) == 2


def test_backslashes_part_folders(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        info = zipfile.ZipInfo()
        info.filename = "cat\\1.png"
        file.writestr(info, b"one")
    assert (extract_zip(tmp_path / "a.zip") / "cat" / "1.png").is_file()


@pytest.mark.parametrize("name", ["a" * 3000 + ".png", "a/" * 1500 + "1.png"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, home, name):
    path = write_zip(tmp_path / "a.zip", (name, b"one"))
    with pytest.raises(DataError, match="whose name no file can have"):
        extract_zip(path)
    assert left_behind(home) == []


def test_too_many_entries_are_refused(tmp_path, home, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    path = write_zip(tmp_path / "a.zip", *((f"{n}.png", b"x") for n in range(4)))
    with pytest.raises(DataError, match="more than 3 entries"):
        extract_zip(path)
    assert left_behind(home) == []


@pytest.mark.parametrize("is_zip64", [False, True])
def test_a_directory_that_is_too_large_to_read_is_refused(tmp_path, home, monkeypatch, is_zip64):
    monkeypatch.setattr(archive_members, "MAX_DIRECTORY_BYTES", 1_000_000 if is_zip64 else 100)
    path = write_zip(tmp_path / "a.zip", *((f"{n}.png", b"x") for n in range(4)))
    if is_zip64:
        end = path.read_bytes()[-22:]
        record = b"PK\x06\x06" + bytes(36) + (1 << 40).to_bytes(8, "little") + bytes(8)
        locator = b"PK\x06\x07" + bytes(16)
        path.write_bytes(path.read_bytes()[:-22] + record + locator + end)
    with pytest.raises(DataError, match="has a list of its entries of"):
        extract_zip(path)
    assert left_behind(home) == []


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_any_damage_is_noticed_or_does_no_harm(position, value):
    """A damaged file is refused with a sentence, never with any other error."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_zip(Path(folder, "a.zip"), ("cat/1.png", b"one" * 50), ("dog/2.png", b"two"))
        content = bytearray(path.read_bytes())
        content[position % len(content)] = value
        path.write_bytes(content)
        try:
            root = extract_zip(path)
        except DataError:
            return
        assert sum(file.is_file() for file in root.rglob("*")) <= 2
