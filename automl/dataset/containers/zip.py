"""Members of a zip file, read in place."""

import io
import threading
import zipfile
from pathlib import Path
from typing import BinaryIO

from automl.dataset import archive_members
from automl.dataset.preprocessing import UnreadablePicture
from automl.errors import short

_MAX_MEMBER_BYTES = 100_000_000


class ZipPictures:
    """An open archive and its directory."""

    def __init__(self, path: str) -> None:
        """Open the archive and read its directory.

        Raises:
            UnreadablePicture: it is not a zip file, damaged, or its directory is too large.
        """
        try:
            archive_members.check_directory(Path(path))
            self._archive = zipfile.ZipFile(path)
        except (*archive_members.BROKEN, OSError) as error:  # a DataError is a ValueError
            if archive_members.is_from_disk(error):
                raise
            raise UnreadablePicture(f"The archive cannot be read ({error}).") from error
        self._lock = threading.Lock()

    def picture(self, position: str) -> BinaryIO:
        """Open a member, see `Container`."""
        try:
            with self._lock, self._archive.open(position) as member:
                content = member.read(_MAX_MEMBER_BYTES + 1)
        except KeyError:
            raise UnreadablePicture(f"The archive has no member {short(position)}.") from None
        except (*archive_members.BROKEN, OSError) as error:
            if archive_members.is_from_disk(error):
                raise
            raise UnreadablePicture(f"It is damaged in the archive ({error}).") from error
        if len(content) > _MAX_MEMBER_BYTES:
            raise UnreadablePicture(f"It is larger than {_MAX_MEMBER_BYTES / 1e6:,.0f} MB.")
        return io.BytesIO(content)

    def names(self) -> list[str]:
        """Names of the files in the archive."""
        return [info.filename for info in self._archive.infolist() if not info.is_dir()]
