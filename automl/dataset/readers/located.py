"""Pictures below a folder by what a table may call them: paths, names, ids without a suffix."""

import functools
from collections import defaultdict
from collections.abc import Iterable
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

    def find(self, location: object, inside: str = "") -> str | None:
        """The picture that a cell means; None if there is none, or more than one.

        A path below the folder; the longest tail of a path of another machine that exists here; or
        the name of one file, with or without its suffix.

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
        named = self._by_name.get(parts[-1], ())
        return named[0] if len(named) == 1 else None

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


def _below(location: Any, inside: str) -> Any:
    """A relative path with the folder that it is relative to; anything else as it is."""
    is_path = isinstance(location, str) and location.strip() != ""
    if not is_path or scheme_of(location) or Path(location).is_absolute():
        return location
    return inside + location
