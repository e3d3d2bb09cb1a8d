"""Read what every picture file holds once, and remember it while the file stays the same."""

import hashlib
import math
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import PIL
import pyarrow as pa

from automl.dataset import cache_entries, file_kinds, frames, picture_location, pictures, walk
from automl.dataset.preprocessing import MAX_MEGAPIXELS_VARIABLE
from automl.dataset.rendering import Background
from automl.dataset.threads import map_in_threads
from automl.host import home
from automl.texts import mark

_VERSION = 7  # raise it when the same file would give other facts
_CHUNK = 1 << 16
_IDENTITY = ["path", "file_bytes", "mtime_ns", "ctime_ns", "inode"]
"""A file, or a container of pictures, is the same while all of these are. A copy that keeps the
time of the original has another ctime; a file that was renamed over this one within a tick of the
clock has another inode."""

_TYPES = {
    **dict.fromkeys(["num_bytes", "width", "height"], "int64"),
    **dict.fromkeys(["format", "mode", "content_hash", "problem"], "str"),
    **dict.fromkeys(["brightness", "contrast", "sharpness"], "float64"),
    "fingerprint": "object",
    **dict.fromkeys(["value_low", "value_high", "alpha_contrast"], "float64"),
    "has_frames": "bool",
    **dict.fromkeys(["camera", "taken"], "str"),
    **dict.fromkeys(["jpeg_quality", "num_colours"], "float64"),
}
_FACTS = list(_TYPES)

Facts = tuple[object, ...]
"""Values of `_FACTS`, in their order."""


def scan(
    listing: pd.DataFrame,
    *,
    background: Background = "white",
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Look at every picture of a listing; only new and changed files are read.

    Args:
        listing: the pictures of a `readers.Listing`.
        background: what is behind transparent pixels.
        progress: called with how many pictures are read, and how many there are to read.

    Returns:
        The listing with `id`, `width`, `height`, `format`, `mode`, `num_bytes`, `content_hash`,
        `problem`, and `brightness`, `contrast`, `sharpness`, `fingerprint` as in
        `pictures.Appearance`, and `value_low`, `value_high` (missing for pictures of 8 bits),
        `alpha_contrast` (missing without transparency), `has_frames` and `num_colours` as in
        `pictures.PictureFacts`, `camera`, `taken` and `jpeg_quality` as in
        `provenance.Provenance`, and `mtime_ns`, when the file was modified. Unreadable files have a
        sentence in `problem`, a size of 0 x 0 and no appearance; `content_hash` is missing only
        where the file could not even be opened. Elsewhere `problem` is missing.
    """
    files = _identify(listing["path"].tolist())
    memory = _memory_path(files["path"].tolist(), background)
    facts = files.merge(_recall(memory), how="left", on=_IDENTITY)
    unknown = facts["content_hash"].isna()
    if unknown.any():
        unread = facts.loc[unknown, "path"]
        unread = unread.iloc[picture_location.in_reading_order(unread.tolist())]
        look = partial(_examine, background=background)
        rows = map_in_threads(look, unread.tolist(), progress)
        facts.loc[unknown, _FACTS] = pd.DataFrame(rows, index=unread.index, columns=_FACTS)
        _remember(memory, facts)
    if progress:
        progress(len(facts), len(facts))
    return _joined(listing, facts)


def changes_since(
    samples: pd.DataFrame,
    *,
    background: Background = "white",
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Describe in one sentence which files have changed since `samples` were scanned.

    By the hash of the content; only files whose identity has changed are read again. The other
    arguments are those of `scan`.

    Returns:
        An empty text if no file has changed.
    """
    before = samples[samples["problem"].isna()].drop_duplicates("path")
    after = scan(before[["path"]], background=background, progress=progress)
    same = after["content_hash"].to_numpy() == before["content_hash"].to_numpy()
    if same.all():
        return ""
    gone = int(after.loc[~same, "content_hash"].isna().sum())
    changed = int((~same).sum()) - gone
    first = before["path"].to_numpy()[~same][0]
    if changed and gone:
        said = mark(
            f"Pictures have changed since the search began: {changed} changed and {gone} gone, "
            f"the first is {first}."
        )
    elif changed:
        said = mark(
            f"Pictures have changed since the search began: {changed} changed, the first is "
            f"{first}."
        )
    else:
        said = mark(
            f"Pictures have changed since the search began: {gone} gone, the first is {first}."
        )
    return said + " " + mark("Every trial has used them as they were.")


def _joined(listing: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    samples = listing.reset_index(drop=True)
    samples.insert(0, "id", pd.RangeIndex(len(samples)).to_numpy("int64"))
    samples[_FACTS] = facts[_FACTS].astype(_TYPES)
    samples["mtime_ns"] = facts["mtime_ns"]
    if "problem" in listing:  # the reader knows more than that there is no file
        samples["problem"] = listing["problem"].reset_index(drop=True).fillna(samples["problem"])
    return samples


def _identify(paths: list[str]) -> pd.DataFrame:
    return pd.DataFrame([(path, *_identity(path)) for path in paths], columns=_IDENTITY)


def _identity(path: str) -> tuple[int, int, int, int]:
    try:
        status = picture_location.status(path)
    except OSError:
        return 0, -1, -1, 0  # it is gone since it was listed; `_examine` says why
    inode = status.st_ino & 0x7FFF_FFFF_FFFF_FFFF  # some file systems use all 64 bits
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, inode


def _examine(path: str, background: Background) -> Facts:
    content_hash, num_bytes = None, 0
    try:
        if not stat.S_ISREG(picture_location.status(path).st_mode):
            return _unreadable(mark("This is not a file."))  # reading a device may never end
        with picture_location.opened(path) as file:
            content_hash = _digest(file)
            num_bytes = file.tell()
            try:
                facts = pictures.examine(file, background)
            except pictures.UnknownPictureFormat as error:
                kind = _kind(file, num_bytes, path)
                return _unreadable(kind or str(error), content_hash, num_bytes)
    except FileNotFoundError:
        return _unreadable(mark("The file does not exist."))
    except OSError as error:
        return _unreadable(mark(f"The file cannot be opened ({error.strerror})."))
    except pictures.UnreadablePicture as error:
        return _unreadable(str(error), content_hash, num_bytes)
    shape = (num_bytes, facts.width, facts.height, facts.format, facts.mode)
    look, traces = facts.appearance, facts.provenance
    return (
        *(*shape, content_hash, None),
        *(look.brightness, look.contrast, look.sharpness, look.fingerprint),
        *(facts.spread or (math.nan, math.nan)),
        *(_number(facts.alpha_contrast), facts.has_frames, traces.camera, traces.taken),
        *(_number(traces.jpeg_quality), _number(facts.num_colours)),
    )


def _kind(file: BinaryIO, num_bytes: int, path: str) -> str:
    """Sentence about what stands in place of a picture; empty if it is not known.

    A table may name any file, so text is quoted only from a file that is named like a picture.
    """
    if bands := frames.num_bands(file):
        return mark(
            f"It is a TIFF with {bands} values in each pixel. Save it with one of them, or with "
            "three as red, green and blue."
        )
    file.seek(0)
    head = file.read(file_kinds.HEAD_BYTES)
    is_called_so = walk.has_picture_suffix(os.path.realpath(path))
    return str(file_kinds.in_place_of_a_file(head, num_bytes, quotes=is_called_so) or "")


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _unreadable(problem: str, content_hash: str | None = None, num_bytes: int = 0) -> Facts:
    look, values = (math.nan, math.nan, math.nan, None), (math.nan, math.nan, math.nan)
    traces = (None, None, math.nan, math.nan)
    return num_bytes, 0, 0, "", "", content_hash, problem, *look, *values, False, *traces


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):  # hashlib.file_digest clears 256 KB for every small file
        digest.update(chunk)
    return digest.hexdigest()


def _memory_path(paths: list[str], background: Background) -> Path:
    """One file for each folder that was listed; tables of pictures in one folder share it.

    Another release of Pillow may read other files, and measure them a little differently.
    """
    # all paths between the first and the last one share what these two share
    root = os.path.commonpath([min(paths), max(paths)]) if paths else ""
    limit = os.environ.get(MAX_MEGAPIXELS_VARIABLE, "")
    facts = f"{_VERSION}\n{PIL.__version__}\n{background}\n{limit}\n{root}"
    key = hashlib.sha256(facts.encode()).hexdigest()
    return home.cache_dir("scans") / f"{key}.parquet"


def _recall(memory: Path) -> pd.DataFrame:
    types = dict.fromkeys(_IDENTITY, "int64") | {"path": "str"} | _TYPES
    try:
        return pd.read_parquet(memory)[list(types)]
    except (OSError, ValueError, KeyError, pa.ArrowException):  # no file, or a damaged one
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in types.items()})


def _remember(memory: Path, facts: pd.DataFrame) -> None:
    """Replace what is remembered of these files, and forget files that are gone."""
    with cache_entries.locked(f"scan-{memory.name}"):
        others = _recall(memory)
        others = others[~others["path"].isin(facts["path"])]
        others = others[[picture_location.exists(path) for path in others["path"].tolist()]]
        known = pd.concat([facts.drop_duplicates("path"), others], ignore_index=True)
        with cache_entries.written_whole(memory) as file:
            known.to_parquet(file, index=False)
