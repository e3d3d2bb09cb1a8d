"""One row for each labelled picture: what every form of data becomes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from automl.dataset import label_sets, locations
from automl.dataset.readers import guesses, labels, same_names, split_column, values
from automl.dataset.readers import label_sets as cells_of_sets
from automl.dataset.readers.table import Chosen, Columns, Table
from automl.dataset.reading import Guess, Reading, UnclearDataError
from automl.errors import DataError, short
from automl.evaluation.metrics import MULTILABEL
from automl.jobs import split_meanings
from automl.texts import mark


@dataclass(frozen=True)
class LeftOut:
    """Paths of what a reader passed over; the health report shows them."""

    links: Sequence[str] = ()
    """Links to folders, to nowhere or out of the data."""

    unnameable: Sequence[str] = ()
    """Files whose names are not text."""

    strays: Sequence[str] = ()
    """Pictures outside of all class folders."""

    empty_folders: Sequence[str] = ()
    """Class folders without pictures."""

    unlabelled: Sequence[str] = ()
    """Pictures of rows without a label."""

    several_labels: Sequence[tuple[str, str]] = ()
    """Pictures of rows with several labels, and these, with commas between them."""

    copies: Sequence[str] = ()
    """Folders that repeat the pictures beside them."""

    unused: Sequence[str] = ()
    """Files that look like tables of labels and are not used, each with the reason."""

    unread: Sequence[str] = ()
    """Files that may hold pictures in a form that is not read, each with what it is."""

    num_other_files: int = 0
    """Files that are not named like a picture."""

    def plus(self, more: "LeftOut") -> "LeftOut":
        """Both together, as for training and validation data."""
        return LeftOut(
            links=[*self.links, *more.links],
            unnameable=[*self.unnameable, *more.unnameable],
            strays=[*self.strays, *more.strays],
            empty_folders=[*self.empty_folders, *more.empty_folders],
            unlabelled=[*self.unlabelled, *more.unlabelled],
            several_labels=[*self.several_labels, *more.several_labels],
            copies=[*self.copies, *more.copies],
            unused=[*self.unused, *more.unused],
            unread=[*self.unread, *more.unread],
            num_other_files=self.num_other_files + more.num_other_files,
        )

    def using(self, files: Iterable[str]) -> "LeftOut":
        """The same for files that are used after all: the reasons why they are not are gone."""
        starts = tuple(f"{file}: " for file in files)
        return replace(self, unused=[one for one in self.unused if not one.startswith(starts)])


@dataclass(frozen=True)
class Listing:
    """The labelled pictures of a data source, and what was passed over."""

    pictures: pd.DataFrame
    """One row a picture, in an order that does not depend on the file system, with the columns
    `path`: absolute, also of a downloaded picture;
    `label`, and `label_set` where pictures have any number of labels, see `dataset.label_sets`;
    `split`: train, validation or test; missing where the data does not say;
    `group`, if the data source names a group column: missing where the cell is empty;
    `problem`, of tables: why a picture could not be downloaded, as a sentence, or missing."""

    left_out: LeftOut

    readings: Sequence[Reading] = ()
    """How the data was understood, followed by the other ways to read it."""

    guesses: Sequence[Guess] = ()
    class_names: Mapping[str, str] = field(default_factory=dict)
    """Name by number or code, where a file names the classes, see `named_classes`."""

    written: Collection[str] = ()
    """Labels as the data has them, with blanks and in any form of Unicode; none of texts with
    several."""

    def with_splits(self, pictures: pd.DataFrame, where: str) -> "Listing":
        """The listing of the pictures with splits that are said elsewhere.

        Args:
            pictures: those of the listing, or some of them, with splits.
            where: what says the splits, for the sentence about the reading.
        """
        (first, *others) = self.readings
        splits = mark("Splits are in {where}.").format(where=where)
        said = first.model_copy(update={"sentence": f"{first.sentence} {splits}"})
        readings = [said, *others, split_column.NEVER_READING]
        return replace(self, pictures=in_order(pictures), readings=readings)


def in_order(pictures: pd.DataFrame) -> pd.DataFrame:
    """The rows in an order that does not depend on where they came from."""
    return pictures.sort_values(["split", "label", "path"], ignore_index=True)


def of_table(
    chosen: Chosen,
    around: locations.Surroundings,
    *,
    has_sets: bool = False,
    download: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Listing:
    """One row for each picture and label of a table.

    Args:
        chosen: the table, and which of its columns are used.
        around: what locations are relative to.
        has_sets: pictures have any number of labels, and one row each.
        download: False if pictures that lie elsewhere are not downloaded.
        progress: called with how many pictures are downloaded, and how many there are to download.

    Raises:
        DataError: the table has no row with a label, or a cell cannot be used.
    """
    columns = chosen.columns
    table = _with_sets(chosen.table, columns) if has_sets else chosen.table
    rows = _rows(table, columns, has_sets=has_sets)
    if rows.empty:
        raise DataError(f"{table.path} has no rows. Write one for each picture.")
    labelled, several = rows["label"].notna(), rows["several"].notna()
    if not has_sets and 2 * several.sum() > (labelled | several).sum():
        raise _several_labels(table, columns, rows[labelled | several])
    if not labelled.any() or (has_sets and not rows["label"].any()):
        raise DataError(
            f"None of the {len(rows):,} rows of {table.path} has a label in the column "
            f"{columns.label}. Set target_column_name to the one that holds the labels."
        )
    used = rows["split"] != split_meanings.UNUSED
    pictures = rows[labelled & used].reset_index(drop=True)
    if pictures.empty:
        raise DataError(
            f"split_values makes all rows of {table.path} with a label unused. Let some values of "
            f"the column {columns.split} mean train, validation or test."
        )
    files = _find(pictures, around, download=download, progress=progress)
    pictures["path"] = files.paths
    pictures["problem"] = pd.Series(files.problems, dtype="str")
    pictures = pictures.drop(columns=["picture", "row", "several"])
    pictures = pictures.drop_duplicates(["path", "label", "split"])
    pictures = in_order(cells_of_sets.joined(pictures) if has_sets else pictures)
    unlabelled = _find(rows[~labelled & ~several], around, download=False)
    unclear = _find(rows[several], around, download=False)
    left_out = LeftOut(
        unlabelled=unlabelled.paths,
        several_labels=list(zip(unclear.paths, rows["several"][several], strict=True)),
    )
    said = list(table.guesses)
    if columns.split is not None:
        cells = table.rows[columns.split].tolist()
        said += split_column.absent(columns.split, cells, columns.split_values)
    if columns.label == guesses.ONE_HOT and table.doubt:
        said.append(Guess(sentence=table.doubt))
    written = _written(table.rows[columns.label][labelled.to_numpy()], has_sets=has_sets)
    said += same_names.said(written)
    return Listing(pictures, left_out, chosen.readings, said, written=written)


def _with_sets(table: Table, columns: Columns) -> Table:
    """The table with the label sets of columns of ticks, if it has these."""
    used = {columns.image, columns.split, columns.group, columns.label}
    found = cells_of_sets.of_one_hot(table.rows, used) if columns.label == guesses.ONE_HOT else None
    if found is None:
        return table
    rows = table.rows.assign(**{columns.label: found.labels})
    return replace(table, rows=rows, doubt=found.doubt)


def _written(cells: pd.Series, *, has_sets: bool) -> frozenset[str]:
    """Labels in cells and lists; a text of several has blanks between them, which say nothing."""
    alone = [cell for cell in cells if isinstance(cell, str) and not has_sets]
    lists = [cell for cell in cells if isinstance(cell, list | tuple)]
    return frozenset([*alone, *(text for each in lists for text in each if isinstance(text, str))])


def _several_labels(table: Table, columns: Columns, rows: pd.DataFrame) -> UnclearDataError:
    several = rows[rows["several"].notna()]
    first = several.iloc[0]
    return UnclearDataError(
        f"{table.path} looks like data with several labels a picture: {len(several):,} of "
        f"{len(rows):,} rows with a label have several in {columns.label}, such as {first['row']} "
        f"with {short(first['several'])}. Set task: {MULTILABEL}, keep one "
        "label in each row, or set target_column_name to another column.",
        [
            Reading(
                sentence=mark("Every picture has any number of labels."),
                options={"task": MULTILABEL},
            )
        ],
    )


def _rows(table: Table, columns: Columns, *, has_sets: bool) -> pd.DataFrame:
    """Text in all columns; `picture` is the location, and empty where the cell is."""
    names = [str(row) for row in table.rows.index]
    cells = table.rows[columns.label].tolist()
    if has_sets and columns.label == table.label_column:
        cells = cells_of_sets.as_lists(cells)
    sets = cells_of_sets.of_rows(cells, names) if has_sets else None
    found = labels.of_rows(cells, names) if sets is None else _as_texts(sets)
    splits = _splits(table, columns, names, found)
    text = {
        "picture": values.locations(table.rows[columns.image].tolist(), names),
        "row": names,
        "label": found.texts,
        "several": found.several,
        "split": splits,
    }
    if columns.group is not None:
        text["group"] = values.groups(table.rows[columns.group].tolist(), names)
    rows = pd.DataFrame(text, dtype="str")
    if sets is not None:
        rows[label_sets.COLUMN] = pd.Series(sets, rows.index, object)
    return rows


def _as_texts(sets: Sequence[Sequence[str] | None]) -> labels.Labels:
    texts = [None if each is None else label_sets.text(each) for each in sets]
    return labels.Labels(texts, [None] * len(sets))


def _splits(
    table: Table, columns: Columns, rows: Sequence[str], found: labels.Labels
) -> list[str | None]:
    """Split of each row.

    Raises:
        UnclearDataError: a row with a label has a split that is not understood.
    """
    if columns.split is None:
        return [None] * len(rows)
    cells = table.rows[columns.split].tolist()
    splits = split_column.splits(columns.split, cells, rows, columns.split_values)
    unknown = splits.unknown(rows, [text is not None for text in found.texts])
    if unknown:
        kept = {"split_column": columns.split}
        raise split_column.question(columns.split, splits, unknown, columns.split_values, kept)
    return splits.named


def _find(
    rows: pd.DataFrame,
    around: locations.Surroundings,
    *,
    download: bool,
    progress: Callable[[int, int], None] | None = None,
) -> locations.Files:
    """The files of the pictures; a row that names none gets a path that does not exist."""
    named = rows["picture"] != ""
    pictures = rows["picture"].where(named, rows["row"].str.replace("/", "_"))
    files = locations.find(
        pictures.tolist(), rows["row"].tolist(), around, download=download, progress=progress
    )
    problems = [
        problem if is_named else mark("The row names no picture.")
        for problem, is_named in zip(files.problems, named, strict=True)
    ]
    return locations.Files(files.paths, problems)
