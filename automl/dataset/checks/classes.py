"""Classes: enough of them, enough pictures of each, and names that are spelt alike on purpose."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pandas as pd

from automl.dataset.checks.kind import CheckedData, FindingKind, held_out, names
from automl.dataset.report import Finding, Severity
from automl.sentences import say

FEW_IMAGES = 10
MAX_IMBALANCE = 10

_OTHER_THINGS = {"glass", "short", "new", "good", "sand", "water", "arm"}
"""Words whose plural is another thing."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")

NO_READABLE_PICTURE = FindingKind("no_readable_picture", Severity.BLOCKING)
SINGLE_CLASS = FindingKind("single_class", Severity.BLOCKING)
SINGLE_IMAGE_CLASS = FindingKind("single_image_class", Severity.BLOCKING, remedy="settle_classes")
VALIDATION_LABEL_UNKNOWN = FindingKind(
    "validation_label_unknown", Severity.BLOCKING, remedy="settle_classes"
)
TEST_LABEL_UNKNOWN = FindingKind("test_label_unknown", Severity.BLOCKING, remedy="settle_classes")
CLASS_WITHOUT_TRAINING = FindingKind(
    "class_without_training", Severity.BLOCKING, remedy="leave_out"
)
FEW = FindingKind("few_images", Severity.WARNING)
IMBALANCE = FindingKind("imbalance", Severity.WARNING)
LABEL_SPELLINGS = FindingKind("label_spellings", Severity.WARNING)
NOT_VALIDATED = FindingKind("not_validated", Severity.WARNING)


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about classes, before the split is chosen."""
    yield from _training(data)
    yield from _unknown_labels(data)
    yield from _sizes(data)
    yield from spellings(data.readable)


def check_split(used: pd.DataFrame) -> Iterator[Finding]:
    """Classes that are trained on but have no validation picture, after the split is chosen."""
    sizes = used[used["split"] == "train"].groupby("label").size()
    validation = set(used.loc[used["split"] == "validation", "label"])
    missing = sorted(set(sizes[sizes > 1].index) - validation)
    if validation and missing:
        yield NOT_VALIDATED.finding(
            used.loc[used["label"].isin(missing), "path"],
            say(
                "No validation picture of {names}: the score says nothing about it. "
                "Add pictures; where groups are given, of another group.",
                names=names(missing),
            ),
            count=len(missing),
        )


def _training(data: CheckedData) -> Iterator[Finding]:
    train = data.train
    labels = train["label"].unique()
    if not len(labels):
        yield NO_READABLE_PICTURE.finding(
            data.samples["path"],
            say(
                "None of the {count} pictures can be used for training. "
                "Give pictures that can be opened, in one folder per class.",
                count=len(data.samples),
            ),
        )
    elif len(labels) == 1:
        yield SINGLE_CLASS.finding(
            train["path"],
            say(
                "There is only one class to train on, {name}. "
                "Add a folder with pictures of at least one other class.",
                name=labels[0],
            ),
        )
    sizes = train.groupby("label").size()
    lonely = [] if data.has_validation else sorted(sizes[sizes == 1].index)
    if lonely:
        yield SINGLE_IMAGE_CLASS.finding(
            train.loc[train["label"].isin(lonely), "path"],
            say(
                "Only one readable picture each: {names}. It cannot both train and validate; "
                "add pictures, merge the class with another, leave it out, or give validation "
                "data.",
                names=names(lonely),
            ),
            count=len(lonely),
        )


def _unknown_labels(data: CheckedData) -> Iterator[Finding]:
    """Classes with held-out pictures, or unreadable ones, but no picture to train on."""
    samples, readable = data.samples, data.readable
    trained = set(data.train["label"].unique())
    unknown = set()
    for split, kind in (("test", TEST_LABEL_UNKNOWN), ("validation", VALIDATION_LABEL_UNKNOWN)):
        rows = readable[(readable["split"] == split) & ~readable["label"].isin(trained)]
        unknown |= set(rows["label"])
        if len(rows):
            yield kind.finding(
                rows["path"],
                say(
                    "The {split} data has pictures of {names}, but the training data has none. "
                    "Add training pictures of it, or remove it there.",
                    split=held_out(split),
                    names=names(rows["label"]),
                ),
            )
    lost = samples[samples["problem"].notna() & ~samples["label"].isin(trained | unknown)]
    if len(lost) and trained:
        yield CLASS_WITHOUT_TRAINING.finding(
            lost["path"],
            say(
                "No picture of {names} can be read. Replace the files, or remove the folder.",
                names=names(lost["label"]),
            ),
            count=lost["label"].nunique(),
        )


def _sizes(data: CheckedData) -> Iterator[Finding]:
    train = data.train
    sizes = train.groupby("label").size().sort_values()
    # a class of one picture is a finding of its own where it must also validate
    few = sizes[(sizes < FEW_IMAGES) & ((sizes > 1) | data.has_validation)]
    if len(few):
        sized = [f"{label} ({size})" for label, size in few.items()]
        yield FEW.finding(
            train.loc[train["label"].isin(few.index), "path"],
            say(
                "Fewer than {limit} pictures to train on: {names}. "
                "The score of so small a class is very uncertain; add pictures if you can.",
                limit=FEW_IMAGES,
                names=names(sized),
            ),
            count=len(few),
        )
    if len(sizes) > 1 and sizes.iloc[-1] > MAX_IMBALANCE * sizes.iloc[0]:
        rare = sizes[sizes * MAX_IMBALANCE < sizes.iloc[-1]]
        yield IMBALANCE.finding(
            [],
            say(
                "{largest} has {most} pictures, {smallest} only {least}. Accuracy hides mistakes "
                "on the small classes; add pictures of them, or choose norm_macro_recall as "
                "primary metric.",
                largest=sizes.index[-1],
                most=sizes.iloc[-1],
                smallest=sizes.index[0],
                least=sizes.iloc[0],
            ),
            count=len(rare),
        )


def spellings(readable: pd.DataFrame) -> Iterator[Finding]:
    """Labels that differ only in case, blanks, dashes and underscores, in the plural, or in the
    zeros around a number."""
    by_letters: dict[Decimal | str, list[str]] = {}
    for label in sorted(readable["label"].unique()):
        spelt = re.sub(r"[\s_-]+", " ", label).strip().casefold()
        is_number = _NUMBER.fullmatch(label.strip())  # its dash counts
        key = Decimal(label.strip()) if is_number else _singular(spelt)
        by_letters.setdefault(key, []).append(label)
    doubtful = [labels for labels in by_letters.values() if len(labels) > 1]
    if doubtful:
        examples = "; ".join(" / ".join(map(repr, labels)) for labels in doubtful[:3])
        concerned = [label for labels in doubtful for label in labels]
        yield LABEL_SPELLINGS.finding(
            readable.loc[readable["label"].isin(concerned), "path"].unique(),
            say(
                "Labels that differ in spelling or in the plural only are different classes: "
                "{examples}.",
                examples=examples,
            ),
            say("If they mean the same, merge them with corrections: rename_labels."),
            count=len(doubtful),
        )


def _singular(label: str) -> str:
    """English singular of a label in lower case; other words may lose an s too, which is harmless
    unless a class is called by the rest."""
    for plural, singular in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("hes", "h"), ("s", "")):
        if label.endswith(plural) and not label.endswith("ss"):
            found = label.removesuffix(plural) + singular
            return label if found in _OTHER_THINGS or len(found) < 2 else found
    return label
