"""Rows of a table in any form, and the choice of the columns that are used."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import pandas as pd

from automl.dataset.readers import (
    group_column,
    guesses,
    measurements,
    nested,
    one_hot,
    pictures_in_cells,
    split_column,
)
from automl.dataset.reading import Guess, Reading, UnclearDataError
from automl.dataset.walk import is_picture_name
from automl.errors import DataError, short
from automl.jobs import split_meanings
from automl.jobs.data_source import DataSource
from automl.texts import mark

_ONES = guesses.ONE_HOT
_MAX_NAMED = 20
_LEAST_NAMED = 0.9
_NUM_COMPARED = 100
_MAX_READINGS = 5
_DEFAULT_TARGET = "label"
_CONFIDENCE = "confidence"
_OF_OPEN_IMAGES = frozenset({"imageid", "labelname", _CONFIDENCE})
_BOXES = ({"xmin", "ymin", "xmax", "ymax"}, {"x1", "y1", "x2", "y2"}, {"bbox"}, {"boundingbox"})
_TOTALS = frozenset(
    {"total", "totals", "sum", "count", "summe", "gesamt", "insgesamt", "anzahl", "somme", "suma"}
    | {"somma", "totale", "totaal", "итого", "всего", "合计", "合計", "总计", "총계", "합계"}
)


@dataclass(frozen=True)
class Table:
    """Rows, and the columns that the form of the data fixes."""

    rows: pd.DataFrame
    """Python objects; the index names each row: `Row 3 of labels.csv`."""

    path: Path
    """The file, or the folder with several files."""

    folder: Path
    """Folder that locations are relative to."""

    image_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
    guesses: Sequence[Guess] = ()
    doubt: str = ""
    """Guess about columns of ticks or of probabilities, if a picture has one label of them."""


@dataclass(frozen=True)
class Columns:
    """The names of the columns that are used."""

    image: str
    label: str
    split: str | None
    group: str | None

    split_values: Mapping[str, str] = field(default_factory=dict)
    """Split by value in lower case, where the user has said it."""


@dataclass(frozen=True)
class Chosen:
    """A table with the columns that are used."""

    table: Table
    """With a further column of labels, if the table has a column for each class."""

    columns: Columns
    readings: Sequence[Reading]
    """How the table is understood, followed by other ways to read it."""


Choose = Callable[[Table], Chosen]
"""Chooses the columns of a table; raises a DataError if it has none of pictures, or of labels."""


def choose(table: Table, source: DataSource, target_column_name: str) -> Chosen:
    """Choose the columns: those that the job names, that the form fixes, or that look likely.

    Raises:
        DataError: a column is missing; the message lists the columns of the table.
    """
    table = _flattened(table, source, target_column_name)
    image = _image(table, source.image_column)
    table = _without_other_rows(table, image)
    table = _without_denied(table, target_column_name)
    likely_split = _split(table, source, {image, target_column_name})
    group = _existing(table, source.group_column, mark("Set group_column to one of them."))
    table, label, others = _label(table, target_column_name, (image, likely_split, group))
    _refuse_measurements(table, label)
    columns = Columns(
        image=image,
        label=label,
        split=likely_split,
        group=group,
        split_values=split_meanings.parsed(source.split_values) if source.split_values else {},
    )
    if likely_split is None and source.split_column is None:
        table = _with_other_splits(table, {image, label, group})
    if likely_split is None and group is None:
        groups = group_column.suspected(table.rows, {image, label})
        if groups:
            table = replace(table, guesses=[*table.guesses, group_column.guess(groups)])
    table = _with_unused_boxes(table, {image, label, group, likely_split})
    if source.image_column is None:
        table = _with_other_pictures(table, columns)
    return Chosen(table, columns, _readings(table, columns, others, source))


def _with_other_pictures(table: Table, columns: Columns) -> Table:
    """The table with a guess about further columns of other pictures, such as a left and a right.

    A column with the same names, as addresses beside files, means the same pictures.
    """
    first = _stems(table.rows[columns.image])
    names = [
        name
        for name in guesses.picture_columns(table.rows)
        if name not in (columns.image, columns.label)
        and 2 * sum(map(operator.ne, _stems(table.rows[name]), first)) > len(first)
    ]
    if not names:
        return table
    known, more = mark("The pictures are in {name}."), mark("Other pictures are in {names}.")
    sentence = f"{known.format(name=columns.image)} {more.format(names=', '.join(names))}"
    others = [
        Reading(sentence=known.format(name=name), options={"image_column": name})
        for name in names[:_MAX_READINGS]
    ]
    return replace(table, guesses=[*table.guesses, Guess(sentence=sentence, others=others)])


def _stems(cells: pd.Series) -> list[str]:
    """Names of the first files without folders and endings."""
    first = cells.head(_NUM_COMPARED)
    return [PurePosixPath(str(cell).replace("\\", "/")).stem for cell in first]


def _flattened(table: Table, source: DataSource, target_column_name: str) -> Table:
    """The table with the values in its objects as columns, if the columns lie there."""
    if table.label_column is not None or target_column_name in table.rows.columns:
        return table
    plain = [
        name for name in table.rows.columns if not nested.has_objects_as_text(table.rows[name])
    ]
    has_labels = any(map(guesses.is_named_like_labels, plain))
    has_pictures = source.image_column or table.image_column or guesses.picture_column(table.rows)
    if has_labels and has_pictures and len(plain) == len(table.rows.columns):
        return table
    return with_objects_as_columns(table)


def with_objects_as_columns(table: Table) -> Table:
    """The table with the values in its objects as columns."""
    rows, unread = nested.flattened(table.rows)
    return replace(table, rows=rows, guesses=[*table.guesses, *unread])


def _without_other_rows(table: Table, image: str) -> Table:
    """The table without rows of a total, and those that repeat the names of the columns.

    The other rows name pictures with their endings: an id may be any word.
    """
    cells = [str(cell).strip().rstrip(":").casefold() for cell in table.rows[image]]
    others = [cell == image.strip().casefold() or cell in _TOTALS for cell in cells]
    num_named = sum(map(is_picture_name, cells))
    if not any(others) or num_named < _LEAST_NAMED * (len(cells) - sum(others)) or not num_named:
        return table
    rows = list(table.rows.index[others])
    more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
    sentence = mark("{row} is left out: it is no picture, but a total or names of columns.").format(
        row=f"{rows[0]}{more}"
    )
    guesses = [*table.guesses, Guess(sentence=sentence)]
    return replace(table, rows=table.rows[[not one for one in others]], guesses=guesses)


def _without_denied(table: Table, target_column_name: str) -> Table:
    """The table without rows that say which label a picture has not, as those of Open Images.

    In other tables a column of this name may be a class, or how sure somebody was.
    """
    found = {name.lower(): name for name in map(str, table.rows.columns)}
    if not found.keys() >= _OF_OPEN_IMAGES or found[_CONFIDENCE] == target_column_name:
        return table
    name = found[_CONFIDENCE]
    cells = [str(cell).strip().removesuffix(".0") for cell in table.rows[name]]
    if {*cells} != {"0", "1"}:
        return table
    sentence = mark(
        "{count} rows with 0 in {column} are left out: they say which label a picture has not. "
        "If they mean something else, remove that column."
    ).format(count=cells.count("0"), column=name)
    kept = table.rows[[cell == "1" for cell in cells]]
    return replace(table, rows=kept, guesses=[*table.guesses, Guess(sentence=sentence)])


def _with_other_splits(table: Table, used: set[str | None]) -> Table:
    """The table with a guess about a column that is named like splits, and says none in words."""
    name = split_column.suspected(table.rows, used)
    if name is None:
        return table
    unused = mark("The column {name} is not used. If it says the split, choose it and say how.")
    sentence = unused.format(name=name)
    reading = Reading(
        sentence=mark("The splits are in the column {name}.").format(name=name),
        options={"split_column": name},
    )
    return replace(table, guesses=[*table.guesses, Guess(sentence=sentence, others=[reading])])


def _with_unused_boxes(table: Table, used: set[str | None]) -> Table:
    """The table with a guess if its labels may be those of boxes in the pictures."""
    unused = [name for name in map(str, table.rows.columns) if name not in used]
    by_letters = {re.sub(r"[\W_]", "", name).lower(): name for name in unused}
    corners = next((names for names in _BOXES if names <= by_letters.keys()), None)
    if corners is None:
        return table
    sentence = mark(
        "The boxes in {name} are not used: each label counts for the whole picture. If it is that "
        "of the thing in the box, cut these things out as pictures of their own."
    ).format(name=", ".join(by_letters[one] for one in sorted(corners)))
    return replace(table, guesses=[*table.guesses, Guess(sentence=sentence)])


def _readings(
    table: Table, columns: Columns, others: Sequence[str], source: DataSource
) -> list[Reading]:
    one = mark("The table {file}: pictures in {image}, labels in {label}.")
    each = mark(
        "The table {file}: pictures in {image}, labels in the names of the columns of classes."
    )
    said = [
        (each if columns.label == _ONES else one).format(
            file=table.path.name, image=columns.image, label=columns.label
        )
    ]
    if columns.split:
        said.append(mark("The splits are in the column {name}.").format(name=columns.split))
    if columns.group:
        said.append(group_column.CHOSEN.format(name=columns.group))
    kept = {
        name: value
        for name in ("type", "image_column", "split_column", "split_values", "group_column")
        if (value := getattr(source, name))
    }
    return [
        Reading(sentence=" ".join(said)),
        *(
            Reading(
                sentence=mark("Each class has a column of its own.")
                if name == _ONES
                else mark("The labels are in the column {name}.").format(name=name),
                options={**kept, "target_column_name": name},
            )
            for name in others[:_MAX_READINGS]
        ),
    ]


def _image(table: Table, image_column: str | None) -> str:
    advice = mark("Set image_column to the one with the locations of the pictures.")
    named = _existing(table, image_column, advice) or table.image_column
    named = named or guesses.picture_column(table.rows)
    if named is None:
        if len(table.rows) and pictures_in_cells.are_pixels(table.rows.iloc[0].tolist()):
            raise pictures_in_cells.of_pixels(table.path)
        columns = _columns(table)
        raise DataError(
            f"{table.path} has no column that is named like one of pictures, for example "
            f"image_url or file_name; {columns}. {advice}"
        )
    pictures_in_cells.refuse_texts(table.path, named, table.rows[named])
    return named


def _split(table: Table, source: DataSource, used: set[str]) -> str | None:
    if source.split_column == split_column.NEVER:
        return None
    named = _existing(table, source.split_column, mark("Set split_column to one of them."))
    return named or table.split_column or split_column.likely(table.rows, used)


def _label(
    table: Table, target_column_name: str, used: tuple[str, str | None, str | None]
) -> tuple[Table, str, list[str]]:
    """The table, the column of its labels, and other columns that may be meant."""
    if table.label_column is not None and target_column_name not in table.rows.columns:
        return table, table.label_column, []
    likely = guesses.label_columns(table.rows, used)
    is_asked_for = target_column_name not in (_DEFAULT_TARGET, _ONES)
    if target_column_name in table.rows.columns or is_asked_for:
        advice = "Set target_column_name to the one that holds the labels."
        _existing(table, target_column_name, advice)
        others = [] if table.label_column else likely
        return table, target_column_name, [name for name in others if name != target_column_name]
    ones = one_hot.read(table.rows, used)
    if ones is not None:
        likely = [*(name for name in likely if guesses.is_named_like_labels(name)), _ONES]
        table = replace(table, rows=table.rows.assign(**{_ONES: ones.labels}), doubt=ones.doubt)
    if target_column_name == _ONES and ones is not None:
        likely = [_ONES, *(name for name in likely if name != _ONES)]
    if not likely:
        raise _without_labels(table, used)
    if ones is None and not guesses.is_named_like_labels(likely[0]):
        one_hot.refuse_other_values(table.rows, used)
        measured = [name for name in guesses.measured_of_few_values(table.rows) if name not in used]
        rivals = guesses.rival_labels(table.rows, [*likely, *measured])
        _refuse_several(table, rivals)
        likely = list(dict.fromkeys([*rivals, *likely]))
        table = _with_doubtful_labels(table, likely, used)
    return _with_other_labels(table, likely), likely[0], likely[1:]


def _with_doubtful_labels(table: Table, likely: Sequence[str], used: Sequence[str | None]) -> Table:
    """The table with a guess about a column that is not named like labels, beside other columns."""
    name, *others = likely
    if len(table.rows.columns) - len({*used} - {None}) < 2:
        return table
    sentence = mark("No column is called like labels; the values of {name} recur, so it is used.")
    readings = [
        Reading(
            sentence=mark("The labels are in the column {name}.").format(name=other),
            options={"target_column_name": other},
        )
        for other in others[:_MAX_READINGS]
    ]
    said = Guess(sentence=sentence.format(name=name), others=readings)
    return replace(table, guesses=[*table.guesses, said])


def _without_labels(table: Table, used: Sequence[str | None]) -> DataError:
    """The error about a table without a column of labels; numbers may be chosen as classes."""
    columns = _columns(table)
    measured = [name for name in measurements.columns(table.rows) if name not in used]
    if not measured:
        return DataError(
            f"{table.path} has no column label; {columns}. "
            "Set target_column_name to the one that holds the labels."
        )
    whole = [name for name in measured if not measurements.of_labels(table.rows[name])]
    names = ", ".join(measured[:_MAX_READINGS])
    return UnclearDataError(
        f"{table.path} has no column label; {columns}. Measurements, as in {names}, are no "
        "classes. Write the class of each picture, such as a range of them, into a column. "
        "Set target_column_name to the one that holds the labels.",
        [
            Reading(
                sentence=mark("Each number in the column {name} is a class.").format(name=name),
                options={"target_column_name": name},
            )
            for name in whole[:_MAX_READINGS]
        ],
    )


def _refuse_measurements(table: Table, label: str) -> None:
    """Raise a DataError if the labels are numbers with fractions, of which hardly two are equal."""
    numbers = measurements.of_labels(table.rows[label])
    if numbers:
        raise DataError(
            f"The column {label} of {table.path} has {len(numbers):,} different numbers such as "
            f"{short(numbers[0])}, which look like measurements, and each would be a class. Write "
            "the class of each picture, such as a range of them, into a column, and set "
            "target_column_name to that."
        )


def _with_other_labels(table: Table, likely: Sequence[str]) -> Table:
    """The table with a guess about other columns that are named like labels and say others."""
    if likely[0] == _ONES:
        return table
    named = [name for name in likely if guesses.is_named_like_labels(name) and name != _ONES]
    rivals = guesses.distinct(table.rows, [likely[0], *named])[1:]
    if not rivals:
        return table
    known = mark("The labels are in the column {name}.")
    also = mark("Other labels are in {names}.")
    sentence = f"{known.format(name=likely[0])} {also.format(names=', '.join(rivals))}"
    others = [
        Reading(sentence=known.format(name=name), options={"target_column_name": name})
        for name in rivals[:_MAX_READINGS]
    ]
    return replace(table, guesses=[*table.guesses, Guess(sentence=sentence, others=others)])


def _refuse_several(table: Table, names: Sequence[str]) -> None:
    """Raise an UnclearDataError for several columns that are as likely to hold the labels."""
    if len(names) < 2:
        return
    shown = names[:_MAX_READINGS]
    raise UnclearDataError(
        f"{table.path} has several columns that may hold the labels: {', '.join(shown)}. Set "
        "target_column_name to the one that does.",
        [
            Reading(
                sentence=mark("The labels are in the column {name}, such as {label}.").format(
                    name=name, label=short(table.rows[name].dropna().iloc[0])
                ),
                options={"target_column_name": name},
            )
            for name in shown
        ],
    )


def _existing(table: Table, name: str | None, advice: str) -> str | None:
    if name is not None and name not in table.rows.columns:
        columns = _columns(table)
        raise DataError(f"{table.path} has no column {name}; {columns}. {advice}")
    return name


def _columns(table: Table) -> str:
    names = list(table.rows.columns)
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return mark(f"its columns are {', '.join(names[:_MAX_NAMED]) + more if names else 'none'}")
