"""A folder with Azure's MLTable file: YAML that names files of rows, and steps to change them."""

import glob
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from automl.dataset import locations
from automl.dataset.readers import text
from automl.dataset.readers.form import Certainty, Folder
from automl.dataset.readers.forms.mltable import partition_format, steps
from automl.dataset.readers.table import Table
from automl.errors import DataError
from automl.jobs import untrusted_yaml
from automl.texts import mark

_FILE_NAME = "MLTable"

_KEYS = {"$schema", "type", "paths", "transformations", "metadata", "traits"}


def _certainty(folder: Path) -> Certainty:
    return Certainty.CERTAIN if (folder / _FILE_NAME).is_file() else Certainty.NO


def _read(folder_or_file: Path, around: locations.Surroundings) -> Table:
    """The rows after all transformations; locations are relative to the folder."""
    folder = folder_or_file if folder_or_file.is_dir() else folder_or_file.parent
    around = replace(around, folder=folder)
    path = folder / _FILE_NAME
    content = _content(path)
    reading, *others = _steps(content.get("transformations"), path)
    files = _files(content.get("paths"), path, around)
    formats = [options for name, options in others if name == partition_format.NAME]
    rows = steps.read_all(files, *reading, formats, where=path)
    for name, options in others:
        if name != partition_format.NAME:
            rows = steps.transform(rows, name, options, where=path)
    return Table(rows, path, folder)


def _content(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(f"{path} does not exist. Give the folder that holds the file MLTable.")
    if path.stat().st_size > untrusted_yaml.MAX_BYTES:
        raise DataError(f"{path} is too large for an MLTable file. Is it the table itself?")
    try:
        content, _ = untrusted_yaml.load(text.read(path))
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = "" if line is None else mark(f", see line {line + 1}")
        raise DataError(f"{path} is not valid YAML{where}.") from None
    if not isinstance(content, dict):
        raise DataError(f"{path} is not a mapping with the keys paths and transformations.")
    unknown = sorted(str(key) for key in content if key not in _KEYS)
    if unknown:
        raise DataError(f"{path} has the key {unknown[0]}, which is not supported. Remove it.")
    return content


def _steps(transformations: Any, path: Path) -> list[tuple[str, Any]]:
    """Name and options of every transformation, the first of which reads."""
    listed = transformations if isinstance(transformations, list) else [transformations]
    named = [
        (str(name), options)
        for step in listed
        for name, options in (step.items() if isinstance(step, dict) else [(step, None)])
    ]
    if named and named[0][0] == "read_delta_lake":
        raise DataError(
            f"{path} reads a Delta table, which this program cannot. Write the table as Parquet, "
            "list its files under paths, and take read_parquet."
        )
    if not named or named[0][0] not in steps.READERS:
        raise DataError(
            f"{path} does not start its transformations with one that reads rows. Start them with "
            f"{', '.join(steps.READERS)}."
        )
    return named


def _files(listed: Any, path: Path, around: locations.Surroundings) -> list[Path]:
    entries = listed if isinstance(listed, list) else []
    files = [file for entry in entries for file in _entry_files(entry, path, around)]
    if not files:
        raise DataError(f"{path} names no file to read. List some under paths: - file: ./a.jsonl.")
    return files


def _entry_files(entry: Any, path: Path, around: locations.Surroundings) -> Iterable[Path]:
    [(kind, value), *more] = entry.items() if isinstance(entry, dict) and entry else [("", None)]
    if more or not isinstance(value, str) or kind not in ("file", "folder", "pattern"):
        raise DataError(
            f"{path} has {entry!r} under paths. Each entry is one of file, folder and pattern, "
            "with a path."
        )
    if kind == "file":
        return [locations.find_file(value, str(path), around)]
    if mapped := locations.in_datastore(value, around):
        return _mapped_files(mapped, kind, str(path))
    pattern = Path(value if kind == "pattern" else f"{value}/**/*")
    if "://" in value or pattern.is_absolute() or ".." in pattern.parts:
        raise DataError(
            f"{path} has the {kind} {value}, which is not inside {path.parent}. Copy it into "
            "that folder; only an entry of the kind file, or one in a mapped datastore, may lead "
            "elsewhere."
        )
    try:
        matches = sorted(path.parent.glob(str(pattern)))
    except ValueError as error:
        raise DataError(f"{path} has the pattern {value}, which is not valid ({error}).") from None
    return [
        locations.find_file(str(match), str(path), around)
        for match in matches
        if match.is_file() and match != path and not match.name.startswith(".")
    ]


def _mapped_files(mapped: str, kind: str, where: str) -> list[Path]:
    """Files of a folder or pattern in a datastore, whose place the user has chosen."""
    if "://" in mapped:
        raise DataError(
            f"{where} has the {kind} {mapped}, whose files cannot be listed from here. Copy them "
            "to a folder and map the datastore to it."
        )
    pattern = mapped if kind == "pattern" else f"{mapped.rstrip('/')}/**/*"
    found = sorted(Path(match) for match in glob.glob(pattern, recursive=True))  # noqa: PTH207
    return [file for file in found if file.is_file()]


FORM = Folder(read=_read, certainty=_certainty, file_name=_FILE_NAME)
