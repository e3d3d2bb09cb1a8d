"""Everything the engine and the pages need to know about a data set, in one piece."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from automl.dataset import caches, checks, corrections, near_duplicates
from automl.dataset.checks.wording import finding
from automl.dataset.readers import PASSED_OVER, read
from automl.dataset.report import DatasetReport, Finding, Severity
from automl.dataset.scan import scan
from automl.dataset.split import assign
from automl.errors import DataError
from automl.jobs.corrections import Corrections
from automl.jobs.job import DataSource, Job

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Manifest:
    """The pictures, their classes and their splits."""

    samples: pd.DataFrame
    """As `scan` has them but for the fingerprint, corrected, with `split` assigned,
    `label_index` (Int64), and `near_duplicate_group` as in `near_duplicates.groups`; the first
    two are missing for the unreadable ones."""

    class_names: list[str]
    """Sorted; the position is the label index."""

    report: DatasetReport

    concerned: dict[str, list[str]]
    """Kind of finding -> paths of all the files concerned, of which the report has the first."""

    @property
    def readable(self) -> pd.DataFrame:
        """The samples that can be used."""
        return self.samples[self.samples["problem"].isna()]

    @functools.cached_property
    def readable_paths(self) -> frozenset[str]:
        return frozenset(self.readable["path"])


def build(job: Job, *, progress: Progress | None = None) -> Manifest:
    """The job's data, ready to train on.

    Args:
        job: what was asked for.
        progress: called with what is being done, how much of it is done, and how much there is.

    Raises:
        DataError: when it cannot be read or has blocking problems, with all of them.
    """
    caches.hold_data()
    manifest = look(job, progress=progress)
    if manifest.report.blocking:
        raise DataError("\n".join(finding.message for finding in manifest.report.blocking))
    return manifest


def stored(samples: pd.DataFrame, report: DatasetReport) -> Manifest:
    """As an experiment has it that has begun, whatever has become of the files since."""
    caches.hold_data()
    return Manifest(samples, sorted(report.classes), report, {})


def look(job: Job, *, progress: Progress | None = None) -> Manifest:
    """As `build`, with blocking problems in the report rather than raised.

    Raises:
        DataError: the data cannot be read, or the corrections do not fit it.
    """
    given = {"validation": job.validation_data, "test": job.test_data}
    read_source = functools.partial(
        read, target_column_name=job.target_column_name, datastores=job.datastores
    )
    parts = [_scanned(read_source, job.training_data, None, progress)]
    parts += [
        _scanned(read_source, source, split, progress) for split, source in given.items() if source
    ]
    return _finish(_joined(parts), job)


def inspect(
    source: DataSource,
    *,
    corrections: Corrections | None = None,
    target_column_name: str = "label",
    datastores: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """`look` at a data set on its own, split as by default."""
    job = Job(
        training_data=source,
        target_column_name=target_column_name,
        datastores=dict(datastores or {}),
        corrections=corrections or Corrections(),
    )
    return look(job, progress=progress)


def _scanned(
    read_source: Callable[..., pd.DataFrame],
    source: DataSource,
    split: str | None,
    progress: Progress | None,
) -> pd.DataFrame:
    """Scanned one source at a time, so that each is remembered whatever it is combined with."""

    def tell(doing: str, done: int, total: int) -> None:
        if progress:
            progress(f"{doing} the {split or 'training'} pictures", done, total)

    listing = read_source(source, progress=tell)
    samples = scan(listing, progress=functools.partial(tell, "Checking"))
    return samples if split is None else samples.assign(split=split)


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    samples = pd.concat(parts, ignore_index=True)
    for name in PASSED_OVER:
        found = [part.attrs[name] for part in parts]
        samples.attrs[name] = {
            "count": sum(one["count"] for one in found),
            "paths": [path for one in found for path in one["paths"]],
        }
    samples.attrs["num_other_files"] = sum(part.attrs["num_other_files"] for part in parts)
    return samples


def _finish(samples: pd.DataFrame, job: Job) -> Manifest:
    samples, changes = corrections.apply(samples, job.corrections)
    samples["near_duplicate_group"] = near_duplicates.groups(samples)
    same = near_duplicates.sameness(samples)
    samples, settled = corrections.settle_leaks(samples, same, job.corrections.leaked)
    samples = samples.drop(columns="fingerprint").reset_index(drop=True)
    samples["id"] = range(len(samples))
    validation_given = bool((samples["split"] == "validation").any())
    report = checks.check(samples, validation_given=validation_given)
    samples = assign(samples, validation_share=job.validation_data_size, seed=job.seed)
    report = checks.check_split(samples, report).plus(_applied(changes + settled))
    class_names = sorted(report.classes)
    index = {name: position for position, name in enumerate(class_names)}
    readable = samples["problem"].isna()
    samples["label_index"] = samples["label"].map(index).where(readable).astype("Int64")
    concerned = {one.kind: one.paths for one in report.findings}
    return Manifest(samples, class_names, report.shortened(), concerned)


def _applied(changes: list[str]) -> list[Finding]:
    if not changes:
        return []
    message = "Corrected as asked for: " + " ".join(changes)
    return [finding("corrections", Severity.INFO, [], message, count=len(changes))]
