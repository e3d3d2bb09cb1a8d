"""What is wrong, doubtful or worth knowing about a data set before any training."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from automl.dataset.report import DatasetReport, Finding, Severity

FEW_IMAGES = 10
MAX_IMBALANCE = 10
_MAX_PATHS = 50
_MAX_NAMED = 5
_ORDER = list(Severity)


def check(samples: pd.DataFrame, *, validation_given: bool) -> DatasetReport:
    """Report on scanned samples whose `split` is as given; findings come worst first."""
    readable = samples[samples["problem"].isna()]
    train = readable[readable["split"].fillna("train") == "train"]
    findings = [
        *_training_findings(samples, train, validation_given=validation_given),
        *_unknown_labels(samples, readable, train),
        *_unreadable(samples),
        *_class_sizes(train, validation_given=validation_given),
        *_copies(readable),
        *_passed_over(samples),
    ]
    return DatasetReport(
        num_images=len(readable),
        classes=_counts(readable["label"]),
        splits=_counts(readable["split"].fillna("train")),
        findings=sorted(findings, key=lambda finding: _ORDER.index(finding.severity)),
        data_hash=_data_hash(readable),
    )


def _training_findings(
    samples: pd.DataFrame, train: pd.DataFrame, *, validation_given: bool
) -> Iterator[Finding]:
    labels = train["label"].unique()
    if not len(labels):
        yield _blocking(
            "no_readable_picture",
            samples["path"],
            f"None of the {len(samples)} pictures can be used for training. "
            "Give pictures that can be opened, in one folder per class.",
        )
    elif len(labels) == 1:
        yield _blocking(
            "single_class",
            train["path"],
            f"There is only one class to train on, {labels[0]}. "
            "Add a folder with pictures of at least one other class.",
        )
    sizes = train.groupby("label").size()
    lonely = [] if validation_given else sorted(sizes[sizes == 1].index)
    if lonely:
        yield _blocking(
            "single_image_class",
            train.loc[train["label"].isin(lonely), "path"],
            f"Only one readable picture each: {_names(lonely)}. It cannot both train and validate; "
            "add pictures, remove the class, or give validation data.",
            count=len(lonely),
        )


def _unknown_labels(
    samples: pd.DataFrame, readable: pd.DataFrame, train: pd.DataFrame
) -> Iterator[Finding]:
    """Classes that something must be scored on but nothing can be learnt about."""
    known = set(train["label"])
    held_out = readable[readable["split"].isin(["validation", "test"])]
    unknown = held_out[~held_out["label"].isin(known)]
    for split, rows in unknown.groupby("split"):
        yield _blocking(
            f"{split}_label_unknown",
            rows["path"],
            f"The {split} data has pictures of {_names(rows['label'])}, but the training data has "
            "none. Add training pictures of it, or remove it there.",
        )
    elsewhere = known | set(unknown["label"])
    lost = samples[samples["problem"].notna() & ~samples["label"].isin(elsewhere)]
    if len(lost) and known:
        yield _blocking(
            "class_without_training",
            lost["path"],
            f"No picture of {_names(lost['label'])} can be read. "
            "Replace the files, or remove the folder.",
            count=lost["label"].nunique(),
        )


def _unreadable(samples: pd.DataFrame) -> Iterator[Finding]:
    bad = samples[samples["problem"].notna()]
    if bad.empty:
        return
    first = zip(bad["path"].head(3), bad["problem"].head(3), strict=True)
    examples = [f"{Path(path).name} ({problem.rstrip('.')})" for path, problem in first]
    yield _finding(
        "unreadable",
        Severity.WARNING,
        bad["path"],
        f"{len(bad)} of {_counted(len(samples), 'picture')} cannot be read and {_is(len(bad))} "
        f"left out, such as {', '.join(examples)}. Replace or remove them.",
    )


def _class_sizes(train: pd.DataFrame, *, validation_given: bool) -> Iterator[Finding]:
    sizes = train.groupby("label").size().sort_values()
    few = sizes[(sizes < FEW_IMAGES) & ((sizes > 1) | validation_given)]
    if len(few):
        counted = [f"{label} ({size})" for label, size in few.items()]
        yield _finding(
            "few_images",
            Severity.WARNING,
            train.loc[train["label"].isin(few.index), "path"],
            f"Fewer than {FEW_IMAGES} pictures to train on: {_names(counted)}. "
            "Scores of so small a class say little; add pictures if you can.",
            count=len(few),
        )
    if len(sizes) > 1 and sizes.iloc[-1] > MAX_IMBALANCE * sizes.iloc[0]:
        rare = sizes[sizes * MAX_IMBALANCE < sizes.iloc[-1]]
        yield _finding(
            "imbalance",
            Severity.WARNING,
            [],
            f"{sizes.index[-1]} has {sizes.iloc[-1]} pictures, {sizes.index[0]} only "
            f"{sizes.iloc[0]}. Accuracy hides mistakes on the small classes; add pictures of "
            "them, or choose norm_macro_recall as primary metric.",
            count=len(rare),
        )


def _copies(readable: pd.DataFrame) -> Iterator[Finding]:
    split = readable["split"].fillna("train")
    by_content = readable.assign(split=split).groupby("content_hash")
    conflicting = by_content["label"].transform("nunique") > 1
    if conflicting.any():
        yield _finding(
            "label_conflict",
            Severity.WARNING,
            readable.loc[conflicting].sort_values("content_hash", kind="stable")["path"],
            f"{conflicting.sum()} files are the same picture as another one with a different "
            "label. Nothing can get all of them right; keep each under one label.",
        )
    trained = set(readable.loc[split == "train", "content_hash"])
    leaked = readable[(split != "train") & readable["content_hash"].isin(trained)]
    if len(leaked):
        yield _finding(
            "leakage",
            Severity.WARNING,
            leaked["path"],
            f"{_counted(len(leaked), 'picture')} of the validation or test data {_is(len(leaked))} "
            "also in the training data, which makes the score look better than it is. "
            "Remove them on one side.",
        )
    copies = readable[readable.assign(split=split).duplicated(["content_hash", "label", "split"])]
    if len(copies):
        yield _finding(
            "exact_duplicates",
            Severity.INFO,
            copies["path"],
            f"{_counted(len(copies), 'picture')} {_is(len(copies))} an exact copy of another one. "
            "Copies stay on the same side of the split.",
        )


def _passed_over(samples: pd.DataFrame) -> Iterator[Finding]:
    """What the reader left out; see `automl.dataset.readers.read`."""
    what = {
        "unlabelled": (Severity.WARNING, "row", "without a label", "Label it, or remove it"),
        "strays": (Severity.WARNING, "picture", "outside of the class folders", "Move it into one"),
        "links": (Severity.WARNING, "link", "that leads elsewhere", "Copy the pictures instead"),
        "unnameable": (Severity.WARNING, "file", "with a name that is not text", "Rename it"),
        "empty_folders": (Severity.INFO, "folder", "without pictures", "Add some, or remove it"),
    }
    for kind, (severity, noun, where, advice) in what.items():
        found = samples.attrs.get(kind, {"count": 0, "paths": []})
        count, paths = found["count"], found["paths"]
        if count:
            example = f"such as {Path(paths[0]).name}" if count > 1 else Path(paths[0]).name
            message = f"Left out: {_counted(count, noun)} {where}, {example}. {advice}."
            yield _finding(kind, severity, paths, message, count=count)
    num_other = samples.attrs.get("num_other_files", 0)
    if num_other:
        message = f"Left out: {_counted(num_other, 'file')} not named like a picture."
        yield _finding("other_files", Severity.INFO, [], message, count=num_other)


def _blocking(
    kind: str, paths: Iterable[str], message: str, *, count: int | None = None
) -> Finding:
    return _finding(kind, Severity.BLOCKING, paths, message, count=count)


def _finding(
    kind: str, severity: Severity, paths: Iterable[str], message: str, *, count: int | None = None
) -> Finding:
    found = [str(path) for path in paths]
    return Finding(
        kind=kind,
        severity=severity,
        count=len(found) if count is None else count,
        paths=found[:_MAX_PATHS],
        message=message,
    )


def _names(labels: Iterable[str]) -> str:
    """The distinct names, the first few of them spelt out."""
    distinct = list(dict.fromkeys(labels))
    more = len(distinct) - _MAX_NAMED
    return ", ".join(distinct[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().sort_index().items()}


def _data_hash(readable: pd.DataFrame) -> str:
    columns = readable[["content_hash", "label", "split"]].fillna("").astype(str)
    return hashlib.sha256(json.dumps(sorted(columns.values.tolist())).encode()).hexdigest()
