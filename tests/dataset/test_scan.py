import os
import time
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from automl.dataset.readers import read
from automl.dataset.scan import scan
from automl.jobs.data_source import DataSource


def listed(folder: Path) -> pd.DataFrame:
    return read(DataSource(path=folder)).pictures


def test_every_picture_is_described(make_folder, make_picture):
    folder = make_folder(cat=1, dog=1)
    make_picture(folder / "dog" / "1.jpg", size=(30, 20))
    samples = scan(listed(folder))
    last = samples.iloc[-1]
    assert samples["id"].tolist() == [0, 1, 2]
    assert (last["width"], last["height"], last["format"], last["mode"]) == (30, 20, "JPEG", "RGB")
    assert last["num_bytes"] == (folder / "dog" / "1.jpg").stat().st_size
    assert samples["problem"].isna().all()
    assert samples["id"].dtype == samples["width"].dtype == "int64"


def test_the_same_content_has_the_same_hash(make_folder):
    folder = make_folder(cat=2)
    (folder / "cat" / "2.png").write_bytes((folder / "cat" / "0.png").read_bytes())
    first, second, third = scan(listed(folder))["content_hash"]
    assert first == third != second


def test_an_unreadable_picture_has_a_problem_and_no_size(make_folder):
    folder = make_folder(cat=2)
    (folder / "cat" / "0.png").write_bytes(b"")
    samples = scan(listed(folder))
    assert samples.loc[0, "problem"] == "The file is empty."
    assert samples.loc[0, "width"] == 0
    assert pd.isna(samples.loc[1, "problem"])


def test_a_file_that_vanished_has_a_problem_and_is_looked_at_again(make_folder, make_picture):
    listing = listed(make_folder(cat=2))
    Path(listing["path"][0]).unlink()
    assert scan(listing)["problem"][0] == "The file does not exist."
    make_picture(Path(listing["path"][0]))
    assert pd.isna(scan(listing)["problem"][0])


def test_progress_goes_up_to_the_total(make_folder):
    seen = []
    scan(listed(make_folder(cat=5)), progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (5, 5)


def test_the_second_scan_gives_the_same_and_reads_no_picture(make_folder, monkeypatch):
    folder = make_folder(cat=3, dog=2)
    (folder / "cat" / "0.png").write_bytes(b"broken")
    first = scan(listed(folder))
    monkeypatch.setattr(Image, "open", None)
    pd.testing.assert_frame_equal(scan(listed(folder)), first)


def test_a_changed_file_is_scanned_again_and_only_that(make_folder, make_picture, monkeypatch):
    folder = make_folder(cat=3)
    scan(listed(folder))
    make_picture(folder / "cat" / "1.png", 99, size=(50, 40))
    opened = []
    original = Image.open
    monkeypatch.setattr(
        Image, "open", lambda file, **options: opened.append(file.name) or original(file, **options)
    )
    assert scan(listed(folder))["width"].tolist() == [12, 50, 12]
    assert opened == [str(folder / "cat" / "1.png")]


def test_a_damaged_memory_is_forgotten(make_folder, home):
    folder = make_folder(cat=3)
    first = scan(listed(folder))
    (memory,) = (home / "cache" / "scans").iterdir()
    memory.write_bytes(memory.read_bytes()[:100])
    pd.testing.assert_frame_equal(scan(listed(folder)), first)


def test_two_tables_over_one_folder_keep_each_others_memory(make_folder, monkeypatch):
    listing = listed(make_folder(cat=6))
    train, validation = listing.head(4), listing.tail(2)
    first = [scan(train), scan(validation)]
    monkeypatch.setattr(Image, "open", None)
    for table, samples in zip((train, validation), first, strict=True):
        pd.testing.assert_frame_equal(scan(table), samples)


def test_what_is_remembered_of_files_that_are_gone_is_dropped(make_folder, make_picture, home):
    folder = make_folder(cat=5)
    scan(listed(folder))
    for number in range(4):
        (folder / "cat" / f"{number}.png").unlink()
    make_picture(folder / "cat" / "new.png", 99)
    scan(listed(folder))
    (memory,) = (home / "cache" / "scans").iterdir()
    names = [Path(path).name for path in pd.read_parquet(memory)["path"]]
    assert sorted(names) == ["4.png", "new.png"]


@pytest.mark.parametrize("in_place", [True, False])
def test_other_content_of_the_same_size_and_time_is_noticed(make_folder, tmp_path, in_place):
    folder = make_folder(cat=1)
    path = folder / "cat" / "0.png"
    Image.new("RGB", (9, 9), "red").save(path, "BMP")
    before, status = scan(listed(folder)), path.stat()
    changed = path if in_place else tmp_path / "changed"
    Image.new("RGB", (9, 9), "blue").save(changed, "BMP")
    os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns))
    changed.replace(path)
    assert path.stat().st_size == status.st_size
    assert scan(listed(folder))["content_hash"][0] != before["content_hash"][0]


def test_a_remembered_scan_is_much_faster(tmp_path, make_picture):
    picture = make_picture(tmp_path / "data" / "cat" / "0.png", size=(900, 900)).read_bytes()
    for number in range(1, 40):
        (tmp_path / "data" / "cat" / f"{number}.png").write_bytes(picture)
    listing = listed(tmp_path / "data")

    def seconds() -> float:
        started = time.perf_counter()
        scan(listing)
        return time.perf_counter() - started

    assert seconds() > 10 * min(seconds() for _ in range(3))


@pytest.mark.parametrize("num_rows", [0, 1])
def test_small_listings_can_be_scanned(make_folder, num_rows):
    assert len(scan(listed(make_folder(cat=1)).head(num_rows))) == num_rows


def test_how_a_picture_looks_is_measured_and_remembered(make_folder):
    folder = make_folder(cat=1)
    Image.new("RGB", (40, 40), (10, 10, 10)).save(folder / "cat" / "dark.png")
    (folder / "cat" / "empty.png").touch()
    for samples in (scan(listed(folder)), scan(listed(folder))):
        noise, dark, empty = samples.to_dict("records")
        assert noise["contrast"] > 20
        assert noise["sharpness"] > 40
        assert (dark["brightness"], dark["contrast"], dark["sharpness"]) == (10, 0, 0)
        assert len(dark["fingerprint"]) == 304
        assert pd.isna(empty["brightness"])
        assert empty["fingerprint"] is None


def test_what_a_killed_scan_left_behind_is_removed(make_folder, home):
    scans = home / "cache" / "scans"
    scans.mkdir(parents=True)
    for name, age in (("old.partial", 7200), ("new.partial", 0)):
        (scans / name).touch()
        os.utime(scans / name, (time.time() - age,) * 2)
    scan(listed(make_folder(cat=1)))
    assert [path.name for path in scans.glob("*.partial")] == ["new.partial"]
