"""Files and folders that appear under their name complete, or not at all.

The content is written beside the target, under a hidden name of its own that ends in `.partial`,
and renamed when it is complete. So a reader sees the old version or the new one, never half of
it, and two writers at once cannot write into each other's file: the later rename wins.

Any error, KeyboardInterrupt included, removes the partial file. Only a process that is killed
leaves one behind. The writer holds a lock on the partial file or folder, which the system frees
when the process ends; `remove_leftovers` deletes those that nobody holds.
"""

import contextlib
import errno
import fcntl
import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from automl.errors import is_full_disk

SUFFIX = ".partial"
_REPLACED = ".replaced"


def write_bytes(
    path: Path,
    content: bytes,
    *,
    durable: bool = True,
    private: bool = True,
    overwrite: bool = True,
) -> None:
    """Write a whole file; the arguments are those of `open_binary`."""
    with open_binary(path, durable=durable, private=private, overwrite=overwrite) as file:
        file.write(content)


def write_text(
    path: Path, text: str, *, durable: bool = True, private: bool = True, overwrite: bool = True
) -> None:
    """Write a whole file in UTF-8; the arguments are those of `open_binary`."""
    content = text.encode("utf-8")
    write_bytes(path, content, durable=durable, private=private, overwrite=overwrite)


@contextlib.contextmanager
def open_binary(
    path: Path,
    *,
    durable: bool = True,
    private: bool = True,
    overwrite: bool = True,
    makes_folder: bool = True,
) -> Iterator[BinaryIO]:
    """Open a file for writing that gets its name when the block ends without an error.

    The file can be read, and positioned, too, as a zip file or a Parquet file needs.

    Args:
        path: the name it gets.
        durable: write the bytes to the disk before the name points at them. Without it a power
            failure can leave an empty file under the name; enough for what can be made again.
        private: only this user may read it; otherwise the umask decides, as for a file that the
            user asked for.
        overwrite: replace a file of that name.
        makes_folder: create the folder if it is missing.

    Raises:
        FileExistsError: there is one of that name, and `overwrite` is False.
        FileNotFoundError: the folder is missing, and `makes_folder` is False.
    """
    if makes_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_path(path)
    try:
        with _naming(path, partial), _new_locked_file(partial, private=private) as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            # renamed before it is closed, which frees the lock
            if overwrite:
                partial.replace(path)
            else:
                os.link(partial, path)  # a rename would replace a file that appeared in between
    finally:
        partial.unlink(missing_ok=True)  # it has its name by now, or is of no use


@contextlib.contextmanager
def new_folder(target: Path, *, private: bool = True, overwrite: bool = False) -> Iterator[Path]:
    """Fill a folder that gets its name when the block ends without an error.

    Args:
        target: the name it gets; its parent is created if it is missing.
        private: only this user may enter it; otherwise the umask decides.
        overwrite: replace a folder of that name, which is put back if that fails.

    Yields:
        The empty folder to fill, beside the target.

    Raises:
        FileExistsError: there is one of that name, and `overwrite` is False.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_path(target)
    try:
        with _naming(target, partial), _new_locked_folder(partial, 0o700 if private else 0o777):
            yield partial
            if overwrite:
                _replace_folder(partial, target)
            else:
                publish_folder(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def _naming(target: Path, partial: Path) -> Iterator[None]:
    """Let an error of the disk name the target: a full disk names nothing, others the partial."""
    try:
        yield
    except OSError as error:
        is_full = error.filename is None and is_full_disk(error)
        if is_full or error.filename == str(partial):
            error.filename = str(target)
        raise


def remove_leftovers(target: Path) -> None:
    """Delete what writers of a file or folder that were killed have left beside it.

    If a writer was killed while it replaced a folder, the old folder is put back.
    """
    hidden = f".{glob.escape(_beginning(target))}.{'[0-9a-f]' * 16}"
    for leftover in (
        *target.parent.glob(hidden + SUFFIX),
        *target.parent.glob(hidden + _REPLACED),
    ):
        with contextlib.suppress(OSError):  # locked by its writer, or gone since
            descriptor = os.open(leftover, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if leftover.suffix == _REPLACED and not target.exists():
                    leftover.rename(target)
                elif leftover.is_dir():
                    shutil.rmtree(leftover)
                else:
                    leftover.unlink()
            finally:
                os.close(descriptor)


def partial_path(path: Path) -> Path:
    """A hidden name beside the path that no other process or thread uses."""
    return path.with_name(f".{_beginning(path)}.{secrets.token_hex(8)}{SUFFIX}")


def _beginning(path: Path) -> str:
    """At most 100 bytes of a name, because a longer one may have no more than 255."""
    return os.fsencode(path.name)[:100].decode("utf-8", "ignore")


def publish_folder(partial: Path, target: Path) -> None:
    """Give a complete folder its name.

    Raises:
        FileExistsError: there is a file or folder of that name.
    """
    if target.exists():  # a rename would replace an empty folder
        raise FileExistsError(target)
    try:
        partial.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):  # another process was first
            raise FileExistsError(target) from None
        raise


@contextlib.contextmanager
def _new_locked_file(partial: Path, *, private: bool) -> Iterator[BinaryIO]:
    while True:
        with open(partial, "x+b", opener=_private_opener if private else None) as file:
            if _lock(file.fileno(), partial):
                yield file
                return


@contextlib.contextmanager
def _new_locked_folder(partial: Path, mode: int) -> Iterator[None]:
    while True:
        partial.mkdir(mode=mode)
        descriptor = os.open(partial, os.O_RDONLY)
        try:
            if _lock(descriptor, partial):
                yield
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, partial: Path) -> bool:
    """Lock a new file or folder; False if `remove_leftovers` was faster and has deleted it."""
    with contextlib.suppress(OSError):  # a file system without locks: nothing is removed there
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return partial.exists()


def _private_opener(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _replace_folder(partial: Path, target: Path) -> None:
    """Two renames, as a folder cannot replace one that has something in it."""
    old = partial_path(target).with_suffix(_REPLACED)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(target, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            _lock(descriptor, target)
            target.rename(old)
        try:
            partial.rename(target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
