"""How much room a folder takes, and when it was last used."""

import contextlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """Of the files in a folder, at any depth."""

    num_bytes: int
    last_used: datetime | None
    """When a file was last written or read; disks note reading to within a day, if at all. None
    where there is no file."""


def usage(folder: Path) -> Usage:
    """What a folder takes; links count as themselves."""
    num_bytes, latest = 0, 0.0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # replaced or removed meanwhile
                status = Path(parent, name).lstat()
                num_bytes += status.st_size
                latest = max(latest, status.st_mtime, status.st_atime)
    return Usage(num_bytes, datetime.fromtimestamp(latest, UTC) if latest else None)
