"""Kinds of findings, the data that checks look at, and the wording of names."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd

from automl.dataset.readers import LeftOut, Listing
from automl.dataset.rendering import PLAIN, Rendering
from automl.dataset.report import Finding, Severity
from automl.sentences import Sentence, say

_MAX_NAMED = 5

Remedy = Literal[
    "leave_out",
    "leave_out_all_but_largest",
    "settle_leaks",
    "choose_background",
    "choose_other_task",
    "settle_classes",
]
"""Correction that the Dataset page offers: exclude the pictures; exclude all but the largest of
each group of near duplicates; choose on which side leaked pictures stay; choose another background
of transparent pictures; read one label a picture, or any number, instead of the other; merge the
classes of the pictures with others, or leave them out."""


@dataclass(frozen=True)
class CheckedData:
    """The data that checks look at."""

    samples: pd.DataFrame
    """As `scan` has them, with `near_duplicate_group` as in `near_duplicates.groups`."""

    left_out: LeftOut = LeftOut()
    """Files and rows that the readers passed over."""

    rendering: Rendering = PLAIN

    listings: Mapping[str, Listing] = field(default_factory=dict)
    """Answers of the readers, by the key of the data source in the job."""

    @functools.cached_property
    def readable(self) -> pd.DataFrame:
        return self.samples[self.samples["problem"].isna()]

    @functools.cached_property
    def train(self) -> pd.DataFrame:
        """Readable pictures to train on, from which the validation pictures may still be taken."""
        return self.readable[self.readable["split"].fillna("train") == "train"]

    @functools.cached_property
    def has_validation(self) -> bool:
        """True if validation pictures are given, so that none are taken from the training data."""
        return bool((self.samples["split"] == "validation").any())


@dataclass(frozen=True)
class FindingKind:
    """A kind of finding, and how the pages treat it."""

    name: str
    severity: Severity
    alike_by: str | None = None
    """Column of the samples that is equal in pictures that are alike; the gallery shows pictures of
    such a finding side by side with those that they are like."""

    remedy: Remedy | None = None
    """None if there is nothing to settle with a click."""

    def finding(
        self, paths: Iterable[str], *sentences: Sentence | str, count: int | None = None
    ) -> Finding:
        """A finding about some files; `count` is of what is concerned, by default of the files."""
        files = [str(path) for path in paths]
        return Finding(
            kind=self.name,
            severity=self.severity,
            count=len(files) if count is None else count,
            paths=files,
            message=" ".join(map(str, sentences)),
            sentences=list(sentences),
        )


def names(labels: Iterable[str]) -> str | Sentence:
    """The distinct names; after the first five, how many more there are."""
    distinct = list(dict.fromkeys(labels))
    more, shown = len(distinct) - _MAX_NAMED, ", ".join(distinct[:_MAX_NAMED])
    return say("{names} and {more} more", names=shown, more=more) if more > 0 else shown


def example(paths: Iterable[str]) -> str:
    """Name of the first path."""
    return Path(next(iter(paths))).name


def held_out(split: str) -> Sentence:
    """Name of a split that nothing is trained on."""
    return say("test") if split == "test" else say("validation")
