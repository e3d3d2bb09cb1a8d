"""Folders that hold pictures, by the folder that they lie in."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Parts = tuple[str, ...]
"""A path below the root: names of folders, and the name of a file at the end of a picture's."""


@dataclass(frozen=True)
class FolderTree:
    """Folders with pictures."""

    counts: Mapping[Parts, int]
    """Pictures directly in each folder that has some."""

    children: Mapping[Parts, Sequence[str]]
    """Names of the folders with pictures below each folder."""

    @classmethod
    def of(cls, pictures: Iterable[Parts]) -> "FolderTree":
        """The folders that pictures lie in, from the paths of these."""
        counts = Counter(parts[:-1] for parts in pictures)
        children: dict[Parts, dict[str, None]] = defaultdict(dict)
        for folder in counts:
            for end in range(len(folder)):
                children[folder[:end]][folder[end]] = None
        return cls(counts, {parent: sorted(names) for parent, names in children.items()})

    def inside(self, folder: Parts) -> Sequence[str]:
        """Names of the folders with pictures in a folder."""
        return self.children.get(folder, ())

    def below(self, folder: Parts) -> list[Parts]:
        """The folders with pictures at or below a folder."""
        return [inner for inner in self.counts if inner[: len(folder)] == folder]

    def num_below(self, folder: Parts) -> int:
        """Number of pictures at or below a folder."""
        return sum(self.counts[inner] for inner in self.below(folder))
