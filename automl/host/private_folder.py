"""Folders that a user names for what nobody else may see."""

import os
import shlex
from pathlib import Path

from automl.errors import UserError


def make(folder: Path) -> None:
    """Create a folder that only this user may enter, unless it is there.

    Raises:
        UserError: it cannot be made, belongs to another user, or others may enter it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise UserError(
            f"Nothing can be kept in {folder}: {error.strerror or error}. Name another folder."
        ) from error
    if found.st_uid != os.getuid():
        raise UserError(f"{folder} belongs to another user. Name a folder of yours.")
    if found.st_mode & 0o077:
        remedy = f"chmod 700 {shlex.quote(str(folder))}"
        raise UserError(f"Other users may look into {folder}. Forbid it: {remedy}")
