"""Download pictures that lie elsewhere once, into the cache of this machine."""

import functools
import hashlib
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import unquote

import fsspec
from fsspec.registry import known_implementations

from automl.dataset import cache_entries, public_http
from automl.errors import DataError
from automl.host import home
from automl.texts import mark

MAX_PICTURE_BYTES = 200 * 1000**2
MAX_TABLE_BYTES = 4 * 1000**3
MAX_TABLE_SECONDS = 1800.0

MAX_BYTES = 50 * 1000**3
"""For all pictures of one table."""

MAX_SECONDS = 120.0
"""For one picture."""

_TOO_MUCH = mark(f"all together are larger than {MAX_BYTES / 1000**3:,.0f} GB")
_CHUNK = 1 << 16
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_THREADS = 16
_MAX_SILENCES = 8
_MAX_NAME = 100


def scheme_of(location: str) -> str:
    """`s3` for `s3://bucket/a.png`; empty for a path, also with a drive letter of Windows."""
    match = _SCHEME.match(location)
    return match[1].lower() if match else ""


def path_of(url: str) -> Path:
    """Path of the downloaded file, which keeps the name in the URL for people to see."""
    key = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
    path = public_http.shown(url).partition("://")[2].partition("/")[2]
    name = re.sub(r"[^\w.-]+", "_", unquote(path.rpartition("/")[2]))
    return home.cache_dir("remote") / key[:2] / key[2:] / (name[-_MAX_NAME:].lstrip(".") or "file")


def check_driver(scheme: str) -> None:
    """Check that URLs of a scheme can be read.

    Raises:
        DataError: no package that can read them is installed, or there is none.
    """
    if scheme in ("http", "https"):
        return
    if scheme not in known_implementations and scheme != "abfss":  # which adlfs registers
        raise DataError(
            f"{scheme}: is not a kind of URL that can be read. "
            "Use https:, s3:, gs: or abfs:, or give local paths."
        )
    try:
        fsspec.get_filesystem_class(scheme)
    except (ImportError, ValueError) as error:
        package = _package(scheme, error)
        raise DataError(
            f"Reading from {scheme}: takes the package {package}, which is not installed. "
            f"Install it: pip install {package}."
        ) from None


def _package(scheme: str, error: Exception) -> str:
    package: str = known_implementations.get(scheme, {"class": "adlfs."})["class"].partition(".")[0]
    if package == "fsspec":  # its own class, which needs another package
        package = getattr(error.__cause__, "name", None) or scheme
    return package


def fetch(
    urls: Iterable[str], *, progress: Callable[[int, int], None] | None = None
) -> dict[str, str]:
    """Download the files that are not in the cache yet, several at a time.

    Args:
        urls: of the files.
        progress: called with how many are downloaded, and how many there are to download.

    Returns:
        The URLs that could not be downloaded, with a sentence for each.
    """
    missing = list(dict.fromkeys(url for url in urls if not path_of(url).is_file()))
    batch = _Batch()
    problems: dict[str, str] = {}
    executor = ThreadPoolExecutor(_THREADS)
    try:
        for done, problem in enumerate(executor.map(batch.download, missing), 1):
            if problem is not None:
                problems[missing[done - 1]] = problem
            if progress:
                progress(done, len(missing))
    finally:
        executor.shutdown(cancel_futures=True)
    return problems


def fetch_table(url: str) -> Path:
    """Download a table, which may have changed since the last time; return its file in the cache.

    Raises:
        DataError: it could not be downloaded, or a package is missing.
    """
    check_driver(scheme_of(url))
    if problem := _Batch(MAX_TABLE_BYTES, MAX_TABLE_SECONDS).download(url):
        raise DataError(f"{problem} Check the address, or download the table and give its path.")
    return path_of(url)


class _Batch:
    """State shared by the threads of one call: bytes downloaded, servers that do not answer."""

    def __init__(
        self, max_file_bytes: int | None = None, max_file_seconds: float | None = None
    ) -> None:
        """Set the limits for one file; those of a picture if left out."""
        self._max_file_bytes = max_file_bytes or MAX_PICTURE_BYTES
        self._max_file_seconds = max_file_seconds or MAX_SECONDS
        self._lock = threading.Lock()
        self._num_bytes = 0
        self._silences: Counter[str] = Counter()

    def download(self, url: str) -> str | None:
        """Download one file; returns None, or a sentence on why it failed."""
        server = public_http.shown(url).partition("://")[2].partition("/")[0]
        if self._silences[server] >= _MAX_SILENCES:
            return mark(f"{public_http.shown(url)} was not tried: {server} does not answer.")
        if self._num_bytes > MAX_BYTES:
            return mark(f"{public_http.shown(url)} was not tried: {_TOO_MUCH}.")
        try:
            self._save(url)
        except Exception as error:  # noqa: BLE001 (each driver raises its own errors)
            self._silences[server] += public_http.is_silence(error)
            return mark(f"The address {public_http.shown(url)} {public_http.reason(error)}.")
        self._silences[server] = 0
        return None

    def _save(self, url: str) -> None:
        target = path_of(url)
        target.parent.mkdir(parents=True, exist_ok=True)
        with cache_entries.written_whole(target) as file, _open(url) as source:
            for chunk in self._chunks(source):
                file.write(chunk)

    def _chunks(self, source: IO[bytes]) -> Iterator[bytes]:
        until = time.monotonic() + self._max_file_seconds
        num_bytes = 0
        read = getattr(source, "read1", source.read)  # what is there: a slow server is noticed
        for chunk in iter(functools.partial(read, _CHUNK), b""):
            num_bytes += len(chunk)
            with self._lock:
                self._num_bytes += len(chunk)
            if num_bytes > self._max_file_bytes:
                raise public_http.TooLargeError(
                    f"it is larger than {self._max_file_bytes / 1000**2:,.0f} MB"
                )
            if self._num_bytes > MAX_BYTES:
                raise public_http.TooLargeError(_TOO_MUCH)
            if time.monotonic() > until:
                raise TimeoutError
            yield chunk


@contextmanager
def _open(url: str) -> Iterator[IO[bytes]]:
    if scheme_of(url) in ("http", "https"):  # in any case
        with public_http.open_url(url) as source:
            yield source
    else:
        with fsspec.open(url, "rb") as source:
            yield source
