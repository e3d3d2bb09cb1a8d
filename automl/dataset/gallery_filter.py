"""Choose the pictures of a data set that the gallery shows, and their order."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl.dataset import checks, label_sets
from automl.dataset.manifest import Manifest


@dataclass(frozen=True)
class Filter:
    """Label, split and finding of the pictures to show; None for any."""

    label: str | None = None
    split: str | None = None
    finding: str | None = None
    """Kind of a finding."""


def choose(manifest: Manifest, chosen: Filter) -> pd.DataFrame:
    """Readable samples that fit a filter.

    Without a class to look at, the classes take turns. Pictures of a finding about likeness stand
    side by side with those that they are like, also if only one of them is at fault: a leaked
    picture beside the training picture that it is a copy of.
    """
    if chosen == Filter():
        return manifest.in_turns
    rows = manifest.readable
    alike_by = None
    if chosen.finding is not None:
        kind = checks.kinds().get(chosen.finding)
        alike_by = kind.alike_by if kind else None
        rows = _concerned(rows, manifest.concerned[chosen.finding], alike_by)
    if chosen.label is not None:
        rows = rows[label_sets.have(rows, chosen.label)]
    if chosen.split is not None:
        rows = rows[rows["split"] == chosen.split]
    if chosen.label is not None or alike_by is not None:
        return rows
    turn = rows.groupby("label").cumcount()
    return rows.assign(turn=turn).sort_values(["turn", "label_index"], kind="stable")


def findings(manifest: Manifest) -> list[str]:
    """Kinds of the findings that have pictures to show, in the order of the report."""
    readable = manifest.readable_paths
    kinds = [finding.kind for finding in manifest.report.findings]
    return [kind for kind in kinds if not readable.isdisjoint(manifest.concerned[kind])]


def findings_of(manifest: Manifest, path: str) -> list[str]:
    """Kinds of the findings that concern the picture."""
    return [kind for kind, paths in manifest.concerned.items() if path in paths]


def _concerned(rows: pd.DataFrame, paths: list[str], alike_by: str | None) -> pd.DataFrame:
    """Rows of the paths; with a column, also rows with the same value in it, grouped by it."""
    named = set(paths)
    is_concerned = np.fromiter((path in named for path in rows["path"].tolist()), bool, len(rows))
    if alike_by is None:
        return rows[is_concerned]
    group, _ = pd.factorize(rows[alike_by])  # numbered in order of appearance, -1 if missing
    is_alike = np.isin(group, group[is_concerned & (group >= 0)])
    return rows[is_alike].iloc[np.argsort(group[is_alike], kind="stable")]
