"""The column of a table that names pictures which are here, where the likely one names none."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from automl.dataset.readers import folder_rows, guesses
from automl.dataset.readers.located import Located
from automl.dataset.readers.table import Choose, Chosen, Table, with_objects_as_columns
from automl.dataset.reading import Guess
from automl.dataset.walk import is_picture_name
from automl.texts import mark

_LEAST_SHARE = 0.9
_NUM_TRIED = 200
_MAX_COLUMNS = 50


def chosen_here(table: Table, choose: Choose, located: Located) -> tuple[Table, Chosen]:
    """A table with its columns; with another one of pictures if only that one names some here.

    That may be a column of names beside one of addresses, or two columns of folders and of names. A
    row may also name a folder, and mean all pictures in it.

    Args:
        table: any.
        choose: chooses the columns; raises a DataError if it cannot.
        located: the pictures that are here.
    """
    table = _with_names(table, located)
    if not table.image_column and guesses.picture_column(table.rows) is None:
        of_folders = _of_folders(table, choose, located)
        if of_folders is not None:
            return of_folders
    chosen = choose(table)
    image = chosen.columns.image
    if image not in table.rows.columns:  # it lies inside of objects
        table = with_objects_as_columns(table)
    if not located.paths or _share(chosen.table.rows[image], table, located) > 0:
        return table, chosen
    used = {image, chosen.columns.label, chosen.columns.split, chosen.columns.group}
    for name, cells in _others(chosen.table.rows, image, used):
        if _share(cells, table, located) < _LEAST_SHARE:
            continue
        sentence = mark(
            "The pictures are those in {name}, as {image} names none that is here."
        ).format(name=name, image=image)
        other = replace(
            table,
            rows=table.rows.assign(**{name: cells.reindex(table.rows.index)}),
            image_column=name,
            guesses=[*table.guesses, Guess(sentence=sentence)],
        )
        found = choose(other)
        if found.columns.image == name:  # else the user names one
            return other, found
    return _of_folders(table, choose, located) or (table, chosen)


def name_most(table: Table, located: Located) -> bool:
    """True if a column of the table names nearly all pictures of its first rows here."""
    found = _with_names(table, located)
    column = found.image_column or guesses.picture_column(found.rows)
    return column is not None and _share(found.rows[column], found, located) >= _LEAST_SHARE


def _of_folders(table: Table, choose: Choose, located: Located) -> tuple[Table, Chosen] | None:
    """The table with a row for each picture, if its rows name folders that are not the classes."""
    whole = folder_rows.of_pictures(table, located)
    if whole is None:
        return None
    chosen = choose(whole)
    return None if folder_rows.name_classes(whole, chosen) else (whole, chosen)


def _with_names(table: Table, located: Located) -> Table:
    """The table with a column of names or ids of pictures, if none is called so."""
    if not located.paths or table.image_column or guesses.picture_column(table.rows):
        return table
    for name in table.rows.columns[:_MAX_COLUMNS]:
        cells = table.rows[name]
        if _may_be_ids(name, cells) and _share(cells, table, located) >= _LEAST_SHARE:
            sentence = mark("The cells in {name} are the names or numbers of the pictures.")
            said = Guess(sentence=sentence.format(name=name))
            return replace(table, image_column=name, guesses=[*table.guesses, said])
    return table


def _others(
    rows: pd.DataFrame, image: str, used: set[str | None]
) -> Iterator[tuple[str, pd.Series]]:
    """Other columns of names or ids, those that are called so first; folders joined with names."""
    names = [name for name in rows.columns[:_MAX_COLUMNS] if rows[name].map(_is_text).all()]
    files = [
        name
        for name in names
        if name not in used and (_are_files(rows[name]) or _may_be_ids(name, rows[name]))
    ]
    for name in sorted(files, key=lambda name: not guesses.is_named_like_pictures(name)):
        yield name, rows[name]
    if image in names:
        for name in names:
            if name != image:
                pairs = zip(rows[name], rows[image], strict=True)
                joined = [f"{folder.strip()}/{file.strip()}" for folder, file in pairs]
                yield f"{name}/{image}", pd.Series(joined, rows.index, object)


def _are_files(cells: pd.Series) -> bool:
    return all(is_picture_name(cell.strip()) for cell in cells)


def _may_be_ids(name: str, cells: pd.Series) -> bool:
    """True for a column called like pictures, and not for numbers of something else.

    Numbers from 1 on name pictures as well as anything; those of pictures are all different.
    """
    if not cells.map(_is_plain).all():
        return False
    texts = [str(cell).strip() for cell in cells if cell is not None and cell == cell]
    are_different = len({*texts}) >= _LEAST_SHARE * len(texts)
    are_names = not any(text.replace(".", "", 1).isdecimal() for text in texts[:_NUM_TRIED])
    is_named = guesses.is_named_like_pictures(name)
    return bool(texts) and (
        (is_named and (are_different or are_names)) or (are_names and are_different)
    )


def _is_plain(cell: object) -> bool:
    return cell is None or isinstance(cell, str | int | float)


def _is_text(cell: object) -> bool:
    return isinstance(cell, str) and bool(cell.strip())


def _share(cells: pd.Series, table: Table, located: Located) -> float:
    """Share of the first cells that name a picture that is here."""
    found = located.found_in(table, cells.head(_NUM_TRIED).tolist())
    return sum(path is not None for path in found) / max(1, len(found))
