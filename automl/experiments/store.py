"""The experiment directory: the only interface between the engine and its readers.

    <experiment_dir>/
        job.yml                       the job, resolved
        job-1.yml, job-2.yml, ...     the job as it was before the search went on with another
        experiment.json               ExperimentRecord; replaced by the engine
        dataset/samples.parquet       one row per picture; written once by the engine
        dataset/report.json           DatasetReport; written once by the engine
        trials/<trial_id>.json        TrialRecord; replaced by the engine after every event
        trials/<trial_id>/            predictions.parquet, checkpoint/ of the best evaluation;
                                      out_of_fold.parquet, see `out_of_fold_path`;
                                      refit/ of the best trial, fitted to all pictures;
                                      epochs/ with checkpoint_frequency; state/ of an unfinished
                                      trial; .next holds files until they replace the old ones
        best_model/                   the exported winner
        test/                         opening.json, predictions.parquet; written once by the
                                      process that opens the test data
        remarks.json                  Remarks of people; replaced by the app
        decisions/                    what a person has decided about doubtful labels, in a file for
                                      each; replaced by the app
        thresholds.json               thresholds that somebody chose for models with label sets;
                                      replaced by the app and a command
        engine.lock                   held by a living engine (automl.host.process_lock)
        engine.log                    written by the engine
        .reserve                      disk space reserved by a living engine
        imported, thumbnails/         only in an imported experiment: it is read-only, and its
                                      thumbnails replace the original pictures
        control/                      requests to the engine, one file each; written by any process
        tune/                         Ray Tune's own state; a disposable cache

Every file is replaced atomically, so a reader sees either the old version or the new one.
Only the holder of engine.lock writes, except for remarks.json, decisions/ and control/.
Nothing here is ever unpickled.
"""

import contextlib
import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from automl.dataset.report import DatasetReport
from automl.errors import DamagedFileError, DeletedError, NewerFormatError, UserError
from automl.evaluation.predictions import Predictions
from automl.experiments.records import FORMAT_VERSION, ExperimentRecord, TestOpening, TrialRecord
from automl.host import atomic, process_lock
from automl.jobs.job import Job
from automl.jobs.job_errors import JobError
from automl.texts import mark

if TYPE_CHECKING:  # slow, and not needed to read the state of an experiment
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

_Record = TypeVar("_Record", bound=BaseModel)

STOP_ALL = "stop"
_STOP_TRIAL_PREFIX = "stop-trial-"


def create_experiment(experiments_dir: Path, job: Job, record: ExperimentRecord) -> Path:
    """Create the directory atomically.

    Raises:
        FileExistsError: an experiment with that id already exists.
    """
    target = experiments_dir / record.experiment_id
    experiments_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with atomic.new_folder(target) as partial:
        for name in ("dataset", "trials", "control"):
            (partial / name).mkdir()
        save_job(partial, job)
        save_experiment(partial, record)
    return target


def is_experiment(path: Path) -> bool:
    return (path / "experiment.json").is_file() and (path / "job.yml").is_file()


def experiment_dirs(experiments_dir: Path) -> list[Path]:
    """Return the directories of all experiments in a folder, newest first."""
    if not experiments_dir.is_dir():
        return []
    folders = (path for path in experiments_dir.iterdir() if not path.name.startswith("."))
    found = []
    for path in filter(is_experiment, folders):
        with contextlib.suppress(FileNotFoundError):  # deleted since it was listed
            found.append(((path / "job.yml").stat().st_mtime_ns, path))
    return [path for _, path in sorted(found, key=lambda each: each[0], reverse=True)]


def save_job(experiment_dir: Path, job: Job) -> None:
    """Write the resolved job."""
    atomic.write_text(experiment_dir / "job.yml", job.to_yaml())


def keep_job(experiment_dir: Path) -> None:
    """Keep a copy of the job, which is about to change."""
    number = 1 + len(list(experiment_dir.glob("job-*.yml")))
    text = (experiment_dir / "job.yml").read_text("utf-8")
    atomic.write_text(experiment_dir / f"job-{number}.yml", text)


def load_job(experiment_dir: Path) -> Job:
    """Load the resolved job.

    Raises:
        DeletedError: the experiment is gone.
        DamagedFileError: the file is not text.
        JobError: this version does not accept the job.
    """
    path = experiment_dir / "job.yml"
    try:
        with unless_deleted(experiment_dir):
            text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise _damaged(path) from error
    return Job.from_yaml(text)


def save_experiment(experiment_dir: Path, record: ExperimentRecord) -> None:
    _write_record(experiment_path(experiment_dir), record)


def load_experiment(experiment_dir: Path) -> ExperimentRecord:
    """Load the experiment's record.

    Raises:
        DeletedError: the experiment is gone.
        NewerFormatError: a later version wrote the directory.
        DamagedFileError: the file is not a record of an experiment.
    """
    path = experiment_path(experiment_dir)
    with unless_deleted(experiment_dir):
        record = _read_record(path, ExperimentRecord)
    _refuse_newer(record.format_version, path)
    return record


def _refuse_newer(format_version: int, path: Path) -> None:
    if format_version > FORMAT_VERSION:
        raise NewerFormatError(
            f"{path} has format {format_version}, and this version reads up to {FORMAT_VERSION}. "
            "Open it with the version that wrote it, or update."
        )


def experiment_path(experiment_dir: Path) -> Path:
    return experiment_dir / "experiment.json"


def trial_path(experiment_dir: Path, trial_id: str) -> Path:
    return experiment_dir / "trials" / f"{trial_id}.json"


def trial_paths(experiment_dir: Path) -> list[Path]:
    return sorted((experiment_dir / "trials").glob("*.json"))


def save_trial(experiment_dir: Path, trial: TrialRecord) -> None:
    _write_record(trial_path(experiment_dir, trial.trial_id), trial)


def delete_trial(experiment_dir: Path, trial_id: str) -> None:
    """Delete the record of a trial, then its files."""
    path = trial_path(experiment_dir, trial_id)
    path.unlink(missing_ok=True)
    shutil.rmtree(path.with_suffix(""), ignore_errors=True)


def load_trial(path: Path) -> TrialRecord:
    """Load a trial's record.

    Raises:
        NewerFormatError: a later version wrote the file.
        DamagedFileError: the file is gone, or is not a record of a trial.
    """
    try:
        return _read_record(path, TrialRecord)
    except FileNotFoundError as error:
        raise DamagedFileError(f"{path} is gone, and the trial with it. Choose another.") from error


def load_trials(experiment_dir: Path) -> list[TrialRecord]:
    """Load all trials, in the order of sampling; raises as `load_trial`."""
    trials = [load_trial(path) for path in trial_paths(experiment_dir)]
    return sorted(trials, key=lambda trial: trial.number)


def readable_trials(
    experiment_dir: Path, load: Callable[[Path], TrialRecord] = load_trial
) -> tuple[list[TrialRecord], list[str]]:
    """Load what can be read, for those who only show it.

    Args:
        experiment_dir: the experiment's directory.
        load: loads a record; raises as `load_trial`.

    Returns:
        The trials in the order of sampling, and a sentence about each other one.
    """
    trials, damaged = [], []
    for path in trial_paths(experiment_dir):
        try:
            trials.append(load(path))
        except (UserError, OSError) as error:
            damaged.append(unreadable(error, path))
    return sorted(trials, key=lambda trial: trial.number), damaged


def save_dataset(experiment_dir: Path, samples: "pd.DataFrame", report: DatasetReport) -> None:
    """Write the samples and the report.

    Args:
        experiment_dir: the experiment's directory.
        samples: columns of `automl.dataset.scan`, and `split`.
        report: the data health report.
    """
    with atomic.open_binary(samples_path(experiment_dir)) as file:
        samples.to_parquet(file, index=False)
    _write_record(experiment_dir / "dataset" / "report.json", report)


def samples_path(experiment_dir: Path) -> Path:
    return experiment_dir / "dataset" / "samples.parquet"


def load_samples(experiment_dir: Path) -> "pd.DataFrame":
    """Load the samples.

    Raises:
        DamagedFileError: the file is not a Parquet table.
    """
    import pandas as pd
    import pyarrow as pa

    path = samples_path(experiment_dir)
    try:
        return pd.read_parquet(path)
    except pa.ArrowInvalid as error:
        raise _damaged(path) from error


def class_names(samples: "pd.DataFrame") -> list[str]:
    """Names of the classes in the order of their index, from all samples."""
    from automl.dataset import label_sets  # imports pandas

    if label_sets.are_in(samples):
        return label_sets.names(samples[samples["problem"].isna()])
    named = samples.dropna(subset=["label_index"]).drop_duplicates("label_index")
    return [str(label) for label in named.sort_values("label_index")["label"]]


def load_report(experiment_dir: Path) -> DatasetReport | None:
    """Load the data health report; None before the engine has written it."""
    path = experiment_dir / "dataset" / "report.json"
    return _read_record(path, DatasetReport) if path.is_file() else None


def save_predictions(path: Path, predictions: Predictions) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "id": predictions.sample_ids,
            "label": _label_column(predictions.labels),
            "probabilities": _column(predictions.probabilities.astype(np.float32)),
        }
    )
    with atomic.open_binary(path) as file:
        # probabilities hardly get smaller by compression, which would take a fifth of the reading
        pq.write_table(table, file, compression="none", use_dictionary=False)


def load_predictions(path: Path) -> Predictions:
    """Load predictions.

    Raises:
        DamagedFileError: the file is not a Parquet table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise _damaged(path) from error
    probabilities = _values(table["probabilities"])
    if probabilities.ndim != 2:
        raise _damaged(path)
    return Predictions(
        sample_ids=table["id"].to_numpy(),
        labels=_labels(table["label"], probabilities.shape[1]),
        probabilities=probabilities,
    )


def _column(values: "NDArray[Any]") -> "pa.Array":
    """Rows of values (N, K)."""
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


def _label_column(labels: "NDArray[Any]") -> "pa.Array":
    """Class indices (N,), or sets (N, K) with a bit a label: lists of them are slow to read."""
    import numpy as np
    import pyarrow as pa

    if labels.ndim == 1:
        return pa.array(labels)
    bits = np.packbits(labels, axis=1)
    return pa.array([row.tobytes() for row in bits], pa.binary(bits.shape[1]))


def _labels(column: "pa.ChunkedArray", num_labels: int) -> "NDArray[Any]":
    """The inverse of `_label_column`; sets may also be lists, as they once were."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_fixed_size_binary(column.type):
        return _values(column)
    width = column.type.byte_width
    parts = [
        np.frombuffer(each.buffers()[1], np.uint8, len(each) * width, each.offset * width)
        for each in column.chunks
    ]
    bits = np.concatenate([np.empty(0, np.uint8), *parts]).reshape(-1, width)
    return np.unpackbits(bits, axis=1, count=num_labels).view(bool)


def _values(column: "pa.ChunkedArray") -> "NDArray[Any]":
    """Values (N,), or rows of them (N, K) from lists of one size."""
    import pyarrow as pa

    if not pa.types.is_fixed_size_list(column.type):
        plain: NDArray[Any] = column.to_numpy()
        return plain
    flat = column.combine_chunks()
    rows: NDArray[Any] = flat.values.to_numpy(zero_copy_only=False).reshape(
        len(flat), column.type.list_size
    )
    return rows


def predictions_path(experiment_dir: Path, trial_id: str) -> Path:
    """Predictions of the trial's best evaluation, for the pictures of its evidence."""
    return experiment_dir / "trials" / trial_id / "predictions.parquet"


def out_of_fold_path(experiment_dir: Path, trial_id: str) -> Path:
    """Answers of a model on frozen features for the training pictures, each from a fold that has
    not seen the picture; only where the data name the validation pictures."""
    return experiment_dir / "trials" / trial_id / "out_of_fold.parquet"


def test_predictions_path(experiment_dir: Path) -> Path:
    """Predictions on the test data, by the trial for which they were opened."""
    return experiment_dir / "test" / "predictions.parquet"


def save_test(experiment_dir: Path, opening: TestOpening, predictions: Predictions) -> None:
    save_predictions(test_predictions_path(experiment_dir), predictions)
    _write_record(experiment_dir / "test" / "opening.json", opening)


def load_test_opening(experiment_dir: Path) -> TestOpening | None:
    """Load the record of the opened test data; None while they are unopened."""
    path = experiment_dir / "test" / "opening.json"
    return _read_record(path, TestOpening) if path.is_file() else None


def checkpoint_dir(experiment_dir: Path, trial_id: str) -> Path:
    """`model.safetensors` and `model.json` of the trial's best evaluation."""
    return experiment_dir / "trials" / trial_id / "checkpoint"


def final_model_dir(experiment_dir: Path, trial_id: str) -> Path:
    """The same files of the model that is handed out: the refitted one, if there is one."""
    refit = _refit_dir(experiment_dir, trial_id)
    return refit if refit.is_dir() else checkpoint_dir(experiment_dir, trial_id)


def delete_refit(experiment_dir: Path, trial_id: str) -> None:
    """Delete the refitted model of a trial that goes on."""
    shutil.rmtree(_refit_dir(experiment_dir, trial_id), ignore_errors=True)


def _refit_dir(experiment_dir: Path, trial_id: str) -> Path:
    return experiment_dir / "trials" / trial_id / "refit"


def state_dir(experiment_dir: Path, trial_id: str) -> Path:
    """State from which an unfinished trial resumes; see `training.resume_state`."""
    return experiment_dir / "trials" / trial_id / "state"


def epoch_dir(experiment_dir: Path, trial_id: str, name: str) -> Path:
    """`model.safetensors` and `model.json` after one epoch, with `checkpoint_frequency`."""
    return experiment_dir / "trials" / trial_id / "epochs" / name


def best_model_dir(experiment_dir: Path) -> Path:
    return experiment_dir / "best_model"


def is_imported(experiment_dir: Path) -> bool:
    """True if the experiment was imported, which makes it read-only."""
    return (experiment_dir / "imported").is_file()


def mark_imported(experiment_dir: Path) -> None:
    (experiment_dir / "imported").touch()


def thumbnail_path(experiment_dir: Path, content_hash: str) -> Path:
    """Thumbnail that replaces the picture with this content hash in an imported experiment."""
    return experiment_dir / "thumbnails" / f"{content_hash}.jpg"


@contextlib.contextmanager
def writing(experiment_dir: Path) -> Iterator[None]:
    """Hold the experiment's lock, without an engine.

    Raises:
        UserError: another process holds it, or has deleted the experiment.
    """
    with unless_deleted(experiment_dir):
        lock = process_lock.take(lock_path(experiment_dir))
    if lock is None:
        raise UserError(f"Another command is writing to {experiment_dir.name}. Try again later.")
    try:
        yield
    finally:
        os.close(lock)


@contextlib.contextmanager
def unless_deleted(experiment_dir: Path) -> Iterator[None]:
    """Turn the lack of a file into a sentence if the whole experiment is gone.

    Raises:
        DeletedError: another process has deleted it.
    """
    try:
        yield
    except FileNotFoundError:
        if experiment_dir.is_dir():
            raise
        name = experiment_dir.name
        raise DeletedError(f"{name} does not exist any more: it has been deleted.") from None


def lock_path(experiment_dir: Path) -> Path:
    return experiment_dir / "engine.lock"


def log_path(experiment_dir: Path) -> Path:
    return experiment_dir / "engine.log"


def tune_dir(experiment_dir: Path) -> Path:
    return experiment_dir / "tune"


def request_stop(experiment_dir: Path, trial_id: str | None = None) -> None:
    """Ask the engine to end the whole experiment, or one trial."""
    name = STOP_ALL if trial_id is None else _STOP_TRIAL_PREFIX + trial_id
    path = experiment_dir / "control" / name
    path.parent.mkdir(exist_ok=True)  # some tools do not copy empty folders
    path.touch()


def stop_requested(experiment_dir: Path) -> bool:
    return (experiment_dir / "control" / STOP_ALL).is_file()


def trials_to_stop(experiment_dir: Path) -> set[str]:
    """Trial ids in the stop requests. Any program can write a request: the trial may not exist."""
    requests = (experiment_dir / "control").glob(_STOP_TRIAL_PREFIX + "*")
    return {path.name.removeprefix(_STOP_TRIAL_PREFIX) for path in requests if path.is_file()}


def clear_requests(experiment_dir: Path) -> None:
    """Delete old requests, before an experiment is resumed."""
    for path in (experiment_dir / "control").glob("*"):
        if path.is_file():  # requests are files
            path.unlink()


def unreadable(error: OSError | ValueError, path: Path) -> str:
    """Explain why an experiment cannot be read, with its path and the next step."""
    if isinstance(error, NewerFormatError | DamagedFileError | DeletedError):
        return str(error)
    if isinstance(error, JobError):
        return str(_damaged(path / "job.yml"))
    if isinstance(error, OSError) and error.strerror and error.filename:
        return mark(f"{error.filename} cannot be read: {error.strerror}.")
    return str(_damaged(path))


def _read_record(path: Path, kind: type[_Record]) -> _Record:
    content = path.read_bytes()
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        _refuse_newer(_format_version(content), path)
        raise _damaged(path) from error


def _format_version(content: bytes) -> int:
    """The format of a record that does not validate; 0 if it has none."""
    try:
        version = json.loads(content)["format_version"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return 0
    return version if isinstance(version, int) else 0


def _damaged(path: Path) -> DamagedFileError:
    """The error of a file, with what can be done without a copy of it."""
    jobs = {
        "experiment.json": path.with_name("job.yml"),
        "samples.parquet": path.parent.with_name("job.yml"),
    }
    remedy = mark("Restore the file from a copy, or delete this one file; the rest stays.")
    if path.name == "job.yml":
        remedy = mark("Restore the file from a copy; the trials and their models are untouched.")
    elif job := jobs.get(path.name):
        remedy = mark(
            "Restore the file from a copy, or run its job again: automl run "
            f"{shlex.quote(str(job))}"
        )
    return DamagedFileError(f"{path} is damaged, or was written by another version. {remedy}")


def _write_record(path: Path, record: BaseModel) -> None:
    atomic.write_text(path, record.model_dump_json(indent=1))
