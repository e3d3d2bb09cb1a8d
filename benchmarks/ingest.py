"""How fast pictures are taken in: scanned and checked, decoded into the cache, served from it.

`python -m benchmarks.ingest [--quick] [PART …]` with the parts `12mp`, `500px`, `inside`, `serve`,
`check`, `check-small` and `growth`; all if none is named. The yardstick is plain Pillow: decode the
same JPEGs and resize them to 256 x 256, in as many threads as there are cores.
"""

import io
import json
import math
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from automl.dataset import manifest, pixels
from automl.dataset.packed_pictures import PackedPictures
from automl.dataset.readers import read
from automl.dataset.scan import scan
from automl.dataset.threads import map_in_threads
from automl.host import home
from automl.jobs.data_source import DataSource
from benchmarks.figures import Figures

_SIDE = 256
_REPEATS = 3
_SERVED_SIDE = 160
_BATCH_SIZE = 64
_LABELS = ("first", "second")


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["inspect"]:  # a process of its own, for its memory
        print(json.dumps(inspected(Path(arguments[1]))))
        return
    is_quick = "--quick" in arguments
    measured = Figures()
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as place:
        folder = Path(place)
        os.environ["AUTOML_HOME"] = str(folder / "home")
        large, small, many = (4, 100, 300) if is_quick else (64, 3_000, 10_000)
        counts = (1_000, 10_000) if is_quick else (10_000, 100_000)

        def photos() -> Path:
            if not (folder / "500px").is_dir():
                write_photos(folder / "500px", (500, 375), small)
            return folder / "500px"

        def large_photos() -> Path:
            write_photos(folder / "12mp", (4000, 3000), large)
            return folder / "12mp"

        parts: dict[str, Callable[[], None]] = {
            "12mp": lambda: ingest(large_photos(), measured),
            "500px": lambda: ingest(photos(), measured),
            "inside": lambda: inside(photos(), folder / "inside", measured),
            "serve": lambda: serve(photos(), measured),
            "check": lambda: check_photos(folder / "many", many, measured),
            "check-small": lambda: check_small(folder / "small", counts[1], measured),
            "growth": lambda: growth(folder, counts, measured),
        }
        for name in [each for each in arguments if each != "--quick"] or parts:
            parts[name]()
    measured.print_last_line()


def ingest(folder: Path, measured: Figures) -> None:
    """Pictures a second of plain Pillow, of scan and checks, and of these and the pixel cache."""
    name = folder.name
    paths = sorted(folder.rglob("*.jpg"))
    source, count = DataSource(path=folder), len(paths)
    plain, checked, cached = math.inf, math.inf, math.inf
    for _ in range(_REPEATS):  # in turns, as other work on the machine comes and goes
        plain = min(plain, seconds(partial(map_in_threads, decode_and_resize, paths)))
        forget()
        checked = min(checked, seconds(partial(manifest.inspect, source)))
        forget()
        cached = min(cached, seconds(partial(inspect_and_decode, source)))
    listing = read(source).pictures
    forget()
    scanned = seconds(partial(scan, listing))
    scanned_again = min(seconds(partial(scan, listing)) for _ in range(_REPEATS))
    inspect_and_decode(source)
    again = min(seconds(partial(inspect_and_decode, source)) for _ in range(_REPEATS))
    measured.add(f"{name}_pillow_per_second", count / plain)
    measured.add(f"{name}_scan_checks_per_second", count / checked)
    measured.add(f"{name}_scan_checks_cache_per_second", count / cached)
    measured.add(f"{name}_scan_checks_ratio", plain / checked, at_least=0.6)
    # two passes over the files, each held against one of plain Pillow
    measured.add(f"{name}_scan_checks_cache_ratio_per_pass", 2 * plain / cached, at_least=0.8)
    measured.add(f"{name}_scan_checks_cache_ratio_to_one_pass", plain / cached)
    measured.add(f"{name}_scan_again_times_faster", scanned / scanned_again, at_least=50)
    measured.add(f"{name}_scan_checks_cache_again_times_faster", cached / again, at_least=50)


def check_photos(folder: Path, count: int, measured: Figures) -> None:
    """`automl check` of photos."""
    write_photos(folder, (500, 375), count)
    taken, processor = timed_check(folder)
    measured.add(f"500px_{count}_check_seconds", taken, at_most=20)
    measured.add(f"500px_{count}_check_processor_seconds", processor, at_most=36)


def check_small(folder: Path, count: int, measured: Figures) -> None:
    """`automl check` of small pictures, those of `benchmarks.preview`."""
    write_small_pictures(folder, count)
    taken, processor = timed_check(folder)
    measured.add(f"small_{count}_check_seconds", taken)
    measured.add(f"small_{count}_check_processor_seconds", processor)


def timed_check(folder: Path) -> tuple[float, float]:
    """Seconds of `automl check` for pictures never looked at, and of all its processors."""
    forget()
    before = os.times()
    command = [sys.executable, "-m", "automl.cli", "check", str(folder)]
    taken = seconds(partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL))
    after = os.times()
    shutil.rmtree(folder)
    used = after.children_user + after.children_system
    return taken, used - before.children_user - before.children_system


def inside(folder: Path, place: Path, measured: Figures) -> None:
    """Speed of scan and decoding of pictures inside of other files over that of plain files.

    By seconds that pass and, less disturbed by other work on the machine, of the processors.
    """
    place.mkdir()
    paths = sorted(folder.rglob("*.jpg"))
    contents = [path.read_bytes() for path in paths]
    labels = [path.parent.name for path in paths]
    table = pa.table({"image": contents, "label": labels})
    pq.write_table(table, place / "a.parquet", row_group_size=100)
    with tarfile.open(place / "a.tar", "w") as file:
        for number, (path, label) in enumerate(zip(paths, labels, strict=True)):
            file.add(path, f"{number}.jpg")
            member = tarfile.TarInfo(f"{number}.cls")
            member.size = len(label)
            file.addfile(member, io.BytesIO(label.encode()))
    sources = {"files": folder, "parquet": place / "a.parquet", "tar": place / "a.tar"}
    listings = {name: read(DataSource(path=path)).pictures for name, path in sources.items()}
    fastest = dict.fromkeys(listings, (math.inf, math.inf))
    for _ in range(_REPEATS):
        for name, listing in listings.items():
            forget()
            before = time.process_time()
            taken = seconds(partial(scan_and_decode, listing))
            used = time.process_time() - before
            fastest[name] = min(fastest[name][0], taken), min(fastest[name][1], used)
    for name in ("parquet", "tar"):
        for at, what in enumerate(("ratio", "processor_ratio")):
            ratio = fastest["files"][at] / fastest[name][at]
            measured.add(f"500px_in_{name}_{what}_to_files", ratio, at_least=0.9)


def serve(folder: Path, measured: Figures) -> None:
    """Random batches for training, on one core, with augmentation off."""
    import torch

    from automl.training.augmentation import Augmentation
    from automl.training.batches import on_device, scored_batches, train_batches

    torch.set_num_threads(1)
    samples = repeated(manifest.inspect(DataSource(path=folder)).samples, 4_000)
    chosen = (_SERVED_SIDE, _SERVED_SIDE)
    array = np.load(pixels.whole_pictures(samples, chosen).flat, mmap_mode="r")
    pictures = PackedPictures.of(array, pixels.sizes_of(samples, chosen))
    array.sum()  # the file is in memory from here on

    def gather() -> None:
        device = torch.device("cpu")
        for _ in scored_batches(pictures, _SERVED_SIDE, batch_size=_BATCH_SIZE, device=device):
            pass

    def train() -> None:
        count = len(pictures)
        augmentation = Augmentation(_SERVED_SIDE, scored_size=_SERVED_SIDE, is_random=False)
        generator = torch.Generator().manual_seed(0)
        device = torch.device("cpu")
        for _ in train_batches(
            on_device(pictures, device),
            np.zeros(count, np.int64),
            augmentation,
            batch_size=_BATCH_SIZE,
            generator=generator,
            device=device,
        ):
            pass

    for name, serving in (("scored_batches", gather), ("train_batches", train)):
        fastest = min(seconds(serving) for _ in range(_REPEATS))
        measured.add(f"{name}_160px_per_second", len(pictures) / fastest, at_least=5_000)


def growth(folder: Path, counts: tuple[int, int], measured: Figures) -> None:
    """Time and memory of scan and checks on ten times as many small pictures."""
    taken = []
    for count in counts:
        place = folder / str(count)
        write_small_pictures(place, count)
        forget()
        program = [sys.executable, "-m", "benchmarks.ingest", "inspect", str(place)]
        done = subprocess.run(program, check=True, capture_output=True, text=True)
        taken.append(json.loads(done.stdout.splitlines()[-1]))
        measured.add(f"small_{count}_seconds", taken[-1]["seconds"])
        measured.add(f"small_{count}_rerun_seconds", taken[-1]["rerun_seconds"])
        measured.add(f"small_{count}_near_duplicates", taken[-1]["near_duplicates"])
        shutil.rmtree(place)
    tenfold = counts[1] / counts[0]
    exponent = math.log(taken[1]["seconds"] / taken[0]["seconds"]) / math.log(tenfold)
    measured.add("growth_exponent", exponent, at_most=1.2)
    measured.add(f"small_{counts[1]}_peak_megabytes", taken[1]["peak_megabytes"], at_most=1_000)


def inspected(folder: Path) -> dict[str, float]:
    source = DataSource(path=folder)
    first = seconds(partial(manifest.inspect, source))
    again = seconds(partial(manifest.inspect, source))
    findings = manifest.inspect(source).report.findings
    return {
        "seconds": first,
        "rerun_seconds": again,
        "near_duplicates": sum(f.count for f in findings if f.kind == "near_duplicates"),
        "peak_megabytes": peak_megabytes(),
    }


def peak_megabytes(status: Path = Path("/proc/self/status")) -> float:
    """Peak memory of a process alone; that of getrusage includes its parent's."""
    (line,) = [line for line in status.read_text("utf-8").splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def inspect_and_decode(source: DataSource) -> None:
    pixels.whole_pictures(manifest.inspect(source).samples, (_SIDE, _SIDE))


def scan_and_decode(listing: pd.DataFrame) -> None:
    pixels.whole_pictures(scan(listing), (_SIDE, _SIDE))


def decode_and_resize(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR))


def forget() -> None:
    for name in ("scans", "pixels"):
        shutil.rmtree(home.cache_dir(name))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def repeated(samples: pd.DataFrame, count: int) -> pd.DataFrame:
    return samples.iloc[np.arange(count) % len(samples)]


def write_photos(folder: Path, size: tuple[int, int], count: int) -> None:
    """JPEGs of 1/f noise, which is as hard to compress as photos are."""
    width, height = size
    rng = np.random.default_rng(0)
    frequency = np.hypot(np.fft.rfftfreq(width)[None, :], np.fft.fftfreq(height)[:, None])
    frequency[0, 0] = 1
    layers = []
    for _ in range(3):
        phases = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
        layer = np.fft.irfft2(phases / frequency, (height, width))
        layers.append(128 + 50 * (layer - layer.mean()) / layer.std())
    photo = np.stack(layers, axis=-1).clip(0, 255).astype(np.uint8)
    for number in range(count):
        shift = rng.integers(0, height), rng.integers(0, width)
        path = folder / _LABELS[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.roll(photo, shift, axis=(0, 1))).save(path, quality=90)


def write_small_pictures(folder: Path, count: int) -> None:
    """JPEGs of 64 x 64 pixels, all different."""
    for label in _LABELS:
        (folder / label).mkdir(parents=True)

    def write(number: int) -> None:
        blocks = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(blocks).resize((64, 64), Image.Resampling.BICUBIC)
        picture.save(folder / _LABELS[number % 2] / f"{number}.jpg", quality=75)

    map_in_threads(write, range(count))


if __name__ == "__main__":
    main(sys.argv[1:])
