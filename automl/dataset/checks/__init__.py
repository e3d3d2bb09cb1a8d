"""Check a data set before any training: what is wrong, doubtful or worth knowing about it.

Each module here with a function `check` or `check_split` yields findings; all of them are run. To
add a finding, add it to the module of its subject, or add a module: its `FindingKind` has the
severity, which pictures are shown side by side, and the correction that is offered.
"""

import functools
import hashlib
import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType

import pandas as pd

from automl.dataset import label_sets
from automl.dataset.checks.kind import CheckedData, FindingKind
from automl.dataset.report import DatasetReport, Distribution, Finding
from automl.evaluation import natural_order

__all__ = ["CheckedData", "FindingKind", "check", "check_split", "kinds"]

_ABOUT_ONE_LABEL = frozenset({"classes", "inner_folders", "sources", "traces", "values"})
"""Modules that compare the pictures of one class with those of the others."""

_ABOUT_SETS = frozenset({"sets"})


def check(data: CheckedData) -> DatasetReport:
    """Report on data whose `split` is as given; findings come worst first and name every file."""
    readable = data.readable
    split = readable["split"].fillna("train")
    labels = label_sets.each_label(readable)
    return DatasetReport(
        num_images=len(readable),
        classes=_naturally_ordered(_counts(labels)),
        splits=_counts(split),
        class_splits=_class_splits(labels, split.loc[labels.index]),
        formats=_counts(readable["format"]),
        modes=_counts(readable["mode"]),
        short_sides=_distribution(readable[["width", "height"]].min(axis=1)),
        aspect_ratios=_distribution(readable["width"] / readable["height"]),
        rendering=data.rendering,
        findings=[],
        data_hash=_data_hash(readable),
    ).plus(_findings(data))


def check_split(samples: pd.DataFrame, report: DatasetReport) -> DatasetReport:
    """The report with the counts of the splits that were chosen, and the findings about them."""
    used = samples[samples["split"].notna()]
    counts = _counts(used["split"])
    ordered = {name: counts[name] for name in ("train", "validation", "test") if name in counts}
    findings = [
        finding
        for module in _modules_for(used)
        if hasattr(module, "check_split")
        for finding in module.check_split(used)
    ]
    labels = label_sets.each_label(used)
    class_splits = _class_splits(labels, used["split"].loc[labels.index])
    return report.plus(findings, splits=ordered, class_splits=class_splits)


@functools.cache
def kinds() -> Mapping[str, FindingKind]:
    """Every kind of finding that a check can yield, by its name."""
    return {
        kind.name: kind
        for module in _modules()
        for kind in vars(module).values()
        if isinstance(kind, FindingKind)
    }


@functools.cache
def _modules() -> list[ModuleType]:
    """By name; one with a smaller `ORDER` than 1 goes before the others."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return sorted(modules, key=lambda module: vars(module).get("ORDER", 1))


def _modules_for(samples: pd.DataFrame) -> list[ModuleType]:
    """Those that can say something about pictures with one label, or with sets of them."""
    others = _ABOUT_ONE_LABEL if label_sets.are_in(samples) else _ABOUT_SETS
    return [module for module in _modules() if module.__name__.rpartition(".")[2] not in others]


def _findings(data: CheckedData) -> Iterator[Finding]:
    for module in _modules_for(data.samples):
        if hasattr(module, "check"):
            yield from module.check(data)


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().sort_index().items()}


def _naturally_ordered(counts: dict[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in natural_order.names(counts)}


def _class_splits(labels: pd.Series, splits: pd.Series) -> dict[str, dict[str, int]]:
    return {str(label): _counts(part) for label, part in splits.groupby(labels)}


def _distribution(values: pd.Series) -> Distribution | None:
    return None if values.empty else Distribution.of(values.to_numpy(dtype=float))


def _data_hash(readable: pd.DataFrame) -> str:
    columns = readable[["content_hash", "label", "split"]]
    if label_sets.are_in(readable):  # in the order of the data, as in hashes that are kept
        labels = readable[label_sets.COLUMN].map(", ".join, na_action="ignore")
        columns = columns.assign(label=labels.astype("str"))
    texts = (columns[name].fillna("").astype(str).tolist() for name in columns)
    return hashlib.sha256(json.dumps(sorted(zip(*texts, strict=True))).encode()).hexdigest()
