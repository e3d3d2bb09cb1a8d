"""Memory that a process frees and needs again at once, as that of the tensors of a training step.

glibc returns large blocks to the system when they are freed, and the system clears every page of
the next ones: about a third of a training step on pictures of 224 px. Other C libraries are left
as they are.
"""

import ctypes
import platform
from functools import cache

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # parameters of mallopt(3)
_LARGEST_INT = 2**31 - 1


def keep() -> None:
    """Let this process keep what it frees, until `give_back`."""
    library = _glibc()
    if library is not None:
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, _LARGEST_INT)


def give_back() -> None:
    """Return to the system what this process has freed."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
