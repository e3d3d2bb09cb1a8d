"""Copies and near duplicates: under one label, under several labels, on both sides of a split."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from automl.dataset import label_sets, near_duplicates, picture_location, row_groups
from automl.dataset.checks.kind import CheckedData, FindingKind, names
from automl.dataset.report import Finding, Severity
from automl.sentences import say

LABEL_CONFLICT = FindingKind(
    "label_conflict", Severity.WARNING, alike_by="content_hash", remedy="leave_out"
)
SEVERAL_ROWS = FindingKind("several_rows", Severity.WARNING, remedy="choose_other_task")
LEAKAGE = FindingKind("leakage", Severity.WARNING, alike_by="content_hash", remedy="settle_leaks")
EXACT_DUPLICATES = FindingKind(
    "exact_duplicates", Severity.INFO, alike_by="content_hash", remedy="leave_out"
)
NEAR_DUPLICATES = FindingKind(
    "near_duplicates",
    Severity.INFO,
    alike_by="near_duplicate_group",
    remedy="leave_out_all_but_largest",
)
NEAR_DUPLICATE_LABEL_CONFLICT = FindingKind(
    "near_duplicate_label_conflict",
    Severity.WARNING,
    alike_by="near_duplicate_group",
    remedy="leave_out",
)
NEAR_DUPLICATE_LEAKAGE = FindingKind(
    "near_duplicate_leakage",
    Severity.WARNING,
    alike_by="near_duplicate_group",
    remedy="settle_leaks",
)
COPIES_ONLY = FindingKind("copies_only", Severity.WARNING)
GROUP_LEAKAGE = FindingKind("group_leakage", Severity.WARNING, alike_by="group")

_SETTLE = say("Remove them on one side, or set leaked: drop (or move) in corrections.")


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about copies, near duplicates and groups, before the split is chosen."""
    shown = data.readable.assign(split=data.readable["split"].fillna("train"))
    conflicting = row_groups.disagreeing(shown["content_hash"], shown["label"])
    leaked = _leaked(shown, shown["content_hash"])
    yield from _exact(shown, conflicting, leaked)
    yield from _near(shown, conflicting, leaked)
    if not label_sets.are_in(shown):  # a rare set may well be that of one picture alone
        yield from _several_rows(shown)
        yield from _copies_only(shown)
    if "group" in shown:
        yield from _group_leakage(shown, leaked)


def _exact(shown: pd.DataFrame, conflicting: pd.Series, leaked: pd.Series) -> Iterator[Finding]:
    if conflicting.any():
        yield LABEL_CONFLICT.finding(
            shown[conflicting].sort_values("content_hash", kind="stable")["path"],
            say(
                "{count} files are the same picture as another one with a different "
                "label. No model can get all of them right; keep each under one label, or give "
                "them the right one with corrections: relabel.",
                count=conflicting.sum(),
            ),
        )
    if leaked.any():
        sentence = say(
            "{count} picture of the validation or test data is also in the training data, which "
            "makes the score look better than it is.",
            "{count} pictures of the validation or test data are also in the training data, which "
            "makes the score look better than it is.",
            count=leaked.sum(),
        )
        yield LEAKAGE.finding(shown.loc[leaked, "path"], sentence, _SETTLE)
    repeated = shown[shown["content_hash"].duplicated(keep=False)]
    copies = repeated[repeated.duplicated(["content_hash", "label", "split"])]
    if len(copies):
        yield EXACT_DUPLICATES.finding(
            copies["path"],
            say(
                "{count} picture is an exact copy of another one.",
                "{count} pictures are an exact copy of another one.",
                count=len(copies),
            ),
            say("Copies stay on the same side of the split, unless a class has nothing else."),
        )


def _several_rows(shown: pd.DataFrame) -> Iterator[Finding]:
    """Pictures that a table lists once for each of several labels."""
    repeated = shown[shown.duplicated("path", keep=False)]
    labels = repeated.groupby("path", sort=False)["label"].unique()
    several = labels[labels.str.len() > 1]
    if len(several):
        path, first = several.index[0], ", ".join(several.iloc[0][:3])
        yield SEVERAL_ROWS.finding(
            several.index,
            say(
                "{count} picture is in several rows with different labels, such as {file} with "
                "{labels}.",
                "{count} pictures are in several rows with different labels, such as {file} with "
                "{labels}.",
                count=len(several),
                file=picture_location.name(path),
                labels=first,
            ),
            say("If they have all of them, set task: image_classification_multilabel."),
        )


def _near(shown: pd.DataFrame, conflicting: pd.Series, leaked: pd.Series) -> Iterator[Finding]:
    """Findings about near duplicates that are no exact copies of each other."""
    near = shown[shown["near_duplicate_group"].notna()].sort_values(
        "near_duplicate_group", kind="stable"
    )
    if near.empty:
        return
    num_groups = near["near_duplicate_group"].nunique()
    yield NEAR_DUPLICATES.finding(
        near["path"],
        say(
            "{pictures} pictures are nearly the same as another one, in {count} group.",
            "{pictures} pictures are nearly the same as another one, in {count} groups.",
            pictures=len(near),
            count=num_groups,
        ),
        say("They stay together when the split is chosen here; exclude what adds nothing."),
    )
    doubtful = near[~conflicting[near.index]]
    differing = doubtful[
        row_groups.disagreeing(doubtful["near_duplicate_group"], doubtful["label"])
    ]
    if len(differing):
        yield NEAR_DUPLICATE_LABEL_CONFLICT.finding(
            differing["path"],
            say(
                "{count} pictures are nearly the same as another one with a different "
                "label. Find out which label is right, and set it with corrections: relabel.",
                count=len(differing),
            ),
        )
    crossing = _leaked(near, near["near_duplicate_group"]) & ~leaked[near.index]
    if crossing.any():
        sentence = say(
            "{count} picture of the validation or test data is nearly the same as one in the "
            "training data, which makes the score look better than it is.",
            "{count} pictures of the validation or test data are nearly the same as one in the "
            "training data, which makes the score look better than it is.",
            count=crossing.sum(),
        )
        yield NEAR_DUPLICATE_LEAKAGE.finding(near.loc[crossing, "path"], sentence, _SETTLE)


def _copies_only(shown: pd.DataFrame) -> Iterator[Finding]:
    """Classes made only of copies, which any split must separate."""
    train = shown[shown["split"] == "train"]
    same = near_duplicates.sameness(train)
    sizes = train["label"][~row_groups.disagreeing(train["label"], same)].value_counts()
    alike = sorted(sizes[sizes > 1].index)
    if alike:
        yield COPIES_ONLY.finding(
            train.loc[train["label"].isin(alike), "path"],
            say(
                "All pictures of {names} are copies of one picture, or nearly: its score would "
                "only say that copies are recognised. Add other pictures.",
                names=names(alike),
            ),
            count=len(alike),
        )


def _group_leakage(shown: pd.DataFrame, leaked: pd.Series) -> Iterator[Finding]:
    crossing = _leaked(shown, shown["group"]) & ~leaked
    if crossing.any():
        sentence = say(
            "{count} picture of the validation or test data is of the same group as training "
            "pictures, which makes the score look better than it is.",
            "{count} pictures of the validation or test data are of the same group as training "
            "pictures, which makes the score look better than it is.",
            count=crossing.sum(),
        )
        advice = say("Keep each group on one side, or leave the splits out to have them chosen.")
        yield GROUP_LEAKAGE.finding(shown.loc[crossing, "path"], sentence, advice)


def _leaked(shown: pd.DataFrame, key: pd.Series) -> pd.Series:
    """True for held-out rows whose key a training row has too."""
    is_train = (shown["split"] == "train").to_numpy(bool)
    codes, found = pd.factorize(key)
    is_trained = np.zeros(len(found) + 1, bool)  # the last one for a missing key
    is_trained[codes[is_train]] = True
    is_trained[-1] = False
    return pd.Series(~is_train & is_trained[codes], shown.index)
