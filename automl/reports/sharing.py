"""An experiment as one zip file that opens read-only in another person's app.

It contains the records, the predictions, the best models and thumbnails of the validation and test
pictures, but neither the engine's state nor the pictures.
"""

import contextlib
import json
import math
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from automl.dataset import archive
from automl.errors import DamagedFileError, UserError
from automl.experiments import experiment_id, leaderboard, store
from automl.experiments.records import TrialRecord
from automl.host import atomic, file_names
from automl.model.description import ModelDescription
from automl.texts import mark

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_PARTS = re.compile(
    r"job\.yml|experiment\.json|dataset/(samples\.parquet|report\.json)"
    r"|trials/[\w-]+\.json|trials/[\w-]+/predictions\.parquet"
    r"|trials/[\w-]+/(checkpoint|refit)/model\.(safetensors|json)"
    r"|best_model/[\w.-]+\.(onnx|json|yml|md|txt)|test/(opening\.json|predictions\.parquet)"
    r"|thumbnails/[0-9a-f]{64}\.jpg"
)
"""Names of the files in a shared experiment. Packing and unpacking skip all others, so that an
archive cannot bring code, pickles or paths outside the directory."""

_MAX_THUMBNAILS = 3_000
_MAX_TRIALS = 2_000
"""A search has at most 1,000, and the trials that its ensembles add."""

_MAX_BYTES = {
    ".parquet": 2_000_000_000,
    ".safetensors": 10_000_000_000,
    ".onnx": 2_000_000_000,
    ".jpg": 100_000,
    "": 50_000_000,
}
"""Maximum size by suffix: each file is read as a whole and must fit into memory."""

_MAX_CLASSES = 50_000
_ROWS_AT_A_TIME = 128


def pack(experiment_dir: Path, target: Path) -> Path:
    """Write the zip file atomically; return its path.

    It contains only the weights of the best trial; those of all trials can be gigabytes.
    """
    atomic.remove_leftovers(target)
    best = store.load_experiment(experiment_dir).best_trial
    with (
        store.unless_deleted(experiment_dir),
        atomic.open_binary(target, private=False) as opened,
        zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as file,
    ):
        for path in sorted(experiment_dir.rglob("*")):
            name = path.relative_to(experiment_dir).as_posix()
            is_weight = path.parent.name in ("checkpoint", "refit")
            is_other_weight = is_weight and f"trials/{best}/" not in name
            if path.is_file() and _PARTS.fullmatch(name) and not is_other_weight:
                _add(file, path, name)
        if not store.is_imported(experiment_dir):
            _add_thumbnails(file, experiment_dir)
    return target


def _add(file: zipfile.ZipFile, path: Path, name: str) -> None:
    """Add a file; paths in the user's home are shortened in the records, which people read."""
    if name == "dataset/samples.parquet":
        samples = store.load_samples(path.parents[1])
        shortened = samples.assign(path=samples["path"].map(file_names.without_home))
        file.writestr(name, shortened.to_parquet(index=False))
    elif path.suffix in (".yml", ".json", ".md"):
        file.writestr(name, file_names.without_home(_text(path)))
    else:
        file.write(path, name)


def _text(path: Path) -> str:
    """Read a text file; whoever opens the shared experiment could not restore a damaged one.

    Raises:
        DamagedFileError: the file is not text, or not JSON in spite of its name.
    """
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".json":
            json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(
            f"{path} is damaged. Restore it from a copy, then share the experiment."
        ) from error
    return text


def unpack(path: Path, experiments_dir: Path) -> Path:
    """Add a shared experiment to the others, read-only; return its directory.

    Args:
        path: the zip file.
        experiments_dir: the folder of the other experiments.

    Raises:
        UserError: the file is not a zip of an experiment, is damaged or is too large.
    """
    unpacked = archive.extract(path, "zip")
    root = _experiment_root(unpacked)
    if root is None:
        raise UserError(
            f"{path.name} contains no experiment: a job.yml beside an experiment.json is missing. "
            "Choose a file that `automl share` wrote."
        )
    experiments_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".import-", dir=experiments_dir))  # mode 0700
    try:
        for part in sorted(root.rglob("*")):
            name = part.relative_to(root).as_posix()
            if part.is_file() and _PARTS.fullmatch(name):
                _refuse_large(part, name)
                (partial / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(part, partial / name)
        _refuse_damaged(partial, path)
        (partial / "trials").mkdir(exist_ok=True)
        (partial / "dataset").mkdir(exist_ok=True)
        store.mark_imported(partial)
        return _publish_under_free_id(partial, experiments_dir)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _refuse_large(path: Path, name: str) -> None:
    """Check that the file fits into memory; a small Parquet file can hold a huge table.

    Raises:
        UserError: the file is too large; the message names it.
    """
    limit = next(size for ending, size in _MAX_BYTES.items() if name.endswith(ending))
    size = path.stat().st_size
    if name.endswith(".parquet") and size <= limit:
        size = _bytes_in_memory(path, limit)
    if size > limit:
        raise UserError(
            f"{name} in the shared experiment takes more than {limit / 1000**2:,.0f} MB in memory; "
            "nothing was imported."
        )


def _bytes_in_memory(path: Path, limit: int) -> int:
    """Size of a Parquet table in memory; counting ends above the limit."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    total = 0
    try:
        with pq.ParquetFile(path) as file:
            if any(_list_size(field.type) > _MAX_CLASSES for field in file.schema_arrow):
                return limit + 1
            for batch in file.iter_batches(batch_size=_ROWS_AT_A_TIME):
                total += sum(_nbytes(column) for column in batch.columns)
                if total > limit:
                    break
    except pa.ArrowException as error:
        raise UserError(f"{path.name} in the shared experiment is damaged: {error}") from error
    return total


def _nbytes(column: "pa.Array") -> int:
    """Size of a column, decoded if it is dictionary-encoded, because pandas decodes it."""
    is_encoded = hasattr(column, "dictionary_decode")
    return int((column.dictionary_decode() if is_encoded else column).nbytes)


def _list_size(kind: "pa.DataType") -> int:
    """Length of a fixed-size list; 0 for other types."""
    return int(getattr(kind, "list_size", 0))


def _experiment_root(folder: Path) -> Path | None:
    """Directory of the experiment: the archive's root or a folder in it; None if not found."""
    candidates = [folder, *(child for child in sorted(folder.iterdir()) if child.is_dir())]
    return next((path for path in candidates if store.is_experiment(path)), None)


def _refuse_damaged(experiment_dir: Path, path: Path) -> None:
    """Read every file that the pages read.

    Raises:
        UserError: a file cannot be read, or the files contradict each other.
    """
    try:
        _read_all(experiment_dir)
    except DamagedFileError as error:  # its message names a path in a temporary folder
        raise _damaged(path, error) from error
    except UserError as error:
        raise UserError(f"{path.name} cannot be opened: {error}") from error
    except Exception as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{path.name} contains an experiment that cannot be read ({type(error).__name__}): it is "
        "damaged, or was written by another version. Share the experiment again."
    )


def _read_all(experiment_dir: Path) -> None:
    metric = store.load_job(experiment_dir).primary_metric
    record = store.load_experiment(experiment_dir)
    if record.num_trials < 0 or math.isinf(record.best_score or 0):
        raise ValueError(mark("numbers that no search can have"))
    trials = _read_trials(experiment_dir)
    leaderboard.rank(trials, metric)  # values that no page could show raise here
    ids = [trial.trial_id for trial in trials]
    opening = store.load_test_opening(experiment_dir)
    for trial_id in (record.best_trial, opening.trial_id if opening else None):
        if trial_id is not None and trial_id not in ids:
            raise UserError(f"it refers to the trial {trial_id}, which it does not contain.")
    for path in (
        *(store.predictions_path(experiment_dir, trial_id) for trial_id in ids),
        store.test_predictions_path(experiment_dir),
    ):
        if path.is_file():
            store.load_predictions(path)
    if store.samples_path(experiment_dir).is_file():
        store.load_samples(experiment_dir)
    store.load_report(experiment_dir)
    for path in experiment_dir.glob("trials/*/*/model.json"):
        ModelDescription.model_validate_json(path.read_bytes())


def _read_trials(experiment_dir: Path) -> list[TrialRecord]:
    ids = [path.stem for path in store.trial_paths(experiment_dir)]
    if len(ids) > _MAX_TRIALS:
        raise UserError(f"it has {len(ids):,} trials; allowed are {_MAX_TRIALS:,}.")
    trials = store.load_trials(experiment_dir)
    if sorted(trial.trial_id for trial in trials) != ids:  # they become parts of paths
        raise UserError("the name of a trial's file differs from the trial's id.")
    return trials


def _publish_under_free_id(partial: Path, experiments_dir: Path) -> Path:
    """Rename the directory to the experiment's id, with a number if the id is taken.

    The record gets the same id.
    """
    record = store.load_experiment(partial)
    own_id = experiment_id.slug(record.experiment_id) or "shared"
    while True:
        new_id = experiment_id.with_number(experiments_dir, own_id)
        store.save_experiment(partial, record.model_copy(update={"experiment_id": new_id}))
        # another process may take the id before the rename
        with contextlib.suppress(FileExistsError):
            atomic.publish_folder(partial, experiments_dir / new_id)
            return experiments_dir / new_id


def _scored_samples(experiment_dir: Path) -> "pd.DataFrame":
    """Return the first `_MAX_THUMBNAILS` scored pictures; those all trials are scored on first."""
    samples = store.load_samples(experiment_dir).dropna(subset=["content_hash"])
    is_held_out = samples["split"].isin(["validation", "test"])
    has_fold = samples["fold"].notna() if "fold" in samples else False  # not in earlier formats
    scored = samples[is_held_out | has_fold].assign(last=~is_held_out)
    scored = scored.sort_values("last", kind="stable").drop(columns="last")
    return scored.drop_duplicates("content_hash").head(_MAX_THUMBNAILS)


def _add_thumbnails(file: zipfile.ZipFile, experiment_dir: Path) -> None:
    from automl.dataset import pictures

    if not store.samples_path(experiment_dir).is_file():
        return
    report = store.load_report(experiment_dir)
    rendering = None if report is None else report.rendering
    for path, content in _scored_samples(experiment_dir)[["path", "content_hash"]].itertuples(
        index=False
    ):
        try:
            data = pictures.thumbnail(Path(path), rendering=rendering)
        except (OSError, pictures.UnreadablePicture):
            continue  # it was removed; the app says so
        name = store.thumbnail_path(Path(), content).as_posix()
        file.writestr(name, data, zipfile.ZIP_STORED)
