import io
import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.dataset import archive
from automl.dataset.archive import extract
from automl.errors import DataError

Entry = tuple[str, bytes] | tarfile.TarInfo


def extract_tar(path: Path, **options: int) -> Path:
    return extract(path, "tar", **options)


def write_tar(path: Path, *entries: Entry, compression: str = "", **options: int) -> Path:
    with tarfile.open(path, f"w:{compression}", **options) as file:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                file.addfile(entry)
            else:
                file.addfile(plain(*entry), io.BytesIO(entry[1]))
    return path


def plain(name: str, content: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def left_behind(home: Path) -> list[Path]:
    return [
        path for path in home.rglob("*") if "archives" in path.parts and path.name != "archives"
    ]


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_the_files_come_out_as_they_went_in(tmp_path, compression):
    entries = (("./cat/1.png", b"one" * 5000), ("./dog/2.png", b"two"))
    root = extract_tar(write_tar(tmp_path / "a.tar", *entries, compression=compression))
    assert (root / "cat" / "1.png").read_bytes() == b"one" * 5000
    assert (root / "dog" / "2.png").read_bytes() == b"two"


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_in_any_alphabet_are_read(tmp_path, form):
    name = "猫" * 50 + "/" + "x" * 150 + ".png"
    root = extract_tar(write_tar(tmp_path / "a.tar", (name, b"one"), format=form))
    assert (root / name).read_bytes() == b"one"


def test_the_same_content_is_extracted_once(tmp_path):
    first = extract_tar(write_tar(tmp_path / "a.tar", ("cat/1.png", b"one")))
    before = (first / "cat" / "1.png").stat().st_ino
    (tmp_path / "b.tar").write_bytes((tmp_path / "a.tar").read_bytes())
    assert extract_tar(tmp_path / "b.tar") == first
    assert (first / "cat" / "1.png").stat().st_ino == before


@pytest.mark.parametrize(
    "name", ["../out.png", "a/../../out.png", "/etc/out.png", "..\\out.png", "C:\\out.png", "C:out"]
)
def test_an_entry_that_leads_outside_is_refused(tmp_path, home, name):
    path = write_tar(tmp_path / "a.tar", ("cat/1.png", b"one"), (name, b"two"))
    with pytest.raises(DataError, match="leads out of it"):
        extract_tar(path)
    assert left_behind(home) == []
    assert not list(tmp_path.rglob("out*"))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(tmp_path, home, kind):
    entry = special("cat/passwd.png", kind, "/etc/passwd")
    path = write_tar(tmp_path / "a.tar", ("cat/1.png", b"one"), entry)
    with pytest.raises(DataError, match="link or device"):
        extract_tar(path)
    assert left_behind(home) == []


def test_a_folder_that_turns_into_a_link_is_refused(tmp_path, home):
    link = special("cat", tarfile.SYMTYPE, str(tmp_path))
    path = write_tar(tmp_path / "a.tar", link, ("cat/out.png", b"two"))
    with pytest.raises(DataError, match="link or device"):
        extract_tar(path)
    assert not (tmp_path / "out.png").exists()
    assert left_behind(home) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [("a/1.png", "a/1.png"), ("a/1.png", "A/1.PNG"), ("a", "a/1.png"), ("a/1.png", "a")],
)
def test_two_entries_at_one_place_are_refused(tmp_path, home, first, second):
    path = write_tar(tmp_path / "a.tar", (first, b"1"), (second, b"2"))
    with pytest.raises(DataError, match="two entries called"):
        extract_tar(path)
    assert left_behind(home) == []


@pytest.mark.parametrize("compression", ["gz", "bz2", "xz"])
def test_a_bomb_is_refused(tmp_path, home, compression):
    content = bytes(60_000_000)
    path = write_tar(tmp_path / "a.tar", ("cat/1.png", content), compression=compression)
    with pytest.raises(DataError, match="more than 50 MB"):
        extract_tar(path)
    assert left_behind(home) == []


def test_a_bomb_in_a_hidden_file_is_not_unpacked_for_ever(tmp_path, home, monkeypatch):
    monkeypatch.setattr(archive, "MAX_RATIO", 1)
    monkeypatch.setattr(archive, "SMALL_BYTES", 10_000)
    entries = ((f"cat/.{number}", bytes(100_000)) for number in range(20))
    path = write_tar(tmp_path / "a.tar", *entries, compression="gz")
    with pytest.raises(DataError, match="would unpack to more than"):
        extract_tar(path)
    assert left_behind(home) == []


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_header_that_claims_to_be_huge_is_not_read_into_memory(tmp_path, home, kind):
    info = special("cat/1.png", kind)
    info.size = 10**12
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.GNU_FORMAT) as file:
        file.addfile(info)
    with pytest.raises(DataError, match="claims more than there can be"):
        extract_tar(tmp_path / "a.tar")
    assert left_behind(home) == []


def test_a_sparse_file_that_claims_to_be_huge_is_refused(tmp_path, home):
    header = bytearray(special("cat/1.png", tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"77777777777\0"  # the size with its holes
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    (tmp_path / "a.tar").write_bytes(bytes(header) + bytes(1024))
    with pytest.raises(DataError, match="more than 50 MB"):
        extract_tar(tmp_path / "a.tar")
    assert left_behind(home) == []


def test_a_negative_size_is_refused(tmp_path, home):
    """It would make room for others under the limit."""
    info = special("cat/.1", tarfile.REGTYPE)
    info.size = -(10**9)
    with pytest.raises(DataError, match="negative size"):
        extract_tar(write_tar(tmp_path / "a.tar", info, format=tarfile.GNU_FORMAT))
    assert left_behind(home) == []


def test_the_bytes_that_come_out_are_limited(tmp_path, home):
    path = write_tar(tmp_path / "a.tar", ("cat/1.png", b"x" * 600), ("cat/2.png", b"y" * 600))
    with pytest.raises(DataError, match="would unpack to more than"):
        extract_tar(path, max_bytes=1000)
    assert left_behind(home) == []


@pytest.mark.parametrize("content", [b"hello", b"", b"\x1f\x8bhello", b"BZh9hello", b"\xfd7zXZ\0x"])
def test_what_is_no_tar_is_refused(tmp_path, home, content):
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(DataError, match="not a tar file that can be read"):
        extract_tar(tmp_path / "a.tar")
    assert left_behind(home) == []


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_cut_off_tar_is_refused(tmp_path, home, compression, share):
    entries = [(f"cat/{number}.png", os.urandom(5000)) for number in range(20)]
    path = write_tar(tmp_path / "a.tar", *entries, compression=compression)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match="not a tar file that can be read"):
        extract_tar(path)
    assert left_behind(home) == []


def test_a_tar_cut_off_between_two_entries_is_refused(tmp_path, home):
    path = write_tar(tmp_path / "a.tar", ("cat/1.png", bytes(512)), ("cat/2.png", b"two"))
    path.write_bytes(path.read_bytes()[:1024])
    with pytest.raises(DataError, match="cut off or damaged"):
        extract_tar(path)
    assert left_behind(home) == []


def test_a_damaged_header_is_refused_rather_than_taken_for_the_end(tmp_path, home):
    path = write_tar(tmp_path / "a.tar", ("cat/1.png", bytes(512)), ("cat/2.png", b"two"))
    content = bytearray(path.read_bytes())
    content[1024] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="cut off or damaged"):
        extract_tar(path)
    assert left_behind(home) == []


def test_too_many_entries_are_refused(tmp_path, home, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    path = write_tar(tmp_path / "a.tar", *((f".{n}.png", b"x") for n in range(4)))
    with pytest.raises(DataError, match="more than 3 entries"):
        extract_tar(path)
    assert left_behind(home) == []


@pytest.mark.parametrize("name", ["a/" * 1500 + "1.png", "b\0c.png"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, home, name):
    info = plain("x", b"")
    info.pax_headers = {"path": name}
    with pytest.raises(DataError, match="whose name no file can have"):
        extract_tar(write_tar(tmp_path / "a.tar", info, format=tarfile.PAX_FORMAT))
    assert left_behind(home) == []


def test_hidden_files_stay_inside(tmp_path):
    names = ("__MACOSX/cat/._1.png", "cat/.DS_Store", ".git/config", "./._cat")
    root = extract_tar(write_tar(tmp_path / "a.tar", *((name, b"x") for name in names)))
    assert list(root.rglob("*")) == []


def test_names_no_file_system_takes_are_changed(tmp_path):
    long = "x" * 300
    path = write_tar(tmp_path / "a.tar", ("a/CON.png", b"1"), (f"a/{long}1.png", b"2"))
    names = {path.name for path in (extract_tar(path) / "a").iterdir()}
    assert "_CON.png" in names
    assert all(len(name) < 255 for name in names)
    assert len(names) == 2


@given(st.integers(0, 10_000), st.integers(0, 255), st.sampled_from(["", "gz"]))
def test_any_damage_is_noticed_or_does_no_harm(position, value, compression):
    """A damaged file is refused with a sentence, never with any other error."""
    with tempfile.TemporaryDirectory() as folder:
        entries = (("cat/1.png", b"one" * 50), ("é" * 120, b"two"))
        path = write_tar(Path(folder, "a.tar"), *entries, compression=compression)
        content = bytearray(path.read_bytes())
        content[position % min(len(content), 5000)] = value
        path.write_bytes(content)
        try:
            root = extract_tar(path)
        except DataError:
            return
        assert sum(file.is_file() for file in root.rglob("*")) <= 2
