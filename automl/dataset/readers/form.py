"""The kinds of forms in which labelled pictures come: table files, folders, archives.

Each module in `automl.dataset.readers.forms` is one form: its name is the `type` of a data source,
and its `FORM` answers two questions, how certain it is that data is of this form, and the rows. To
add a form, add a module there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from automl.dataset.archive_members import ArchiveType
from automl.dataset.locations import Surroundings
from automl.dataset.readers.listing import Listing
from automl.dataset.readers.table import Table
from automl.dataset.walk import Tree
from automl.jobs.data_source import DataSource


class Certainty(IntEnum):
    """The reason to take data for one of a form. The surest reading of a folder is used."""

    NO = 0
    """Content or name speak against it: no class folders, a table called predictions."""

    POSSIBLE = 1
    """Nothing speaks against it: any CSV file, a single class folder."""

    LIKELY = 2
    """The content is what only this form has, or labels most of the pictures: COCO's keys, several
    class folders, a column `label` beside the pictures."""

    STRONG = 3
    """The name says too that it labels the pictures here: `labels.csv`, `metadata.jsonl`."""

    CERTAIN = 4
    """A file that only this form has, whatever lies beside it: `MLTable`."""


Walk = Callable[[Path], Tree]
Read = Callable[[Path, Surroundings], Table]
"""From the path, and what locations in the table are relative to."""


def _possible(_: Path) -> Certainty:
    return Certainty.POSSIBLE


@dataclass(frozen=True)
class TableFile:
    """A file with one row a picture."""

    suffixes: tuple[str, ...]
    """Ends of file names, in lower case."""

    read: Read
    """Raises a DataError if the file cannot be read."""

    certainty: Callable[[Path], Certainty] = _possible
    """For a file with one of the suffixes, by its content; of forms with the same suffix the surest
    one reads it."""

    is_loose: bool = False
    """True if a file that is only possibly of this form is of it if it names pictures here."""


@dataclass(frozen=True)
class Folder:
    """A folder with a table, and perhaps pictures, in files of fixed names."""

    read: Read
    """Raises a DataError if there is no such table, or it cannot be read."""

    certainty: Callable[[Path], Certainty]
    """By the files in the folder."""

    file_name: str | None = None
    """File that makes a folder one of this form, whatever else it holds; the file's path may be
    given in place of the folder's."""

    suffix: str | None = None
    """End of the names of its files, one a picture, none of which is a table of its own."""


@dataclass(frozen=True)
class ClassFolders:
    """A folder whose sub-folders name the labels; every folder can be read so."""

    read: Callable[[Path, Tree, DataSource], Listing]
    """Raises a DataError if there is no labelled picture."""

    certainty: Callable[[Tree], Certainty]
    """By the folders of the pictures."""


@dataclass(frozen=True)
class Archive:
    """An archive of a folder of any form."""

    suffixes: tuple[str, ...]
    """Ends of file names, in lower case."""

    kind: ArchiveType

    certainty: Callable[[Path], Certainty] = _possible


Form = TableFile | Folder | ClassFolders | Archive
