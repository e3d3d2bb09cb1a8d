"""Reads of an experiment's files, done again only when a file has changed.

Frozen records are shared between reruns and sessions (`cache_resource`): copying 200 trials of
50 epochs on every rerun would take longer than reading them.
"""

import gc
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from automl.dataset import data_roots
from automl.dataset.report import DatasetReport
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import ExperimentRecord, TrialRecord
from automl.figures import timeline
from automl.host import storage
from automl.host.storage import Usage
from automl.jobs.job import DATA_KEYS, DataSource, Job
from automl.ui import data_source

if TYPE_CHECKING:  # slow: the first page is on the screen before it needs them
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from automl.dataset.manifest import Manifest

_ABOUT_DATA = {
    *DATA_KEYS,
    *("target_column_name", "datastores", "corrections", "validation_data_size", "seed"),
}
T = TypeVar("T")
V = TypeVar("V")
_SAFE = re.compile(r"[^0-9a-f]")

# mtime_ns is the cache key; without a leading underscore, which would leave it out of the key


def trials(experiment_dir: Path) -> list[TrialRecord]:
    """All trials in the order of sampling; only files that changed are parsed."""
    versions = _versions(experiment_dir)
    return _latest(
        f"trials of {experiment_dir}", versions, lambda _: _load(experiment_dir, versions)
    )


def trial(experiment_dir: Path, trial_id: str) -> TrialRecord:
    """One trial, without reading the others."""
    path = store.trial_path(experiment_dir, trial_id)
    version = path.stat().st_mtime_ns
    return _latest(f"{trial_id} of {experiment_dir}", version, lambda _: store.load_trial(path))


def usage(experiment_dir: Path) -> Usage:
    """The room it takes; measured again when its records have changed."""
    folders = (experiment_dir, experiment_dir / "trials")
    stamp = tuple(folder.stat().st_mtime_ns for folder in folders if folder.is_dir())
    return _latest(f"usage of {experiment_dir}", stamp, lambda _: storage.usage(experiment_dir))


def history(experiment_dir: Path) -> timeline.History:
    """Every evaluation in order of time, with the best score until then."""
    return _latest(
        f"history of {experiment_dir}",
        _versions(experiment_dir),
        lambda _: timeline.history(trials(experiment_dir), job(experiment_dir).primary_metric),
    )


def _versions(experiment_dir: Path) -> list[tuple[str, int]]:
    """Every record of a trial: its path, and since when it is as it is."""
    folder = experiment_dir / "trials"
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:  # with a Path for each this would take many times as long
        return sorted(
            (each.path, each.stat().st_mtime_ns) for each in entries if each.name.endswith(".json")
        )


def _load(experiment_dir: Path, versions: list[tuple[str, int]]) -> list[TrialRecord]:
    known = _records(experiment_dir)
    gc.disable()  # or it would look through all that is being read, again and again
    try:
        loaded = [
            known.get(version) or known.setdefault(version, store.load_trial(Path(version[0])))
            for version in versions
        ]
    finally:
        gc.enable()
    for old in set(known) - set(versions):  # a trial that reports every second has many
        known.pop(old, None)
    return sorted(loaded, key=lambda trial: trial.number)


@st.cache_resource(max_entries=1_000, show_spinner=False)
def _records(experiment_dir: Path) -> dict[tuple[str, int], TrialRecord]:  # noqa: ARG001
    return {}


def _latest(name: str, version: V, load: Callable[[V], T]) -> T:
    """What was loaded last under the name if that was this version, else loaded now.

    Older versions are forgotten: trials that report every second would fill the memory.
    """
    slot = _slot(name)
    for known, loaded in tuple(slot):
        if known == version:
            found: T = loaded
            return found
    loaded = load(version)
    slot[:] = [(version, loaded)]
    return loaded


@st.cache_resource(max_entries=10_000, show_spinner=False)
def _slot(name: str) -> list[tuple[Any, Any]]:  # noqa: ARG001
    return []


def experiment(experiment_dir: Path) -> ExperimentRecord:
    mtime_ns = store.experiment_path(experiment_dir).stat().st_mtime_ns
    return _experiment(experiment_dir, mtime_ns)


@st.cache_resource(max_entries=1_000, show_spinner=False)
def _experiment(experiment_dir: Path, mtime_ns: int) -> ExperimentRecord:  # noqa: ARG001
    return store.load_experiment(experiment_dir)


def job(experiment_dir: Path) -> Job:
    return _job(experiment_dir, (experiment_dir / "job.yml").stat().st_mtime_ns)


@st.cache_resource(max_entries=1_000, show_spinner=False)
def _job(experiment_dir: Path, mtime_ns: int) -> Job:  # noqa: ARG001
    return store.load_job(experiment_dir)


def samples(experiment_dir: Path) -> "pd.DataFrame | None":
    """One row an image, by id; None before the engine has read the data. Not to be changed."""
    path = store.samples_path(experiment_dir)
    return _samples(experiment_dir, path.stat().st_mtime_ns) if path.is_file() else None


@st.cache_resource(max_entries=8, show_spinner=False)
def _samples(experiment_dir: Path, mtime_ns: int) -> "pd.DataFrame":  # noqa: ARG001
    found = store.load_samples(experiment_dir).set_index("id", drop=False)
    if not store.is_imported(experiment_dir):
        return found
    paths = [str(_small(experiment_dir, content_hash)) for content_hash in found["content_hash"]]
    return found.assign(given_path=found["path"], path=paths)


def _small(experiment_dir: Path, content_hash: object) -> Path:
    """The picture of an imported experiment: never a path of the machine it came from, which here
    may be anything."""
    return store.thumbnail_path(experiment_dir, _SAFE.sub("", str(content_hash)))


def examples(experiment_dir: Path, count: int) -> list[Path]:
    """A readable picture of each of the first classes; none before the engine has read the data."""
    path = store.samples_path(experiment_dir)
    return _examples(experiment_dir, path.stat().st_mtime_ns, count) if path.is_file() else []


@st.cache_resource(max_entries=1_000, show_spinner=False)
def _examples(experiment_dir: Path, mtime_ns: int, count: int) -> list[Path]:  # noqa: ARG001
    import pyarrow.parquet as pq  # by hand: pandas takes a second, and the first page shows these

    names = ["label", "path", "content_hash", "problem"]
    is_imported = store.is_imported(experiment_dir)
    found: dict[str, Path] = {}
    file = pq.ParquetFile(store.samples_path(experiment_dir))
    for rows in file.iter_batches(batch_size=5_000, columns=names):
        columns = [rows[name].to_pylist() for name in names]
        for label, path, content_hash, problem in zip(*columns, strict=True):
            if len(found) < count and label not in found and not problem:
                found[label] = _small(experiment_dir, content_hash) if is_imported else Path(path)
        if len(found) == count:
            break
    return list(found.values())


def class_names(experiment_dir: Path) -> list[str]:
    """By class index; empty before the engine has read the data. Not to be changed."""
    path = store.samples_path(experiment_dir)
    return _class_names(experiment_dir, path.stat().st_mtime_ns) if path.is_file() else []


@st.cache_resource(max_entries=1_000, show_spinner=False)
def _class_names(experiment_dir: Path, mtime_ns: int) -> list[str]:
    found = _samples(experiment_dir, mtime_ns)
    named = found[found["label_index"] >= 0].drop_duplicates("label_index")
    by_index = dict(zip(named["label_index"].astype(int), named["label"].astype(str), strict=True))
    return [by_index.get(index, str(index)) for index in range(max(by_index, default=-1) + 1)]


def report(experiment_dir: Path) -> DatasetReport | None:
    path = experiment_dir / "dataset" / "report.json"
    return _report(experiment_dir, path.stat().st_mtime_ns) if path.is_file() else None


@st.cache_resource(max_entries=1_000, show_spinner=False)
def _report(experiment_dir: Path, mtime_ns: int) -> DatasetReport | None:  # noqa: ARG001
    return store.load_report(experiment_dir)


def predictions(experiment_dir: Path, trial_id: str) -> Predictions | None:
    """On the validation data; None before the trial's first evaluation."""
    path = store.predictions_path(experiment_dir, trial_id)
    return predictions_at(path, path.stat().st_mtime_ns) if path.is_file() else None


# 100,000 pictures of 100 classes are 40 MB each
@st.cache_resource(max_entries=6, show_spinner=False)
def predictions_at(path: Path, mtime_ns: int) -> Predictions:  # noqa: ARG001
    """The answers in a file as it is since then."""
    return store.load_predictions(path)


def thumbnail(path: Path) -> bytes | None:
    """A small JPEG; None when the picture is gone or cannot be read any more."""
    from automl.dataset import pictures

    try:
        return _thumbnail(path, path.stat().st_mtime_ns)
    except (OSError, pictures.UnreadablePicture):
        return None


@st.cache_data(max_entries=5_000, show_spinner=False)
def _thumbnail(path: Path, mtime_ns: int) -> bytes:  # noqa: ARG001
    from automl.dataset import pictures

    return pictures.thumbnail(path)


def enlarged(path: Path) -> bytes | None:
    """A JPEG to look at closely; None when the picture is gone or cannot be read any more."""
    from automl.dataset import pictures

    try:
        return _enlarged(path, path.stat().st_mtime_ns)
    except (OSError, pictures.UnreadablePicture):
        return None


@st.cache_data(max_entries=50, show_spinner=False)
def _enlarged(path: Path, mtime_ns: int) -> bytes:  # noqa: ARG001
    from automl.dataset import pictures

    return pictures.enlarged(path)


def views(path: Path, side: int) -> "list[NDArray[np.uint8]] | None":
    """A picture as it is scored, then as training may see it; None when it cannot be read."""
    from automl.dataset import pictures

    try:
        return _views(path, side, path.stat().st_mtime_ns)
    except (OSError, pictures.UnreadablePicture):
        return None


@st.cache_data(max_entries=100, show_spinner=False)
def _views(path: Path, side: int, mtime_ns: int) -> "list[NDArray[np.uint8]]":  # noqa: ARG001
    from automl.dataset import preview

    resize_size = round(side * preview.CROP_ROOM)
    scored = preview.scored(path, resize_size=resize_size, crop_size=side)
    trained_on = preview.trained_on(path, crop_size=side, horizontal_flip=False, count=4)
    return [scored, *trained_on]


def inspection(job: Job) -> "Manifest":
    """What the job's data holds, with a bar while it is being read. Not to be changed.

    Raises:
        ValueError: it cannot be read, or is out of reach; says why.
    """
    from automl.dataset import manifest

    data_roots.check_job(job)
    sources = [found for key in DATA_KEYS if (found := getattr(job, key))]
    signatures = tuple(data_source.signature(found.path) for found in sources)
    kept = _inspections(job.model_dump_json(include=_ABOUT_DATA), signatures)
    if not kept:
        place = st.empty()

        def tell(what: str, done: int, total: int) -> None:
            place.progress(done / max(total, 1), f"{what}: {done:,} of {total:,}")

        kept.append(manifest.look(job, progress=tell))
        place.empty()
    return kept[0]


@st.cache_resource(max_entries=4, show_spinner=False)
def _inspections(
    about_data: str,  # noqa: ARG001
    signatures: tuple[tuple[int, ...], ...],  # noqa: ARG001
) -> "list[Manifest]":
    # filled by the caller: Streamlit would replay what a cached function has drawn
    return []


def columns(data: DataSource) -> list[str]:
    """Names of a table's columns; none for a folder of pictures.

    Raises:
        ValueError: it cannot be read, or is out of reach; says why.
    """
    data_roots.check(data.path)
    return _columns(data.model_dump_json(), data_source.signature(data.path))


@st.cache_data(max_entries=8, show_spinner=False)
def _columns(data: str, signature: tuple[int, ...]) -> list[str]:  # noqa: ARG001
    from automl.dataset import readers

    return readers.columns(DataSource.model_validate_json(data))
