"""Folders of splits: which folders in a tree are named after training and other data."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from automl.dataset.folder_tree import FolderTree, Parts
from automl.dataset.split_words import is_neutral, loose_split_in, split_in

Name = TypeVar("Name")

LEAST_OVERLAP = 0.5
"""Least share of the classes of a split that other splits have too."""


@dataclass(frozen=True)
class Splits:
    """Folders that are splits."""

    of_folder: Mapping[Parts, str]
    """Split of each of these folders."""

    classes: Mapping[Parts, str] = field(default_factory=dict)
    """Label of each, if its name contains both, as `train_cat` does."""


def base_of(folders: FolderTree, *, looks_for_splits: bool) -> Parts:
    """The folder that holds the folders of splits or classes."""
    base: Parts = ()
    while True:
        if looks_for_splits and splits_at(folders, base):
            return base
        names = folders.inside(base)
        if len(names) != 1 or not _wraps(folders, (*base, names[0])):
            return base
        base = (*base, names[0])


def _wraps(folders: FolderTree, folder: Parts) -> bool:
    """True if the folder holds all class folders, perhaps with a stray picture beside them."""
    num_direct, num_folders = folders.counts.get(folder, 0), len(folders.inside(folder))
    num_deeper = folders.num_below(folder) - num_direct
    return num_folders > 0 and (num_direct == 0 or (num_folders > 1 and num_direct < num_deeper))


def splits_of(names: Mapping[Name, str]) -> dict[Name, tuple[str, str]]:
    """Split, and the rest of the name, of each folder that is named like a split.

    Words such as gallery and query, or seen and unseen, are splits only of one another: beside
    a folder called train, a gallery is searched and not learned.
    """
    strict = {key: split for key, name in names.items() if (split := split_in(name))}
    loose = {
        key: split
        for key, name in names.items()
        if key not in strict and (split := loose_split_in(name))
    }
    if "train" in {split for split, _ in strict.values()}:
        loose = {
            key: ("test" if split == "train" else split, rest)
            for key, (split, rest) in loose.items()
        }
    found = strict | loose
    return found if {"train"} < {split for split, _ in found.values()} else strict


def splits_at(folders: FolderTree, base: Parts) -> Splits | None:
    """The splits among the folders in a folder.

    A single folder called train is one; a single one called test may just be the name of the data.
    """
    names = folders.inside(base)
    found = splits_of({name: name for name in names})
    is_loose = any(split_in(name) is None for name in found)
    splits = {split for split, _ in found.values()}
    if len(splits) < 2 and not (len(names) == 1 and splits == {"train"}):
        return None
    of_folder = {(*base, name): split for name, (split, _) in found.items()}
    rests = {rest for _, rest in found.values()}
    are_all = len(found) == len(names)
    if any(folders.inside(folder) for folder in of_folder):
        is_certain = (are_all and len(rests) == 1 and not is_loose) or share_classes(
            folders, of_folder
        )
        return Splits(of_folder) if is_certain else None
    if is_loose or not are_all or len(splits) < 2:
        return None
    if len(rests) == 1:
        return Splits(of_folder)
    by_split: dict[str, set[str]] = defaultdict(set)
    for named, rest in found.values():
        by_split[named].add(rest)
    if len(set.intersection(*by_split.values())) < LEAST_OVERLAP * len(rests):
        return None
    return Splits(of_folder, {(*base, name): rest for name, (_, rest) in found.items()})


def share_classes(folders: FolderTree, of_folder: Mapping[Parts, str]) -> bool:
    """True if folders of the same names lie below the training data and below another split."""
    names: dict[bool, set[str]] = {True: set(), False: set()}
    for folder, split in of_folder.items():
        for inner in folders.below(folder):
            names[split == "train"] |= set(inner[len(folder) :])
    both = len(names[True] & names[False])
    return both > 0 and both >= LEAST_OVERLAP * min(map(len, names.values()))


def roots_of(folders: FolderTree, splits: Splits) -> dict[Parts, str | None]:
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


def below_neutral(
    folders: FolderTree, roots: Mapping[Parts, str | None]
) -> dict[Parts, str | None]:
    """The roots, or the folders inside of those in which all names say nothing.

    Such are `images_001` and `images_002`, and the letters in `a/abbey`, `b/bakery`.
    """
    found: dict[Parts, str | None] = {}
    for root, split in roots.items():
        inside = [(*root, name) for name in folders.inside(root)]
        are_neutral = all(is_neutral(folder[-1]) for folder in inside)
        if inside and (are_neutral or all(_is_initial(folders, folder) for folder in inside)):
            found |= below_neutral(folders, dict.fromkeys(inside, split))
        else:
            found[root] = split
    return found


def _is_initial(folders: FolderTree, folder: Parts) -> bool:
    """True for a letter that all folders inside start with."""
    letter, names = folder[-1].casefold(), folders.inside(folder)
    has_pictures = folder in folders.counts
    starts = all(name.casefold().startswith(letter) for name in names)
    return len(letter) == 1 and letter.isalpha() and bool(names) and starts and not has_pictures
