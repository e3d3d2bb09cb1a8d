"""The size of a folder and when it was last used."""

import contextlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """Size and use of all files below a folder."""

    num_bytes: int
    last_used: datetime | None
    """When a file was last written or read; None without a file. File systems record reading to
    within a day, if at all."""


def usage(folder: Path) -> Usage:
    """Size and use of a folder; links are not followed."""
    num_bytes, latest = 0, 0.0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # it was just replaced or removed
                status = Path(parent, name).lstat()
                num_bytes += status.st_size
                latest = max(latest, status.st_mtime, status.st_atime)
    return Usage(num_bytes, datetime.fromtimestamp(latest, UTC) if latest else None)
