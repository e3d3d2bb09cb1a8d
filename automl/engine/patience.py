"""Storage that does not answer for a while, such as a bucket: asked again instead of given up."""

import time
from collections.abc import Callable
from typing import TypeVar

from automl.errors import is_full_disk

SECONDS = 360.0
"""Time for which a search goes without its storage: five minutes, and some to come back."""

_PAUSE_SECONDS = 2.0

_T = TypeVar("_T")


def patiently(function: Callable[[], _T], *, seconds: float) -> _T:
    """The value of a function, which is called again after an error of the storage.

    Args:
        function: can be called again after it has failed.
        seconds: time after which the error is raised; 0 for a disk of this machine.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return function()
        except (FileNotFoundError, PermissionError):
            raise
        except OSError as error:
            if is_full_disk(error) or time.monotonic() >= until:
                raise
        time.sleep(_PAUSE_SECONDS)
