"""Azure's MLTable: a YAML file that says which files to read and what to do with their rows."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from automl.dataset import locations
from automl.dataset.readers import mltable_steps as steps
from automl.dataset.readers import text
from automl.dataset.readers.table import Table
from automl.errors import DataError
from automl.jobs import untrusted_yaml

FILE_NAME = "MLTable"

_KEYS = {"$schema", "type", "paths", "transformations", "metadata", "traits"}


def read_mltable(folder: Path, around: locations.Surroundings) -> Table:
    """The rows after all transformations; locations are relative to the folder.

    Raises:
        DataError: what is not understood, by name, and what cannot be read.
    """
    path = folder / FILE_NAME
    content = _content(path)
    reading, *others = _steps(content.get("transformations"), path)
    files = _files(content.get("paths"), path, around)
    rows = pd.concat([steps.read(file, *reading, where=path) for file in files])
    for name, options in others:
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
        where = "" if line is None else f", see line {line + 1}"
        raise DataError(f"{path} is not valid YAML{where}.") from None
    if not isinstance(content, dict):
        raise DataError(f"{path} is not a mapping with the keys paths and transformations.")
    unknown = sorted(str(key) for key in content if key not in _KEYS)
    if unknown:
        raise DataError(f"{path} has the key {unknown[0]}, which is not known here. Remove it.")
    return content


def _steps(given: Any, path: Path) -> list[tuple[str, Any]]:
    """Name and options of every transformation, the first of which reads."""
    found = [
        (str(name), options)
        for step in (given if isinstance(given, list) else [given])
        for name, options in (step.items() if isinstance(step, dict) else [(step, None)])
    ]
    if not found or found[0][0] not in steps.READERS:
        raise DataError(
            f"{path} does not start its transformations with one that reads rows. Start them with "
            f"{', '.join(steps.READERS)}."
        )
    return found


def _files(given: Any, path: Path, around: locations.Surroundings) -> list[Path]:
    entries = given if isinstance(given, list) else []
    found = [file for entry in entries for file in _entry_files(entry, path, around)]
    if not found:
        raise DataError(f"{path} names no file to read. List some under paths: - file: ./a.jsonl.")
    return found


def _entry_files(entry: Any, path: Path, around: locations.Surroundings) -> Iterable[Path]:
    [(kind, value), *more] = entry.items() if isinstance(entry, dict) and entry else [("", None)]
    if more or not isinstance(value, str) or kind not in ("file", "folder", "pattern"):
        raise DataError(
            f"{path} has {entry!r} under paths. Each entry is one of file, folder and pattern, "
            "with a path."
        )
    if kind == "file":
        return [locations.find_file(value, str(path), around)]
    pattern = Path(value if kind == "pattern" else f"{value}/**/*")
    if "://" in value or pattern.is_absolute() or ".." in pattern.parts:
        raise DataError(
            f"{path} has the {kind} {value}, which is not inside of {path.parent}. Only a file may "
            "be elsewhere; copy the others."
        )
    try:
        matches = sorted(path.parent.glob(str(pattern)))
    except ValueError as error:
        raise DataError(f"{path} has the pattern {value}, which is none ({error}).") from None
    return [
        locations.find_file(str(match), str(path), around)
        for match in matches
        if match.is_file() and match != path and not match.name.startswith(".")
    ]
