"""Pictures that lie elsewhere, fetched once and kept in the cache of this machine."""

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

MAX_PICTURE_BYTES = 200 * 1000**2
MAX_BYTES = 50 * 1000**3
"""Of all that is downloaded for one table."""

MAX_SECONDS = 120.0
"""For one picture."""

_TOO_MUCH = f"all together are larger than {MAX_BYTES / 1000**3:,.0f} GB"
_CHUNK = 1 << 16
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_THREADS = 16
_MAX_SILENCES = 8
_MAX_NAME = 100


def scheme_of(location: str) -> str:
    """`s3` of `s3://bucket/a.png`; empty for a path, also with a drive letter of Windows."""
    found = _SCHEME.match(location)
    return found[1].lower() if found else ""


def path_of(url: str) -> Path:
    """Where the file is once it has been downloaded; its name is kept for people to see."""
    key = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
    path = public_http.shown(url).partition("://")[2].partition("/")[2]
    name = re.sub(r"[^\w.-]+", "_", unquote(path.rpartition("/")[2]))
    return home.cache_dir("remote") / key[:2] / key[2:] / (name[-_MAX_NAME:].lstrip(".") or "file")


def check_driver(scheme: str) -> None:
    """Raises a DataError where no package that can read from such a URL is installed."""
    if scheme in ("http", "https"):
        return
    if scheme not in known_implementations and scheme != "abfss":  # which adlfs brings along
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
    if package == "fsspec":  # it has the class, but not what the class imports
        package = getattr(error.__cause__, "name", None) or scheme
    return package


def fetch(
    urls: Iterable[str], *, progress: Callable[[int, int], None] | None = None
) -> dict[str, str]:
    """Download what is not here yet, several at a time.

    Returns:
        The URLs that could not be downloaded, with a sentence for each.
    """
    wanted = list(dict.fromkeys(url for url in urls if not path_of(url).is_file()))
    batch = _Batch()
    problems: dict[str, str] = {}
    executor = ThreadPoolExecutor(_THREADS)
    try:
        for done, problem in enumerate(executor.map(batch.download, wanted), 1):
            if problem is not None:
                problems[wanted[done - 1]] = problem
            if progress:
                progress(done, len(wanted))
    finally:
        executor.shutdown(cancel_futures=True)
    return problems


class _Batch:
    """What the threads of one call share: how much there is already, and who does not answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._num_bytes = 0
        self._silences: Counter[str] = Counter()

    def download(self, url: str) -> str | None:
        """None, or why it failed in a sentence."""
        server = public_http.shown(url).partition("://")[2].partition("/")[0]
        if self._silences[server] >= _MAX_SILENCES:
            return f"{public_http.shown(url)} was not tried: {server} does not answer."
        if self._num_bytes > MAX_BYTES:
            return f"{public_http.shown(url)} was not tried: {_TOO_MUCH}."
        try:
            self._save(url)
        except Exception as error:  # noqa: BLE001 (every driver has errors of its own)
            self._silences[server] += public_http.is_silence(error)
            return f"{public_http.shown(url)} {public_http.reason(error)}."
        self._silences[server] = 0
        return None

    def _save(self, url: str) -> None:
        target = path_of(url)
        target.parent.mkdir(parents=True, exist_ok=True)
        with cache_entries.written_whole(target) as file, _open(url) as source:
            for chunk in self._chunks(source):
                file.write(chunk)

    def _chunks(self, source: IO[bytes]) -> Iterator[bytes]:
        until = time.monotonic() + MAX_SECONDS
        num_bytes = 0
        for chunk in iter(functools.partial(source.read, _CHUNK), b""):
            num_bytes += len(chunk)
            with self._lock:
                self._num_bytes += len(chunk)
            if num_bytes > MAX_PICTURE_BYTES:
                raise ValueError(f"it is larger than {MAX_PICTURE_BYTES / 1000**2:,.0f} MB")
            if self._num_bytes > MAX_BYTES:
                raise ValueError(_TOO_MUCH)
            if time.monotonic() > until:
                raise TimeoutError
            yield chunk


@contextmanager
def _open(url: str) -> Iterator[IO[bytes]]:
    if scheme_of(url) in ("http", "https"):  # also where it is written HTTP
        with public_http.open_url(url) as source:
            yield source
    else:
        with fsspec.open(url, "rb") as source:
            yield source
