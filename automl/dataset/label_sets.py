"""The labels of pictures that have any number of them: the column `label_set` of the samples.

Samples with one label a picture have no such column, and everything about them stays as it is. In
samples with label sets `label` has the sorted names with commas between them, as text to show and
to compare, and `label_index` is missing.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.evaluation import label_matrices

COLUMN = "label_set"


def are_in(samples: pd.DataFrame) -> bool:
    """True if the pictures have sets of labels."""
    return COLUMN in samples


def text(labels: Iterable[str]) -> str:
    """The labels of a picture as one text, which is the same in whatever order they are given."""
    return ", ".join(sorted(labels))


def as_list(labels: str | list[str]) -> list[str]:
    """The labels of a picture, of which a single one may be given as text."""
    return [labels] if isinstance(labels, str) else labels


def each_label(samples: pd.DataFrame) -> pd.Series:
    """Every label of every picture; the index of a picture is repeated for each of its labels."""
    if not are_in(samples):
        return samples["label"]
    labels = samples[COLUMN].explode()
    return labels[labels.notna()].astype("str")


def one_row_each(samples: pd.DataFrame) -> pd.DataFrame:
    """The samples with a row for each label of a picture, which is then its `label`."""
    labels = each_label(samples)
    return samples.loc[labels.index].assign(label=labels.to_numpy())


def with_sets(samples: pd.DataFrame, sets: Sequence[list[str]]) -> pd.DataFrame:
    """The samples with other labels, one set for each row."""
    labels = pd.Series([text(each) for each in sets], samples.index, dtype="str")
    column = pd.Series(list(sets), samples.index, dtype=object)
    return samples.assign(label=labels, **{COLUMN: column})


def by_text(samples: pd.DataFrame) -> dict[str, list[str]]:
    """Every set of labels that a picture has, by its text; empty where pictures have one label."""
    if not are_in(samples):
        return {}
    return dict(zip(samples["label"], samples[COLUMN], strict=True))


def have(samples: pd.DataFrame, label: str) -> NDArray[np.bool_]:
    """(N,) True for pictures with the label, alone or among others."""
    if not are_in(samples):
        return (samples["label"] == label).to_numpy(bool)
    return np.fromiter((label in labels for labels in samples[COLUMN]), bool, len(samples))


def names(samples: pd.DataFrame) -> list[str]:
    """Every label that a picture has, sorted."""
    if not are_in(samples):
        return sorted(samples["label"].unique())
    return sorted(set(chain.from_iterable(samples[COLUMN])))


def truth(samples: pd.DataFrame, class_names: Sequence[str]) -> NDArray[np.bool_]:
    """(N, K) True where a picture has a label."""
    return label_matrices.from_names(samples[COLUMN], class_names)


def co_occurrence(matrix: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(K, K) number of pictures with both labels, from truth (N, K), on the diagonal with each."""
    return label_matrices.together(matrix, matrix)


def most_frequent(counts: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Indices of so many labels, in their order, from the counts of `co_occurrence`."""
    return np.sort(np.argsort(-counts.diagonal(), kind="stable")[:number])
