"""MLTable's transformations: the first reads the rows, the others change them."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from automl.dataset.readers import delimited, text
from automl.dataset.readers.forms import jsonl, parquet
from automl.dataset.readers.forms.mltable import column_types, partition_format
from automl.dataset.readers.forms.mltable import filter as row_filter
from automl.errors import DataError

_DELIMITED_WITHOUT_EFFECT = ("empty_as_string", "infer_column_types", "support_multi_line")


_HEADERS = (
    "all_files_same_headers",
    "all_files_different_headers",
    "from_first_file",
    "no_header",
)


class _OptionError(Exception):
    """An option of a transformation cannot be used, and why."""


class _NoColumnError(Exception):
    """A transformation names a column that the rows do not have."""


def read_all(
    files: Sequence[Path], name: str, options: Any, formats: Sequence[Any], *, where: Path
) -> pd.DataFrame:
    """Read the rows of all files with the first transformation; see `read`.

    With `header: from_first_file` the first file names the columns of all. Each of the formats, see
    `partition_format`, adds columns.
    """
    parts = [partition_format.parse(each) for each in formats]
    tables = _tables(files, name, options, where)
    for cells in parts:
        tables = [rows.assign(**cells(file)) for file, rows in zip(files, tables, strict=True)]
    return pd.concat(tables)


def _tables(files: Sequence[Path], name: str, options: Any, where: Path) -> list[pd.DataFrame]:
    first = read(files[0], name, options, where=where)
    if not isinstance(options, dict) or options.get("header") != "from_first_file":
        return [first, *(read(file, name, options, where=where) for file in files[1:])]
    without = {**options, "header": "no_header"}
    others = [read(file, name, without, where=where) for file in files[1:]]
    for file, rows in zip(files[1:], others, strict=True):
        if len(rows.columns) != len(first.columns):
            raise DataError(
                f"{file} has {len(rows.columns)} columns, and {files[0]}, whose header counts for "
                f"all files, has {len(first.columns)}."
            )
    return [first, *(rows.set_axis(first.columns, axis=1) for rows in others)]


def read(file: Path, name: str, options: Any, *, where: Path) -> pd.DataFrame:
    """Read the rows of one file with the first transformation.

    Args:
        file: the file with the rows.
        name: of the transformation, one of `READERS`.
        options: of the transformation, as the MLTable file has them.
        where: the MLTable file, for the errors.

    Raises:
        DataError: the file cannot be read, or an option is wrong.
    """
    unused = {} if options is None else options
    try:
        if not isinstance(unused, dict):
            raise _OptionError("it is not a mapping")
        unused = dict(unused)  # each reader takes out the options that it knows
        with_path = _switch(unused, "include_path_column")
        rows = READERS[name](file, unused)
        if unused:
            raise _OptionError(f"{next(iter(unused))} is not supported")
    except _OptionError as error:
        raise DataError(f"{where} has {name} with a wrong option: {error}.") from None
    return rows.assign(Path=str(file)) if with_path else rows


def transform(rows: pd.DataFrame, name: str, options: Any, *, where: Path) -> pd.DataFrame:
    """Apply one more transformation.

    Args:
        rows: the rows so far.
        name: of the transformation.
        options: of the transformation, as the MLTable file has them.
        where: the MLTable file, for the errors.

    Raises:
        DataError: the transformation is not supported, or its options are wrong.
    """
    if name not in _TRANSFORMATIONS:
        raise DataError(
            f"{where} has the transformation {name}, which is not supported. Remove it; "
            f"allowed are {', '.join((*_TRANSFORMATIONS, partition_format.NAME))}."
        )
    try:
        return _TRANSFORMATIONS[name](rows, options)
    except _NoColumnError as error:
        raise DataError(
            f"{where} has {name} on the column {error}, but the rows have no such column. "
            f"The columns are {', '.join(rows.columns)}."
        ) from None
    except DataError:
        raise
    except (TypeError, KeyError, ValueError, OverflowError):  # options of another shape
        raise DataError(
            f"{where} has {name} with {options!r}, which is not understood. See Azure's MLTable "
            "documentation for how to write it."
        ) from None


def _read_json_lines(file: Path, options: dict[str, Any]) -> pd.DataFrame:
    drop = _one_of(options, "invalid_lines", ("error", "drop")) == "drop"
    return jsonl.rows(text.read(file, _encoding(options)), file, drop_invalid=drop)


def _read_delimited(file: Path, options: dict[str, Any]) -> pd.DataFrame:
    header = _one_of(options, "header", _HEADERS) != "no_header"
    delimiter = options.pop("delimiter", ",")
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise _OptionError(f"delimiter is {delimiter!r}; it must be one character")
    for name in _DELIMITED_WITHOUT_EFFECT:
        options.pop(name, None)
    content = text.read(file, _encoding(options))
    return delimited.rows(content, file, delimiter=delimiter, header=header)


def _read_parquet(file: Path, _: dict[str, Any]) -> pd.DataFrame:
    return parquet.rows(file)


READERS: dict[str, Callable[[Path, dict[str, Any]], pd.DataFrame]] = {
    "read_json_lines": _read_json_lines,
    "read_delimited": _read_delimited,
    "read_parquet": _read_parquet,
}


def _encoding(options: dict[str, Any]) -> str:
    return _one_of(options, "encoding", tuple(text.ENCODINGS))


def _switch(options: dict[str, Any], name: str) -> bool:
    """Take a boolean out of the options; Azure reads MLTable files as YAML 1.1."""
    value = options.pop(name, False)
    words = {"yes": True, "on": True, "no": False, "off": False}
    switch = words.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(switch, bool):
        raise _OptionError(f"{name} is {value!r}; allowed is true or false")
    return switch


def _one_of(options: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Take out an option; the first allowed value is the default."""
    value: str = options.pop(name, allowed[0])
    if value not in allowed:
        raise _OptionError(f"{name} is {value!r}; allowed is {', '.join(allowed)}")
    return value


def _take(rows: pd.DataFrame, count: Any) -> pd.DataFrame:
    return rows.head(_count(count))


def _skip(rows: pd.DataFrame, count: Any) -> pd.DataFrame:
    return rows.iloc[_count(count) :]


def _take_random_sample(rows: pd.DataFrame, options: Any) -> pd.DataFrame:
    """The same rows every time, also without a seed."""
    probability = float(options["probability"])
    drawn = random.Random(options.get("seed", 0))
    return rows[[drawn.random() < probability for _ in range(len(rows))]]


def _keep_columns(rows: pd.DataFrame, names: Any) -> pd.DataFrame:
    return rows[_known(names, rows)]


def _drop_columns(rows: pd.DataFrame, names: Any) -> pd.DataFrame:
    return rows.drop(columns=_known(names, rows))


def _filter(rows: pd.DataFrame, expression: Any) -> pd.DataFrame:
    holds = row_filter.parse(expression)
    records = ({str(name): value for name, value in row.items()} for row in rows.to_dict("records"))
    try:
        return rows[[bool(holds(row)) for row in records]]
    except KeyError as error:
        raise _NoColumnError(error.args[0]) from None


def _convert_column_types(rows: pd.DataFrame, conversions: Any) -> pd.DataFrame:
    listed = [conversions] if isinstance(conversions, dict) else conversions
    for conversion in listed:
        names = _known(conversion["columns"], rows)
        kind = conversion["column_type"]
        rows = rows.assign(**{name: column_types.convert(rows[name], kind) for name in names})
    return rows


_TRANSFORMATIONS: dict[str, Callable[[pd.DataFrame, Any], pd.DataFrame]] = {
    "take": _take,
    "skip": _skip,
    "take_random_sample": _take_random_sample,
    "keep_columns": _keep_columns,
    "drop_columns": _drop_columns,
    "filter": _filter,
    "convert_column_types": _convert_column_types,
}


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)
    return value


def _known(names: Any, rows: pd.DataFrame) -> list[str]:
    listed = [names] if isinstance(names, str) else list(names)
    for name in listed:
        if name not in rows.columns:
            raise _NoColumnError(name)
    return listed
