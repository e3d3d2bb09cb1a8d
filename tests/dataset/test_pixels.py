import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from PIL import Image

from automl.dataset import manifest, pictures, pixels
from automl.errors import DataError
from automl.jobs.job import DataSource


@pytest.fixture
def samples(make_folder, make_picture) -> pd.DataFrame:
    folder = make_folder(cat=40, dog=3)
    make_picture(folder / "dog" / "large.jpg", 1000, size=(300, 200))
    return manifest.inspect(DataSource(path=folder)).samples


def test_crops_are_what_preprocess_gives(samples):
    array = np.load(pixels.centre_crops(samples, resize_size=20, crop_size=16))
    assert array.shape == (44, 16, 16, 3)
    assert array.dtype == np.uint8
    for row, path in zip(array, samples["path"], strict=True):
        image = pictures.load_rgb(Path(path), min_side=20)
        assert (row == pictures.preprocess(image, resize_size=20, crop_size=16)).all()


def test_whole_pictures_are_squashed_to_a_square(samples):
    array = np.load(pixels.whole_pictures(samples, 24))
    assert array.shape == (44, 24, 24, 3)
    image = Image.open(samples["path"].iloc[0])
    squashed = np.asarray(image.resize((24, 24), Image.Resampling.BILINEAR))
    assert (array[0] == squashed).all()


def test_the_array_can_be_mapped_into_memory(samples):
    path = pixels.whole_pictures(samples, 8)
    assert (np.load(path, mmap_mode="r") == np.load(path)).all()


def test_the_same_pictures_are_decoded_once(samples, monkeypatch):
    path = pixels.centre_crops(samples, resize_size=20, crop_size=16)
    monkeypatch.setattr(Image, "open", None)
    assert pixels.centre_crops(samples, resize_size=20, crop_size=16) == path


def test_moved_pictures_are_not_decoded_again(samples, monkeypatch):
    path = pixels.whole_pictures(samples, 8)
    monkeypatch.setattr(Image, "open", None)
    moved = samples.assign(path="/elsewhere/" + samples["path"].str.split("/").str[-1])
    assert pixels.whole_pictures(moved, 8) == path


def test_other_sizes_rows_and_orders_are_other_files(samples):
    paths = {
        pixels.whole_pictures(samples, 8),
        pixels.whole_pictures(samples, 9),
        pixels.whole_pictures(samples.head(5), 8),
        pixels.whole_pictures(samples.iloc[::-1], 8),
        pixels.centre_crops(samples, resize_size=8, crop_size=8),
        pixels.centre_crops(samples, resize_size=9, crop_size=8),
    }
    assert len(paths) == 6


@pytest.mark.parametrize("change", ["broken", "gone", "replaced"])
def test_a_picture_that_changed_since_the_scan_is_named(samples, make_picture, home, change):
    path = Path(samples["path"].iloc[7])
    if change == "broken":
        path.write_bytes(b"x")
    elif change == "gone":
        path.unlink()
    else:
        make_picture(path, 12345)
    with pytest.raises(DataError, match=f"{path} (can no longer be read|has changed)"):
        pixels.whole_pictures(samples, 8)
    assert list((home / "cache" / "pixels").iterdir()) == []


def test_too_little_room_is_told_before_anything_is_written(samples, home):
    with pytest.raises(DataError, match="Make room"):
        pixels.whole_pictures(samples, 1_000_000)
    assert list((home / "cache" / "pixels").iterdir()) == []


def test_two_builders_at_once_build_it_once(samples):
    paths: list[Path] = []
    decoded: list[int] = []

    def build() -> None:
        paths.append(
            pixels.whole_pictures(samples, 8, progress=lambda done, _: decoded.append(done))
        )

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 3
    assert len(set(paths)) == 1
    assert decoded.count(len(samples)) == 1


class StoppedError(Exception):
    pass


def test_a_builder_that_waits_for_another_one_can_give_up(samples, home):
    path = pixels.whole_pictures(samples, 8)
    path.unlink()
    raised = queue.SimpleQueue()

    def stop(done: int, total: int) -> None:
        raise StoppedError(f"{done} of {total}")

    def build() -> None:
        try:
            pixels.whole_pictures(samples, 8, progress=stop)
        except StoppedError as error:
            raised.put(str(error))

    with FileLock(home / "cache" / "locks" / f"{path.name}.lock"):
        thread = threading.Thread(target=build)
        thread.start()
        message = raised.get(timeout=60)
    thread.join()
    assert message == f"0 of {len(samples)}"
    assert not path.exists()


def test_progress_goes_up_to_the_total(samples):
    seen = []
    pixels.whole_pictures(samples, 8, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (44, 44)


def test_no_rows_give_an_empty_array(samples):
    assert np.load(pixels.whole_pictures(samples.head(0), 8)).shape == (0, 8, 8, 3)


_HOLDER = """
import sys
from pathlib import Path
from automl.dataset import cache_entries
cache_entries.hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def unused_array(home) -> Path:
    """An array of a process that has ended."""
    path = home / "cache" / "pixels" / "other.npy"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"0" * 1000)
    return path


def test_clearing_keeps_what_this_process_has_asked_for(samples, unused_array):
    mine = pixels.whole_pictures(samples, 8)
    assert pixels.size_bytes() == mine.stat().st_size + 1000
    pixels.clear()
    assert not unused_array.exists()
    assert pixels.size_bytes() == mine.stat().st_size


def test_clearing_keeps_what_another_process_has_asked_for_until_it_ends(unused_array, home):
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(unused_array)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        pixels.clear()
        assert unused_array.exists()
        process.kill()
    pixels.clear()
    assert not unused_array.exists()
    assert list((home / "cache" / "in_use").iterdir()) == []  # nor is the mark kept


def test_clearing_leaves_an_array_alone_that_is_being_built(unused_array, home):
    partial = unused_array.rename(unused_array.with_suffix(".partial"))
    with FileLock(home / "cache" / "locks" / "other.npy.lock"):
        pixels.clear()
        assert partial.exists()
    pixels.clear()
    assert not partial.exists()


def test_the_next_build_removes_what_a_killed_one_left_long_ago(samples, unused_array):
    partial = unused_array.rename(unused_array.with_suffix(".partial"))
    recent = unused_array.with_name("recent.partial")
    recent.touch()
    os.utime(partial, (0, 0))
    pixels.whole_pictures(samples, 8)
    assert not partial.exists()
    assert recent.exists()


_KILLED = """
import itertools, os, pickle, signal, sys, time
from automl.dataset import pixels, resumable_array
from automl.host import home
resumable_array._SAVE_SECONDS = float(sys.argv[2])
decode, numbers = pixels._decoded, itertools.count()

def decode_some(*arguments):
    if next(numbers) == 20:
        while sys.argv[2] == "0" and not saved():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(*arguments)

def saved():
    return any(any(rows.read_bytes()) for rows in home.cache_dir("pixels").glob("*.rows"))

pixels._decoded = decode_some
with open(sys.argv[1], "rb") as file:
    samples = pickle.load(file)
pixels.whole_pictures(samples, 8)
"""


@pytest.mark.parametrize("save_seconds", [0, 3600])
def test_a_killed_build_is_carried_on_with(samples, home, tmp_path, save_seconds):
    pickled = tmp_path / "samples.pickle"
    samples.to_pickle(pickled)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(pickled), str(save_seconds)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    seen = []
    path = pixels.whole_pictures(samples, 8, progress=lambda done, _: seen.append(done))
    assert seen[-1] == len(samples)
    first_batch = 2
    assert (seen[0] > first_batch) == (save_seconds == 0)  # what was not saved is decoded again
    assert [file.name for file in (home / "cache" / "pixels").iterdir()] == [path.name]
    for row, picture in zip(np.load(path), samples["path"], strict=True):
        squashed = pictures.load_rgb(Path(picture), min_side=8).resize((8, 8), 2)
        assert (row == np.asarray(squashed)).all()


def test_a_damaged_left_over_is_done_again(samples, home):
    path = pixels.whole_pictures(samples, 8)
    whole = path.read_bytes()
    path.rename(path.with_suffix(".partial")).write_bytes(whole[:50])
    np.ones(len(samples), np.bool_).tofile(path.with_suffix(".rows"))
    assert pixels.whole_pictures(samples, 8).read_bytes() == whole
    assert [file.name for file in (home / "cache" / "pixels").iterdir()] == [path.name]
