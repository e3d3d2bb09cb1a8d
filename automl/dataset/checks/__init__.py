"""What is wrong, doubtful or worth knowing about a data set before any training."""

import hashlib
import json
from collections.abc import Iterator

import pandas as pd

from automl.dataset.checks import classes, copies, files, quality
from automl.dataset.report import DatasetReport, Distribution, Finding


def check(samples: pd.DataFrame, *, validation_given: bool) -> DatasetReport:
    """Report on scanned samples whose `split` is as given; findings come worst first and name
    every file concerned.

    Args:
        samples: as `scan` has them, with `near_duplicate_group` as in `near_duplicates.groups`.
        validation_given: whether some of them are there to validate with.
    """
    readable = samples[samples["problem"].isna()]
    split = readable["split"].fillna("train")
    return DatasetReport(
        num_images=len(readable),
        classes=_counts(readable["label"]),
        splits=_counts(split),
        class_splits=_class_splits(readable["label"], split),
        formats=_counts(readable["format"]),
        modes=_counts(readable["mode"]),
        short_sides=_distribution(readable[["width", "height"]].min(axis=1)),
        aspect_ratios=_distribution(readable["width"] / readable["height"]),
        findings=[],
        data_hash=_data_hash(readable),
    ).plus(_findings(samples, readable, validation_given=validation_given))


def check_split(samples: pd.DataFrame, report: DatasetReport) -> DatasetReport:
    """The report with the counts of the splits that were chosen, and what is doubtful in them."""
    used = samples[samples["split"].notna()]
    counts = _counts(used["split"])
    ordered = {name: counts[name] for name in ("train", "validation", "test") if name in counts}
    return report.plus(
        classes.unscored(used),
        splits=ordered,
        class_splits=_class_splits(used["label"], used["split"]),
    )


def _findings(
    samples: pd.DataFrame, readable: pd.DataFrame, *, validation_given: bool
) -> Iterator[Finding]:
    yield from files.unreadable(samples)
    yield from classes.check(samples, validation_given=validation_given)
    yield from copies.check(readable)
    yield from quality.check(readable)
    yield from files.passed_over(samples)


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().sort_index().items()}


def _class_splits(labels: pd.Series, splits: pd.Series) -> dict[str, dict[str, int]]:
    return {str(label): _counts(part) for label, part in splits.groupby(labels)}


def _distribution(values: pd.Series) -> Distribution | None:
    return None if values.empty else Distribution.of(values.to_numpy(dtype=float))


def _data_hash(readable: pd.DataFrame) -> str:
    columns = readable[["content_hash", "label", "split"]].fillna("").astype(str)
    return hashlib.sha256(json.dumps(sorted(columns.values.tolist())).encode()).hexdigest()
