"""Folders of pictures that can be meant in several ways, of which the user chooses one."""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence

from automl.dataset.folder_splits import LEAST_OVERLAP, share_classes, splits_at
from automl.dataset.folder_tree import FolderTree, Parts
from automl.dataset.reading import Reading, UnclearDataError
from automl.dataset.split_words import is_neutral
from automl.texts import mark

SPLITS_ARE_CLASSES = Reading(
    sentence=mark("The folders of the splits are classes."),
    options={"split_folders": "never", "label_level": 1},
)

_MAX_OFFERED = 5
_IDENTIFIER = re.compile(r"[\W_]*(?:[a-z]{0,8}[\W_]*)?\d+(?:[\W_]*\d+)*[\W_]*|[0-9a-f-]{8,}", re.I)
_SOURCE = re.compile(
    r"(?:patient|subject|person|animal|case|cam|camera|sensor|day|date|week|session|run|view|fold"
    r"|batch|seq|sequence|video|clip|scene|shot|site|slide|plate|scan|p|s)s?[\W_]*\d+"
    r"|\d{4}[-_.]\d{1,2}[-_.]\d{1,2}.*|\d{8}|[0-9a-f-]{12,}",
    re.IGNORECASE,
)
"""Names of where and when pictures were taken: `patient_12`, `cam1`, `2024-05-03`."""


class SplitsOnlyError(UnclearDataError):
    """The folders name splits and nothing else: there are no labels."""


class SeveralDataSetsError(UnclearDataError):
    """Each folder is a data set of its own."""


class RepeatedFoldersError(UnclearDataError):
    """The same folders lie in each of the outer ones: one of the two levels has the classes."""


def is_identifier(name: str) -> bool:
    """True for names such as `patient_12`, `2024-05-03` or `9f3c02ab`."""
    return bool(_IDENTIFIER.fullmatch(name))


def is_source(name: str) -> bool:
    """True for a name of where or when pictures were taken, such as `cam1`."""
    return bool(_SOURCE.fullmatch(name))


def named(names: Sequence[str]) -> str:
    """The first names, as a part of a sentence."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def refuse_data_sets(folders: FolderTree, base: Parts, tables: Container[Parts]) -> None:
    """Raise a SeveralDataSetsError if folders have splits and classes, or classes, of their own.

    Args:
        folders: all folders with pictures.
        base: the one whose folders may be data sets.
        tables: folders that hold a file which may be a table of labels.
    """
    names = folders.inside(base)
    own = [splits_at(folders, (*base, name)) for name in names]
    if any(_is_alone(folders, (*base, name)) for name in names):  # as in cat/train/cat
        return
    have_splits = [bool(one and share_classes(folders, one.of_folder)) for one in own]
    have_classes = [
        has_splits
        or len(folders.inside((*base, name))) > 1
        or _is_labelled(folders, (*base, name), tables)
        for name, has_splits in zip(names, have_splits, strict=True)
    ]
    if len(names) > 1 and any(have_splits) and all(have_classes):
        what = mark("splits and classes") if all(have_splits) else mark("classes")
        raise SeveralDataSetsError(
            f"There are {len(names)} data sets, each with {what} of its own: "
            f"{', '.join(names[:10])}. Give the path of one of these folders.",
            [
                Reading(
                    sentence=mark("The data set {name}.").format(name=name),
                    options={"path": "/".join((*base, name))},
                )
                for name in names
            ],
        )


def data_sets(
    folders: FolderTree, roots: Iterable[Parts], tables: Container[Parts]
) -> list[Reading]:
    """Readings of one outermost folder alone, if each may be a data set and one looks like it.

    Args:
        folders: all folders with pictures.
        roots: those whose folders may be data sets.
        tables: folders that hold a file which may be a table of labels.
    """
    found = [(*root, name) for root in roots for name in folders.inside(root)]
    with_classes = [folder for folder in found if _may_hold_classes(folders.inside(folder))]
    if len(found) < 2 or not set(with_classes) - folders.counts.keys():  # none but with strays
        return []
    if not all(each in with_classes or _is_labelled(folders, each, tables) for each in found):
        return []
    return [_only_in(folder[-1], folder) for folder in sorted(found)[:_MAX_OFFERED]]


def _may_hold_classes(names: Sequence[str]) -> bool:
    return len(names) > 1 and not any(is_identifier(name) or is_source(name) for name in names)


def _is_labelled(folders: FolderTree, folder: Parts, tables: Container[Parts]) -> bool:
    """True if something other than folders must label the pictures: a table, or `images` does."""
    names = folders.inside(folder)
    return folder in tables or bool(names) and all(map(is_neutral, names))


def _is_alone(folders: FolderTree, folder: Parts) -> bool:
    """True if all folders in the splits of a folder have its own name: it is a class."""
    inside = {name for split in folders.inside(folder) for name in folders.inside((*folder, split))}
    return inside == {folder[-1]}


def refuse_repeated(paths: Iterable[Parts], roots: Mapping[Parts, str | None]) -> None:
    """Raise a RepeatedFoldersError if folders of the same names lie in several outer ones.

    Cameras, days and patients in classes are no question, as no class is called so.

    Args:
        paths: the folders with pictures, below the folder of their split.
        roots: that folder, and its split.
    """
    inside: dict[str, set[str]] = defaultdict(set)
    depth = 0
    plain = set()
    for path in paths:
        depth = max(depth, len(path))
        if len(path) == 1:
            plain.add(path[0])
        elif path:
            inside[path[0]].add(path[1])
    counts = Counter(name for names in inside.values() for name in names)
    repeated = sorted(name for name, count in counts.items() if 2 <= count >= len(inside) / 2)
    are_sources = _are_sources(counts) and not _are_sources(inside)
    if len(repeated) < max(2, LEAST_OVERLAP * len(counts)) or plain & inside.keys() or are_sources:
        return
    outer, inner = named(sorted(inside)), named(repeated)
    level = -1 if depth == 2 else 2
    raise RepeatedFoldersError(
        f"The folders {outer} hold folders of the same names, {inner}. Either may be the classes: "
        f"set label_level to {level} if {inner} are the classes, or to 1 if {outer} are. If "
        f"{outer} are splits, give each as training_data, validation_data or test_data; if they "
        "hold the same pictures in several forms, give the path of one of them.",
        list(_readings(sorted(inside), repeated, level, roots)),
    )


def _only_in(name: str, path: Parts) -> Reading:
    """Reading of a folder alone; its path is below that of the data."""
    sentence = mark("Only the pictures in {name}.").format(name=name)
    return Reading(sentence=sentence, options={"path": "/".join(path)})


def _are_sources(names: Iterable[str]) -> bool:
    every = list(names)
    return 2 * sum(map(is_source, every)) > len(every)


def _readings(
    outer: Sequence[str], inner: Sequence[str], level: int, roots: Mapping[Parts, str | None]
) -> Iterable[Reading]:
    classes = mark("The classes are {names}.")
    inner_ones = classes.format(names=named(inner))
    yield Reading(sentence=inner_ones, options={"label_level": level})
    together = mark("The pictures of each of {names} stay on one side of the split.")
    yield Reading(
        sentence=f"{inner_ones} {together.format(names=named(outer))}",
        options={"label_level": level, "group_level": 1},
    )
    yield Reading(sentence=classes.format(names=named(outer)), options={"label_level": 1})
    if len(roots) == 1:
        (root,) = roots
        for name in outer[:_MAX_OFFERED]:
            yield _only_in(name, (*root, name))
