"""Files that are left out: unreadable ones, and those the reader passed over."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from automl.dataset.checks.wording import counted, finding, is_, such_as
from automl.dataset.report import Finding, Severity

_PASSED_OVER = {
    "strays": (Severity.WARNING, "picture", "outside of the class folders", "Move it into one"),
    "unlabelled": (Severity.WARNING, "row", "without a label", "Label it, or remove it"),
    "links": (Severity.WARNING, "link", "that leads elsewhere", "Copy the pictures instead"),
    "unnameable": (Severity.WARNING, "file", "with a name that is not text", "Rename it"),
    "empty_folders": (Severity.INFO, "folder", "without pictures", "Add some, or remove it"),
}


def unreadable(samples: pd.DataFrame) -> Iterator[Finding]:
    bad = samples[samples["problem"].notna()]
    if bad.empty:
        return
    first = zip(bad["path"].head(3), bad["problem"].head(3), strict=True)
    examples = [f"{Path(path).name} ({problem.rstrip('.')})" for path, problem in first]
    yield finding(
        "unreadable",
        Severity.WARNING,
        bad["path"],
        f"{len(bad)} of {counted(len(samples), 'picture')} cannot be read and {is_(len(bad))} "
        f"left out, such as {', '.join(examples)}. Replace or remove them.",
    )


def passed_over(samples: pd.DataFrame) -> Iterator[Finding]:
    """What the reader left out; see `automl.dataset.readers.read`."""
    for kind, (severity, noun, where, advice) in _PASSED_OVER.items():
        found = samples.attrs.get(kind, {"count": 0, "paths": []})
        count, paths = found["count"], found["paths"]
        if count:
            example = such_as(paths, count) if paths else ""
            message = f"Left out: {counted(count, noun)} {where}{example}. {advice}."
            yield finding(kind, severity, paths, message, count=count)
    num_other = samples.attrs.get("num_other_files", 0)
    if num_other:
        message = f"Left out: {counted(num_other, 'file')} not named like a picture."
        yield finding("other_files", Severity.INFO, [], message, count=num_other)
