"""Answers of annotation tools, one row a picture, as a table."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from automl.dataset.readers.table import Table
from automl.dataset.reading import Guess
from automl.texts import mark

Row = tuple[str, str, Mapping[str, Any]]
"""Name of the row, location of the picture, and the answer to each question, a text or a list."""


def as_table(
    rows: Iterable[Row], path: Path, label: str | None = None, *, guesses: Sequence[Guess] = ()
) -> Table:
    """The table of answers; the only question is the column of the labels.

    There an empty list stays: the picture has no label. Without an answer it is not labelled.

    Args:
        rows: of all pictures.
        path: the file that they are from.
        label: the question that the labels answer, if the form says it.
        guesses: what was guessed to read them.
    """
    every: Sequence[Row] = list(rows)
    questions = list(dict.fromkeys(name for _, _, answers in every for name in answers))
    only = questions[0] if len(questions) == 1 else None
    named = label if label in questions else only
    columns: dict[str, list[Any]] = {_IMAGE: [location for _, location, _ in every]}
    for name in questions:
        nothing: Any = [] if name == named else None
        columns[name] = [_only(answers.get(name), nothing) for _, _, answers in every]
    frame = pd.DataFrame(columns, index=[where for where, _, _ in every], dtype=object)
    folder = path if path.is_dir() else path.parent
    return Table(frame, path, folder, _IMAGE, named, guesses=guesses)


def of_shapes(tool: str) -> Guess:
    """Finding where the names of boxes and other shapes are taken for labels."""
    taken = mark("{tool} says what is in the boxes of a picture, which is taken for its label.")
    several = mark("Pictures with several kinds of objects have several labels.")
    return Guess(sentence=f"{taken.format(tool=tool)} {several}")


def _only(answer: Any, nothing: Any) -> Any:
    """The entry of a list of one; what stands for an empty one."""
    if isinstance(answer, list) and len(answer) < 2:
        return answer[0] if answer else nothing
    return answer or None


_IMAGE = "image"
