"""Folders that repeat the pictures of another folder, which are left out."""

import filecmp
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from automl.dataset.copied_names import original_of
from automl.dataset.folder_tree import Parts

_LEAST_ALIKE = 0.95
_NUM_COMPARED = 50


def without_copies(pictures: list[Parts], root: Path) -> tuple[list[Parts], list[Parts]]:
    """The pictures without those of a folder that repeats the tree which it lies in, and it.

    Some archives hold the whole data set a second time, one level deeper. A folder that is named
    like a copy of the one beside it, and holds the same pictures, is left out too.
    """
    copies: list[Parts] = []
    while (copy := _copy_in(pictures, root)) is not None:
        copies.append(copy)
        pictures = [parts for parts in pictures if parts[: len(copy)] != copy]
    for copy in _sibling_copies(pictures, root):
        copies.append(copy)
        pictures = [parts for parts in pictures if parts[: len(copy)] != copy]
    return pictures, copies


def _sibling_copies(pictures: Sequence[Parts], root: Path) -> list[Parts]:
    """Folders that are named like a copy of the one beside them, and hold the same pictures."""
    folders = {parts[:-1] for parts in pictures}
    folders |= {folder[:end] for folder in folders for end in range(1, len(folder))}
    pairs = {
        folder: (*folder[:-1], original)
        for folder in folders
        if folder and (original := original_of(folder[-1]))
    }
    of_pairs = {*pairs, *pairs.values()}
    inside: dict[Parts, set[Parts]] = defaultdict(set)
    for parts in pictures if pairs else ():
        for end in range(1, len(parts)):
            if parts[:end] in of_pairs:
                inside[parts[:end]].add(parts[end:])
    copies: list[Parts] = []
    for folder, other in sorted(pairs.items(), key=lambda pair: (len(pair[0]), pair)):
        is_inside = any(folder[: len(copy)] == copy for copy in copies)
        if not is_inside and inside.get(other) == inside[folder]:
            every = sorted(inside[folder])
            compared = every[:: max(1, len(every) // _NUM_COMPARED)]
            if all(
                filecmp.cmp(root.joinpath(*folder, *one), root.joinpath(*other, *one), False)
                for one in compared
            ):
                copies.append(folder)
    return copies


def _copy_in(pictures: Sequence[Parts], root: Path) -> Parts | None:
    parent: Parts = ()
    while True:
        below = [parts for parts in pictures if parts[: len(parent)] == parent]
        depth = len(parent)
        sizes = Counter(parts[depth] for parts in below if len(parts) > depth + 1)
        for name in sorted(sizes):
            if not _LEAST_ALIKE <= 2 * sizes[name] / len(below) <= 2 - _LEAST_ALIKE:
                continue  # a copy is half of all: the sets below are made of few folders
            inner = {parts[depth + 1 :] for parts in below if parts[depth] == name}
            outer = {parts[depth:] for parts in below if parts[depth] != name}
            both = inner & outer
            if (
                len({parts[0] for parts in both}) > 1
                and len(both) >= _LEAST_ALIKE * max(len(inner), len(outer))
                and _same_sizes(root.joinpath(*parent), name, sorted(both))
            ):
                return (*parent, name)
        if len(sizes) != 1:
            return None
        parent = (*parent, *sizes)


def _same_sizes(parent: Path, name: str, pictures: Sequence[Parts]) -> bool:
    step = max(1, len(pictures) // _NUM_COMPARED)
    compared = islice(pictures, 0, None, step)
    return all(
        (parent / name).joinpath(*parts).stat().st_size == parent.joinpath(*parts).stat().st_size
        for parts in compared
    )
