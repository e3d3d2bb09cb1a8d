"""Which pictures of a data set one looks at, and in which order."""

from dataclasses import dataclass

import numpy as np
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


def choose(manifest: Manifest, wanted: Filter) -> pd.DataFrame:
    """The samples that can be shown and fit, of all classes in turn if there is nothing to compare.

    Pictures of a finding about likeness come with those that they are like, side by side, also
    where only one of them is at fault: a leaked picture with the one it was trained on.
    """
    rows = manifest.readable
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
    there = manifest.readable_paths
    kinds = [finding.kind for finding in manifest.report.findings]
    return [kind for kind in kinds if not there.isdisjoint(manifest.concerned[kind])]


def findings_of(manifest: Manifest, path: str) -> list[str]:
    """Kinds of the findings that concern the picture."""
    return [kind for kind, paths in manifest.concerned.items() if path in paths]


def _concerned(rows: pd.DataFrame, paths: list[str], together: str | None) -> pd.DataFrame:
    names = set(paths)
    at_fault = np.fromiter((path in names for path in rows["path"]), bool, len(rows))
    if together is None:
        return rows[at_fault]
    group, _ = pd.factorize(rows[together])  # numbered as they come, -1 where there is none
    alike = np.isin(group, group[at_fault & (group >= 0)])
    return rows[alike].iloc[np.argsort(group[alike], kind="stable")]
