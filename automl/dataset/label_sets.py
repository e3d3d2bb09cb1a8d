"""The labels of pictures that have any number of them: the column `label_set` of the samples.

Samples with one label a picture have no such column, and everything about them stays as it is. In
samples with label sets `label` has the names with commas between them, as text to show and to
compare, and `label_index` is missing.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

COLUMN = "label_set"


def are_in(samples: pd.DataFrame) -> bool:
    """True if the pictures have sets of labels."""
    return COLUMN in samples


def text(labels: Iterable[str]) -> str:
    """The labels of a picture as one text."""
    return ", ".join(labels)


def each_label(samples: pd.DataFrame) -> pd.Series:
    """Every label of every picture; the index of a picture is repeated for each of its labels."""
    if not are_in(samples):
        return samples["label"]
    labels = samples[COLUMN].explode()
    return labels[labels.notna()].astype("str")


def names(samples: pd.DataFrame) -> list[str]:
    """Every label that a picture has, sorted."""
    return sorted(each_label(samples).unique())


def truth(samples: pd.DataFrame, class_names: Sequence[str]) -> NDArray[np.bool_]:
    """(N, K) True where a picture has a label."""
    position = {name: index for index, name in enumerate(class_names)}
    matrix = np.zeros((len(samples), len(class_names)), bool)
    for row, labels in enumerate(samples[COLUMN]):
        matrix[row, [position[label] for label in labels]] = True
    return matrix


def co_occurrence(matrix: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(K, K) number of pictures with both labels, from truth (N, K); the diagonal has each label's.

    In single precision, which is exact up to 16 million pictures and many times faster.
    """
    counts = matrix.astype(np.float32)
    return np.asarray(np.rint(counts.T @ counts), np.int64)
