"""Pictures to validate with: without one no model has a score."""

from collections.abc import Iterator

import pandas as pd

from automl.dataset.checks.kind import FindingKind
from automl.dataset.report import Finding, Severity
from automl.sentences import say

NO_VALIDATION_PICTURE = FindingKind("no_validation_picture", Severity.BLOCKING)


def check_split(used: pd.DataFrame) -> Iterator[Finding]:
    """Training pictures of which none may be held out, after the split is chosen.

    Other findings say it where a class has one picture, or where there is one class only.
    """
    train = used[used["split"] == "train"]
    sizes = train.groupby("label").size()
    if (used["split"] == "validation").any() or len(sizes) < 2 or (sizes < 2).any():
        return
    yield NO_VALIDATION_PICTURE.finding(
        train["path"],
        say(
            "No picture can be held out to validate: those of each class are of one group, or were "
            "moved to the training data. Add pictures of other groups, give validation data, or "
            "leave group_column and group_level out."
        ),
    )
