"""Files in a folder that may label its pictures, and why those that should do not."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from automl.dataset.locations import Surroundings
from automl.dataset.readers import forms, guesses, picture_columns, text
from automl.dataset.readers.form import Archive, Certainty, Folder, TableFile
from automl.dataset.readers.located import Located, SeveralPlacesError, is_elsewhere
from automl.dataset.readers.table import Choose, Chosen, Table
from automl.dataset.reading import UnclearDataError
from automl.dataset.split_words import is_neutral, split_folders
from automl.dataset.walk import is_hidden
from automl.errors import DataError
from automl.texts import mark

_FOR_LABELS = frozenset({"label", "labels", "annotation", "annotations", "groundtruth"})
_CLASSES = ("_classes",)  # Roboflow's name
_METADATA = "metadata"
_OUTPUT = frozenset({"submission", "prediction", "predictions", "predicted"})
HOLDS_TABLES = frozenset({*_FOR_LABELS, "ann", "anns", "anno", "meta", "metadata", "csv", "gt"})
"""Names of folders whose tables label the pictures beside them."""
_NOT_TABLES = frozenset({".md", ".rst", ".pdf", ".log", ".py", ".ipynb", ".names"})
_MAX_LIST_BYTES = 1 << 24
LEAST_COVERED = 0.5
"""Least share of the pictures that a table which is likely the one of the labels names."""


@dataclass(frozen=True)
class Candidate:
    """A file or folder that one form takes."""

    path: Path
    form: Folder | TableFile

    @cached_property
    def certainty(self) -> Certainty:
        """How sure it is that the content is of the form."""
        return self.form.certainty(self.path)

    @property
    def is_sure(self) -> bool:
        """True if the content is that of the form, and could be of no other."""
        return self.certainty >= Certainty.LIKELY

    def table(self, around: Surroundings) -> Table:
        """Read the table of the form."""
        folder = self.path if self.path.is_dir() else self.path.parent
        return self.form.read(self.path, replace(around, folder=folder))


@dataclass(frozen=True, eq=False)
class Fitting:
    """A table with columns of pictures and of labels."""

    table: Table
    chosen: Chosen
    certainty: Certainty
    found: Sequence[str | None]
    """The picture below the folder that each row means."""

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Label by picture; of rows without one, and of several labels, there is none."""
        columns, rows = self.chosen.columns, self.chosen.table.rows
        cells = zip(self.found, rows[columns.image], rows[columns.label], strict=True)
        return {
            path or str(location): str(label).strip()
            for path, location, label in cells
            if isinstance(label, str | int) and str(label).strip()
        }

    @property
    def num_found(self) -> int:
        return len({path for path in self.found if path is not None})


@dataclass
class Tried:
    """Outcome of trying the candidates."""

    fitting: list[Fitting] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    """Files that look like tables of labels and cannot be used, each with the reason."""

    passed_over: list[str] = field(default_factory=list)
    """Tables that name most pictures here and cannot be used, each with the reason."""

    asked: list[tuple[int, UnclearDataError]] = field(default_factory=list)
    """Questions about tables that name pictures here, each with the number of these."""


def candidates(base: Path) -> list[Candidate]:
    """Tables in the folder, or else in its folders of splits, or else in folders for tables."""
    found = [Candidate(base, form) for form in forms.with_table(base)]
    splits = split_folders(base)
    inside = [child for split in splits for child in _neutral_folders(split)]
    for places in ([base], [*splits, *inside], _folders_of_tables(base)):
        here = [
            Candidate(path, form)
            for path in _files(places)
            if isinstance(form := forms.of_file(path), TableFile)
        ]
        found += here
        if any(map(_may_be_meant, here)):
            break
    return found


def _may_be_meant(candidate: Candidate) -> bool:
    """True for a table; any text can be a list that is only possibly one."""
    is_loose = isinstance(candidate.form, TableFile) and candidate.form.is_loose
    return candidate.certainty > (Certainty.POSSIBLE if is_loose else Certainty.NO)


def unknown(base: Path, num_pictures: int) -> list[str]:
    """Files that are named like tables of labels, but are of no form."""
    named = [path for path in _files([base]) if is_for_labels(path)]
    unread = [
        mark(f"{path.name}: such files cannot be read. Save it as CSV.")
        for path in named
        if _is_unknown(path)
    ]
    return unread + [
        mark(
            f"{path.name}: it has a line for each of the {num_pictures:,} pictures, and does not "
            "name them. Write the name of the picture in front of each line."
        )
        for path in named
        if path.suffix.lower() == ".txt" and _is_of_lines(path, num_pictures)
    ]


def _is_of_lines(path: Path, count: int) -> bool:
    """True for a file of no form with so many lines of text."""
    if count < 2 or path.stat().st_size > _MAX_LIST_BYTES or forms.of_file(path) is not None:
        return False
    return len(text.read(path).split("\n")) - count in (0, 1)


def tried(
    base: Path,
    every: Sequence[Candidate],
    around: Surroundings,
    choose: Choose,
    located: Located,
) -> Tried:
    """Read all candidates; a file for another purpose is passed over."""
    result = Tried(unused=unknown(base, len(located.paths)))
    read: set[str | None] = set()
    for candidate in every:
        path = candidate.path
        if path.suffix.lower() in read:
            continue  # the form of the folder has read all of them
        if path.stem.lower() == _METADATA and any(
            path.parent == one.table.folder or one.table.path == base for one in result.fitting
        ):
            continue  # the form of its folder has read it
        table: Table | None = None
        try:
            table = candidate.table(around)
            fitted = _fitted(candidate, table, choose, located)
        except DataError as error:
            if table is not None and isinstance(error, UnclearDataError):
                path = path.relative_to(around.folder)
                result.asked += _question(error, table, path, located)
            _note(result, error, candidate, table, base, located)
            continue
        if is_for_labels(path) and fitted.certainty < Certainty.LIKELY:
            name, num_paths = path.relative_to(base).as_posix(), len(located.paths)
            result.unused.append(
                mark(f"{name}: it names {fitted.num_found:,} of the {num_paths:,} pictures here.")
            )
        result.fitting.append(fitted)
        read.add(candidate.form.suffix if isinstance(candidate.form, Folder) else None)
    return result


def _note(  # noqa: PLR0913
    result: Tried,
    error: DataError,
    candidate: Candidate,
    table: Table | None,
    base: Path,
    located: Located,
) -> None:
    """Note the reason why a file that looks like labels, or names the pictures, is not used."""
    reason = f"{candidate.path.relative_to(base).as_posix()}: {error}"
    if candidate.path != base and (_should_fit(candidate) or not located.paths):
        result.unused.append(reason)
    elif table is not None and picture_columns.name_most(table, located):
        result.passed_over.append(reason)


def is_for_labels(path: Path) -> bool:
    """True if the name of a file says that it labels pictures."""
    stem = path.stem.lower().removesuffix(".coco")
    words = set(re.split(r"[\W_]+", stem))
    return stem in _CLASSES or bool(words & _FOR_LABELS) or {"ground", "truth"} <= words


def is_output(path: Path) -> bool:
    """True if the name of a file says that a model has written it, or should."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", path.stem).lower()
    return bool({*re.split(r"[\W_]+", words)} & _OUTPUT)


def _fitted(candidate: Candidate, table: Table, choose: Choose, located: Located) -> Fitting:
    table, chosen = picture_columns.chosen_here(table, choose, located)
    cells = chosen.table.rows[chosen.columns.image].tolist()
    found = located.found_in(table, cells)
    fitting = Fitting(table, chosen, Certainty.POSSIBLE, found)
    is_loose = isinstance(candidate.form, TableFile) and candidate.form.is_loose
    if is_loose and not fitting.num_found and not candidate.is_sure:
        raise DataError("It names no picture here.")
    if not fitting.num_found:
        located.refuse_several(table, cells)
    return replace(fitting, certainty=_certainty(candidate, fitting, len(located.paths)))


def _question(
    error: UnclearDataError, table: Table, path: Path, located: Located
) -> list[tuple[int, UnclearDataError]]:
    """The question about a table with the number of pictures that it names; nothing if none is."""
    if isinstance(error, SeveralPlacesError):
        return [(error.num_pictures, error)]
    column = table.image_column or guesses.picture_column(table.rows)
    found = located.found(table.rows[column].tolist(), table.folder) if column else []
    count = len({*found} - {None})
    options = {"table": path.as_posix()}
    readings = [one.model_copy(update={"options": one.options | options}) for one in error.readings]
    return [(count, UnclearDataError(str(error), readings))] if count else []


def _should_fit(candidate: Candidate) -> bool:
    """True for a file that looks like one of labels, so that it is named if it is not used."""
    path = candidate.path
    return is_for_labels(path) or _is_in_place(path) or candidate.is_sure


def _certainty(candidate: Candidate, fitting: Fitting, num_pictures: int) -> Certainty:
    """How sure it is that the table labels the pictures of its folder."""
    path = candidate.path
    if is_output(path):
        return Certainty.NO
    cells = fitting.chosen.table.rows[fitting.chosen.columns.image]
    has_own = not num_pictures or all(is_elsewhere(str(cell)) for cell in cells)
    names_any = fitting.num_found > 0 or has_own
    is_strong = isinstance(candidate.form, Folder) and candidate.certainty > Certainty.LIKELY
    if names_any and (is_strong or is_for_labels(path)):
        return Certainty.STRONG
    label = fitting.chosen.columns.label
    is_named = fitting.table.label_column == label or guesses.is_named_like_labels(label)
    labels_most = fitting.num_found >= LEAST_COVERED * max(1, num_pictures)
    has_several = label == guesses.ONE_HOT or len(set(fitting.labels.values())) > 1
    return Certainty.LIKELY if labels_most and is_named and has_several else Certainty.POSSIBLE


def _is_in_place(path: Path) -> bool:
    """True for a file in a folder that is there for tables."""
    return path.parent.name.lower() in HOLDS_TABLES


def _is_unknown(path: Path) -> bool:
    """True for a file of no form that is no text for people."""
    form = forms.of_file(path)
    is_known = isinstance(form, TableFile | Archive)
    return not is_known and path.suffix.lower() not in {*_NOT_TABLES, ".txt", ""}


def _neutral_folders(folder: Path) -> list[Path]:
    """The folders called images and the like in a folder."""
    return sorted(
        child
        for child in folder.iterdir()
        if is_neutral(child.name) and child.is_dir() and not child.is_symlink()
    )


def _folders_of_tables(base: Path) -> list[Path]:
    return [
        child
        for child in sorted(base.iterdir())
        if child.is_dir() and not child.is_symlink() and child.name.lower() in HOLDS_TABLES
    ]


def _files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        for path in sorted(place.iterdir()):
            if path.is_file() and not is_hidden(path.name):
                yield path
