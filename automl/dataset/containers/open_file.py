"""A file that is read at any place, by several threads at a time."""

import os
import weakref


class OpenFile:
    """A file, closed when nobody has it any more."""

    def __init__(self, path: str) -> None:
        """Open the file.

        Raises:
            OSError: it cannot be opened.
        """
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)
        self.num_bytes = os.fstat(self._descriptor).st_size

    def read(self, start: int, num_bytes: int) -> bytes:
        """So many bytes from a place, or as many as there are."""
        return os.pread(self._descriptor, num_bytes, start)
