"""Classes: whether there are enough of them, with enough pictures each, under names meant so."""

import re
from collections.abc import Iterable, Iterator

import pandas as pd

from automl.dataset.checks.wording import finding, names
from automl.dataset.report import Finding, Severity

FEW_IMAGES = 10
MAX_IMBALANCE = 10


def check(samples: pd.DataFrame, *, validation_given: bool) -> Iterator[Finding]:
    readable = samples[samples["problem"].isna()]
    train = readable[readable["split"].fillna("train") == "train"]
    yield from _training(samples, train, validation_given=validation_given)
    yield from _unknown_labels(samples, readable, train)
    yield from _sizes(train, validation_given=validation_given)
    yield from _spellings(readable)


def unscored(used: pd.DataFrame) -> Iterator[Finding]:
    """Classes that are learnt but that no validation picture asks for; after the split."""
    sizes = used[used["split"] == "train"].groupby("label").size()
    validation = set(used.loc[used["split"] == "validation", "label"])
    missing = sorted(set(sizes[sizes > 1].index) - validation)
    if validation and missing:
        yield finding(
            "not_validated",
            Severity.WARNING,
            used.loc[used["label"].isin(missing), "path"],
            f"No validation picture of {names(missing)}: the score says nothing about it. "
            "Add pictures, of another group where groups are given.",
            count=len(missing),
        )


def _training(
    samples: pd.DataFrame, train: pd.DataFrame, *, validation_given: bool
) -> Iterator[Finding]:
    labels = train["label"].unique()
    if not len(labels):
        yield _blocking(
            "no_readable_picture",
            samples["path"],
            f"None of the {len(samples)} pictures can be used for training. "
            "Give pictures that can be opened, in one folder per class.",
        )
    elif len(labels) == 1:
        yield _blocking(
            "single_class",
            train["path"],
            f"There is only one class to train on, {labels[0]}. "
            "Add a folder with pictures of at least one other class.",
        )
    sizes = train.groupby("label").size()
    lonely = [] if validation_given else sorted(sizes[sizes == 1].index)
    if lonely:
        yield _blocking(
            "single_image_class",
            train.loc[train["label"].isin(lonely), "path"],
            f"Only one readable picture each: {names(lonely)}. It cannot both train and validate; "
            "add pictures, remove the class, or give validation data.",
            count=len(lonely),
        )


def _unknown_labels(
    samples: pd.DataFrame, readable: pd.DataFrame, train: pd.DataFrame
) -> Iterator[Finding]:
    """Classes that something must be scored on but nothing can be learnt about."""
    known = set(train["label"])
    held_out = readable[readable["split"].isin(["validation", "test"])]
    unknown = held_out[~held_out["label"].isin(known)]
    for split, rows in unknown.groupby("split"):
        yield _blocking(
            f"{split}_label_unknown",
            rows["path"],
            f"The {split} data has pictures of {names(rows['label'])}, but the training data has "
            "none. Add training pictures of it, or remove it there.",
        )
    elsewhere = known | set(unknown["label"])
    lost = samples[samples["problem"].notna() & ~samples["label"].isin(elsewhere)]
    if len(lost) and known:
        yield _blocking(
            "class_without_training",
            lost["path"],
            f"No picture of {names(lost['label'])} can be read. "
            "Replace the files, or remove the folder.",
            count=lost["label"].nunique(),
        )


def _sizes(train: pd.DataFrame, *, validation_given: bool) -> Iterator[Finding]:
    sizes = train.groupby("label").size().sort_values()
    few = sizes[(sizes < FEW_IMAGES) & ((sizes > 1) | validation_given)]
    if len(few):
        counted = [f"{label} ({size})" for label, size in few.items()]
        yield finding(
            "few_images",
            Severity.WARNING,
            train.loc[train["label"].isin(few.index), "path"],
            f"Fewer than {FEW_IMAGES} pictures to train on: {names(counted)}. "
            "Scores of so small a class say little; add pictures if you can.",
            count=len(few),
        )
    if len(sizes) > 1 and sizes.iloc[-1] > MAX_IMBALANCE * sizes.iloc[0]:
        rare = sizes[sizes * MAX_IMBALANCE < sizes.iloc[-1]]
        yield finding(
            "imbalance",
            Severity.WARNING,
            [],
            f"{sizes.index[-1]} has {sizes.iloc[-1]} pictures, {sizes.index[0]} only "
            f"{sizes.iloc[0]}. Accuracy hides mistakes on the small classes; add pictures of "
            "them, or choose norm_macro_recall as primary metric.",
            count=len(rare),
        )


def _spellings(readable: pd.DataFrame) -> Iterator[Finding]:
    """Labels that differ in case, blanks, dashes and underscores only."""
    alike: dict[str, list[str]] = {}
    for label in sorted(readable["label"].unique()):
        alike.setdefault(re.sub(r"[\s_-]+", " ", label).strip().casefold(), []).append(label)
    doubtful = [labels for labels in alike.values() if len(labels) > 1]
    if doubtful:
        examples = "; ".join(" and ".join(map(repr, labels)) for labels in doubtful[:3])
        concerned = [label for labels in doubtful for label in labels]
        yield finding(
            "label_spellings",
            Severity.WARNING,
            readable.loc[readable["label"].isin(concerned), "path"],
            f"Labels that differ in spelling only are different classes: {examples}. "
            "If they mean the same, merge them with corrections: rename_labels.",
            count=len(doubtful),
        )


def _blocking(
    kind: str, paths: Iterable[str], message: str, *, count: int | None = None
) -> Finding:
    return finding(kind, Severity.BLOCKING, paths, message, count=count)
