import io
import tarfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.dataset import picture_location, pictures
from automl.dataset.preprocessing import UnreadablePicture
from automl.dataset.scan import changes_since, scan


@pytest.fixture
def contents(tmp_path, make_picture) -> list[bytes]:
    """Six different pictures."""
    return [make_picture(tmp_path / f"{number}.png", number).read_bytes() for number in range(6)]


def parquet_of(contents: list[bytes], path: Path, rows: int = 2) -> Path:
    cells = [{"bytes": content, "path": None} for content in contents]
    pq.write_table(pa.table({"a/b%": cells, "raw": contents}), path, row_group_size=rows)
    return path


def tar_of(members: dict[str, bytes], path: Path, kind: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w", format=kind) as file:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 0.5  # a fraction needs a header of its own
            file.addfile(info, io.BytesIO(content))
    return path


def content_at(location: str | Path) -> bytes:
    with picture_location.opened(location) as file:
        return file.read()


def test_a_row_of_a_table_is_a_picture(tmp_path, contents):
    path = parquet_of(contents, tmp_path / "t.parquet")
    for column in ("a%2Fb%25", "raw"):
        places = [picture_location.inside(path, f"{column}/{row}") for row in range(6)]
        assert [content_at(place) for place in places] == contents
        assert [content_at(Path(place)) for place in places] == contents


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_a_member_of_a_tar_file_is_a_picture(tmp_path, contents, kind):
    long = f"{'d' * 90}/{'n' * 90}.png"
    members = {"./cat/1.png": contents[0], long: contents[1], "ü::b.png": contents[2]}
    path = tar_of(members, tmp_path / "s.tar", kind)
    names = ("cat/1.png", long, "ü::b.png")
    found = [content_at(picture_location.inside(path, name)) for name in names]
    assert found == contents[:3]


def test_a_file_of_the_whole_name_goes_first(tmp_path, contents):
    path = tar_of({"1.png": contents[0]}, tmp_path / "s.tar")
    location = picture_location.inside(path, "1.png")
    assert content_at(location) == contents[0]
    Path(location).write_bytes(contents[1])
    assert content_at(location) == contents[1]
    assert not picture_location.is_inside(location)
    assert picture_location.file_of(location) == Path(location)


def test_a_changed_container_is_opened_again(tmp_path, contents):
    path = tar_of({"1.png": contents[0]}, tmp_path / "s.tar")
    location = picture_location.inside(path, "1.png")
    assert content_at(location) == contents[0]
    tar_of({"0.png": contents[2], "1.png": contents[1]}, path)
    assert content_at(location) == contents[1]


def test_names_and_existence(tmp_path):
    location = picture_location.inside(tar_of({"1.png": b""}, tmp_path / "s.tar"), "cat/1.png")
    assert picture_location.name(location) == "s.tar::cat/1.png"
    assert picture_location.name(tmp_path / "1.png") == "1.png"
    assert picture_location.exists(location)
    assert not picture_location.exists(tmp_path / "none.tar::1.png")
    with pytest.raises(FileNotFoundError):
        content_at(tmp_path / "none.tar::1.png")


def test_the_reading_order_goes_through_each_container_by_row():
    locations = ["/b.parquet::x/10", "/b.parquet::x/9", "/a.png", "/b.parquet::y/1"]
    assert picture_location.in_reading_order(locations) == [2, 1, 0, 3]


def test_scan_reads_pictures_in_containers_as_files(tmp_path, contents):
    files = [str(tmp_path / f"{number}.png") for number in range(6)]
    path = parquet_of(contents, tmp_path / "t.parquet")
    rows = [picture_location.inside(path, f"raw/{row}") for row in (3, 1, 5, 0, 2, 4)]
    as_files = scan(pd.DataFrame({"path": files})).set_index("content_hash").drop(columns=["id"])
    inside = scan(pd.DataFrame({"path": rows})).set_index("content_hash").drop(columns=["id"])
    columns = as_files.columns.drop(["path", "mtime_ns"])  # rows have the time of their file
    pd.testing.assert_frame_equal(as_files[columns], inside.loc[as_files.index, columns])
    assert pictures.thumbnail(Path(rows[0])) == pictures.thumbnail(Path(files[3]))


def test_a_changed_container_is_noticed(tmp_path, contents):
    path = tmp_path / "t.parquet"
    rows = [picture_location.inside(parquet_of(contents, path), f"raw/{row}") for row in range(6)]
    samples = scan(pd.DataFrame({"path": rows}))
    assert changes_since(samples) == ""
    parquet_of([*contents[:5], contents[0]], path)
    assert "1 changed" in changes_since(samples)


@pytest.mark.parametrize(
    "position", ["raw/6", "raw/-1", "raw/1e3", "raw", "other/1", "/1", "raw/²"]
)
def test_a_row_that_is_not_there_is_unreadable(tmp_path, contents, position):
    path = parquet_of(contents, tmp_path / "t.parquet")
    with pytest.raises(UnreadablePicture):
        content_at(picture_location.inside(path, position))


def test_a_damaged_table_is_unreadable(tmp_path, contents):
    path = parquet_of(contents, tmp_path / "t.parquet")
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:4] + b"\xff" * 300 + whole[304:], b"PAR1", b""):
        path.write_bytes(damaged)
        samples = scan(pd.DataFrame({"path": [picture_location.inside(path, "a%2Fb%25/0")]}))
        assert samples["problem"].notna().all()


def test_a_damaged_archive_is_unreadable(tmp_path, contents):
    path = tar_of({"1.png": contents[0], "2.png": contents[1]}, tmp_path / "s.tar")
    whole = path.read_bytes()
    lying = bytearray(tarfile.TarInfo("1.png").tobuf())
    lying[124:136] = b"77777777777\0"
    lying[148:156] = b"%06o\0 " % (sum(lying[:148]) + sum(lying[156:512]) + 256)
    outside = tarfile.TarInfo("../1.png").tobuf()
    for damaged in (whole[:1000], whole[100:], bytes(lying) * 3, outside + bytes(1024), b""):
        path.write_bytes(damaged)
        with pytest.raises(UnreadablePicture, match="archive"):
            content_at(picture_location.inside(path, "1.png"))
