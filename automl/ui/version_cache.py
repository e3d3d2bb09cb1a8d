"""The app's cache of what is read or computed from files: kept until one of the files changes.

Results are shared between reruns, sessions and threads and never copied, so callers must not change
them: copying 200 trials of 50 epochs on every rerun would take longer than reading them.
"""

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from automl.texts import _

P = ParamSpec("P")
T = TypeVar("T")
Version = tuple[int, int, int] | None


def version(path: Path) -> Version:
    """Version of the file or folder; None if it does not exist.

    The time alone is not enough: with a coarse clock two writes in one tick share it. A file that
    was replaced by a rename has another inode.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def versions(paths: Iterable[Path]) -> tuple[Version, ...]:
    return tuple(version(path) for path in paths)


def for_version_of(
    path_of: Callable[..., Path], *, max_entries: int, spinner: str = ""
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a function that reads the file `path_of(*arguments)`: it runs once for each version.

    Args:
        path_of: takes the function's arguments.
        max_entries: number of results kept, one for each set of arguments; the least recently used
            one is dropped.
        spinner: text shown while the function runs.
    """
    return for_version(
        lambda *key: version(path_of(*key)), max_entries=max_entries, spinner=spinner
    )


def for_version(
    version_of: Callable[..., object], *, max_entries: int, spinner: str = ""
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Like `for_version_of`, for a result that depends on several files.

    Only the result of the latest version is kept, because a running trial changes its files every
    second. An exception is not kept. The arguments must be hashable.

    Args:
        version_of: takes the function's arguments and returns the version of all the files.
        max_entries: see `for_version_of`.
        spinner: see `for_version_of`.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        entries = _Entries(max_entries)

        @functools.wraps(function)
        def cached(*args: P.args, **kwargs: P.kwargs) -> T:
            assert not kwargs, "arguments of a cached function are given by position"
            now = version_of(
                *args
            )  # before reading, so that a file that changes meanwhile is read again
            entry = entries.get(args)
            with entry.lock:  # other threads that need the same result wait for it
                if not entry.is_filled or entry.version != now:
                    if spinner:
                        with st.spinner(_(spinner)):
                            entry.fill(now, function(*args, **kwargs))
                    else:
                        entry.fill(now, function(*args, **kwargs))
                result: T = entry.result
                return result

        return cached

    return decorate


class _Entry:
    """A result and the version it was made from."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.is_filled = False
        self.version: object = None
        self.result: Any = None

    def fill(self, version: object, result: object) -> None:
        self.version, self.result, self.is_filled = version, result, True


class _Entries:
    """Entries by arguments; the least recently used ones are dropped."""

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._lock = threading.Lock()
        self._by_arguments: OrderedDict[tuple[Any, ...], _Entry] = OrderedDict()

    def get(self, arguments: tuple[Any, ...]) -> _Entry:
        with self._lock:
            entry = self._by_arguments.setdefault(arguments, _Entry())
            self._by_arguments.move_to_end(arguments)
            while len(self._by_arguments) > self._max_entries:
                self._by_arguments.popitem(last=False)
            return entry
