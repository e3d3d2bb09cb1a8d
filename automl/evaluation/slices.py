"""Parts of the pictures with a lower accuracy: small ones, dark ones, those of one folder."""

from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.evaluation import picture_groups
from automl.evaluation.picture_groups import Groups
from automl.evaluation.significance import holm

_MIN_PICTURES = 10
_MAX_FOLDERS = 50
_ASPECTS = {"portrait": (0.0, 0.8), "nearly square": (0.8, 1.25), "landscape": (1.25, np.inf)}


class Slice(NamedTuple):
    """One part of the pictures."""

    name: str
    """Property that divides the pictures: `size`, `brightness`, `proportions` or `folder`."""

    part: str
    num_pictures: int
    accuracy: float
    is_worse: bool
    """True if its accuracy is significantly lower than that of the other pictures."""

    inside: NDArray[np.bool_]
    """(N,) True for the pictures that belong to it."""


def slices(
    samples: pd.DataFrame, correct: NDArray[np.bool_], groups: Groups | None = None
) -> list[Slice]:
    """Compute the accuracy on parts of at least ten pictures, the worst first.

    A part is worse if Fisher's exact test against all other pictures is significant at 5 %, after
    Holm's correction (1979) for the number of parts. It counts one picture of each group.

    Args:
        samples: N rows with `id`, `path`, `label`, `width`, `height`, `brightness`; and
            `given_path` if the pictures have been moved since.
        correct: (N,) True if the answer for the picture is right.
        groups: of pictures that are not independent.
    """
    from scipy.stats import fisher_exact  # slow to import

    sample_ids = samples["id"].to_numpy(np.int64)

    def counted(chosen: NDArray[np.bool_]) -> tuple[int, int]:
        """Right and wrong answers."""
        positions = np.flatnonzero(chosen)
        kept = positions[picture_groups.one_of_each(sample_ids[positions], groups)]
        num_right = int(correct[kept].sum())
        return num_right, len(kept) - num_right

    tested = []
    for name, part, inside in _parts(samples):
        if inside.sum() < _MIN_PICTURES or inside.all():
            continue
        table = [counted(inside), counted(~inside)]
        p_value = float(fisher_exact(table, alternative="less").pvalue)
        tested.append((p_value, name, part, inside))
    is_worse = holm([p_value for p_value, *_ in tested])
    result = [
        Slice(name, part, int(inside.sum()), float(correct[inside].mean()), worse, inside)
        for (_, name, part, inside), worse in zip(tested, is_worse, strict=True)
    ]
    return sorted(result, key=lambda part: (not part.is_worse, part.accuracy))


def _parts(samples: pd.DataFrame) -> list[tuple[str, str, NDArray[np.bool_]]]:
    parts = []
    side = samples[["width", "height"]].min(axis=1).to_numpy(np.float64)
    parts += _thirds("size", side, "px on the short side")
    if "brightness" in samples:
        brightness = samples["brightness"].to_numpy(np.float64)
        parts += _thirds("brightness", brightness, "of 255")
    aspect = (samples["width"] / samples["height"]).to_numpy(np.float64)
    for part, (low, high) in _ASPECTS.items():
        parts.append(("proportions", part, (low <= aspect) & (aspect < high)))
    paths = samples["given_path"] if "given_path" in samples else samples["path"]
    folders = _source_folders(paths.map(PurePath), samples["label"])
    for folder in folders.value_counts().index[:_MAX_FOLDERS]:
        parts.append(("folder", folder, (folders == folder).to_numpy()))
    return parts


def _source_folders(paths: "pd.Series[Any]", labels: "pd.Series[Any]") -> "pd.Series[str]":
    """Return the folder of each picture, or its parent if the folder holds a single class.

    Otherwise a difficult class would look like a bad source.
    """
    folders = paths.map(lambda path: path.parent)
    of_one_class = labels.groupby(folders.astype(str)).transform("nunique") == 1
    return folders.where(~of_one_class, folders.map(lambda folder: folder.parent)).astype(str)


def _thirds(
    name: str, values: NDArray[np.float64], unit: str
) -> list[tuple[str, str, NDArray[np.bool_]]]:
    """Divide pictures into thirds by a value; equal values are in the same third.

    Pictures whose value is NaN are in none of them.
    """
    known = values[~np.isnan(values)]
    if len(known) == 0 or known.min() == known.max():
        return []
    low, high = np.quantile(known, [1 / 3, 2 / 3], method="lower")
    return [
        (name, f"up to {low:.0f} {unit}", values <= low),
        (name, f"{low:.0f} to {high:.0f} {unit}", (low < values) & (values <= high)),
        (name, f"above {high:.0f} {unit}", values > high),
    ]
