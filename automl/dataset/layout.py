"""How a folder of pictures is meant: which of its folders name splits, classes and groups."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from automl.dataset.reading import Reading, UnclearDataError
from automl.dataset.split_words import split_in
from automl.jobs import label_patterns

Parts = tuple[str, ...]
"""A path below the root: names of folders, and the name of a file at the end of a picture's."""

_LEAST_OVERLAP = 0.5
_IDENTIFIER = re.compile(r"[\W_]*(?:[a-z]{0,8}[\W_]*)?\d+(?:[\W_]*\d+)*[\W_]*|[0-9a-f-]{8,}", re.I)
"""Names such as `patient_12`, `2024-05-03` or `9f3c02ab`."""


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

    def label(self, parts: Parts) -> str | None:
        """Label of a picture; None for one outside of all class folders."""
        if self.pattern is not None:
            return label_patterns.labels(self.pattern, [parts[-1]])[0]
        return self.labels.get(parts[:-1])

    def split(self, parts: Parts) -> str | None:
        """Split that the folders of a picture name."""
        return self.splits.get(parts[:-1])

    def group(self, parts: Parts) -> str | None:
        """Group of a picture; None if the folders name none."""
        return self.groups.get(parts[:-1])


class SplitsOnlyError(UnclearDataError):
    """The folders name splits and nothing else: there are no labels."""


class SeveralDataSetsError(UnclearDataError):
    """Each folder is a data set of its own."""


@dataclass(frozen=True)
class _Folders:
    """Folders with pictures, by the folder that they lie in."""

    counts: Mapping[Parts, int]
    """Pictures directly in each folder that has some."""

    children: Mapping[Parts, Sequence[str]]
    """Names of the folders with pictures below each folder."""

    @classmethod
    def of(cls, pictures: Iterable[Parts]) -> "_Folders":
        counts = Counter(parts[:-1] for parts in pictures)
        children: dict[Parts, dict[str, None]] = defaultdict(dict)
        for folder in counts:
            for end in range(len(folder)):
                children[folder[:end]][folder[end]] = None
        return cls(counts, {parent: sorted(names) for parent, names in children.items()})

    def inside(self, folder: Parts) -> Sequence[str]:
        return self.children.get(folder, ())

    def below(self, folder: Parts) -> list[Parts]:
        """The folders with pictures at or below a folder."""
        return [inner for inner in self.counts if inner[: len(folder)] == folder]

    def num_below(self, folder: Parts) -> int:
        return sum(self.counts[inner] for inner in self.below(folder))


@dataclass(frozen=True)
class _Splits:
    """Folders that are splits."""

    of_folder: Mapping[Parts, str]
    """Split of each of these folders."""

    classes: Mapping[Parts, str] = field(default_factory=dict)
    """Label of each, if its name contains both, as `train_cat` does."""


_SPLITS_ARE_CLASSES = Reading(
    sentence="The folders of the splits are classes.",
    options={"split_folders": "never", "label_level": 1},
)


def find_layout(pictures: Sequence[Parts], choices: Choices | None = None) -> Layout:
    """The most likely meaning of the folders of all pictures, with the others.

    Args:
        pictures: relative paths.
        choices: what the user has chosen; it goes before every guess.

    Raises:
        SplitsOnlyError: there are splits and no classes.
        SeveralDataSetsError: the folders are data sets.
    """
    choices = choices or Choices()
    folders = _Folders.of(pictures)
    looks_for_splits = choices.split_folders == "auto"
    base = _base(folders, looks_for_splits=looks_for_splits)
    splits = _splits_at(folders, base) if looks_for_splits else None
    if choices.label_pattern is not None:
        return _by_pattern(folders, splits, choices.label_pattern)
    if splits is not None and splits.classes:
        return _with_splits_in_names(splits)
    if splits is None and looks_for_splits:
        if choices.label_level is None:
            _refuse_data_sets(folders, base)
        if (class_first := _class_first(folders, base)) is not None:
            return class_first
    roots = _roots(folders, splits) if splits else {base: None}
    return _by_level(folders, roots, choices)


def _base(folders: _Folders, *, looks_for_splits: bool) -> Parts:
    """The folder that holds the folders of splits or classes."""
    base: Parts = ()
    while True:
        if looks_for_splits and _splits_at(folders, base):
            return base
        names = folders.inside(base)
        if len(names) != 1 or not _wraps(folders, (*base, names[0])):
            return base
        base = (*base, names[0])


def _wraps(folders: _Folders, folder: Parts) -> bool:
    """True if the folder holds all class folders, perhaps with a stray picture beside them."""
    num_direct, num_folders = folders.counts.get(folder, 0), len(folders.inside(folder))
    num_deeper = folders.num_below(folder) - num_direct
    return num_folders > 0 and (num_direct == 0 or (num_folders > 1 and num_direct < num_deeper))


def _splits_at(folders: _Folders, base: Parts) -> _Splits | None:
    """The splits among the folders in a folder.

    A single folder called train is one; a single one called test may just be the name of the data.
    """
    names = folders.inside(base)
    found = {name: split for name in names if (split := split_in(name))}
    splits = {split for split, _ in found.values()}
    if len(splits) < 2 and not (len(names) == 1 and splits == {"train"}):
        return None
    of_folder = {(*base, name): split for name, (split, _) in found.items()}
    rests = {rest for _, rest in found.values()}
    are_all = len(found) == len(names)
    if any(folders.inside(folder) for folder in of_folder):
        is_certain = (are_all and len(rests) == 1) or _share_classes(folders, of_folder)
        return _Splits(of_folder) if is_certain else None
    if not are_all or len(splits) < 2:
        return None
    if len(rests) == 1:
        return _Splits(of_folder)
    by_split: dict[str, set[str]] = defaultdict(set)
    for named, rest in found.values():
        by_split[named].add(rest)
    if len(set.intersection(*by_split.values())) < _LEAST_OVERLAP * len(rests):
        return None
    return _Splits(of_folder, {(*base, name): rest for name, (_, rest) in found.items()})


def _share_classes(folders: _Folders, of_folder: Mapping[Parts, str]) -> bool:
    """True if folders of the same names lie below the training data and below another split."""
    names: dict[bool, set[str]] = {True: set(), False: set()}
    for folder, split in of_folder.items():
        for inner in folders.below(folder):
            names[split == "train"] |= set(inner[len(folder) :])
    both = len(names[True] & names[False])
    return both > 0 and both >= _LEAST_OVERLAP * min(map(len, names.values()))


def _refuse_data_sets(folders: _Folders, base: Parts) -> None:
    """Raise a SeveralDataSetsError if each folder has splits and classes of its own."""
    names = folders.inside(base)
    own = [_splits_at(folders, (*base, name)) for name in names]
    if len(names) > 1 and all(one and _share_classes(folders, one.of_folder) for one in own):
        raise SeveralDataSetsError(
            f"There are {len(names)} data sets, each with splits and classes of its own: "
            f"{', '.join(names[:10])}. Give the path of one of these folders.",
            [
                Reading(sentence=f"The data set {name}.", options={"path": "/".join((*base, name))})
                for name in names
            ],
        )


def _class_first(folders: _Folders, base: Parts) -> Layout | None:
    """The layout if the folders in the class folders are splits."""
    classes = folders.inside(base)
    found = {
        (*base, name, inner): split_in(inner)
        for name in classes
        for inner in folders.inside((*base, name))
    }
    splits = {split[0] for split in found.values() if split}
    with_splits = {folder[:-1] for folder in found}
    if (
        len(classes) < 2
        or not all(
            split and split[1] in ("", _as_words(folder[-2])) for folder, split in found.items()
        )
        or not {"train"} < splits
        or 2 * len(with_splits) <= len(classes)
    ):
        return None
    labels, given = {}, {}
    for folder in folders.counts:
        if len(folder) > len(base):
            labels[folder] = folder[len(base)]
            if split := found.get(folder[: len(base) + 2]):
                given[folder] = split[0]
    inner = sorted({folder[-1] for folder in found})
    sentence = f"A folder of pictures: each class has the splits {_named(inner)}."
    other = Reading(
        sentence=f"The folders {_named(inner)} mean nothing: their pictures are split by chance.",
        options={"split_folders": "never", "label_level": 1},
    )
    return Layout(
        Reading(sentence=sentence),
        (other,),
        labels,
        given,
        {},
        frozenset((*base, name) for name in classes),
    )


def _as_words(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().lower()


def _with_splits_in_names(splits: _Splits) -> Layout:
    names = sorted(folder[-1] for folder in splits.of_folder)
    sentence = f"A folder of pictures: each folder names a split and a class, such as {names[0]}."
    other = Reading(
        sentence="The whole name of a folder is the class.", options={"split_folders": "never"}
    )
    return Layout(
        Reading(sentence=sentence),
        (other,),
        splits.classes,
        splits.of_folder,
        {},
        frozenset(splits.of_folder),
    )


def _by_pattern(folders: _Folders, splits: _Splits | None, pattern: str) -> Layout:
    given: dict[Parts, str] = {}
    for folder, split in (splits.of_folder if splits else {}).items():
        given |= dict.fromkeys(folders.below(folder), split)
    sentence = f"A folder of pictures; the label is in the name of the file: {pattern}."
    return Layout(Reading(sentence=sentence), (), {}, given, {}, frozenset(), pattern)


def _roots(folders: _Folders, splits: _Splits) -> dict[Parts, str | None]:
    """The folder that holds the class folders of each split, and the split.

    A folder between a split and its classes is looked through if it repeats the name of the split,
    or if every split has one.
    """
    roots = {folder: folder for folder in splits.of_folder}

    def only(folder: Parts) -> str | None:
        names = folders.inside(folder)
        return names[0] if len(names) == 1 and folder not in folders.counts else None

    while True:
        inner = {split: only(root) for split, root in roots.items()}
        has_more = {split: name for split, name in inner.items() if name}
        through = {
            split: name
            for split, name in has_more.items()
            if name.lower() == split[-1].lower()
            or (len(has_more) == len(roots) and folders.inside((*roots[split], name)))
        }
        if not through:
            return {roots[split]: name for split, name in splits.of_folder.items()}
        roots |= {split: (*roots[split], name) for split, name in through.items()}


def _by_level(folders: _Folders, roots: Mapping[Parts, str | None], choices: Choices) -> Layout:
    """The layout whose labels are the names of the folders at one level below the roots."""
    relative = {
        folder: (root, folder[len(root) :]) for root in roots for folder in folders.below(root)
    }
    depths = {len(inner) for _, inner in relative.values()} - {0}
    if not depths and any(roots.values()):
        names = _named(sorted({root[-1] for root in roots}))
        raise SplitsOnlyError(
            f"The folders {names} are splits of a data set, but nothing below them names classes. "
            "Put the pictures of each class into a folder, give a table of labels, or set "
            "label_pattern if the names of the files contain the labels; if they are the classes, "
            "set split_folders to never.",
            [_SPLITS_ARE_CLASSES],
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
    start = _start(roots)
    return Layout(
        Reading(sentence=f"{start}; {_label_sentence(level, depths)}."),
        tuple(_other_readings(level, depths, roots, choices)),
        labels,
        splits,
        groups,
        frozenset(class_folders),
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
        len(train & held_out) >= _LEAST_OVERLAP * max(1, len(held_out))
        and len(names) == len(train)
        and sum(bool(_IDENTIFIER.fullmatch(name)) for name in names) < _LEAST_OVERLAP * len(names)
    )
    return -1 if is_hierarchy else 1


def _start(roots: Mapping[Parts, str | None]) -> str:
    by_split: dict[str, list[str]] = defaultdict(list)
    for root, split in roots.items():
        if split:
            by_split[split].append("/".join(root))
    if not by_split:
        return "A folder of pictures"
    parts = [f"{_named(sorted(names))} ({split})" for split, names in by_split.items()]
    return f"A folder of pictures, split by its folders {_named(parts)}"


def _label_sentence(level: int, depths: set[int]) -> str:
    deepest = max(depths, default=1)
    if deepest == 1:
        return "the label is the name of the folder that holds the picture"
    count = f"{deepest} levels" if len(depths) == 1 else f"up to {deepest} levels"
    which = {1: "the outermost folder", -1: "the folder that holds the picture"}
    return (
        f"the label is the name of {which.get(level, f'the folder at level {level}')}, of {count}"
    )


def _other_readings(
    level: int, depths: set[int], roots: Mapping[Parts, str | None], choices: Choices
) -> Iterable[Reading]:
    deepest = max(depths, default=1)
    at = level if level > 0 else deepest + 1 + level
    for other in range(1, deepest + 1):
        if other != at or (len(depths) > 1 and level > 0 and other == deepest):
            value = -1 if other == deepest else other
            yield Reading(
                sentence=f"{_label_sentence(value, depths).capitalize()}.",
                options={"label_level": value},
            )
    if deepest > at and choices.group_level is None:
        yield Reading(
            sentence="The folders inside the class folders are groups (patients, days, cameras): "
            "the pictures of one stay on one side of the split.",
            options={"label_level": level, "group_level": at + 1},
        )
    if any(roots.values()):
        yield _SPLITS_ARE_CLASSES


def _named(names: Sequence[str]) -> str:
    shown = [*names[:5], *([f"{len(names) - 5} more"] if len(names) > 5 else [])]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
