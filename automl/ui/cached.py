"""Files of an experiment as the pages read them; read again only when a file has changed."""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from automl import texts
from automl.dataset import data_roots, picture_location
from automl.dataset.report import DatasetReport
from automl.evaluation.predictions import Predictions
from automl.experiments import endings, launcher, leaderboard, remarks, store
from automl.experiments.endings import Extent
from automl.experiments.records import ExperimentRecord, ExperimentState, TrialRecord
from automl.experiments.remarks import Remarks
from automl.figures import ink, timeline, wording
from automl.host import storage
from automl.host.storage import Usage
from automl.jobs.data_source import DataSource
from automl.jobs.job import DATA_KEYS, Job
from automl.jobs.tasks import TASKS
from automl.ui import data_source
from automl.ui.version_cache import Version, for_version, for_version_of, version, versions

if TYPE_CHECKING:  # slow imports that the first page does not need
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from automl.dataset.manifest import Manifest, Scanned
    from automl.dataset.rendering import Rendering

_ABOUT_DATA = {"training_data", *data_source.JOB_KEYS}
_ABOUT_FILES = {*DATA_KEYS, "target_column_name", "task", "datastores", "background"}
T = TypeVar("T")
_NOT_HEXADECIMAL = re.compile(r"[^0-9a-f]")
_LONGEST_SECONDS = 15  # then the bars and times of trials that run are new in any case
_TrialVersions = tuple[tuple[str, Version], ...]
_seen: ContextVar[dict[Path, _TrialVersions]] = ContextVar("seen")


@contextlib.contextmanager
def one_look() -> Iterator[None]:
    """Look once, while a page is drawn, which of the trials have changed: its parts ask often."""
    token = _seen.set({})
    try:
        yield
    finally:
        _seen.reset(token)


def _trial_versions(experiment_dir: Path) -> _TrialVersions:
    """Path and version of every trial's record."""
    seen = _seen.get({})
    if experiment_dir not in seen:
        seen[experiment_dir] = _found_trial_versions(experiment_dir)
    return seen[experiment_dir]


def _found_trial_versions(experiment_dir: Path) -> _TrialVersions:
    folder = experiment_dir / "trials"
    if not folder.is_dir():
        return ()
    with os.scandir(folder) as entries:  # many times faster than `Path.iterdir` and `Path.stat`
        return tuple(
            sorted(
                (entry.path, (entry.inode(), status.st_mtime_ns, status.st_size))
                for entry in entries
                if entry.name.endswith(".json") and (status := entry.stat())
            )
        )


def trials(experiment_dir: Path) -> list[TrialRecord]:
    """All trials that can be read, in the order of sampling; only changed records are parsed."""
    return _readable_trials(experiment_dir)[0]


def damaged_trials(experiment_dir: Path) -> list[str]:
    """A sentence about each trial that cannot be read."""
    return _readable_trials(experiment_dir)[1]


@for_version(_trial_versions, max_entries=1_000)
def _readable_trials(experiment_dir: Path) -> tuple[list[TrialRecord], list[str]]:
    return store.readable_trials(experiment_dir, lambda path: _record(str(path)))


@for_version(_trial_versions, max_entries=1_000)
def ranked(experiment_dir: Path) -> list[TrialRecord]:
    """Trials with a score, best first."""
    return leaderboard.by_score(trials(experiment_dir), job(experiment_dir).primary_metric)


def trial(experiment_dir: Path, trial_id: str) -> TrialRecord:
    """One trial, without reading the others."""
    return _record(str(store.trial_path(experiment_dir, trial_id)))


@for_version_of(Path, max_entries=20_000)
def _record(path: str) -> TrialRecord:
    return store.load_trial(Path(path))


@for_version(_trial_versions, max_entries=1_000)
def history(experiment_dir: Path) -> timeline.History:
    """Every evaluation in order of time, with the best score until then."""
    return timeline.history(trials(experiment_dir), job(experiment_dir).primary_metric)


@for_version(lambda folder: versions([folder, folder / "trials"]), max_entries=1_000)
def usage(experiment_dir: Path) -> Usage:
    """Disk space of the experiment, measured again when its records have changed."""
    return storage.usage(experiment_dir)


@for_version_of(store.experiment_path, max_entries=1_000)
def experiment(experiment_dir: Path) -> ExperimentRecord:
    return store.load_experiment(experiment_dir)


def state(experiment_dir: Path) -> ExperimentState:
    """State of the experiment, `interrupted` if its engine was killed."""
    return launcher.record(experiment_dir, experiment).state


def progress_versions(experiment_dir: Path) -> tuple[object, ...]:
    """Versions of the experiment's record and of those of its trials."""
    return version(store.experiment_path(experiment_dir)), _trial_versions(experiment_dir)


def course_versions(experiment_dir: Path) -> tuple[object, ...]:
    """All that changes when a trial or the search gets further, unlike the bar of its progress."""
    record = experiment(experiment_dir).model_dump(exclude={"message", "progress"})
    return repr(record), _trial_versions(experiment_dir)


def content(experiment_dir: Path) -> tuple[object, ...]:
    """All that decides the charts and tables of the trials, which say how long each has run."""
    is_over = experiment(experiment_dir).state.is_finished
    moment = 0 if is_over else time.time() // _LONGEST_SECONDS
    return texts.language(), ink.of_words(), course_versions(experiment_dir), moment


@for_version(progress_versions, max_entries=1_000)
def extent(experiment_dir: Path) -> Extent:
    """How much of the search was tried; for an experiment that has ended."""
    return endings.extent(experiment(experiment_dir), trials(experiment_dir))


@for_version_of(remarks.path, max_entries=1_000)
def remarks_on(experiment_dir: Path) -> Remarks:
    return remarks.load(experiment_dir)


@for_version_of(lambda experiment_dir: experiment_dir / "job.yml", max_entries=1_000)
def job(experiment_dir: Path) -> Job:
    return store.load_job(experiment_dir)


@for_version_of(store.samples_path, max_entries=8)
def samples(experiment_dir: Path) -> "pd.DataFrame | None":
    """One row per picture, indexed by id; None before the engine has read the data."""
    if not store.samples_path(experiment_dir).is_file():
        return None
    table = store.load_samples(experiment_dir).set_index("id", drop=False)
    if not store.is_imported(experiment_dir):
        return table
    paths = [str(_thumbnail_of(experiment_dir, digest)) for digest in table["content_hash"]]
    return table.assign(given_path=table["path"], path=paths)


def _thumbnail_of(experiment_dir: Path, content_hash: object) -> Path:
    """Path of the thumbnail of a picture in an imported experiment.

    The path in the imported records must not be used: it was written on another machine, so on
    this machine it may name any file.
    """
    return store.thumbnail_path(experiment_dir, _NOT_HEXADECIMAL.sub("", str(content_hash)))


@for_version_of(lambda experiment_dir, _: store.samples_path(experiment_dir), max_entries=1_000)
def examples(experiment_dir: Path, count: int) -> list[Path]:
    """A readable picture of each of the first classes; none before the engine has read the data."""
    path = store.samples_path(experiment_dir)
    if not path.is_file():
        return []
    import pyarrow.parquet as pq  # not pandas, whose import would delay the first page by a second

    names = ["label", "path", "content_hash", "problem"]
    is_imported = store.is_imported(experiment_dir)
    by_label: dict[str, Path] = {}
    for rows in pq.ParquetFile(path).iter_batches(batch_size=5_000, columns=names):
        values = [rows[name].to_pylist() for name in names]
        for label, picture, digest, problem in zip(*values, strict=True):
            if len(by_label) < count and label not in by_label and not problem:
                kept = _thumbnail_of(experiment_dir, digest) if is_imported else Path(picture)
                by_label[label] = kept
        if len(by_label) == count:
            break
    return list(by_label.values())


@for_version_of(store.samples_path, max_entries=1_000)
def class_names(experiment_dir: Path) -> list[str]:
    """Names by class index; empty before the engine has read the data."""
    table = samples(experiment_dir)
    if table is None:
        return []
    if TASKS[job(experiment_dir).task].has_label_sets:
        return store.class_names(table)
    named = table[table["label_index"] >= 0].drop_duplicates("label_index")
    by_index = dict(zip(named["label_index"].astype(int), named["label"].astype(str), strict=True))
    return [by_index.get(index, str(index)) for index in range(max(by_index, default=-1) + 1)]


def _report_path(experiment_dir: Path) -> Path:
    return experiment_dir / "dataset" / "report.json"


@for_version_of(_report_path, max_entries=1_000)
def report(experiment_dir: Path) -> DatasetReport | None:
    """Health report of the data set; None before the engine has read the data."""
    return store.load_report(experiment_dir) if _report_path(experiment_dir).is_file() else None


def predictions(experiment_dir: Path, trial_id: str) -> Predictions | None:
    """Answers of the best evaluation; None before the trial's first evaluation."""
    path = store.predictions_path(experiment_dir, trial_id)
    return predictions_at(path) if path.is_file() else None


@for_version_of(Path, max_entries=6)  # 40 MB for 100,000 pictures and 100 classes
def predictions_at(path: Path) -> Predictions:
    return store.load_predictions(path)


def rendering(experiment_dir: Path) -> "Rendering | None":
    """How the pictures of an experiment are shown; None before the engine has read the data."""
    found = report(experiment_dir)
    return None if found is None else found.rendering


def thumbnail(path: Path, rendering: "Rendering | None" = None) -> bytes | None:
    """A small JPEG; None if the picture is missing or unreadable."""
    return _or_none(_thumbnail, path, rendering)


@for_version_of(lambda path, _: picture_location.file_of(path), max_entries=5_000)
def _thumbnail(path: Path, rendering: "Rendering | None") -> bytes:
    from automl.dataset import pictures

    return pictures.thumbnail(path, rendering=rendering)


def enlarged(path: Path, rendering: "Rendering | None" = None) -> bytes | None:
    """A JPEG to look at closely; None if the picture is missing or unreadable."""
    return _or_none(_enlarged, path, rendering)


@for_version_of(lambda path, _: picture_location.file_of(path), max_entries=50)
def _enlarged(path: Path, rendering: "Rendering | None") -> bytes:
    from automl.dataset import pictures

    return pictures.enlarged(path, rendering=rendering)


def views(path: Path, side: int, rendering: "Rendering") -> "list[NDArray[np.uint8]] | None":
    """A picture as evaluation sees it, then as training may see it; None if it is unreadable."""
    return _or_none(_views, path, side, rendering)


@for_version_of(lambda path, *_: picture_location.file_of(path), max_entries=100)
def _views(path: Path, side: int, rendering: "Rendering") -> "list[NDArray[np.uint8]]":
    from automl.dataset import preview

    image = preview.loaded(path, side, rendering)
    trained_on = preview.trained_on(image, crop_size=side, horizontal_flip=False, count=4)
    return [preview.scored(image, side), *trained_on]


def _or_none(read: Callable[..., T], *arguments: object) -> T | None:
    from automl.dataset import pictures

    try:
        return read(*arguments)
    except (OSError, pictures.UnreadablePicture):
        return None


def inspection(job: Job) -> "Manifest":
    """Manifest of the job's data set, with a progress bar while it is read.

    Raises:
        UserError: the data cannot be read, or are outside of the data roots.
        OSError: a path no longer exists.
    """
    data_roots.check_job(job)
    return _inspection(job.model_dump_json(include=_ABOUT_DATA))


def _data_versions(about_data: str) -> tuple[tuple[int, ...], ...]:
    job = Job.model_validate_json(about_data)
    sources = [source for key in DATA_KEYS if (source := getattr(job, key))]
    return tuple(data_source.signature(source.path) for source in sources)


def files(job: Job) -> "Scanned":
    """The pictures of the job's data set without its corrections, with a progress bar.

    Raises:
        UserError, OSError: see `inspection`.
    """
    data_roots.check_job(job)
    return _files(job.model_dump_json(include=_ABOUT_FILES))


@for_version(_data_versions, max_entries=2)
def _files(about_files: str) -> "Scanned":
    from automl.dataset import manifest

    with _progress() as show_progress:
        return manifest.scanned(Job.model_validate_json(about_files), show_progress)


@for_version(_data_versions, max_entries=4)
def _inspection(about_data: str) -> "Manifest":
    from automl.dataset import manifest

    job = Job.model_validate_json(about_data)
    known = _files(job.model_dump_json(include=_ABOUT_FILES))
    with _progress() as show_progress:
        return manifest.look(job, progress=show_progress, known=known)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Draw a progress bar until the block ends."""
    bar = st.empty()

    def show(activity: str, done: int, total: int) -> None:
        bar.progress(done / max(total, 1), f"{wording.stored(activity)}: {wording.of(done, total)}")

    yield show
    bar.empty()


def columns(data: DataSource) -> list[str]:
    """Names of a table's columns; none for a folder of pictures.

    Raises:
        UserError: the table cannot be read, or is outside of the data roots.
        OSError: the path no longer exists.
    """
    data_roots.check(data.path)
    return _columns(data.model_dump_json())


def _data_version(data: str) -> tuple[int, ...]:
    return data_source.signature(DataSource.model_validate_json(data).path)


@for_version(_data_version, max_entries=8)
def _columns(data: str) -> list[str]:
    from automl.dataset import readers

    return readers.columns(DataSource.model_validate_json(data))
