"""Folders inside the class folders: groups whose pictures are alike, or the classes themselves."""

from collections.abc import Iterator

import pandas as pd

from automl.dataset.checks import traces
from automl.dataset.checks.kind import CheckedData, FindingKind, names
from automl.dataset.report import Finding, Severity
from automl.sentences import Sentence, say

INNER_FOLDERS = FindingKind("inner_folders", Severity.INFO)

LEAST_SHARE = 0.8
"""Least share of the pictures that lie in such folders."""


def check(data: CheckedData) -> Iterator[Finding]:
    """Finding about folders inside the class folders, unless they are groups already."""
    train = data.train
    if train.empty or ("group" in train and train["group"].notna().any()):
        return
    is_in_class_folder = [
        f"/{label}/" in path.replace("\\", "/")
        for path, label in zip(train["path"].tolist(), train["label"].tolist(), strict=True)
    ]
    inside = train[pd.Series(is_in_class_folder, index=train.index, dtype=bool)]
    folders = traces.folders_inside(inside).dropna()
    inside = inside.loc[folders.index]
    if inside.empty or len(inside) < LEAST_SHARE * len(train):
        return
    per_class = folders.groupby(inside["label"]).unique().map(frozenset)
    if per_class.map(len).median() < 2:
        return
    sizes = folders.groupby([inside["label"], folders]).size()
    yield INNER_FOLDERS.finding([], *_sentences(folders, sizes, per_class), count=len(sizes))


def _sentences(folders: pd.Series, sizes: pd.Series, per_class: pd.Series) -> Iterator[Sentence]:
    least, most = sizes.min(), sizes.max()
    yield say(
        "There is {count} folder inside the class folders ({names}), with {span} pictures in each.",
        "There are {count} folders inside the class folders ({names}), with {span} pictures in "
        "each.",
        count=len(sizes),
        names=names(folders),
        span=say("{low} to {high}", low=least, high=most) if least < most else most,
    )
    yield (
        say(
            "They have the same names in every class. If they are what the pictures show, "
            "set label_level to -1; if they are cameras or days, set group_level to -1."
        )
        if all(one == per_class.iloc[0] for one in per_class)
        else say(
            "If they are patients, days or cameras, the pictures of one are alike, and a "
            "score is too good if they are on both sides of the split: set group_level to -1."
        )
    )
