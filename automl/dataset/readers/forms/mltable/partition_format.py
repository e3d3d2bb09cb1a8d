"""MLTable's `extract_columns_from_partition_format`: columns from the path of each file.

`{label}/{day:yyyy/MM/dd}/rows.csv` gives the rows of `cat/2026/01/31/rows.csv` the label `cat` and
the day `2026-01-31`.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from automl.errors import DataError

NAME = "extract_columns_from_partition_format"

_COLUMN = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}")
_DATE_PART = re.compile(r"yyyy|MM|dd|HH|mm|ss")
_MAX_STARS = 2
_WRITTEN = (("yyyy", ""), ("MM", "-"), ("dd", "-"), ("HH", "T"), ("mm", ":"), ("ss", ":"))
"""Parts of a date, and what stands before them in a cell."""


def parse(options: Any) -> Callable[[Path], dict[str, str]]:
    """A function from a file to the cells that its path gives.

    Args:
        options: of the transformation: the format, or a mapping that has it.

    Raises:
        DataError: it is no such format; so does the function, for a path of another form.
    """
    given = options.get("partition_format") if isinstance(options, dict) else options
    text = given if isinstance(given, str) else ""
    names = [name.strip() for name, _ in _COLUMN.findall(text)]
    dates = [_DATE_PART.findall(date) for _, date in _COLUMN.findall(text)]
    if not names or "}{" in text or text.count("*") > _MAX_STARS:
        raise DataError(
            f"{NAME} is {given!r}, which names no columns, or two without a sign between them, or "
            f"has more than {_MAX_STARS} *. Write it as {{label}}/{{day:yyyy/MM/dd}}/*.csv."
        )
    pattern = re.compile(_pattern(text) + r"\Z")

    def cells(file: Path) -> dict[str, str]:
        found = pattern.search(file.as_posix())
        if found is None:
            raise DataError(f"The path {file} is not of the form {text} of {NAME}.")
        values = iter(found.groups())
        return {
            name: _date(dict(zip(parts, values, strict=False))) if parts else next(values)
            for name, parts in zip(names, dates, strict=True)
        }

    return cells


def _pattern(text: str) -> str:
    """A regular expression that hardly tracks back: a value ends at the sign that follows it."""
    whole, end = "", 0
    for column in _COLUMN.finditer(text):
        whole += _literal(text[end : column.start()])
        end = column.end()
        if column[2]:
            whole += _DATE_PART.sub(_digits, re.escape(column[2]))
        else:
            whole += f"([^/{re.escape(text[end : end + 1])}]++)"
    return whole + _literal(text[end:])


def _digits(part: re.Match[str]) -> str:
    return rf"(\d{{{len(part[0])}}})"


def _literal(text: str) -> str:
    return "[^/]*".join(re.escape(part) for part in text.split("*"))


def _date(parts: dict[str, str]) -> str:
    written = [before + parts[name] for name, before in _WRITTEN if name in parts]
    return "".join(written)
