"""Pictures below a folder by what a table may call them: paths, names, ids without a suffix."""

import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from automl.dataset.downloads import scheme_of
from automl.dataset.readers.form import Walk
from automl.dataset.readers.table import Table

_CLOUDS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "wasb", "wasbs", "oss"})


def is_elsewhere(location: str) -> bool:
    """True for a URL, and for a place inside of another file; `C:` is no scheme."""
    return "::" in location or bool(scheme_of(location) and location[1:2] != ":")


def is_in_cloud(location: str) -> bool:
    """True for a place in a bucket, whose pictures may have been copied here."""
    return scheme_of(location) in _CLOUDS and "::" not in location


@dataclass(frozen=True)
class Located:
    """The pictures below a folder, as relative paths with slashes."""

    folder: Path
    paths: frozenset[str]

    @classmethod
    def below(cls, folder: Path, walk: Walk) -> "Located":
        """List the pictures below a folder."""
        return cls(folder, frozenset("/".join(parts) for parts in walk(folder).pictures))

    @functools.cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """Paths by the name of the file, and by its name without suffix."""
        found: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.paths):
            name = PurePosixPath(path)
            for key in {name.name, name.stem}:
                found[key].append(path)
        return found

    @functools.cached_property
    def _by_number(self) -> dict[str, list[str]]:
        """Paths by the number that their names end with, after what most names start with."""
        starts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for path in sorted(self.paths):
            if ended := re.fullmatch(r"(\D*)(\d+)", PurePosixPath(path).stem):
                starts[ended[1]][_number(ended[2])].append(path)
        return max(starts.values(), key=len, default={})

    def find(self, location: object, inside: str = "") -> str | None:
        """The picture that a cell means; None if there is none, or more than one.

        A path below the folder; the longest tail of a path of another machine that exists here; or
        the name of one file, with or without its suffix; or its number, 7 for `IMG_0007.jpg`.

        Args:
            location: the cell.
            inside: path of the folder that locations are relative to, with a slash at its end.
        """
        text = str(location).strip() if isinstance(location, str | int) else ""
        if is_in_cloud(text):
            text = text.partition("://")[2].partition("/")[2]
        if not text or is_elsewhere(text):
            return None
        parts = text.replace("\\", "/").removeprefix("./").split("/")
        if ".." in parts:  # it leads out of the folder; the checks of locations decide
            return None
        for start in range(len(parts)):
            tail = "/".join(parts[start:])
            if (path := inside + tail) in self.paths or (path := tail) in self.paths:
                return path
        named = self._by_name.get(parts[-1], ()) or self._by_number.get(_number(parts[-1]), ())
        return named[0] if len(named) == 1 else _of_tail(parts, named)

    def found(self, locations: Iterable[object], folder: Path) -> list[str | None]:
        """The picture that each location in a table in a folder means."""
        inside = self._inside(folder)
        return [self.find(location, inside) for location in locations]

    def in_table(self, table: Table, image_column: str) -> Table:
        """The table with locations relative to this folder, as paths of the pictures they mean."""
        inside = self._inside(table.folder)
        found = [
            self.find(cell, inside) or _below(cell, inside) for cell in table.rows[image_column]
        ]
        cells = pd.Series(found, index=table.rows.index, dtype=object)
        rows = table.rows.assign(**{image_column: cells})
        return replace(table, rows=rows, folder=self.folder)

    def _inside(self, folder: Path) -> str:
        relative = folder.relative_to(self.folder).as_posix() if folder != self.folder else "."
        return "" if relative == "." else f"{relative}/"


def _number(text: str) -> str:
    """A number without zeros in front; empty for another text."""
    return (text.lstrip("0") or "0") if text.isdecimal() else ""


def _of_tail(parts: list[str], named: Sequence[str]) -> str | None:
    """The path of several of one name whose folders are most like those of a location."""
    lengths = {path: _num_shared(parts[:-1], path.split("/")[:-1]) for path in named}
    most = max(lengths.values(), default=0)
    best = [path for path, length in lengths.items() if length == most]
    return best[0] if most and len(best) == 1 else None


def _num_shared(one: list[str], two: list[str]) -> int:
    """Number of equal folders at the ends of two paths."""
    pairs = zip(reversed(one), reversed(two), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _below(location: Any, inside: str) -> Any:
    """A relative path with the folder that it is relative to; anything else as it is."""
    is_path = isinstance(location, str) and location.strip() != ""
    if not is_path or scheme_of(location) or Path(location).is_absolute():
        return location
    return inside + location
