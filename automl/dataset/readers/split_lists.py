"""Lists that say the split of pictures and not their labels: `train.txt`, `meta/test.json`.

Their lines are paths or names of pictures, with or without suffix. A table of names and splits
counts too, and so do the lists of CUB-200: `images.txt` with `train_test_split.txt`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from automl.dataset.folder_tree import Parts
from automl.dataset.locations import Surroundings
from automl.dataset.readers import blanks, forms, guesses, json_file, split_column, text
from automl.dataset.readers.form import TableFile
from automl.dataset.readers.listing import Listing
from automl.dataset.readers.located import Located
from automl.dataset.reading import Guess, UnclearDataError
from automl.dataset.split_words import is_for_splits, split_in, split_of
from automl.dataset.walk import Tree
from automl.errors import DataError
from automl.texts import mark

_LISTS = (".txt", ".lst", ".list", ".csv", ".tsv", ".json", "")
_TABLES = (".csv", ".tsv")
_MAX_BYTES = 1 << 26
_MAX_FILES = 100
_NUM_LOOKED_AT = 20
_SPLIT = "split"
_LEAST_FOUND = 0.9
_LEAST_INSIDE = 0.95
_PAIRS, _NAMES_OF_PAIRS = "train_test_split.txt", "images.txt"


@dataclass(frozen=True)
class _List:
    """A file that names pictures of one split, or of several."""

    name: str
    splits: Mapping[str, str]
    """Split by the path of the picture below the root."""

    @property
    def number(self) -> str:
        """The number in its name, of data with several ways to split it."""
        return "".join(re.findall(r"\d+", Path(self.name).stem))


def applied(found: Listing, root: Path, tree: Tree, meanings: Mapping[str, str]) -> Listing:
    """A listing with the splits of the lists beside its pictures, if it says none itself.

    Args:
        found: the listing.
        root: folder of the data.
        tree: what lies below it.
        meanings: split by value of a table, where the user has said it.

    Raises:
        UnclearDataError: two lists contradict each other, or values of a table are not understood.
    """
    pictures = found.pictures
    if pictures["split"].notna().any():
        return found
    start = f"{root}/"
    paths = pictures["path"].tolist()
    inside = [path[len(start) :] if path.startswith(start) else "" for path in paths]
    ours = frozenset(inside) - {""}
    located = Located(root, ours | {"/".join(parts) for parts in tree.pictures})
    every = _lists(root, tree.other_files, located, meanings)
    lists = [one for one in every if not ours.isdisjoint(one.splits)]
    used = _chosen(lists)
    if not used:
        return found
    splits = _together(used)
    has_train = "train" in splits.values()
    said = [splits.get(path, None if has_train else "train") for path in inside]
    pictures = pictures.assign(split=pd.Series(said, index=pictures.index, dtype="str"))
    pictures = pictures[pictures["split"].notna()]
    left_out = _left_out(lists, used, len(said) - len(pictures))
    names = ", ".join(one.name for one in used)
    return replace(
        found.with_splits(pictures, names),
        guesses=[*found.guesses, *left_out],
        left_out=found.left_out.using(one.name for one in used),
    )


def _left_out(lists: Sequence[_List], used: Sequence[_List], num_pictures: int) -> Iterator[Guess]:
    """Findings about pictures in no list, and about lists that are not used."""
    unused = [one.name for one in lists if one not in used]
    if num_pictures:
        sentence = mark("{count} pictures are left out: they are in none of the lists.").format(
            count=f"{num_pictures:,}"
        )
        yield Guess(sentence=sentence, others=[split_column.NEVER_READING])
    if unused:
        names = ", ".join(unused[:5]) + (f" and {len(unused) - 5} more" if unused[5:] else "")
        several = mark("Several lists say the split; used are {used}, and not {names}.").format(
            used=", ".join(one.name for one in used), names=names
        )
        sentence = f"{several} {mark('To use others, remove these.')}"
        yield Guess(sentence=sentence, others=[split_column.NEVER_READING])


def _lists(
    root: Path, files: Iterable[Parts], located: Located, meanings: Mapping[str, str]
) -> Iterator[_List]:
    """The lists among files, each of which names pictures that are there."""
    candidates = sorted(parts for parts in files if Path(parts[-1]).suffix.lower() in _LISTS)
    for parts in candidates[:_MAX_FILES]:
        path = root.joinpath(*parts)
        try:
            if path.is_symlink() or path.stat().st_size > _MAX_BYTES:
                continue
            said = _said(path, located, meanings)
        except UnclearDataError:
            raise
        except DataError:
            continue
        splits = {picture: split for picture, split in said if picture is not None}
        if splits and len(splits) >= _LEAST_FOUND * len(said):
            yield _List("/".join(parts), splits)


def _said(
    path: Path, located: Located, meanings: Mapping[str, str]
) -> list[tuple[str | None, str]]:
    """The picture that each entry of a list means, and its split; nothing if it is no list."""
    named, suffix = split_in(path.stem), path.suffix.lower()
    if suffix == ".json" and (by_split := _of_splits(path)):
        entries = by_split
    elif path.name == _PAIRS:
        entries = _of_pairs(path)
    elif is_for_splits(path) and (said := _of_table(path, located, meanings)):
        entries = said
    elif named is not None and (lines := _entries(path)):
        names = lines if named[1] else _names(lines, located, path.parent)
        entries = [(name, named[0]) for name in names]
    elif suffix in _TABLES:
        entries = _of_table(path, located, meanings)
    else:
        return []
    return _found(entries, located, path.parent)


def _found(
    entries: Sequence[tuple[str, str]], located: Located, folder: Path
) -> list[tuple[str | None, str]]:
    """The entries with the pictures that their names mean."""
    said: list[tuple[str | None, str]] = []
    for split in dict.fromkeys(split for _, split in entries):
        names = [name for name, one in entries if one == split]
        said += [(picture, split) for picture in located.found(names, folder, split)]
    return said


def _of_splits(path: Path) -> list[tuple[str, str]]:
    """Names and splits of JSON with a list of names for each split; nothing of other files."""
    content = json_file.content(path)
    if not isinstance(content, dict) or len(content) < 2:
        return []
    lists = [(split_of(str(key)), names) for key, names in content.items()]
    if not all(split and isinstance(names, list) for split, names in lists):
        return []
    entries = [(name, split) for split, names in lists if split for name in names]
    return entries if all(isinstance(name, str) for name, _ in entries) else []


def _names(lines: Sequence[str], located: Located, folder: Path) -> list[str]:
    """The lines of a list, or what stands first in them if that is what names pictures."""
    first = [line.split(None, 1)[0] for line in lines]
    is_name = located.found(lines[:_NUM_LOOKED_AT], folder)
    are_first = located.found(first[:_NUM_LOOKED_AT], folder)
    return first if not any(is_name) and all(are_first) else [*lines]


def _entries(path: Path) -> list[str]:
    """The lines of a list, or the texts in JSON; nothing for a table."""
    if path.suffix.lower() == ".json":
        content = json_file.content(path)
        lists = list(content.values()) if isinstance(content, dict) else [content]
        entries = [entry for each in lists if isinstance(each, list) for entry in each]
        return entries if all(isinstance(entry, str) for entry in entries) else []
    lines = [line.strip().strip("\"'") for line in text.read(path).splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    has_cells = path.suffix.lower() in _TABLES and any(re.search(r"[,;\t]", one) for one in lines)
    if has_cells:
        return []
    is_header = path.suffix.lower() in _TABLES and lines and "." not in lines[0]
    return lines[1:] if is_header and "/" not in lines[0] and "." in lines[-1] else lines


def _of_table(path: Path, located: Located, meanings: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names and splits of a table with a column of each, and no column of labels."""
    rows = _rows(path)
    if rows is None:
        return []
    image = guesses.picture_column(rows)
    if any(guesses.is_named_like_labels(name) for name in rows.columns):
        return []
    split = split_column.likely(rows, {image}) if image else None
    if image is None or split is None:
        return []
    where = [str(row) for row in rows.index]
    said = split_column.splits(split, rows[split].tolist(), where, meanings)
    are_here = [picture is not None for picture in located.found(rows[image].tolist(), path.parent)]
    if unknown := said.unknown(where, are_here):
        raise split_column.question(split, said, unknown, meanings, {})
    return [(str(name), one) for name, one in zip(rows[image], said.named, strict=True) if one]


def _rows(path: Path) -> pd.DataFrame | None:
    """The rows of a table, or of a list whose file is named after splits; None of another file."""
    if path.suffix.lower() in _TABLES:
        form = forms.of_file(path)
        if not isinstance(form, TableFile):
            return None
        return form.read(path, Surroundings(path.parent, {})).rows
    lines = [line for line in enumerate(text.read(path).splitlines(), 1) if line[1].strip()]
    rows = blanks.rows(lines, path.name)
    if rows is None or len(rows.columns) != 2:
        return None
    return rows.set_axis(["image", _SPLIT], axis=1)


def _of_pairs(path: Path) -> list[tuple[str, str]]:
    """Names and splits of CUB-200: a number and a name a line, and a number and 1 for training."""
    names = blanks.numbered(path.with_name(_NAMES_OF_PAIRS))
    return [
        (names[key], "train" if flag == "1" else "test")
        for key, flag in blanks.numbered(path).items()
        if key in names
    ]


def _chosen(lists: Sequence[_List]) -> list[_List]:
    """The lists that agree: all, or those with the first number in their names."""
    if not lists or _disagreement(lists) is None:
        return list(lists)
    first = min(lists, key=lambda one: (len(one.number), one.number))
    fitting = [one for one in lists if one.number == first.number]
    if (found := _disagreement(fitting)) is not None:
        one, two, picture = found
        raise UnclearDataError(
            f"{one.name} and {two.name} say different splits of {picture}. Remove one of these "
            "lists, or set split_column to never.",
            [split_column.NEVER_READING],
        )
    return fitting


def _disagreement(lists: Sequence[_List]) -> tuple[_List, _List, str] | None:
    """Two lists and a picture of which they say different splits; one may be a part of another."""
    for at, one in enumerate(lists):
        for two in lists[at + 1 :]:
            both = one.splits.keys() & two.splits.keys()
            different = sorted(name for name in both if one.splits[name] != two.splits[name])
            is_part = len(both) >= _LEAST_INSIDE * min(len(one.splits), len(two.splits))
            is_smaller = len(one.splits) != len(two.splits)
            if different and not (is_part and is_smaller):
                return one, two, different[0]
    return None


def _together(lists: Sequence[_List]) -> dict[str, str]:
    """Split of each picture; a list that is a part of another one goes before it."""
    splits: dict[str, str] = {}
    for one in sorted(lists, key=lambda one: -len(one.splits)):
        splits |= one.splits
    return splits
