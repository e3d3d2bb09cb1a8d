import os
import queue
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from PIL import Image

from automl.dataset import manifest, pictures, pixels
from automl.dataset.packed_pictures import pictures_in
from automl.errors import DataError
from automl.jobs.compatibility import resolve
from automl.jobs.data_source import DataSource


@pytest.fixture
def samples(make_folder, make_picture) -> pd.DataFrame:
    folder = make_folder(cat=40, dog=3)
    make_picture(folder / "dog" / "large.jpg", 1000, size=(300, 200))
    return manifest.inspect(DataSource(path=folder)).samples


SIZES = (20, 16)


def decoded(samples: pd.DataFrame, chosen: pixels.PictureSizes = SIZES) -> list[np.ndarray]:
    packed = pixels.whole_pictures(samples, chosen)
    return list(pictures_in(replace(packed, flat=np.load(packed.flat))))


def path_of(samples: pd.DataFrame, chosen: pixels.PictureSizes = SIZES) -> Path:
    return pixels.whole_pictures(samples, chosen).flat


def test_pictures_are_stored_whole_in_true_proportions(samples):
    stored = decoded(samples)
    assert len(stored) == 44
    assert stored[-1].shape == (20, 30, 3)  # of 200 x 300 pixels
    for pixels_of_one, path in zip(stored, samples["path"], strict=True):
        image = pictures.load_rgb(Path(path), min_side=20)
        sides = pixels_of_one.shape[1::-1]
        whole = np.asarray(image.resize(sides, Image.Resampling.BILINEAR), dtype=int)
        assert np.abs(pixels_of_one - whole).mean() < 2


def test_the_centre_of_a_stored_picture_is_what_preprocess_gives(samples):
    for pixels_of_one, path in zip(decoded(samples), samples["path"], strict=True):
        (height, width), side = pixels_of_one.shape[:2], SIZES[1]
        top, left = (height - side) // 2, (width - side) // 2
        scored = pictures.load_preprocessed(Path(path), resize_size=20, crop_size=16)
        assert (pixels_of_one[top : top + side, left : left + side] == scored).all()


def test_the_array_can_be_mapped_into_memory(samples):
    path = path_of(samples)
    assert (np.load(path, mmap_mode="r") == np.load(path)).all()


def test_the_same_pictures_are_decoded_once(samples, monkeypatch):
    path = path_of(samples)
    monkeypatch.setattr(Image, "open", None)
    assert path_of(samples) == path


def test_moved_pictures_are_not_decoded_again(samples, monkeypatch):
    path = path_of(samples)
    monkeypatch.setattr(Image, "open", None)
    moved = samples.assign(path="/elsewhere/" + samples["path"].str.split("/").str[-1])
    assert path_of(moved) == path


def test_other_sizes_rows_and_orders_are_other_files(samples):
    paths = {
        path_of(samples),
        path_of(samples, (20, 15)),
        path_of(samples, (21, 16)),
        path_of(samples.head(5)),
        path_of(samples.iloc[::-1]),
    }
    assert len(paths) == 5


@pytest.mark.parametrize("change", ["broken", "gone", "replaced"])
def test_a_picture_that_changed_since_the_scan_is_named(samples, make_picture, home, change):
    path = Path(samples["path"].iloc[7])
    if change == "broken":
        path.write_bytes(b"x")
    elif change == "gone":
        path.unlink()
    else:
        make_picture(path, 12345)
    with pytest.raises(DataError, match=f"{path} (can no longer be read|has changed|is gone)"):
        path_of(samples)
    assert list((home / "cache" / "pixels").iterdir()) == []


def test_too_little_room_is_told_before_anything_is_written(samples, home):
    with pytest.raises(DataError, match="Make room"):
        pixels.whole_pictures(samples, (1_000_000, 8))
    assert list((home / "cache" / "pixels").iterdir()) == []


def test_two_builders_at_once_build_it_once(samples):
    paths: list[Path] = []
    decoded: list[int] = []

    def build() -> None:
        paths.append(
            pixels.whole_pictures(
                samples, SIZES, progress=lambda done, _: decoded.append(done)
            ).flat
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
    path = path_of(samples)
    path.unlink()
    raised = queue.SimpleQueue()

    def stop(done: int, total: int) -> None:
        raise StoppedError(f"{done} of {total}")

    def build() -> None:
        try:
            pixels.whole_pictures(samples, SIZES, progress=stop)
        except StoppedError as error:
            raised.put(str(error))

    with FileLock(home / "cache" / "locks" / f"{path.name}.lock"):
        thread = threading.Thread(target=build)
        thread.start()
        message = raised.get(timeout=60)
    thread.join()
    assert message == f"0 of {len(samples)}"
    assert not path.exists()


def test_a_builder_that_gives_up_keeps_what_is_decoded(samples, home, monkeypatch):
    decode, decoded_paths = pixels._decoded, []

    def noted(path: str, *arguments):
        decoded_paths.append(path)
        return decode(path, *arguments)

    def stop(*_: int) -> None:
        raise StoppedError

    monkeypatch.setattr(pixels, "_decoded", noted)
    with pytest.raises(StoppedError):
        pixels.whole_pictures(samples, SIZES, progress=stop)
    assert decoded_paths
    path = path_of(samples)
    assert sorted(decoded_paths) == sorted(samples["path"])
    assert [file.name for file in (home / "cache" / "pixels").iterdir()] == [path.name]


def test_progress_goes_up_to_the_total(samples):
    seen = []
    pixels.whole_pictures(samples, SIZES, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (44, 44)


def test_no_rows_give_an_empty_array(samples):
    assert decoded(samples.head(0)) == []


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
    mine = path_of(samples)
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
    path_of(samples)
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
pixels.whole_pictures(samples, (20, 16))
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
    path = pixels.whole_pictures(samples, SIZES, progress=lambda done, _: seen.append(done)).flat
    assert seen[-1] == len(samples)
    first_batch = 2
    assert (seen[0] > first_batch) == (save_seconds == 0)  # what was not saved is decoded again
    assert [file.name for file in (home / "cache" / "pixels").iterdir()] == [path.name]
    whole = path.read_bytes()
    path.unlink()
    assert path_of(samples).read_bytes() == whole


def test_a_damaged_left_over_is_done_again(samples, home):
    path = path_of(samples)
    whole = path.read_bytes()
    path.rename(path.with_suffix(".partial")).write_bytes(whole[:50])
    np.ones(len(samples), np.bool_).tofile(path.with_suffix(".rows"))
    assert path_of(samples).read_bytes() == whole
    assert [file.name for file in (home / "cache" / "pixels").iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (256, 224)),
        ({"training_crop_size": 224}, (256, 224)),
        ({"model_name": "vits16r224"}, (256, 224)),  # takes no other size
        ({"training_crop_size": 192, "validation_crop_size": 224}, (256, 224)),
        ({"training_crop_size": 32}, (37, 32)),
    ],
)
def test_pictures_are_read_at_the_sizes_at_which_they_are_scored(asked, expected):
    assert pixels.picture_sizes(resolve(asked)) == expected
