"""Data in several archives: parts of a download, an archive a class or a split, nested ones."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

from automl.dataset import archive_parts
from automl.dataset.archive import Part
from automl.dataset.archive_copies import without_copies
from automl.dataset.archive_members import BROKEN, OPEN, ArchiveType, kind_of_name, stem_and_suffix
from automl.dataset.archive_parts import Certainty, Group
from automl.dataset.folder_tree import Parts
from automl.dataset.reading import Guess, Reading, UnclearDataError
from automl.dataset.split_words import is_neutral, split_in
from automl.dataset.walk import Tree, is_hidden, is_picture_name, walk
from automl.texts import mark

Choice = Literal["auto", "together", "alone"]
"""Parts that are certain ones are read together; all that may be parts are; none are."""

IsShard = Callable[[Path], bool]
"""True for a tar file that is read in place."""

_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".xlsx", ".txt", ".parquet", "mltable")
_MAX_TABLE_BYTES = 500 * 1000**2
_NUM_LOOKED_AT = 1000
_MAX_NAMED = 5
_MAX_COPIED = 20_000
"""Pictures that are copied to those of archives."""
_MAX_LOOSE = 3
"""Pictures beside archives that are no data set: a cover, a sample."""


@dataclass(frozen=True)
class Bundle:
    """Archives whose contents are put together."""

    parts: list[Part]
    others: list[Reading] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)
    pictures: list[Parts] = field(default_factory=list)
    """Paths of pictures beside the archives that belong to the same data."""

    @property
    def sentence(self) -> str:
        """The archives, as the start of a reading; empty for a single one."""
        if len(self.parts) < 2:
            return ""
        root = os.path.commonpath([part.path.parent for part in self.parts])
        names = [part.path.relative_to(root).as_posix() for part in self.parts]
        return f"{_together(names)} "


def around_file(path: Path, kind: ArchiveType, choice: Choice = "auto") -> Bundle:
    """An archive with those beside it that are parts of the same whole.

    Raises:
        UnclearDataError: some parts are missing.
    """
    alone = Bundle([Part(path, kind)])
    if choice == "alone" or kind_of_name(path.name) != kind:
        return alone
    group = _group_of(path)
    if len(group.names) == 1 and not group.missing:
        return alone
    if group.certainty < Certainty.CERTAIN and not _fit(path.parent, group):
        return alone
    if choice == "auto" and group.certainty is Certainty.PERHAPS:
        together = Reading(sentence=_together(group.names), options={"parts": "together"})
        return Bundle(alone.parts, [together])
    only = Reading(
        sentence=mark("{name} without the other parts.").format(name=path.name),
        options={"parts": "alone"},
    )
    if choice == "auto":
        _refuse_missing(group, [only])
    return Bundle(list(_parts(path.parent, (), group)), [only] if len(group.names) > 1 else [])


def with_siblings(path: Path) -> list[Path]:
    """A file; for an archive also those beside it that may be parts of the same whole."""
    names = _group_of(path).names if _is_archive(path) else (path.name,)
    return [path.with_name(name) for name in names]


def in_folder(root: Path, tree: Tree, is_shard: IsShard, choice: Choice = "auto") -> Bundle:
    """The archives that hold the pictures of a folder; none if it has more than a few itself.

    Parts of one whole go to one place. Other archives go to a folder of their own name, unless
    there is only one. One beside a folder of its name has been unpacked.

    Args:
        root: the folder.
        tree: what lies below it.
        is_shard: says which archives are read in place.
        choice: which archives are taken for parts.

    Raises:
        UnclearDataError: parts are missing.
    """
    if not (are_classes := _are_classes(root, tree)) and not _are_loose(tree):
        return Bundle([])
    names: dict[Parts, list[str]] = defaultdict(list)
    for parts in tree.other_files:
        path = root.joinpath(*parts)
        if _is_archive(path) and not (path.suffix.lower() == ".tar" and is_shard(path)):
            names[parts[:-1]].append(parts[-1])
    filled = {parts[:end] for parts in tree.other_files for end in range(len(parts))}
    found: list[Part] = []
    guesses: list[Guess] = []
    for folder, every in sorted(names.items()):
        inside, copies = without_copies(root.joinpath(*folder), every)
        guesses += [
            Guess(
                sentence=mark("{copy} is left out: it is a copy of {name}.").format(
                    copy=copy, name=name
                )
            )
            for copy, name in copies.items()
        ]
        groups = list(_fitting(root.joinpath(*folder), archive_parts.groups(inside), choice))
        for group in groups:
            if choice == "auto":
                _refuse_missing(group, [])
            is_only = len(groups) == 1 and (len(names) == 1 or _has_folders(root, folder, group))
            is_table = group.stem.lower().endswith(_TABLES)  # Kaggle's train.csv.zip
            is_here = is_table or (is_only and not are_classes)
            target = folder if is_here else (*folder, group.stem)
            if target == folder or target not in filled:
                found += _parts(root, target, group, folder)
    guesses += _as_classes(found) if are_classes else _left_out(tree)
    return Bundle(found, [], guesses if found else [], tree.pictures if are_classes else [])


def _as_classes(parts: Sequence[Part]) -> Iterator[Guess]:
    """Findings about archives of classes beside class folders."""
    names = _listed([part.path.name for part in parts])
    yield Guess(
        sentence=mark("Read as classes, like the folders beside: {names}.").format(names=names)
    )


def _are_classes(root: Path, tree: Tree) -> bool:
    """True for an archive of pictures for each of some classes, beside folders of other classes.

    A single one could be anything, such as a backup.
    """
    if not 0 < len(tree.pictures) <= _MAX_COPIED or _has_table(tree):
        return False
    archives = [parts for parts in tree.other_files if _is_archive(root.joinpath(*parts))]
    places = {parts[:-1] for parts in archives}
    if len(archives) < 2 or len(places) != 1:
        return False
    (place,) = places
    depth = len(place)
    if any(len(one) != depth + 2 or one[:depth] != place for one in tree.pictures):
        return False
    folders = {one[depth].casefold() for one in tree.pictures}
    stems = {stem_and_suffix(parts[-1])[0] for parts in archives}
    are_names = not any(split_in(name) or is_neutral(name) for name in stems | folders)
    is_new = not folders & {stem.casefold() for stem in stems}
    return are_names and is_new and all(_is_class(root.joinpath(*parts)) for parts in archives)


def _is_class(path: Path) -> bool:
    """True for an archive of pictures at its top, or in a folder of its own name."""
    top = tops(path)
    return top == {""} or _is_own_name(top, path.name)


def _are_loose(tree: Tree) -> bool:
    """True if there are no pictures, or a few beside archives that no table could name."""
    if not tree.pictures:
        return True
    is_flat = all(len(parts) == 1 for parts in tree.pictures)
    return len(tree.pictures) <= _MAX_LOOSE and is_flat and not _has_table(tree)


def _has_table(tree: Tree) -> bool:
    return any(parts[-1].lower().endswith(_TABLES) for parts in tree.other_files)


def _left_out(tree: Tree) -> Iterator[Guess]:
    """Findings about pictures beside the archives."""
    if tree.pictures:
        names = _listed([parts[-1] for parts in sorted(tree.pictures)])
        yield Guess(
            sentence=mark("Left out, as it lies beside the archives: {names}.").format(names=names)
        )


def files_beside(root: Path, tree: Tree, bundle: Bundle) -> list[tuple[Path, Parts]]:
    """Files beside archives that belong to the same data, and their places.

    Tables that may say more about the pictures in them, and pictures of further classes.
    """
    return [(root.joinpath(*parts), parts) for parts in bundle.pictures] + [
        (path, parts)
        for parts in tree.other_files
        if parts[-1].lower().endswith(_TABLES)
        and (path := root.joinpath(*parts)).stat().st_size <= _MAX_TABLE_BYTES
    ]


def inside_archives(is_shard: IsShard, choice: Choice) -> Callable[[Path], list[Part]]:
    """A function that finds the archives to unpack in a folder of unpacked ones."""

    def find(folder: Path) -> list[Part]:
        return in_folder(folder, walk(folder), is_shard, choice).parts

    return find


def _group_of(path: Path) -> Group:
    beside = {path.name, *(other.name for other in path.parent.iterdir() if _is_archive(other))}
    return next(group for group in archive_parts.groups(beside) if path.name in group.names)


def _is_archive(path: Path) -> bool:
    """True for a file that is named like an archive; a link could lead anywhere."""
    return kind_of_name(path.name) is not None and not path.is_symlink() and path.is_file()


def _fitting(folder: Path, groups: Sequence[Group], choice: Choice) -> Iterator[Group]:
    """The groups, with those that are no parts of one whole cut into single archives."""
    for group in groups:
        is_whole = group.certainty is Certainty.CERTAIN or _fit(folder, group)
        if choice != "alone" and is_whole:
            yield group
        else:
            for name in group.names:
                yield Group((name,), stem_and_suffix(name)[0])


def _fit(folder: Path, group: Group) -> bool:
    """True if each archive has folders at its top, which do not have its own name.

    Otherwise its name is that of a class, as in `class_1.zip`.
    """
    for name in group.names:
        top = tops(folder / name)
        if not top or "" in top or _is_own_name(top, name):
            return False
    return True


def _has_folders(root: Path, folder: Parts, group: Group) -> bool:
    """True if no archive of a group has pictures at its top, as one of a class has."""
    return not any("" in tops(root.joinpath(*folder, name)) for name in group.names)


def tops(path: Path) -> frozenset[str]:
    """The folders at the top of an archive, from its first entries; "" if a picture lies there.

    Nothing for a damaged archive, which is refused when it is unpacked.
    """
    kind = kind_of_name(path.name)
    assert kind is not None
    try:
        with OPEN[kind](path) as members:
            names = [member.name.replace("\\", "/") for member in islice(members, _NUM_LOOKED_AT)]
    except (*BROKEN, OSError):
        return frozenset()
    names = [name.removeprefix("./") for name in names if not is_hidden(name.removeprefix("./"))]
    folders = {name.partition("/")[0] for name in names if "/" in name}
    at_top = any("/" not in name and is_picture_name(name) for name in names)
    return frozenset(folders | ({""} if at_top else set()))


def _is_own_name(top: frozenset[str], name: str) -> bool:
    return {folder.lower() for folder in top} == {stem_and_suffix(name)[0].lower()}


def _parts(root: Path, target: Parts, group: Group, folder: Parts = ()) -> Iterator[Part]:
    for name in group.names:
        path, kind = root.joinpath(*folder, name), kind_of_name(name)
        assert kind is not None
        top = tops(path)
        strip = next(iter(top)) if _is_own_name(top, name) else ""
        yield Part(path, kind, target, strip)


def _refuse_missing(group: Group, readings: list[Reading]) -> None:
    if not group.missing:
        return
    names, missing = _listed(group.names), _listed([f"{number}" for number in group.missing])
    here = Reading(
        sentence=mark("What is there: {names}.").format(names=names),
        options={"parts": "together"},
    )
    problem = (
        mark(f"A download in parts is not complete: there is {names}, but not part {missing}.")
        if len(group.missing) == 1
        else mark(
            f"A download in parts is not complete: there is {names}, but not parts {missing}."
        )
    )
    raise UnclearDataError(
        f"{problem} Put what is missing into the same folder, or set parts to together to go "
        "without.",
        [here, *readings],
    )


def _together(names: Sequence[str]) -> str:
    return mark("{count} archives together: {names}.").format(
        count=len(names), names=_listed(names)
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return ", ".join(names[:_MAX_NAMED]) + more
