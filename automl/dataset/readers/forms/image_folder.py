"""A folder with one sub-folder of pictures per class, perhaps below a folder for each split."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

import pandas as pd

from automl.dataset import annotation_pictures, file_kinds
from automl.dataset.folder_tree import Parts
from automl.dataset.layout import Choices, Layout, find_layout
from automl.dataset.layout_questions import SplitsOnlyError
from automl.dataset.readers import detection_layouts, labels, listing, same_names
from automl.dataset.readers.form import Certainty, ClassFolders
from automl.dataset.readers.listing import LeftOut, Listing
from automl.dataset.readers.repeated_folders import without_copies
from automl.dataset.reading import Reading, UnclearDataError
from automl.dataset.split_words import is_neutral, split_in, split_of
from automl.dataset.walk import Tree
from automl.errors import DataError
from automl.jobs import label_patterns
from automl.jobs.data_source import DataSource
from automl.texts import mark

_ADVICE = mark("Give a folder with one sub-folder of pictures per class.")
_ADVICE_ON_LINKS = mark(
    "Copy the folder with the files that they name (cp -rL), and give the copy."
)
_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xlsx")


def _read(root: Path, tree: Tree, source: DataSource) -> Listing:
    """One row for each picture below the root, see `automl.dataset.readers.read`."""
    choices = Choices(
        label_level=source.label_level,
        group_level=source.group_level,
        split_folders=source.split_folders,
        label_pattern=source.label_pattern,
    )
    pictures, copies = without_copies(tree.pictures, root)
    tree = replace(tree, pictures=pictures)
    try:
        tables = {parts[:-1] for parts in tree.other_files if _may_be_table(parts[-1])}
        layout = find_layout(pictures, choices, tables)
    except UnclearDataError as error:
        _refuse_boxes(tree, root)
        readings = [*_absolute(error.readings, root), *_patterns_of_training(error, pictures)]
        raise UnclearDataError(f"{root}: {error}", readings) from None
    labelled = [(parts, label) for parts in pictures if (label := layout.label(parts)) is not None]
    classes = {label for _, label in labelled}
    if len(classes) < 2 and choices == Choices():
        _refuse_boxes(tree, root)
    if not labelled or (choices == Choices() and _say_nothing(classes)):
        raise _nothing_labelled(tree, root, choices)
    _refuse_unknown_splits(layout, labelled)
    names = {label: labels.of_folder(label, root) for label in sorted(classes)}
    start = os.path.join(root, "")  # noqa: PTH118 (a Path has no separator at its end)
    columns = {
        "path": [start + os.sep.join(parts) for parts, _ in labelled],  # noqa: PTH118 (quicker)
        "label": [names[label] for _, label in labelled],
        "split": pd.Series([layout.split(parts) for parts, _ in labelled], dtype="str"),
    }
    if layout.groups:
        columns["group"] = pd.Series([layout.group(parts) for parts, _ in labelled], dtype="str")
    left_out = replace(
        _left_out(tree, layout, root, has_strays=len(labelled) < len(pictures)),
        copies=[str(root.joinpath(*folder)) for folder in copies],
    )
    masks = annotation_pictures.guesses(tree) if source.leave_out is None else []
    readings = [layout.reading, *_absolute(layout.others, root)]
    rows = listing.in_order(pd.DataFrame(columns))
    guesses = [*layout.guesses, *same_names.said(classes), *masks]
    return Listing(rows, left_out, readings, guesses, written=classes)


def _may_be_table(name: str) -> bool:
    return PurePath(name).suffix.lower() in _TABLES


def _refuse_unknown_splits(layout: Layout, labelled: Iterable[tuple[Parts, str]]) -> None:
    """Refuse a word in place of `{split}` that is that of no split."""
    for parts, _ in labelled:
        word = label_patterns.split_word(layout.pattern or "", parts[-1])
        if word and split_of(word) is None:
            raise DataError(
                f"label_pattern is {layout.pattern!a}, and {parts[-1]!a} has {word!a} in place of "
                "{split}. Allowed are words for train, validation and test. Rename such files, or "
                "set label_pattern to a pattern without {split}."
            )


def _say_nothing(classes: set[str]) -> bool:
    """True for a single class whose name is that of no class, such as images."""
    return len(classes) == 1 and is_neutral(*classes)


def _patterns_of_training(error: UnclearDataError, pictures: Sequence[Parts]) -> list[Reading]:
    """The labels in the names of training pictures, where nothing but splits is known."""
    if not isinstance(error, SplitsOnlyError):
        return []
    train = [
        parts[-1] for parts in pictures if any(split_in(part) == ("train", "") for part in parts)
    ]
    likely = label_patterns.likely(train, _is_split)
    return [_pattern_reading(*likely)] if likely else []


def _is_split(word: str) -> bool:
    return split_of(word) is not None


def _pattern_reading(pattern: str, counts: Counter[str]) -> Reading:
    return Reading(
        sentence=mark("The label is in the name of the file: {examples}.").format(
            examples=_most_common(counts)
        ),
        options={"label_pattern": pattern},
    )


def _most_common(counts: Counter[str]) -> str:
    most = ", ".join(f"{label} ({count:,})" for label, count in counts.most_common(5))
    return most + (f" and {len(counts) - 5} more" if len(counts) > 5 else "")


def _refuse_boxes(tree: Tree, root: Path) -> None:
    """Raise a DataError for data of object detection."""
    if sentences := detection_layouts.described(tree, root):
        raise DataError(sentences)


def _absolute(readings: Sequence[Reading], root: Path) -> list[Reading]:
    """The readings with whole paths in place of those below the root."""
    return [
        reading.model_copy(
            update={
                "options": {
                    name: str(root / value) if name == "path" else value
                    for name, value in reading.options.items()
                }
            }
        )
        for reading in readings
    ]


def _nothing_labelled(tree: Tree, root: Path, choices: Choices) -> DataError:
    likely = label_patterns.likely([parts[-1] for parts in tree.pictures], _is_split)
    if likely is None or choices != Choices():
        return DataError(_why_empty(tree, root, choices))
    pattern, counts = likely
    return UnclearDataError(
        f"The {len(tree.pictures):,} pictures in {root} are not in folders named after their "
        f"classes, but the names of the files look like labels: {_most_common(counts)}. If they "
        f"are, set label_pattern to {pattern!a}; if not, put the pictures of each class into a "
        "folder.",
        [_pattern_reading(pattern, counts)],
    )


def _why_empty(tree: Tree, root: Path, choices: Choices) -> str:
    num_pictures = len(tree.pictures)
    if num_pictures and choices.label_pattern is not None:
        return mark(
            f"label_pattern is {choices.label_pattern!a}, but none of the {num_pictures:,} "
            f"pictures in {root} has such a name; the first is {tree.pictures[0][-1]!a}."
        )
    if num_pictures and choices.label_level is not None:
        return mark(
            f"label_level is {choices.label_level}, but none of the {num_pictures:,} pictures in "
            f"{root} lies so deep. 1 is the outermost folder of classes, -1 the one of the picture."
        )
    if num_pictures:
        unread = file_kinds.unread(root, tree.other_files)
        sentences = [
            mark(
                f"The {num_pictures:,} pictures in {root} are not in folders named after their "
                f"classes{_where(tree)}. Put the pictures of each class into a folder of its own."
            ),
            *([mark("The labels may be in a file that is not read."), *unread] if unread else []),
            _texts_beside(tree),
        ]
        return " ".join(filter(None, sentences))
    num_others = len(tree.other_files)
    what = mark(f"only {num_others} other files") if num_others else mark("no files")
    if tree.links:
        num_links = len(tree.links)
        what = mark(f"{what}, and {num_links} links that lead out of it and are not followed")
    advice = _ADVICE if not tree.links else _ADVICE_ON_LINKS
    unread = file_kinds.unread(root, tree.other_files, instead=True) or [advice]
    return " ".join([mark(f"There are no pictures in {root}: it holds {what}."), *unread])


def _texts_beside(tree: Tree) -> str:
    """Sentence about text files that are named like pictures, which may hold their labels."""
    stems = {parts[:-1] + (PurePath(parts[-1]).stem,) for parts in tree.pictures}
    texts = [
        parts
        for parts in tree.other_files
        if PurePath(parts[-1]).suffix.lower() == ".txt"
        and parts[:-1] + (PurePath(parts[-1]).stem,) in stems
    ]
    if 2 * len(texts) < len(stems):
        return ""
    return mark(
        f"{len(texts):,} text files are named like pictures, such as {'/'.join(texts[0])}. If "
        "they hold the labels, write these into a table with the columns file and label."
    )


def _where(tree: Tree) -> str:
    """The only folder of all pictures, if it has one of a general name."""
    folders = {parts[-2] for parts in tree.pictures if len(parts) > 1}
    return mark(f", but in {folders.pop()}") if len(folders) == 1 else ""


def _left_out(tree: Tree, layout: Layout, root: Path, *, has_strays: bool) -> LeftOut:
    with_pictures = {parts[:-1] for parts in tree.pictures}
    with_pictures |= {parts[:end] for parts in with_pictures for end in range(len(parts))}
    parents = {folder[:-1] for folder in layout.class_folders}
    strays = [parts for parts in tree.pictures if has_strays and layout.label(parts) is None]
    empty_folders = [
        parts
        for parts in tree.folders
        if parts and parts[:-1] in parents and parts not in with_pictures
    ]

    def paths(every: list[Parts]) -> list[str]:
        return [str(root.joinpath(*parts)) for parts in sorted(every)]

    return LeftOut(
        links=paths(tree.links),
        unnameable=paths(tree.unnameable),
        strays=paths(strays),
        empty_folders=paths(empty_folders),
        unread=file_kinds.unread(root, tree.other_files),
        num_other_files=len(tree.other_files),
    )


def _certainty(tree: Tree) -> Certainty:
    """By the number of classes; splits without classes are none."""
    try:
        layout = find_layout(tree.pictures)
    except DataError:
        return Certainty.NO
    classes = {layout.label(parts) for parts in tree.pictures} - {None}
    if _say_nothing({*filter(None, classes)}):
        return Certainty.NO
    if "train" in {found[0] for name in classes if name and (found := split_in(name))}:
        return Certainty.POSSIBLE
    return Certainty(min(len(classes), Certainty.LIKELY))


FORM = ClassFolders(read=_read, certainty=_certainty)
