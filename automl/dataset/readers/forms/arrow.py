"""An Arrow file or stream with pictures inside, as the cache of Hugging Face's `datasets` has."""

from pathlib import Path

from automl.dataset.containers.arrow import table_of
from automl.dataset.locations import Surroundings
from automl.dataset.preprocessing import UnreadablePicture
from automl.dataset.readers import features
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.forms import hf_saved
from automl.dataset.readers.table import Table
from automl.errors import DataError


def _read(path: Path, _: Surroundings) -> Table:
    """The table of a file; its schema may name the classes."""
    try:
        described = features.of_schema(table_of(str(path)).schema.metadata)
    except UnreadablePicture as error:
        raise DataError(f"{path}: {error} Write the file again.") from None
    label = features.label_column(described)
    return Table(hf_saved.file_rows(path, described), path, path.parent, label_column=label)


FORM = TableFile(suffixes=(".arrow",), read=_read)
