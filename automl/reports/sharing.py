"""An experiment as one zip file that opens read-only in another person's app.

It holds the records, the predictions and the best models, but neither the engine's state nor the
pictures: of the validation and test pictures there are thumbnails, which are shown instead.
"""

import contextlib
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from automl.dataset import archive
from automl.errors import UserError
from automl.experiments import experiment_id, store
from automl.host import atomic

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_PARTS = re.compile(
    r"job\.yml|experiment\.json|dataset/(samples\.parquet|report\.json)"
    r"|trials/[\w-]+\.json|trials/[\w-]+/predictions\.parquet"
    r"|trials/[\w-]+/checkpoint/model\.(safetensors|json)"
    r"|best_model/[\w.-]+\.(onnx|json|yml|md|txt)|test/(opening\.json|predictions\.parquet)"
    r"|thumbnails/[0-9a-f]{64}\.jpg"
)
"""The files of a shared experiment. All others are left out, when it is packed and when it is
unpacked: no code, nothing to unpickle, no path out of the folder."""

_MAX_THUMBNAILS = 3_000
_MAX_BYTES = {
    ".parquet": 2_000_000_000,
    ".safetensors": 10_000_000_000,
    ".onnx": 2_000_000_000,
    ".jpg": 100_000,
    "": 50_000_000,
}
"""The largest size by the end of the name, as a file that is read at once must fit the memory."""

_MAX_CLASSES = 50_000
_ROWS_AT_A_TIME = 128


def pack(experiment_dir: Path, target: Path) -> Path:
    """Write the zip file, complete or not at all; returns its path.

    It holds the weights of the best trial only: with those of all it would have gigabytes.
    """
    atomic.remove_leftovers(target)
    best = store.load_experiment(experiment_dir).best_trial
    with (
        atomic.open_binary(target, private=False) as opened,
        zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as file,
    ):
        for path in sorted(experiment_dir.rglob("*")):
            name = path.relative_to(experiment_dir).as_posix()
            is_other_weight = "/checkpoint/" in name and f"trials/{best}/" not in name
            if path.is_file() and _PARTS.fullmatch(name) and not is_other_weight:
                file.write(path, name)
        if not store.is_imported(experiment_dir):
            _add_thumbnails(file, experiment_dir)
    return target


def unpack(path: Path, experiments_dir: Path) -> Path:
    """Add a shared experiment to the others, read-only; returns its directory.

    Args:
        path: the zip file.
        experiments_dir: the folder that gets it.

    Raises:
        UserError: the file is not a zip of an experiment, is damaged or is too large.
    """
    unpacked = archive.extract(path, "zip")
    root = _experiment_root(unpacked)
    if root is None:
        raise UserError(
            f"{path.name} holds no experiment: it has no job.yml beside an experiment.json. Choose "
            "a file that `automl share` has written."
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
        return _publish(partial, experiments_dir)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _refuse_large(path: Path, name: str) -> None:
    """Check that the file fits the memory when it is read; a small table can grow without bound.

    Raises:
        UserError: it does not; names the file.
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
    """Size of a Parquet table in memory; counted row group by row group, up to the limit."""
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
    """Size of a column; a dictionary-encoded one is decoded first, as pandas decodes it, too."""
    is_encoded = hasattr(column, "dictionary_decode")
    return int((column.dictionary_decode() if is_encoded else column).nbytes)


def _list_size(kind: "pa.DataType") -> int:
    """The length of a fixed-size list; 0 for other types."""
    return int(getattr(kind, "list_size", 0))


def _experiment_root(folder: Path) -> Path | None:
    """The folder of the experiment: the archive itself or a folder in it; None without one."""
    candidates = [folder, *(child for child in sorted(folder.iterdir()) if child.is_dir())]
    return next((path for path in candidates if store.is_experiment(path)), None)


def _refuse_damaged(experiment_dir: Path, path: Path) -> None:
    """Read every file that the pages read.

    Raises:
        UserError: one cannot be read, or they contradict each other.
    """
    try:
        _read_all(experiment_dir)
    except UserError as error:
        raise UserError(f"{path.name} cannot be opened: {error}") from error
    except Exception as error:
        raise UserError(
            f"{path.name} holds an experiment that cannot be read ({type(error).__name__}): it was "
            "damaged, or made by another version. Share it again."
        ) from error


def _read_all(experiment_dir: Path) -> None:
    store.load_job(experiment_dir)
    record = store.load_experiment(experiment_dir)
    # ids become parts of paths
    ids = [path.stem for path in store.trial_paths(experiment_dir)]
    if sorted(trial.trial_id for trial in store.load_trials(experiment_dir)) != ids:
        raise UserError("the file of a trial has another name than the trial.")
    opening = store.load_test_opening(experiment_dir)
    for trial_id in (record.best_trial, opening.trial_id if opening else None):
        if trial_id is not None and trial_id not in ids:
            raise UserError(f"it names the trial {trial_id}, which is not in it.")
    for path in (
        *(store.predictions_path(experiment_dir, trial_id) for trial_id in ids),
        store.test_predictions_path(experiment_dir),
    ):
        if path.is_file():
            store.load_predictions(path)
    if store.samples_path(experiment_dir).is_file():
        store.load_samples(experiment_dir)
    store.load_report(experiment_dir)


def _publish(partial: Path, experiments_dir: Path) -> Path:
    """Give it its own id, with a number if that is taken; the record has the same id."""
    record = store.load_experiment(partial)
    own_id = experiment_id.slug(record.experiment_id) or "shared"
    while True:
        new_id = experiment_id.with_number(experiments_dir, own_id)
        store.save_experiment(partial, record.model_copy(update={"experiment_id": new_id}))
        # another process may take the id before the rename
        with contextlib.suppress(FileExistsError):
            atomic.publish_folder(partial, experiments_dir / new_id)
            return experiments_dir / new_id


def _scored(experiment_dir: Path) -> "pd.DataFrame":
    """The validation and test pictures, at most `_MAX_THUMBNAILS` of them."""
    samples = store.load_samples(experiment_dir)
    is_scored = samples["split"].isin(["validation", "test"]) & samples["content_hash"].notna()
    return samples[is_scored].drop_duplicates("content_hash").head(_MAX_THUMBNAILS)


def _add_thumbnails(file: zipfile.ZipFile, experiment_dir: Path) -> None:
    from automl.dataset import pictures

    if not store.samples_path(experiment_dir).is_file():
        return
    for path, content in _scored(experiment_dir)[["path", "content_hash"]].itertuples(index=False):
        try:
            data = pictures.thumbnail(Path(path))
        except (OSError, pictures.UnreadablePicture):
            continue  # it was removed since; the pages say so
        name = store.thumbnail_path(Path(), content).as_posix()
        file.writestr(name, data, zipfile.ZIP_STORED)
