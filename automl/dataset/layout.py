"""How a folder of pictures is meant: which of its folders name splits, classes and groups."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from automl.dataset.folder_splits import (
    LEAST_OVERLAP,
    Splits,
    base_of,
    below_neutral,
    roots_of,
    splits_at,
    splits_of,
)
from automl.dataset.folder_tree import FolderTree, Parts
from automl.dataset.layout_questions import (
    SPLITS_ARE_CLASSES,
    SplitsOnlyError,
    data_sets,
    is_identifier,
    is_source,
    named,
    refuse_data_sets,
    refuse_repeated,
)
from automl.dataset.reading import Guess, Reading
from automl.dataset.split_words import is_neutral, split_of
from automl.jobs import label_patterns
from automl.texts import mark


@dataclass(frozen=True)
class Choices:
    """Options of a data source that say how its folders are meant."""

    label_level: int | None = None
    """Level of the folder that names the class: 1 is the outermost below the splits, -1 the one
    that holds the picture."""

    group_level: int | None = None
    """Level of the folder whose pictures stay together, counted in the same way."""

    split_folders: Literal["auto", "never"] = "auto"
    label_pattern: str | None = None


@dataclass(frozen=True)
class Layout:
    """The meaning of every folder that holds pictures."""

    reading: Reading
    others: tuple[Reading, ...]
    """Other ways to read the same folder."""

    labels: Mapping[Parts, str]
    """Label of the pictures in each folder; a folder that is not named has none."""

    splits: Mapping[Parts, str]
    groups: Mapping[Parts, str]
    class_folders: frozenset[Parts]
    """The folders that give the labels their names."""

    pattern: str | None = None
    guesses: tuple[Guess, ...] = ()

    def label(self, parts: Parts) -> str | None:
        """Label of a picture; None for one outside of all class folders."""
        if self.pattern is not None:
            return label_patterns.labels(self.pattern, [parts[-1]])[0]
        return self.labels.get(parts[:-1])

    def split(self, parts: Parts) -> str | None:
        """Split that the folders of a picture name, or its file."""
        if self.pattern and (word := label_patterns.split_word(self.pattern, parts[-1])):
            return split_of(word)
        return self.splits.get(parts[:-1])

    def group(self, parts: Parts) -> str | None:
        """Group of a picture; None if the folders name none."""
        return self.groups.get(parts[:-1])


def find_layout(
    pictures: Sequence[Parts],
    choices: Choices | None = None,
    tables: Container[Parts] = frozenset(),
) -> Layout:
    """The most likely meaning of the folders of all pictures, with the others.

    Args:
        pictures: relative paths.
        choices: what the user has chosen; it goes before every guess.
        tables: folders that hold a file which may be a table of labels.

    Raises:
        SplitsOnlyError: there are splits and no classes.
        SeveralDataSetsError: the folders are data sets.
        RepeatedFoldersError: two levels of folders may be the classes.
    """
    choices = choices or Choices()
    folders = FolderTree.of(pictures)
    looks_for_splits = choices.split_folders == "auto"
    base = base_of(folders, looks_for_splits=looks_for_splits)
    splits = splits_at(folders, base) if looks_for_splits else None
    if choices.label_pattern is not None:
        return _by_pattern(folders, splits, choices.label_pattern)
    if splits is not None and splits.classes:
        return _with_splits_in_names(splits)
    if splits is None and looks_for_splits:
        if choices.label_level is None:
            refuse_data_sets(folders, base, tables)
        if (class_first := _class_first(folders, base)) is not None:
            return class_first
    roots = roots_of(folders, splits) if splits else {base: None}
    if choices.label_level is None and choices.group_level is None:
        below = [one[len(root) :] for root in roots for one in folders.below(root)]
        refuse_repeated(
            [one[:1] + tuple(name for name in one[1:] if not is_neutral(name)) for one in below],
            roots,
        )
        roots = below_neutral(folders, roots)
    return _by_level(folders, roots, choices, tables)


def _class_first(folders: FolderTree, base: Parts) -> Layout | None:
    """The layout if the folders in most class folders are splits."""
    classes = folders.inside(base)
    inner = [(*base, name, child) for name in classes for child in folders.inside((*base, name))]
    given = splits_of({folder: folder[-1] for folder in inner})
    found = {
        folder: split
        for folder, (split, rest) in given.items()
        if rest in ("", _as_words(folder[-2]))
    }
    with_splits = {folder[:-1] for folder in found}
    if (
        len(classes) < 2
        or not {"train"} < set(found.values())
        or 2 * len(with_splits) <= len(classes)
        or 2 * len(found) <= len(inner)
    ):
        return None
    labels, splits = {}, {}
    for folder in folders.counts:
        if len(folder) > len(base):
            labels[folder] = folder[len(base)]
            if split := found.get(folder[: len(base) + 2]):
                splits[folder] = split
    names = named(sorted({folder[-1] for folder in found}))
    others = sorted("/".join(folder[len(base) :]) for folder in {*inner} - found.keys())
    sentence = mark("A folder of pictures: each class has the splits {names}.").format(names=names)
    if others:
        extra = mark("These name no split and train: {names}.").format(names=named(others))
        sentence = f"{sentence} {extra}"
    other = Reading(
        sentence=mark(
            "The folders {names} mean nothing: their pictures are split by chance."
        ).format(names=names),
        options={"split_folders": "never", "label_level": 1},
    )
    return Layout(
        Reading(sentence=sentence),
        (other,),
        labels,
        splits,
        {},
        frozenset((*base, name) for name in classes),
    )


def _as_words(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().lower()


def _with_splits_in_names(splits: Splits) -> Layout:
    names = sorted(folder[-1] for folder in splits.of_folder)
    sentence = mark(
        "A folder of pictures: each folder names a split and a class, such as {name}."
    ).format(name=names[0])
    other = Reading(
        sentence=mark("The whole name of a folder is the class."),
        options={"split_folders": "never"},
    )
    folders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for folder, label in sorted(splits.classes.items()):
        folders[splits.of_folder[folder], label].append(folder[-1])
    guesses = [
        Guess(
            sentence=mark(
                "The folders {names} are one class, {label}: case and signs between words do not "
                "count. If they are different classes, rename one."
            ).format(names=named(alike), label=label),
            others=[other],
        )
        for (_, label), alike in folders.items()
        if len(alike) > 1
    ]
    return Layout(
        Reading(sentence=sentence),
        (other,),
        splits.classes,
        splits.of_folder,
        {},
        frozenset(splits.of_folder),
        guesses=tuple(guesses),
    )


def _by_pattern(folders: FolderTree, splits: Splits | None, pattern: str) -> Layout:
    given: dict[Parts, str] = {}
    for folder, split in (splits.of_folder if splits else {}).items():
        given |= dict.fromkeys(folders.below(folder), split)
    sentence = mark(
        "A folder of pictures. The label is in the name of the file: {pattern}."
    ).format(pattern=pattern)
    return Layout(Reading(sentence=sentence), (), {}, given, {}, frozenset(), pattern)


def _by_level(
    folders: FolderTree,
    roots: Mapping[Parts, str | None],
    choices: Choices,
    tables: Container[Parts],
) -> Layout:
    """The layout whose labels are the names of the folders at one level below the roots."""
    relative = {
        folder: (root, folder[len(root) :]) for root in roots for folder in folders.below(root)
    }
    depths = {len(inner) for _, inner in relative.values()} - {0}
    if not depths and any(roots.values()):
        names = named(sorted({root[-1] for root in roots}))
        raise SplitsOnlyError(
            f"The folders {names} are splits of a data set, but nothing below them names classes. "
            "Put the pictures of each class into a folder, give a table of labels, or set "
            "label_pattern if the names of the files contain the labels; if they are the classes, "
            "set split_folders to never.",
            [SPLITS_ARE_CLASSES],
        )
    level = choices.label_level or _likely_level(relative, roots, depths)
    labels, splits, groups, class_folders = {}, {}, {}, set()
    for folder, (root, inner) in relative.items():
        if (at := _position(level, inner)) is None:
            continue
        labels[folder] = inner[at]
        class_folders.add((*root, *inner[: at + 1]))
        if split := roots[root]:
            splits[folder] = split
        if choices.group_level and (grouped := _position(choices.group_level, inner)) is not None:
            groups[folder] = inner[grouped]
    sentence = _label_sentence(level, depths)
    others = list(_other_readings(level, depths, roots, choices))
    is_chosen = choices.label_level is not None or choices.group_level is not None
    below = [inner for _, inner in relative.values()]
    if not is_chosen and not any(roots.values()):
        others += data_sets(folders, roots, tables)
    guess = None if is_chosen else _guess_of_level(sentence, others, below)
    alike = _guess_of_names(level, below)
    options = {} if is_chosen else {"label_level": level}
    return Layout(
        Reading(sentence=f"{_start(roots)} {sentence}", options=options),
        tuple(others),
        labels,
        splits,
        groups,
        frozenset(class_folders),
        guesses=tuple(filter(None, (guess, alike))),
    )


def _guess_of_level(
    sentence: str, others: Sequence[Reading], folders: Iterable[Parts]
) -> Guess | None:
    """Finding where other folders may be the classes; None for patients, days or cameras."""
    levels = [one for one in others if one.options.keys() == {"label_level"}]
    inside = {name for folder in folders for name in folder[1:]}
    are_names = any(
        not is_identifier(name) and not is_source(name) and not is_neutral(name) for name in inside
    )
    return Guess(sentence=sentence, others=levels) if levels and are_names else None


def _guess_of_names(level: int, folders: Iterable[Parts]) -> Guess | None:
    """Finding where folders of one name in different places are one class."""
    by_name: dict[str, set[Parts]] = defaultdict(set)
    for folder in folders:
        if (at := _position(level, folder)) is not None:
            by_name[folder[at]].add(folder[: at + 1])
    several = {name: sorted(found) for name, found in by_name.items() if len(found) > 1}
    if not several:
        return None
    name, found = min(several.items())
    sentence = mark(
        "The folders {first} and {second} are one class, {label}. Names that several folders have: "
        "{count}. If they are different classes, rename some, or choose another level."
    )
    first, second = map("/".join, found[:2])
    return Guess(
        sentence=sentence.format(first=first, second=second, label=name, count=len(several))
    )


def _position(level: int, inner: Parts) -> int | None:
    """Position of a level in a path of folders; None if the path is too short."""
    at = level - 1 if level > 0 else len(inner) + level
    return at if 0 <= at < len(inner) else None


def _likely_level(
    relative: Mapping[Parts, tuple[Parts, Parts]],
    roots: Mapping[Parts, str | None],
    depths: set[int],
) -> int:
    """The deepest level if its folders are the same in the splits, as classes are; else the first.

    Folders of patients, days or cameras have numbers for names, are of one split only, or have the
    same names in several classes.
    """
    if len(depths) != 1 or depths == {1} or not any(roots.values()):
        return 1
    by_split: dict[bool, set[Parts]] = {True: set(), False: set()}
    for root, inner in relative.values():
        if inner:
            by_split[roots[root] == "train"].add(inner)
    train, held_out = by_split[True], by_split[False]
    names = {inner[-1] for inner in train}
    is_hierarchy = (
        len(train & held_out) >= LEAST_OVERLAP * max(1, len(held_out))
        and len(names) == len(train)
        and sum(is_identifier(name) for name in names) < LEAST_OVERLAP * len(names)
    )
    return -1 if is_hierarchy else 1


def _start(roots: Mapping[Parts, str | None]) -> str:
    by_split: dict[str, list[str]] = defaultdict(list)
    for root, split in roots.items():
        if split:
            by_split[split].append("/".join(root))
    if not by_split:
        return mark("A folder of pictures.")
    parts = [f"{named(sorted(names))} ({split})" for split, names in by_split.items()]
    return mark("A folder of pictures, split by its folders {names}.").format(names=named(parts))


def _label_sentence(level: int, depths: set[int]) -> str:
    deepest = max(depths, default=1)
    if deepest == 1:
        return mark("The label is the name of the folder that holds the picture.")
    which = {
        1: mark("The label is the name of the outermost folder, of {levels}."),
        -1: mark("The label is the name of the folder that holds the picture, of {levels}."),
    }
    other = mark("The label is the name of the folder at level {level}, of {levels}.")
    same, most = mark("{count} levels of folders"), mark("up to {count} levels of folders")
    levels = (same if len(depths) == 1 else most).format(count=deepest)
    return which.get(level, other).format(level=level, levels=levels)


def _other_readings(
    level: int, depths: set[int], roots: Mapping[Parts, str | None], choices: Choices
) -> Iterable[Reading]:
    deepest = max(depths, default=1)
    at = level if level > 0 else deepest + 1 + level
    for other in range(1, deepest + 1):
        if other != at or (len(depths) > 1 and level > 0 and other == deepest):
            value = -1 if other == deepest else other
            yield Reading(
                sentence=_label_sentence(value, depths),
                options={"label_level": value},
            )
    if deepest > at and choices.group_level is None:
        yield Reading(
            sentence=mark(
                "Each folder inside a class folder is a group, such as a patient or a day."
            ),
            options={"label_level": level, "group_level": at + 1},
        )
    if any(roots.values()):
        yield SPLITS_ARE_CLASSES
