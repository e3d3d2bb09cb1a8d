"""Find out which folder of a path names the class, and which the split."""

from dataclasses import dataclass

Parts = tuple[str, ...]

SPLITS = {  # every word for a split, in lower case
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class Layout:
    """Position of the class folders and split folders in relative paths."""

    depth: int
    """Number of folders around everything else."""

    has_splits: bool
    """True if the class folders lie in folders named after splits, for example train and test."""

    @property
    def label_at(self) -> int:
        """Position of the class folder in a path."""
        return self.depth + self.has_splits

    def label(self, parts: Parts) -> str | None:
        """Name of the class folder; None for a picture outside of all class folders."""
        return parts[self.label_at] if len(parts) > self.label_at + 1 else None

    def split(self, parts: Parts) -> str | None:
        """Split that the path names; None without split folders."""
        return SPLITS[parts[self.depth].lower()] if self.has_splits else None


def find_layout(pictures: list[Parts]) -> Layout:
    """The layout that fits the relative paths of all pictures."""
    depth = 0
    while True:
        inside = [parts for parts in pictures if len(parts) > depth + 1]
        deeper = [parts for parts in inside if len(parts) > depth + 2]
        tops = {parts[depth] for parts in inside}
        if deeper and are_splits(tops):
            return Layout(depth, has_splits=True)
        if len(tops) != 1 or not _wraps(deeper, len(inside) - len(deeper), depth):
            return Layout(depth, has_splits=False)
        depth += 1


def _wraps(deeper: list[Parts], num_direct: int, depth: int) -> bool:
    """True if a single folder holds all class folders, perhaps with a stray picture beside them."""
    num_folders = len({parts[depth + 1] for parts in deeper})
    return num_folders > 0 and (num_direct == 0 or (num_folders > 1 and num_direct < len(deeper)))


def are_splits(names: set[str]) -> bool:
    """True if folders of these names are the splits of a data set.

    A single folder called train is one; a single one called test may just be the name of the data.
    """
    splits = {SPLITS.get(name.lower(), name) for name in names}
    return splits <= set(SPLITS.values()) and (len(names) > 1 or splits == {"train"})
