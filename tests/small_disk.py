"""A disk of its own for a folder, which a test can fill."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def disk(folder: Path, options: str) -> Iterator[bool]:
    """A disk of its own for the folder; False without the right to mount one."""
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    is_mounted = subprocess.run(mount).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", folder], check=True)
