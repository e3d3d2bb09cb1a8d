"""The column of a table that names pictures which are here, where the likely one names none."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

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

    That may be a column of names beside one of addresses, or two columns of folders and of names.

    Args:
        table: any.
        choose: chooses the columns; raises a DataError if it cannot.
        located: the pictures that are here.
    """
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
    return table, chosen


def _others(
    rows: pd.DataFrame, image: str, used: set[str | None]
) -> Iterator[tuple[str, pd.Series]]:
    """Other columns of texts, and those of folders joined with that of the pictures."""
    names = [name for name in rows.columns[:_MAX_COLUMNS] if rows[name].map(_is_text).all()]
    for name in names:
        if name not in used and all(is_picture_name(cell.strip()) for cell in rows[name]):
            yield name, rows[name]
    if image in names:
        for name in names:
            if name != image:
                pairs = zip(rows[name], rows[image], strict=True)
                joined = [f"{folder.strip()}/{file.strip()}" for folder, file in pairs]
                yield f"{name}/{image}", pd.Series(joined, rows.index, object)


def _is_text(cell: object) -> bool:
    return isinstance(cell, str) and bool(cell.strip())


def _share(cells: pd.Series, table: Table, located: Located) -> float:
    """Share of the first cells that name a picture that is here."""
    found = located.found_in(table, cells.head(_NUM_TRIED).tolist())
    return sum(path is not None for path in found) / max(1, len(found))
