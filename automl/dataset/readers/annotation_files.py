"""Annotations with a file of their own for each picture, as LabelMe and Pascal VOC write them."""

import itertools
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from automl.dataset.folder_tree import Parts
from automl.dataset.split_words import is_neutral, split_in
from automl.dataset.walk import is_hidden, walk

_HOLDS_ANNOTATIONS = frozenset(
    {"annotation", "annotations", "anno", "ann", "anns", "label", "labels", "xml", "xmls", "json"}
    | {"jsons", "labelme", "voc"}
)
_MAX_DEPTH = 3
_NUM_LOOKED_AT = 50


def first(folder: Path, suffix: str) -> Iterator[Path]:
    """The first files with a suffix, in each place of a folder where annotations may lie."""
    for place in _places(folder, 0):
        yield from itertools.islice(_files(place, suffix), _NUM_LOOKED_AT)


def below(folder: Path, suffix: str) -> list[Path]:
    """All files with a suffix where annotations may lie, by path."""
    return sorted(file for place in _places(folder, 0) for file in _files(place, suffix))


class Pictures:
    """The pictures below a folder, found by the annotations that lie near them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_stem: dict[str, list[Parts]] = defaultdict(list)
        for parts in walk(folder).pictures:
            self._by_stem[PurePosixPath(parts[-1]).stem].append(parts)

    def of(self, file: Path, name: str) -> str:
        """Path below the folder of the picture that a file annotates.

        Of several with its name, the one with the most folders of the same names above it.

        Args:
            file: the annotations.
            name: of the picture, as the file says it; perhaps a path of another machine.
        """
        inside = {*file.relative_to(self._folder).parts[:-1]}
        name = name.replace("\\", "/").rpartition("/")[2]
        named = self._by_stem.get(PurePosixPath(name).stem) or self._by_stem.get(file.stem, [])
        named = [parts for parts in named if parts[-1] == name] or named  # masks have other endings
        nearest = max(named, key=lambda parts: len(inside & {*parts}), default=(name,))
        return "/".join(nearest)

    def beside(self, file: Path) -> str | None:
        """Path below the folder of the picture whose name a file has, with or without its ending.

        Args:
            file: `1.json` or `1.jpg.json`.
        """
        path = self.of(file, file.stem)
        return path if path != file.stem or (self._folder / path).is_file() else None


def _places(folder: Path, depth: int) -> Iterator[Path]:
    """A folder, and those inside of it that are named after splits, annotations or pictures."""
    yield folder
    with os.scandir(folder) as entries:
        inside = sorted(
            entry.name
            for entry in entries
            if _may_hold(entry.name) and entry.is_dir(follow_symlinks=False)
        )
    for name in inside if depth < _MAX_DEPTH else []:
        yield from _places(folder / name, depth + 1)


def _may_hold(name: str) -> bool:
    if "." in name or is_hidden(name):
        return False
    return name.lower() in _HOLDS_ANNOTATIONS or is_neutral(name) or split_in(name) is not None


def _files(folder: Path, suffix: str) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.lower().endswith(suffix) and entry.is_file(follow_symlinks=False):
                yield Path(entry.path)
