"""The kinds of forms in which labelled pictures come: table files, folders, archives.

Each module in `automl.dataset.readers.forms` is one form: its name is the `type` of a data source,
and its `FORM` says how the form is recognised and read. To add a form, add a module there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from automl.dataset.archive_members import ArchiveType
from automl.dataset.locations import Surroundings
from automl.dataset.readers.listing import Listing
from automl.dataset.readers.table import Table
from automl.dataset.walk import Tree
from automl.jobs.job import DataSource

Walk = Callable[[Path], Tree]
Read = Callable[[Path, Surroundings], Table]
"""From the path, and what locations in the table are relative to."""


@dataclass(frozen=True)
class TableFile:
    """A file with one row a picture."""

    suffixes: tuple[str, ...]
    """Ends of file names, in lower case."""

    read: Read
    """Raises a DataError if the file cannot be read."""

    recognise: Callable[[Path], bool] | None = None
    """True if the content of a file with one of the suffixes is of this form. Such a form goes
    before one with the same suffix that takes any content."""


@dataclass(frozen=True)
class Folder:
    """A folder with a table, and perhaps pictures, in files of fixed names."""

    read: Read
    """Raises a DataError if there is no such table, or it cannot be read."""

    recognise: Callable[[Path], bool]
    """True if the folder holds these files."""

    file_name: str | None = None
    """File that makes a folder one of this form, whatever else it holds; the file's path may be
    given in place of the folder's."""


@dataclass(frozen=True)
class ClassFolders:
    """A folder whose sub-folders name the labels; every folder can be read so."""

    read: Callable[[Path, Tree, DataSource], Listing]
    """Raises a DataError if there is no labelled picture."""


@dataclass(frozen=True)
class Archive:
    """An archive of a folder of any form."""

    suffixes: tuple[str, ...]
    """Ends of file names, in lower case."""

    kind: ArchiveType


Form = TableFile | Folder | ClassFolders | Archive
