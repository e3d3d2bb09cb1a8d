"""Which pictures of a data set one looks at, and in which order."""

from dataclasses import dataclass

import pandas as pd

from automl.dataset.manifest import Manifest

_TOGETHER = {
    "label_conflict": "content_hash",
    "leakage": "content_hash",
    "exact_duplicates": "content_hash",
    "near_duplicates": "near_duplicate_group",
    "near_duplicate_label_conflict": "near_duplicate_group",
    "near_duplicate_leakage": "near_duplicate_group",
    "group_leakage": "group",
}
"""Findings about pictures that are alike, and the column that is equal in those that are."""


@dataclass(frozen=True)
class Filter:
    """What the pictures have in common; None where it does not matter."""

    label: str | None = None
    split: str | None = None
    finding: str | None = None
    """Its kind."""


def readable(samples: pd.DataFrame) -> pd.DataFrame:
    return samples[samples["problem"].isna()]


def choose(manifest: Manifest, wanted: Filter) -> pd.DataFrame:
    """The samples that can be shown and fit, of all classes in turn if there is nothing to compare.

    Pictures of a finding about likeness come with those that they are like, side by side, also
    where only one of them is at fault: a leaked picture with the one it was trained on.
    """
    rows = readable(manifest.samples)
    together = None
    if wanted.finding is not None:
        together = _TOGETHER.get(wanted.finding)
        rows = _concerned(rows, manifest.concerned[wanted.finding], together)
    if wanted.label is not None:
        rows = rows[rows["label"] == wanted.label]
    if wanted.split is not None:
        rows = rows[rows["split"] == wanted.split]
    if wanted.label is not None or together is not None:
        return rows
    turn = rows.groupby("label").cumcount()
    return rows.assign(turn=turn).sort_values(["turn", "label_index"], kind="stable")


def findings(manifest: Manifest) -> list[str]:
    """Kinds of the findings that have pictures to show, in the order of the report."""
    there = set(readable(manifest.samples)["path"])
    kinds = [finding.kind for finding in manifest.report.findings]
    return [kind for kind in kinds if not there.isdisjoint(manifest.concerned[kind])]


def findings_of(manifest: Manifest, path: str) -> list[str]:
    """Kinds of the findings that concern the picture."""
    return [kind for kind, paths in manifest.concerned.items() if path in paths]


def _concerned(rows: pd.DataFrame, paths: list[str], together: str | None) -> pd.DataFrame:
    found = rows[rows["path"].isin(paths)]
    if together is None:
        return found
    alike = rows[rows[together].isin(found[together].unique())]
    first = alike.groupby(together)["id"].transform("min")
    return alike.assign(first=first).sort_values(["first", "id"])
