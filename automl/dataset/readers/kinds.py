"""What kind of data a path holds, as far as its name and first line tell."""

from pathlib import Path

from automl.dataset.readers import delimited, mltable
from automl.errors import DataError
from automl.jobs.job import DataSource, DataType

ARCHIVES = ("zip", "tar")
FOLDERS = ("image_folder", "hf_imagefolder", "mltable")
_TARS = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
_BY_SUFFIX: dict[str, DataType] = {
    ".zip": "zip",
    **dict.fromkeys(_TARS, "tar"),
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "label_studio",
}


def kind_of_file(path: Path) -> DataType | None:
    name = path.name.lower()
    kind = next((kind for suffix, kind in _BY_SUFFIX.items() if name.endswith(suffix)), None)
    return "vertex_csv" if kind == "csv" and delimited.looks_like_vertex(path) else kind


def kind_of(path: Path, source: DataSource) -> DataType:
    """What was asked for, if that can be, or what is found.

    Raises:
        DataError: there is nothing, or nothing of that kind, or of no kind that is known.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist. Check the spelling of the path.")
    kind = source.type or _infer(path)
    if path.is_dir() and kind not in FOLDERS:
        advice = "Set type to image_folder" if kind in ARCHIVES else "Give the path of the file"
        raise DataError(f"{path} is a folder, not a {kind} file. {advice}, or leave type out.")
    if not path.is_dir() and kind in FOLDERS and path.name != mltable.FILE_NAME:
        raise DataError(
            f"{path} is not a folder, as {kind} is. Give a folder, set type to zip or tar for an "
            "archive of one, or leave type out."
        )
    return kind


def _infer(path: Path) -> DataType:
    if path.is_dir():
        return "image_folder"
    if path.name == mltable.FILE_NAME:
        return "mltable"
    kind = kind_of_file(path)
    if kind is None:
        raise DataError(
            f"{path} is in no form that is known. Give a folder with one sub-folder of pictures "
            "per class, a zip or tar file of one, a table (CSV, TSV, Parquet, JSONL) of pictures "
            "and labels, or a folder with an MLTable file."
        )
    return kind
