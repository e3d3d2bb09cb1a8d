"""Data set for the engine and the pages: pictures, labels, splits and findings."""

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from automl.dataset import (
    caches,
    checks,
    corrections,
    folds,
    iterative_stratification,
    label_sets,
    near_duplicates,
    turned_copies,
    value_range,
)
from automl.dataset.checks import CheckedData, FindingKind
from automl.dataset.readers import LeftOut, Listing, read
from automl.dataset.reading import TRAINING
from automl.dataset.rendering import Rendering
from automl.dataset.report import DatasetReport, Finding, Severity
from automl.dataset.scan import scan
from automl.dataset.split import TURNED, assign, has_own, sharing, together
from automl.errors import DataError
from automl.jobs.corrections import Corrections
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.jobs.tasks import TASKS
from automl.texts import mark

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, the completed amount and the total; may raise to cancel."""

_STEPS = {
    ("Unpacking", "training"): mark("Unpacking the training pictures"),
    ("Unpacking", "validation"): mark("Unpacking the validation pictures"),
    ("Unpacking", "test"): mark("Unpacking the test pictures"),
    ("Downloading", "training"): mark("Downloading the training pictures"),
    ("Downloading", "validation"): mark("Downloading the validation pictures"),
    ("Downloading", "test"): mark("Downloading the test pictures"),
    ("Checking", "training"): mark("Checking the training pictures"),
    ("Checking", "validation"): mark("Checking the validation pictures"),
    ("Checking", "test"): mark("Checking the test pictures"),
}
"""Names of the steps that take long, by what is done to the pictures of which data."""

_ONLY_CHECKED = ["fingerprint", "camera", "taken", "jpeg_quality", "num_colours", "mtime_ns"]
CORRECTED = FindingKind("corrections", Severity.INFO)


class Scanned(NamedTuple):
    """The files of the data of a job, without its corrections and before any split is chosen."""

    samples: pd.DataFrame
    """As `scan` has them; shared, so not to be changed."""

    listings: Mapping[str, Listing]
    """Answers of the readers, by the key of the data source in the job."""


@dataclass(frozen=True)
class Manifest:
    """The pictures, their classes and their splits."""

    samples: pd.DataFrame
    """Columns of `scan` except those that only the checks read, with corrections applied, and
    `split`, `label_index` (Int64), `near_duplicate_group` (see `near_duplicates.groups`),
    `turned_group` (see `turned_copies.groups`) and `fold` (see `folds.assign`); for a task with
    label sets also `label_set`, see `label_sets`. `split` and `label_index` are missing for
    unreadable pictures, `fold` also for test pictures and for validation pictures that the data
    name."""

    class_names: list[str]
    """Sorted; the position is the label index."""

    report: DatasetReport

    concerned: dict[str, list[str]]
    """Kind of finding -> paths of all files concerned; the report has only the first ones."""

    @functools.cached_property
    def readable(self) -> pd.DataFrame:
        """The samples that can be used; shared, so not to be changed."""
        is_readable = self.samples["problem"].isna()
        return self.samples if is_readable.all() else self.samples[is_readable]

    @property
    def rendering(self) -> Rendering:
        """How pixel values become the 8-bit RGB that models see."""
        return self.report.rendering

    @functools.cached_property
    def in_turns(self) -> pd.DataFrame:
        """The readable samples with the classes in turns: first one picture of each; shared."""
        turn = self.readable.groupby("label").cumcount()
        ordered = self.readable.assign(turn=turn)
        return ordered.sort_values(["turn", "label_index"], kind="stable")

    @functools.cached_property
    def group_by_path(self) -> Mapping[str, int]:
        """Group of each readable picture: see `split.together`; shared."""
        numbers = together(self.readable).tolist()
        return dict(zip(self.readable["path"].tolist(), numbers, strict=True))

    @functools.cached_property
    def readable_paths(self) -> frozenset[str]:
        return frozenset(self.readable["path"].tolist())

    @property
    def median_side(self) -> float:
        """Median shorter side of the readable pictures in pixels; NaN if there are none."""
        return float(self.readable[["width", "height"]].min(axis=1).median())

    @property
    def num_training(self) -> int:
        """Number of readable training pictures."""
        return int((self.readable["split"] == "train").sum())

    @property
    def pictures_per_class(self) -> float:
        """Median number of pictures of a class that models may be fitted to; NaN without any.

        Infinite for label sets, where no class has a mean of its own.
        """
        if label_sets.are_in(self.samples):
            return math.inf
        is_fitted = (self.readable["split"] == "train") | self.readable["fold"].notna()
        return float(self.readable["label"][is_fitted].value_counts().median())


def build(
    job: Job, *, progress: Progress | None = None, like: Mapping[str, str] | None = None
) -> Manifest:
    """Read and check the data of a job, and assign the splits.

    Args:
        job: the job.
        progress: called while the data is read.
        like: split by content hash, for pictures whose split neither data nor corrections name.

    Raises:
        DataError: the data cannot be read or has blocking findings; the message lists them.
    """
    caches.hold_data()
    manifest = look(job, progress=progress, like=like)
    if manifest.report.blocking:
        messages = [finding.said() for finding in manifest.report.blocking]
        raise DataError("\n".join(messages))
    return manifest


def stored(samples: pd.DataFrame, report: DatasetReport) -> Manifest:
    """Build the manifest from the records of an experiment, without reading the pictures."""
    caches.hold_data()
    return Manifest(samples, sorted(report.classes), report, {})


def look(
    job: Job,
    *,
    progress: Progress | None = None,
    like: Mapping[str, str] | None = None,
    known: Scanned | None = None,
) -> Manifest:
    """Read and check the data like `build`, but do not raise for blocking findings.

    Args:
        job: the job.
        progress: see `build`.
        like: see `build`.
        known: what `scanned` says of the job, if it is known already.

    Raises:
        DataError: the data cannot be read, or the corrections do not fit it.
    """
    files = scanned(job, progress) if known is None else known
    added = _scan_added(job, progress) if job.corrections.add else None
    # a copy of its own, as columns are added; the values are shared
    return _finish_manifest(files.samples.copy(deep=False), added, files.listings, job, like or {})


def contents(job: Job) -> list[str]:
    """SHA-256 of all pictures of the data, also of those that the corrections leave out.

    Raises:
        DataError: the data cannot be read.
    """
    parts = [scanned(job).samples]
    if job.corrections.add:
        parts.append(_scan_added(job, None))
    return [one for part in parts for one in part["content_hash"].dropna().tolist()]


def inspect(
    source: DataSource,
    *,
    corrections: Corrections | None = None,
    target_column_name: str = "label",
    datastores: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Call `look` for a single data set with the default split."""
    job = Job(
        training_data=source,
        target_column_name=target_column_name,
        datastores=dict(datastores or {}),
        corrections=corrections or Corrections(),
    )
    return look(job, progress=progress)


def scanned(job: Job, progress: Progress | None = None) -> Scanned:
    """Read the files of the data of a job, whatever its corrections and shares are.

    Raises:
        DataError: the data cannot be read.
    """
    sources = {
        None: job.training_data,
        "validation": job.validation_data,
        "test": job.test_data,
    }
    read_source = functools.partial(
        read,
        target_column_name=job.target_column_name,
        has_sets=TASKS[job.task].has_label_sets,
        datastores=job.datastores,
    )
    parts: list[pd.DataFrame] = []
    listings: dict[str, Listing] = {}
    for split, source in sources.items():
        if source is not None:
            training = listings.get(TRAINING)
            reading = functools.partial(
                read_source, class_names=training.class_names if training else None
            )
            samples, listing = _scan_source(reading, source, split, job, progress)
            parts.append(samples)
            listings[f"{split or 'training'}_data"] = listing
    return Scanned(pd.concat(parts, ignore_index=True), listings)


def _scan_source(
    read_source: Callable[..., Listing],
    source: DataSource,
    split: str | None,
    job: Job,
    progress: Progress | None,
) -> tuple[pd.DataFrame, Listing]:
    """Return the samples of one source, and what its reader says.

    Each source is scanned separately, so that its cache is valid in any combination.

    Args:
        read_source: `readers.read` with the options of the job.
        source: training, validation or test data.
        split: split of all its pictures; None for training data, which may define its own splits.
        job: says what is behind transparent pixels.
        progress: see `build`.
    """

    def report_progress(step: str, done: int, total: int) -> None:
        if progress:
            progress(_STEPS[step, split or "training"], done, total)

    listing = read_source(source, progress=report_progress)
    samples = scan(
        listing.pictures,
        background=job.background,
        progress=functools.partial(report_progress, "Checking"),
    )
    return (samples if split is None else samples.assign(split=split)), listing


def _scan_added(job: Job, progress: Progress | None) -> pd.DataFrame:
    """Samples of the pictures that the corrections add, without a label."""
    listing = pd.DataFrame({"path": list(job.corrections.add)}, dtype="str")
    return scan(
        listing.assign(label="", split=pd.Series(None, listing.index, dtype="str")),
        background=job.background,
        progress=progress and functools.partial(progress, mark("Checking the added pictures")),
    )


def _finish_manifest(
    samples: pd.DataFrame,
    added: pd.DataFrame | None,
    listings: Mapping[str, Listing],
    job: Job,
    like: Mapping[str, str],
) -> Manifest:
    left_out = functools.reduce(LeftOut.plus, (each.left_out for each in listings.values()))
    samples, changes = corrections.apply(samples, job.corrections, added)
    rendering = _rendering(samples, job)
    if rendering.value_range is not None:
        samples = value_range.rerendered(samples, rendering.value_range)
    looks = near_duplicates.looks(samples)
    samples["near_duplicate_group"] = near_duplicates.groups(samples, looks)
    samples[TURNED] = turned_copies.groups(samples, looks)
    samples, moved = corrections.move(samples, together)
    settled: list[str] = []
    if job.corrections.leaked != "keep":
        same = sharing(near_duplicates.sameness(samples), turned_copies.of_one_label(samples))
        key = pd.Series(same, samples.index)
        samples, settled = corrections.settle_leaks(samples, key, job.corrections.leaked)
    samples = samples.reset_index(drop=True)
    samples["id"] = range(len(samples))
    report = checks.check(CheckedData(samples, left_out, rendering, listings))
    held_out = {
        name: [one for one in each.readings if "target_column_name" not in one.options]
        for name, each in listings.items()
        if name != TRAINING  # they share the column of the labels with the training data
    }
    readings = list(listings[TRAINING].readings)
    report = report.plus([], readings=readings, held_out_readings=held_out)
    samples = samples.drop(columns=_ONLY_CHECKED)
    readable = samples["problem"].isna()
    samples = corrections.placed_like(samples, like, together)
    names_validation = has_own(samples[readable], "validation")
    samples = assign(
        samples,
        validation_share=job.validation_data_size,
        test_share=job.test_data_size,
        seed=job.seed,
        choose=iterative_stratification.validation_rows if label_sets.are_in(samples) else None,
    )
    samples = samples.drop(columns=corrections.MOVED, errors="ignore")
    in_folds = ["train"] if names_validation else ["train", "validation"]
    dealt = folds.assign(samples[samples["split"].isin(in_folds)], seed=job.seed)
    samples["fold"] = dealt.reindex(samples.index)
    report = checks.check_split(samples, report).plus(
        _correction_findings(changes + moved + settled)
    )
    class_names = sorted(report.classes)
    index = {name: position for position, name in enumerate(class_names)}
    samples["label_index"] = samples["label"].map(index).where(readable).astype("Int64")
    if label_sets.are_in(samples):
        samples["label_index"] = pd.Series(pd.NA, samples.index, "Int64")
    concerned = {finding.kind: finding.paths for finding in report.findings}
    return Manifest(samples, class_names, report.shortened(), concerned)


def _rendering(samples: pd.DataFrame, job: Job) -> Rendering:
    """The rendering that the job declares; a range that it leaves out is measured."""
    train = CheckedData(samples).train
    return Rendering(job.value_range or value_range.of_data_set(train), job.background)


def _correction_findings(changes: list[str]) -> list[Finding]:
    if not changes:
        return []
    message = mark("Corrected as the job says: {changes}").format(changes=" ".join(changes))
    return [CORRECTED.finding([], message, count=len(changes))]
