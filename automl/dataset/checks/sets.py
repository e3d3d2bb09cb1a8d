"""Label sets: labels with too few pictures, labels that always occur together, empty sets."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from automl.dataset import label_sets
from automl.dataset.checks import classes
from automl.dataset.checks.classes import (
    FEW,
    FEW_IMAGES,
    IMBALANCE,
    MAX_IMBALANCE,
    NO_READABLE_PICTURE,
    NOT_VALIDATED,
    TEST_LABEL_UNKNOWN,
    VALIDATION_LABEL_UNKNOWN,
)
from automl.dataset.checks.kind import CheckedData, FindingKind, held_out, names
from automl.dataset.report import Finding, Severity
from automl.sentences import Sentence, say

SAME_SET = FindingKind("same_label_set", Severity.BLOCKING)
EMPTY_SETS = FindingKind("empty_label_sets", Severity.INFO)
ONE_LABEL_EACH = FindingKind("one_label_each", Severity.WARNING, remedy="choose_other_task")
NEVER_ALONE = FindingKind("labels_never_alone", Severity.INFO)


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about label sets, before the split is chosen."""
    train = data.train
    if train.empty:
        yield NO_READABLE_PICTURE.finding(
            data.samples["path"],
            say(
                "None of the {count} pictures can be used for training. Give pictures that can be "
                "opened.",
                count=len(data.samples),
            ),
        )
        return
    yield from _sets(train)
    yield from _sizes(train)
    yield from _unknown(data)
    yield from classes.spellings(label_sets.one_row_each(data.readable))


def check_split(used: pd.DataFrame) -> Iterator[Finding]:
    """Labels that are trained on but have no validation picture, after the split is chosen."""
    trained = set(label_sets.each_label(used[used["split"] == "train"]))
    validation = used[used["split"] == "validation"]
    missing = sorted(trained - set(label_sets.each_label(validation)))
    if len(validation) and missing:
        yield NOT_VALIDATED.finding(
            [],
            say(
                "No validation picture has {names}: the score says nothing about it. Add "
                "pictures; where groups are given, of another group.",
                names=names(missing),
            ),
            count=len(missing),
        )


def _sets(train: pd.DataFrame) -> Iterator[Finding]:
    sizes = train[label_sets.COLUMN].str.len()
    distinct = {frozenset(labels) for labels in train[label_sets.COLUMN]}
    empty = train.loc[sizes == 0, "path"]
    if len(distinct) == 1:
        shown = train["label"].iloc[0] or say("no label")
        yield SAME_SET.finding(
            train["path"],
            say(
                "All {count} pictures to train on have the same labels, {labels}: there is "
                "nothing to tell apart. Add pictures with other labels, or without any.",
                count=len(train),
                labels=shown,
            ),
        )
    elif (sizes == 1).all():
        yield ONE_LABEL_EACH.finding(
            [],
            say(
                "Every picture has exactly one label. If that is always so, task: "
                "image_classification is the better choice: it knows that the labels exclude each "
                "other."
            ),
            count=len(train),
        )
    if len(empty):
        yield EMPTY_SETS.finding(
            empty,
            say(
                "{count} picture is without any label, and trained on as such.",
                "{count} pictures are without any label, and trained on as such.",
                count=len(empty),
            ),
            say("Leave them out if their labels are only unknown."),
        )


def _sizes(train: pd.DataFrame) -> Iterator[Finding]:
    labels = label_sets.each_label(train)
    sizes = labels.value_counts().sort_values()
    few = sizes[sizes < FEW_IMAGES]
    if len(few):
        concerned = labels.index[labels.isin(few.index)].unique()
        sized = [f"{label} ({size})" for label, size in few.items()]
        yield FEW.finding(
            train.loc[concerned, "path"],
            say(
                "Fewer than {limit} pictures to train on: {names}. "
                "The score of so rare a label is very uncertain; add pictures if you can.",
                limit=FEW_IMAGES,
                names=names(sized),
            ),
            count=len(few),
        )
    if len(sizes) > 1 and sizes.iloc[-1] > MAX_IMBALANCE * sizes.iloc[0]:
        yield IMBALANCE.finding(
            [],
            say(
                "{most} pictures have {common}, only {least} {rare}. Add pictures of the rare "
                "labels, or set weighted_loss.",
                most=sizes.iloc[-1],
                common=sizes.index[-1],
                least=sizes.iloc[0],
                rare=sizes.index[0],
            ),
            count=int((sizes * MAX_IMBALANCE < sizes.iloc[-1]).sum()),
        )
    alone = set(train.loc[train[label_sets.COLUMN].str.len() == 1, "label"])
    never = [label for label in sizes.index if label not in alone]
    if never and len(sizes) > 1:
        yield NEVER_ALONE.finding(
            [],
            _never_alone(train, never),
            say("Models may learn what occurs beside such a label instead of the label itself."),
            count=len(never),
        )


def _never_alone(train: pd.DataFrame, never: list[str]) -> Sentence:
    """With the label that every picture of the first such label has, too, if there is one."""
    class_names = label_sets.names(train)
    counts = label_sets.co_occurrence(label_sets.truth(train, class_names))
    own = class_names.index(never[0])
    together = np.flatnonzero((counts[own] == counts[own, own]) & (np.arange(len(counts)) != own))
    if not len(together):
        return say("Never the only label of a picture: {names}.", names=names(never))
    return say(
        "Never the only label of a picture: {names}; {first} only beside {other}.",
        names=names(never),
        first=never[0],
        other=class_names[together[0]],
    )


def _unknown(data: CheckedData) -> Iterator[Finding]:
    """Labels of held-out pictures that no picture to train on has."""
    trained = set(label_sets.each_label(data.train))
    for split, kind in (("test", TEST_LABEL_UNKNOWN), ("validation", VALIDATION_LABEL_UNKNOWN)):
        rows = data.readable[data.readable["split"] == split]
        labels = label_sets.each_label(rows)
        unknown = labels[~labels.isin(trained)]
        if len(unknown):
            yield kind.finding(
                rows.loc[unknown.index.unique(), "path"],
                say(
                    "The {split} data has pictures of {names}, but the training data has none. "
                    "Add training pictures with it, or remove it there.",
                    split=held_out(split),
                    names=names(unknown),
                ),
            )
