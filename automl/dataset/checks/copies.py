"""Pictures that are there more than once: under one label, under several, on both sides."""

from collections.abc import Iterator

import pandas as pd

from automl.dataset import near_duplicates
from automl.dataset.checks.wording import counted, finding, is_, names
from automl.dataset.report import Finding, Severity

_SETTLE = "Remove them on one side, or set leaked: drop (or move) in corrections."


def check(readable: pd.DataFrame) -> Iterator[Finding]:
    shown = readable.assign(split=readable["split"].fillna("train"))
    conflicting = shown.groupby("content_hash")["label"].transform("nunique") > 1
    leaked = _leaked(shown, shown["content_hash"])
    yield from _exact(shown, conflicting, leaked)
    yield from _near(shown, conflicting, leaked)
    yield from _copies_only(shown)
    if "group" in shown:
        yield from _group_leakage(shown, leaked)


def _exact(shown: pd.DataFrame, conflicting: pd.Series, leaked: pd.Series) -> Iterator[Finding]:
    if conflicting.any():
        yield finding(
            "label_conflict",
            Severity.WARNING,
            shown[conflicting].sort_values("content_hash", kind="stable")["path"],
            f"{conflicting.sum()} files are the same picture as another one with a different "
            "label. Nothing can get all of them right; keep each under one label, or give them "
            "the right one with corrections: relabel.",
        )
    if leaked.any():
        how = "also in the training data"
        yield _leakage("leakage", shown.loc[leaked, "path"], how, _SETTLE)
    copies = shown[shown.duplicated(["content_hash", "label", "split"])]
    if len(copies):
        yield finding(
            "exact_duplicates",
            Severity.INFO,
            copies["path"],
            f"{counted(len(copies), 'picture')} {is_(len(copies))} an exact copy of another one. "
            "Copies stay on the same side of the split.",
        )


def _near(shown: pd.DataFrame, conflicting: pd.Series, leaked: pd.Series) -> Iterator[Finding]:
    """What is told about exact copies is not told again."""
    near = shown[shown["near_duplicate_group"].notna()].sort_values(
        "near_duplicate_group", kind="stable"
    )
    if near.empty:
        return
    num_groups = near["near_duplicate_group"].nunique()
    yield finding(
        "near_duplicates",
        Severity.INFO,
        near["path"],
        f"{len(near)} pictures are nearly the same as another one, in "
        f"{counted(num_groups, 'group')}. They stay together when the split is chosen "
        "here; exclude what adds nothing.",
    )
    doubtful = near[~conflicting[near.index]]
    by_group = doubtful.groupby("near_duplicate_group")
    differing = doubtful[by_group["label"].transform("nunique") > 1]
    if len(differing):
        yield finding(
            "near_duplicate_label_conflict",
            Severity.WARNING,
            differing["path"],
            f"{len(differing)} pictures are nearly the same as another one with a different "
            "label. Look which label is right, and set it with corrections: relabel.",
        )
    crossing = _leaked(near, near["near_duplicate_group"]) & ~leaked[near.index]
    if crossing.any():
        how = "nearly the same as one in the training data"
        yield _leakage("near_duplicate_leakage", near.loc[crossing, "path"], how, _SETTLE)


def _copies_only(shown: pd.DataFrame) -> Iterator[Finding]:
    """Classes whose pictures the split cannot but part."""
    train = shown[shown["split"] == "train"]
    same = near_duplicates.sameness(train)
    by_label = same.groupby(train["label"]).agg(["size", "nunique"])
    alike = sorted(by_label[(by_label["nunique"] == 1) & (by_label["size"] > 1)].index)
    if alike:
        yield finding(
            "copies_only",
            Severity.WARNING,
            train.loc[train["label"].isin(alike), "path"],
            f"All pictures of {names(alike)} are copies of one, or nearly: its score would only "
            "say that copies are recognised. Add other pictures.",
            count=len(alike),
        )


def _group_leakage(shown: pd.DataFrame, leaked: pd.Series) -> Iterator[Finding]:
    crossing = _leaked(shown, shown["group"]) & ~leaked
    if crossing.any():
        how = "of the same group as training pictures"
        advice = "Keep each group on one side, or leave the splits out to have them chosen."
        yield _leakage("group_leakage", shown.loc[crossing, "path"], how, advice)


def _leakage(kind: str, paths: pd.Series, how: str, advice: str) -> Finding:
    count = len(paths)
    message = (
        f"{counted(count, 'picture')} of the validation or test data {is_(count)} {how}, "
        f"which makes the score look better than it is. {advice}"
    )
    return finding(kind, Severity.WARNING, paths, message)


def _leaked(shown: pd.DataFrame, key: pd.Series) -> pd.Series:
    """Which rows are held out while a training row has the same key."""
    is_train = shown["split"] == "train"
    return ~is_train & key.isin(key[is_train].dropna().unique()) & key.notna()
