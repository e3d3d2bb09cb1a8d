"""Mangled files for a fixed time: whatever the bytes are, a picture, a table or a sentence.

AUTOML_FUZZ_SECONDS sets the time of each test; the seed of a failure is in its message.
"""

import importlib.util
import io
import json
import os
import tarfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from automl.dataset import pictures
from automl.dataset.pictures import UnreadablePicture
from automl.dataset.readers import read
from automl.errors import DataError
from automl.jobs.data_source import DataSource
from tests.dataset.test_dicom import dicom

_SECONDS = float(os.environ.get("AUTOML_FUZZ_SECONDS", "2"))
_MIN_SEEDS = 20
_MAX_SECONDS_EACH = 30.0  # a picture of as many pixels as are allowed takes a few
_FORMATS = {
    "JPEG": ("RGB", "L", "CMYK"),
    "MPO": ("RGB",),
    "PNG": ("RGB", "RGBA", "P", "1", "I;16", "LA"),
    "GIF": ("P",),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("RGB", "P"),
    "TIFF": ("RGB", "CMYK", "I;16", "F", "LAB"),
    "AVIF": ("RGB",),
    "PPM": ("RGB", "L"),
}


def mangled(content: bytes, rng: np.random.Generator) -> bytes:
    """One to four disasters, half of them in the header, which matters most."""
    for _ in range(rng.integers(1, 5)):
        reach = len(content) if rng.random() < 0.5 else min(len(content), 64)
        start, length = int(rng.integers(reach + 1)), int(rng.integers(1, 17))
        before, hit, after = content[:start], content[start : start + length], content[start:]
        disasters = [
            before,
            before + after[length:],
            before + rng.bytes(length) + after[length:],
            before + rng.bytes(length) + after,
            before + b"\xff" * length + after[length:],
            before + hit * 20 + after,
        ]
        content = disasters[rng.integers(len(disasters))]
    return content


def seeds() -> Iterator[int]:
    """As many as there is time for, and some on any machine."""
    end = time.monotonic() + _SECONDS
    seed = 0
    while time.monotonic() < end or seed < _MIN_SEEDS:
        yield seed
        seed += 1


def check(seed: int, try_it: Callable[[], object], expected: type[Exception]) -> None:
    """It ends soon, and with nothing but the expected error, which is a sentence."""
    started = time.monotonic()
    sentence = "."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow has its say about odd files
            try_it()
    except expected as error:
        sentence = str(error).strip()
    except Exception as error:
        raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    assert sentence.endswith((".", "?")), f"seed {seed}: {sentence}"
    assert time.monotonic() - started < _MAX_SECONDS_EACH, f"seed {seed} is slow"


@pytest.fixture(scope="module")
def picture_files() -> list[bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    files = []
    for format_name, modes in _FORMATS.items():
        for mode in modes:
            image = Image.fromarray(noise)
            image = image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)
            exif = image.getexif()
            exif[0x0112] = 6
            file = io.BytesIO()
            image.save(file, format_name, **({"exif": exif} if format_name == "JPEG" else {}))
            files.append(file.getvalue())
    if importlib.util.find_spec("pydicom"):
        files += [dicom().getvalue(), dicom(WindowCenter=99, WindowWidth=50).getvalue()]
    return files


def test_a_mangled_picture_is_a_picture_or_a_sentence(picture_files: list[bytes]) -> None:
    for seed in seeds():
        rng = np.random.default_rng(seed)
        content = mangled(picture_files[seed % len(picture_files)], rng)

        def look(content: bytes = content) -> None:
            facts = pictures.examine(io.BytesIO(content))
            assert facts.width > 0
            assert facts.height > 0
            crop = pictures.load_preprocessed(io.BytesIO(content), resize_size=20, crop_size=16)
            assert crop.shape == (16, 16, 3)
            assert len(pictures.thumbnail(io.BytesIO(content))) <= pictures.MAX_THUMBNAIL_BYTES

        check(seed, look, UnreadablePicture)


@pytest.fixture(scope="module")
def data_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One small file of every form, beside which the pictures are."""
    folder = tmp_path_factory.mktemp("forms")
    names = [f"{number}.png" for number in range(4)]
    pets = ["cat", "dog", "cat", "dög"]
    for name in names:
        Image.new("RGB", (4, 4)).save(folder / name)
    table = pd.DataFrame({"image": names, "label": pets})
    files = {
        "a.csv": table.to_csv(index=False).encode(),
        "a.tsv": table.to_csv(index=False, sep="\t").encode("utf-16"),
        "a.parquet": table.to_parquet(),
        "a.jsonl": "\n".join(
            json.dumps({"image_url": name, "label": pet})
            for name, pet in zip(names, pets, strict=True)
        ).encode(),
        "a.json": json.dumps(
            [
                {
                    "data": {"image": name},
                    "annotations": [{"result": [{"type": "choices", "value": {"choices": [pet]}}]}],
                }
                for name, pet in zip(names, pets, strict=True)
            ]
        ).encode(),
        "MLTable": b"paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited:\n"
        b"      delimiter: ','\n      encoding: utf8\n  - take: 3\n"
        b"  - convert_column_types:\n      - columns: image\n        column_type: stream_info\n",
    }
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        for name, pet in zip(names, pets, strict=True):
            archive.write(folder / name, f"{pet}/{name}")
    for kind, mode in (("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tar.xz", "w:xz")):
        tarred = io.BytesIO()
        with tarfile.open(fileobj=tarred, mode=mode) as archive:
            for name, pet in zip(names, pets, strict=True):
                archive.add(folder / name, f"{pet}/{name}")
        files[kind] = tarred.getvalue()
    files |= {"a.xlsx": _workbook(table), "a.npz": _arrays(), "shard.tar": _shard(folder, names)}
    return {**files, "a.zip": zipped.getvalue(), "rows.csv": files["a.csv"]}


def _workbook(table: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    table.to_excel(content, index=False)
    return content.getvalue()


def _arrays() -> bytes:
    content = io.BytesIO()
    np.savez(content, images=np.zeros((4, 6, 5), np.uint8), labels=np.array(["a", "b", "a", "b"]))
    return content.getvalue()


def _shard(folder: Path, names: list[str]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name in names:
            archive.add(folder / name, name)
            label = tarfile.TarInfo(name.replace(".png", ".cls"))
            label.size = 1
            archive.addfile(label, io.BytesIO(name[:1].encode()))
    return content.getvalue()


def test_a_mangled_table_or_archive_is_a_listing_or_a_sentence(
    data_files: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_bytes(data_files["rows.csv"])
    names = sorted(set(data_files) - {"rows.csv"})
    for seed in seeds():
        name = names[seed % len(names)]
        folder = tmp_path if name == "MLTable" else tmp_path / "one"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(mangled(data_files[name], np.random.default_rng(seed)))
        source = folder if name == "MLTable" else path
        check(seed, lambda source=source: read(DataSource(path=source)), DataError)
        path.unlink()
