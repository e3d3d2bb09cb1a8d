"""Pictures below a folder by what a table may call them: paths, names, ids without a suffix."""

import functools
import itertools
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import pandas as pd

from automl.dataset.downloads import scheme_of
from automl.dataset.readers.form import Walk
from automl.dataset.readers.table import Table
from automl.dataset.reading import Guess, Reading, UnclearDataError
from automl.dataset.split_words import split_of_folders, split_of_path
from automl.dataset.walk import is_picture_name
from automl.texts import mark

_CLOUDS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "wasb", "wasbs", "oss"})
_FILE = "file"
_MAX_SHOWN = 60
_MAX_PLACES = 4
_WHOLE = re.compile(r"\d+\.0")


def is_elsewhere(location: str) -> bool:
    """True for a URL, but of a file, and for a place inside of another file; `C:` is no scheme."""
    scheme = scheme_of(location)
    return "::" in location or bool(scheme and scheme != _FILE and location[1:2] != ":")


def is_in_cloud(location: str) -> bool:
    """True for a place in a bucket, whose pictures may have been copied here."""
    return scheme_of(location) in _CLOUDS and "::" not in location


class SeveralPlacesError(UnclearDataError):
    """A table names pictures of which there are several.

    Attributes:
        num_pictures: how many.
    """

    def __init__(self, message: str, readings: Sequence[Reading], num_pictures: int) -> None:
        super().__init__(message, readings)
        self.num_pictures = num_pictures


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
    def _by_folded_name(self) -> dict[str, list[str]]:
        """The same by names in any case."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, paths in self._by_name.items():
            found[name.casefold()] += paths
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
        the name of one file, with or without its suffix and in any case; or its number, 7 for
        `IMG_0007.jpg`. `%20` may stand for a blank.

        Args:
            location: the cell.
            inside: path of the folder that locations are relative to, with a slash at its end.
        """
        spellings = (self._found_as(parts, inside) for parts in _spellings(location))
        return next(filter(None, spellings), None) or self._above(location, inside)

    def _above(self, location: object, inside: str) -> str | None:
        """The picture of a path such as `../images/1.jpg`, which leads up within the folder."""
        if not isinstance(location, str) or ".." not in location or is_elsewhere(location):
            return None
        path = posixpath.normpath(inside + location.strip().replace("\\", "/"))
        return path if path in self.paths else None

    def _found_as(self, parts: Sequence[str], inside: str) -> str | None:
        for start in range(len(parts)):
            tail = "/".join(parts[start:])
            if (path := inside + tail) in self.paths or (path := tail) in self.paths:
                return path
        name = parts[-1]
        named = self._by_name.get(name) or self._by_folded_name.get(name.casefold(), [])
        return _only(parts, named or self._by_number.get(_number(name), []))

    def found(
        self, locations: Sequence[object], folder: Path, split: str | None = None
    ) -> list[str | None]:
        """The picture that each location in a table in a folder means.

        If none is here, names count that differ in their ending, as after a conversion. Of several
        pictures of one name, the one in the folder of the table is meant, or in that of its split.

        Args:
            locations: cells.
            folder: of the table.
            split: of the table; training if none is said.
        """
        inside = self._inside(folder)
        found = [self.find(location, inside) for location in locations]
        if None not in found:
            return found
        found = [
            path or self._nearest(self._named(location), inside, split or "train")
            for path, location in zip(found, locations, strict=True)
        ]
        return found if any(found) else [self._with_other_ending(cell) for cell in locations]

    def found_in(self, table: Table, cells: Sequence[object]) -> list[str | None]:
        """The picture that each cell of a table means."""
        return self.found(cells, table.folder, split_of_path(table.path))

    def refuse_several(self, table: Table, cells: Sequence[object]) -> None:
        """Raise a SeveralPlacesError if the cells name pictures that are in several places each."""
        named = [paths for cell in cells if len(paths := self._named(cell)) > 1]
        if len(named) < max(1, len(cells) / 2):
            return
        places = list(dict.fromkeys(_places(named[0])))
        readings = [
            Reading(
                sentence=mark("Only the pictures in {name}.").format(name=place),
                options={"leave_out": "|".join(one for one in places if one != place)},
            )
            for place in places[:_MAX_PLACES]
        ]
        choices = ", or to ".join(str(one.options["leave_out"]) for one in readings)
        if len(places) > _MAX_PLACES:
            choices = mark(f"the names of all {len(places)} places but one, with | between them")
        raise SeveralPlacesError(
            f"{table.path} names pictures that are in several places, such as "
            f"{' and '.join(named[0][:_MAX_PLACES])}. Set leave_out to {choices}.",
            readings,
            len(named),
        )

    def _named(self, location: object) -> Sequence[str]:
        """All pictures of the name in a cell."""
        name = next(_spellings(location), [""])[-1]
        return self._by_name.get(name) or self._by_folded_name.get(name.casefold(), [])

    @staticmethod
    def _nearest(named: Sequence[str], inside: str, split: str) -> str | None:
        """The only one of several pictures that is below a folder, or in a folder of a split."""
        beside = [path for path in named if inside and path.startswith(inside)]
        of_split = [path for path in beside or named if split_of_folders(path) == split]
        return next((each[0] for each in (beside, of_split) if len(each) == 1), None)

    def _with_other_ending(self, location: object) -> str | None:
        parts = next(_spellings(location), [""])
        stem = PurePosixPath(parts[-1]).stem.casefold() if is_picture_name(parts[-1]) else ""
        return _only(parts, self._by_folded_name.get(stem, ()))

    def in_table(self, table: Table, image_column: str) -> Table:
        """The table with locations relative to this folder, as paths of the pictures they mean."""
        inside = self._inside(table.folder)
        cells = table.rows[image_column].tolist()
        found = self.found_in(table, cells)
        paths = [path or _below(cell, inside) for path, cell in zip(found, cells, strict=True)]
        rows = table.rows.assign(
            **{image_column: pd.Series(paths, index=table.rows.index, dtype=object)}
        )
        doubts = [
            *_other_endings(cells, found, table.path.name),
            *self._nearer(cells, found, inside),
        ]
        return replace(table, rows=rows, folder=self.folder, guesses=[*table.guesses, *doubts])

    def _nearer(
        self, cells: Sequence[object], found: Sequence[str | None], inside: str
    ) -> Iterator[Guess]:
        """Guesses about names that several pictures have."""
        if all(len(paths) == 1 for paths in self._by_name.values()):
            return
        pairs = zip(cells, found, strict=True)
        chosen = [path for cell, path in pairs if path and self.find(cell, inside) is None]
        if chosen and len(self._named(PurePosixPath(chosen[0]).name)) > 1:
            sentence = mark(
                "{count} pictures have names that others have too; meant are those in the folder "
                "of the table or of its split, such as {name}."
            ).format(count=f"{len(chosen):,}", name=chosen[0])
            yield Guess(sentence=sentence)

    def _inside(self, folder: Path) -> str:
        relative = folder.relative_to(self.folder).as_posix() if folder != self.folder else "."
        return "" if relative == "." else f"{relative}/"


def _places(paths: Sequence[str]) -> list[str]:
    """Folder or ending that tells paths of pictures apart, as `leave_out` takes it."""
    parts = [path.split("/") for path in paths]
    at = next((at for at, names in enumerate(zip(*parts, strict=False)) if len({*names}) > 1), 0)
    return [
        each[at] if at < len(each) - 1 else f"*{PurePosixPath(each[-1]).suffix}" for each in parts
    ]


def _spellings(location: object) -> Iterator[list[str]]:
    """Names of the folders and of the file that a cell may mean; none if it lies elsewhere."""
    text = str(location).strip() if isinstance(location, str | int | float) else ""
    if _WHOLE.fullmatch(text):
        text = text[:-2]  # a spreadsheet makes 3.0 of the id 3
    if is_in_cloud(text):
        text = text.partition("://")[2].partition("/")[2]
    if not text or is_elsewhere(text):
        return
    text = text[len(_FILE) + 1 :] if scheme_of(text) == _FILE else text
    for spelling in dict.fromkeys([text, unquote(text)]):
        parts = spelling.replace("\\", "/").removeprefix("./").split("/")
        if ".." not in parts:  # it leads out of the folder; the checks of locations decide
            yield parts


def _other_endings(
    cells: Sequence[object], found: Sequence[str | None], table: str
) -> Iterator[Guess]:
    """Findings about pictures whose names end differently from those in the table."""
    pairs = [
        (str(cell).strip(), path)
        for cell, path in zip(cells, found, strict=True)
        if path is not None
        and not path.endswith(str(cell))  # nearly always so, and cheap to see
        and _ending(str(cell)) not in ("", _ending(path))
    ]
    if pairs:
        cell, path = pairs[0]
        sentence = mark(
            "{count} of {total} pictures have another ending than {table} says, such as {name} for "
            "{cell}."
        ).format(
            count=f"{len(pairs):,}",
            total=f"{len(cells):,}",
            table=table,
            name=PurePosixPath(path).name,
            cell=cell[-_MAX_SHOWN:],
        )
        yield Guess(sentence=sentence)


def _ending(name: str) -> str:
    """Ending of the name of a picture in lower case; empty for an id."""
    name = unquote(name.strip())
    return PurePosixPath(name).suffix.lower() if is_picture_name(name) else ""


def _only(parts: Sequence[str], named: Sequence[str]) -> str | None:
    """The path of a name, or of several the one whose folders are most like those of a location."""
    return named[0] if len(named) == 1 else _of_tail(parts, named)


def _number(text: str) -> str:
    """A number without zeros in front; empty for another text."""
    return (text.lstrip("0") or "0") if text.isdecimal() else ""


def _of_tail(parts: Sequence[str], named: Sequence[str]) -> str | None:
    """The path of several of one name whose folders are most like those of a location."""
    lengths = {path: _num_shared(parts[:-1], path.split("/")[:-1]) for path in named}
    most = max(lengths.values(), default=0)
    best = [path for path, length in lengths.items() if length == most]
    return best[0] if most and len(best) == 1 else None


def _num_shared(one: Sequence[str], two: Sequence[str]) -> int:
    """Number of equal folders at the ends of two paths."""
    pairs = zip(reversed(one), reversed(two), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _below(location: Any, inside: str) -> Any:
    """A relative path with the folder that it is relative to; anything else as it is."""
    is_path = isinstance(location, str) and location.strip() != ""
    if not is_path or scheme_of(location) or Path(location).is_absolute():
        return location
    return inside + location
