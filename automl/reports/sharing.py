"""An experiment as one zip file, which opens read-only in anybody's app.

In it are the records, the answers and the best models, but neither the engine's own state nor the
pictures: of those that were scored there are thumbnails, which stand for them where it is opened.
"""

import contextlib
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from automl.dataset import archive
from automl.errors import NewerFormatError
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
"""Everything that may be in an experiment that is shared; anything else is left out, on the way
out and on the way in: no code, nothing to unpickle, no path that leads elsewhere."""

_MAX_THUMBNAILS = 3_000
_MAX_BYTES = {
    ".parquet": 2_000_000_000,
    ".safetensors": 10_000_000_000,
    ".onnx": 2_000_000_000,
    ".jpg": 100_000,
    "": 50_000_000,
}
"""By the ending; what is read as a whole must not fill the memory."""

_MAX_CLASSES = 50_000
_ROWS_AT_A_TIME = 128


def pack(experiment_dir: Path, target: Path) -> Path:
    """Write the zip file, whole or not at all; returns its path.

    Weights are those of the best trial alone: with all of them the file would be gigabytes.
    """
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
    """Put a shared experiment among the others, read-only; returns its directory.

    Raises:
        ValueError: the file is not a zip of an experiment, or cannot be trusted.
    """
    unpacked = archive.extract(path, "zip")
    root = _root(unpacked)
    if root is None:
        raise ValueError(
            f"{path.name} holds no experiment: there is no job.yml beside an experiment.json in "
            "it. Give a file that automl share has made."
        )
    experiments_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".import-", dir=experiments_dir))  # mode 0700
    try:
        for found in sorted(root.rglob("*")):
            name = found.relative_to(root).as_posix()
            if found.is_file() and _PARTS.fullmatch(name):
                _check_size(found, name)
                (partial / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(found, partial / name)
        _check(partial, path)
        (partial / "trials").mkdir(exist_ok=True)
        (partial / "dataset").mkdir(exist_ok=True)
        store.mark_imported(partial)
        return _publish(partial, experiments_dir)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _check_size(path: Path, name: str) -> None:
    """Refuse what would fill the memory when it is read: a small file may grow without bound.

    Raises:
        ValueError: names the part.
    """
    limit = next(size for ending, size in _MAX_BYTES.items() if name.endswith(ending))
    size = path.stat().st_size
    if name.endswith(".parquet") and size <= limit:
        size = _bytes_in_memory(path, limit)
    if size > limit:
        raise ValueError(
            f"{name} in the shared experiment takes more than {limit / 1000**2:,.0f} MB, so it is "
            "not opened."
        )


def _bytes_in_memory(path: Path, limit: int) -> int:
    """Of a table, as far as the limit: read a few rows at a time, and let go of again."""
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
        raise ValueError(f"{path.name} in the shared experiment is damaged: {error}") from error
    return total


def _nbytes(column: "pa.Array") -> int:
    """With what a dictionary saves written out, as some readers do."""
    written_out = hasattr(column, "dictionary_decode")
    return int((column.dictionary_decode() if written_out else column).nbytes)


def _list_size(kind: "pa.DataType") -> int:
    return int(getattr(kind, "list_size", 0))


def _root(folder: Path) -> Path | None:
    """Where the experiment lies: in the archive itself, or in its only folder."""
    candidates = [folder, *(child for child in sorted(folder.iterdir()) if child.is_dir())]
    return next((one for one in candidates if store.is_experiment(one)), None)


def _check(experiment_dir: Path, path: Path) -> None:
    """Read everything that the pages will read."""
    try:
        store.load_job(experiment_dir)
        record = store.load_experiment(experiment_dir)
        # ids become parts of paths
        ids = [path.stem for path in store.trial_paths(experiment_dir)]
        if sorted(trial.trial_id for trial in store.load_trials(experiment_dir)) != ids:
            raise ValueError("a trial is called otherwise than its file")
        opening = store.load_test_opening(experiment_dir)
        named = [record.best_trial, opening.trial_id if opening else None]
        if not {name for name in named if name is not None} <= set(ids):
            raise ValueError("there is no file of a trial it names")
        for trial_id in ids:
            predictions = store.predictions_path(experiment_dir, trial_id)
            if predictions.is_file():
                store.load_predictions(predictions)
        if store.samples_path(experiment_dir).is_file():
            store.load_samples(experiment_dir)
        store.load_report(experiment_dir)
    except NewerFormatError as error:
        raise ValueError(f"{path.name} cannot be opened: {error}") from error
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(
            f"{path.name} holds an experiment that cannot be read ({type(error).__name__}): it was "
            "damaged, or made by another version. Share it again."
        ) from error


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
    """The pictures somebody may want to look at; training pictures are not among them."""
    samples = store.load_samples(experiment_dir)
    shown = samples["split"].isin(["validation", "test"]) & samples["content_hash"].notna()
    return samples[shown].drop_duplicates("content_hash").head(_MAX_THUMBNAILS)


def _add_thumbnails(file: zipfile.ZipFile, experiment_dir: Path) -> None:
    from automl.dataset import pictures

    if not store.samples_path(experiment_dir).is_file():
        return
    for path, content in _scored(experiment_dir)[["path", "content_hash"]].itertuples(index=False):
        try:
            data = pictures.thumbnail(Path(path))
        except (OSError, pictures.UnreadablePicture):
            continue  # gone since; the pages will say so
        name = store.thumbnail_path(Path(), content).as_posix()
        file.writestr(name, data, zipfile.ZIP_STORED)
