"""Content of JSON files, which several forms look at: it is parsed once while data is opened."""

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from automl.dataset.readers import text
from automl.errors import DataError


def content(path: Path) -> Any:
    """The value that a file holds, which nobody may change; None if it is no JSON."""
    try:
        return loaded(path)
    except DataError:
        return None


def loaded(path: Path) -> Any:
    """The value that a file holds, which nobody may change.

    Raises:
        DataError: the file is no JSON, or too large.
    """
    state = path.stat()
    return _parsed(path, state.st_mtime_ns, state.st_size)


@contextmanager
def remembered() -> Iterator[None]:
    """Forget the file that was parsed last at the end, as it can take much memory."""
    try:
        yield
    finally:
        _parsed.cache_clear()


@functools.lru_cache(maxsize=1)
def _parsed(path: Path, modified: int, num_bytes: int) -> Any:
    del modified, num_bytes  # a file that changes is read again
    try:
        return json.loads(text.read(path))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON ({error}). Export it again.") from None
