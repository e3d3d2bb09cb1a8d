"""Pictures that are another one turned or mirrored: how many, and on which sides of a split."""

from collections.abc import Iterator

import pandas as pd

from automl.dataset import split, turned_copies
from automl.dataset.checks.kind import CheckedData, FindingKind
from automl.dataset.report import Finding, Severity
from automl.sentences import say

TURNED_COPIES = FindingKind("turned_copies", Severity.INFO, alike_by=split.TURNED)
TURNED_LABELS = FindingKind(
    "turned_copies_of_other_labels", Severity.WARNING, alike_by=split.TURNED
)
TURNED_LEAKAGE = FindingKind(
    "turned_leakage", Severity.WARNING, alike_by=split.TURNED, remedy="settle_leaks"
)


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about pictures that are others turned or mirrored, by labels and by given splits."""
    if split.TURNED not in data.readable:
        return
    readable = data.readable.assign(split=data.readable["split"].fillna("train"))
    turned = readable[readable[split.TURNED].notna()].sort_values(split.TURNED, kind="stable")
    if turned.empty:
        return
    groups = turned.groupby(split.TURNED)
    yield TURNED_COPIES.finding(
        turned["path"],
        say(
            "{pictures} pictures are the same when they are turned or mirrored, in {count} group.",
            "{pictures} pictures are the same when they are turned or mirrored, in {count} groups.",
            pictures=len(turned),
            count=groups.ngroups,
        ),
        say("They stay together when the split is chosen here; exclude what adds nothing."),
    )
    differing = turned[groups["label"].transform("nunique") > 1]
    if len(differing):
        yield TURNED_LABELS.finding(
            differing["path"],
            say(
                "{count} pictures have another label than the same picture turned or mirrored.",
                count=len(differing),
            ),
            say(
                "That is right if the label says the direction. Else set the right one with "
                "corrections: relabel, or leave out changed copies that are no class of their own."
            ),
        )
    yield from _leakage(turned)


def _leakage(turned: pd.DataFrame) -> Iterator[Finding]:
    is_train = turned["split"] == "train"
    same = turned_copies.of_one_label(turned)
    in_training = same.isin(same[is_train])
    same_bytes = turned["content_hash"].isin(turned.loc[is_train, "content_hash"])
    near = turned["near_duplicate_group"]
    is_near = near.notna() & near.isin(near[is_train].dropna())
    leaked = turned[~is_train & in_training & ~same_bytes & ~is_near]
    if len(leaked):
        sentence = say(
            "{count} picture of the validation or test data is one of the training data, turned or "
            "mirrored, which makes the score look better than it is.",
            "{count} pictures of the validation or test data are ones of the training data, turned "
            "or mirrored, which makes the score look better than it is.",
            count=len(leaked),
        )
        advice = say("Remove them on one side, or set leaked: drop (or move) in corrections.")
        yield TURNED_LEAKAGE.finding(leaked["path"], sentence, advice)
