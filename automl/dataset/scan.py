"""What every picture file holds, read once and remembered while the file stays the same."""

import hashlib
import math
import os
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa

from automl.dataset import pictures
from automl.dataset.threads import map_in_threads
from automl.host import home

_VERSION = 2  # raise it when the same file would give other facts
_CHUNK = 1 << 16
_ABANDONED_SECONDS = 3600
_IDENTITY = ["path", "num_bytes", "mtime_ns"]
_TYPES = {
    **dict.fromkeys(["width", "height"], "int64"),
    **dict.fromkeys(["format", "mode", "content_hash", "problem"], "str"),
    **dict.fromkeys(["brightness", "contrast", "sharpness"], "float64"),
    "fingerprint": "object",
}
_FACTS = list(_TYPES)

Facts = tuple[int, int, str, str, str | None, str | None, float, float, float, bytes | None]


def scan(
    listing: pd.DataFrame, *, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """The listing with `id`, `width`, `height`, `format`, `mode`, `num_bytes`, `content_hash`,
    `problem`, and `brightness`, `contrast`, `sharpness`, `fingerprint` as in `appearance`.

    Unreadable files have a sentence in `problem`, a size of 0 x 0 and no appearance;
    `content_hash` is missing only where the file could not even be opened. Elsewhere `problem`
    is missing.
    """
    files = _identify(listing["path"].tolist())
    memory = _memory_path(files["path"].tolist())
    facts = files.merge(_recall(memory), how="left", on=_IDENTITY)
    unknown = facts["content_hash"].isna()
    if unknown.any():
        paths = facts.loc[unknown, "path"].tolist()
        rows = map_in_threads(_examine, paths, progress)
        facts.loc[unknown, _FACTS] = pd.DataFrame(rows, index=facts.index[unknown], columns=_FACTS)
        _remember(memory, facts)
    if progress:
        progress(len(facts), len(facts))
    return _joined(listing, facts)


def _joined(listing: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    samples = listing.reset_index(drop=True)
    samples.insert(0, "id", pd.RangeIndex(len(samples)).to_numpy("int64"))
    types = {"num_bytes": "int64"} | _TYPES
    samples[list(types)] = facts[list(types)].astype(types)
    if "problem" in listing:  # the reader knows more than that there is no file
        samples["problem"] = listing["problem"].reset_index(drop=True).fillna(samples["problem"])
    return samples


def _identify(paths: list[str]) -> pd.DataFrame:
    return pd.DataFrame([(path, *_size_and_time(path)) for path in paths], columns=_IDENTITY)


def _size_and_time(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116 (called for every file; a Path takes twice as long)
    except OSError:
        return 0, -1  # it went away since it was listed; reading it will tell why
    return status.st_size, status.st_mtime_ns


def _examine(path: str) -> Facts:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return _unreadable("This is not a file.")  # a device's bytes might never end
        with Path(path).open("rb") as file:
            content_hash = _digest(file)
            facts = pictures.examine(file)
    except FileNotFoundError:
        return _unreadable("The file does not exist.")
    except OSError as error:
        return _unreadable(f"The file cannot be opened ({error.strerror}).")
    except pictures.UnreadablePicture as error:
        return _unreadable(str(error), content_hash)
    shape = (facts.width, facts.height, facts.format, facts.mode)
    look = facts.appearance
    seen = (look.brightness, look.contrast, look.sharpness, look.fingerprint)
    return *shape, content_hash, None, *seen


def _unreadable(problem: str, content_hash: str | None = None) -> Facts:
    return 0, 0, "", "", content_hash, problem, math.nan, math.nan, math.nan, None


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):  # hashlib.file_digest clears 256 KB for every small file
        digest.update(chunk)
    return digest.hexdigest()


def _memory_path(paths: list[str]) -> Path:
    """One file for each folder that was listed, so that a changed folder replaces its memory."""
    root = os.path.commonpath(paths) if paths else ""
    key = hashlib.sha256(f"{_VERSION}\n{root}".encode()).hexdigest()
    return home.cache_dir("scans") / f"{key}.parquet"


def _recall(memory: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(memory)
    except (OSError, pa.ArrowInvalid):  # nothing there, or damaged: look at the pictures again
        types = {"path": "str", "num_bytes": "int64", "mtime_ns": "int64"} | _TYPES
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in types.items()})


def _remember(memory: Path, facts: pd.DataFrame) -> None:
    for left_over in memory.parent.glob("*.partial"):
        if left_over.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
            left_over.unlink(missing_ok=True)  # by a process that was killed
    with tempfile.NamedTemporaryFile(dir=memory.parent, suffix=".partial", delete=False) as file:
        facts.drop_duplicates("path").to_parquet(file, index=False)
    Path(file.name).replace(memory)
