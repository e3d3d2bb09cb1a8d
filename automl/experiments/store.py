"""The experiment directory: the only contract between the engine and everybody who reads.

    <experiment_dir>/
        job.yml                       the job, resolved; written once
        experiment.json               ExperimentRecord; replaced by the engine
        dataset/samples.parquet       one row an image; written once by the engine
        dataset/report.json           DatasetReport; written once by the engine
        trials/<trial_id>.json        TrialRecord; replaced by the engine after every event
        trials/<trial_id>/            predictions.parquet, checkpoint/ of the best evaluation;
                                      epochs/ with checkpoint_frequency; state/ of a trial that has
                                      begun and not ended; .next of a step that is being taken over
        best_model/                   the exported winner
        test/                         opening.json, predictions.parquet: once the test data have
                                      been opened, by whoever did it
        engine.lock                   held by a living engine (automl.host.process_lock)
        engine.log                    written by the engine
        .reserve                      room on the disk, held by a living engine
        imported, thumbnails/         of an experiment that came from elsewhere: nothing in it is
                                      written any more, and small pictures stand for the real ones
        control/                      requests to the engine, one file each; written by anybody
        tune/                         Ray Tune's own state; a disposable cache, never the truth

A file is always replaced whole, so a reader sees the old version or the new one, never half.
Only a holder of engine.lock writes, but for job.yml (whoever creates) and control/.
Nothing here is ever unpickled.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from automl.dataset.report import DatasetReport
from automl.errors import NewerFormatError
from automl.evaluation.predictions import Predictions
from automl.experiments.records import FORMAT_VERSION, ExperimentRecord, TestOpening, TrialRecord
from automl.host import atomic
from automl.jobs.job import Job

if TYPE_CHECKING:  # slow; who only asks where an experiment stands must not wait for them
    import pandas as pd

STOP_ALL = "stop"
_STOP_TRIAL_PREFIX = "stop-trial-"


def create_experiment(experiments_dir: Path, job: Job, record: ExperimentRecord) -> Path:
    """Make the directory, complete or not at all.

    Raises:
        FileExistsError: an experiment of that id is there already.
    """
    target = experiments_dir / record.experiment_id
    experiments_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with atomic.new_folder(target) as partial:
        for name in ("dataset", "trials", "control"):
            (partial / name).mkdir()
        atomic.write_text(partial / "job.yml", job.to_yaml())
        save_experiment(partial, record)
    return target


def is_experiment(path: Path) -> bool:
    return (path / "experiment.json").is_file() and (path / "job.yml").is_file()


def experiment_dirs(experiments_dir: Path) -> list[Path]:
    """Every experiment below the folder, newest first."""
    if not experiments_dir.is_dir():
        return []
    folders = (path for path in experiments_dir.iterdir() if not path.name.startswith("."))
    found = [path for path in folders if is_experiment(path)]
    return sorted(found, key=lambda path: (path / "job.yml").stat().st_mtime_ns, reverse=True)


def load_job(experiment_dir: Path) -> Job:
    return Job.from_yaml((experiment_dir / "job.yml").read_text("utf-8"))


def save_experiment(experiment_dir: Path, record: ExperimentRecord) -> None:
    _write_record(experiment_path(experiment_dir), record)


def load_experiment(experiment_dir: Path) -> ExperimentRecord:
    """The experiment's record.

    Raises:
        NewerFormatError: the directory has been written by a later version.
    """
    path = experiment_path(experiment_dir)
    try:
        record = ExperimentRecord.model_validate_json(path.read_bytes())
    except ValidationError:
        _refuse_newer(json.loads(path.read_bytes()).get("format_version"), path)
        raise
    _refuse_newer(record.format_version, path)
    return record


def _refuse_newer(format_version: object, path: Path) -> None:
    if isinstance(format_version, int) and format_version > FORMAT_VERSION:
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


def load_trial(path: Path) -> TrialRecord:
    return TrialRecord.model_validate_json(path.read_bytes())


def load_trials(experiment_dir: Path) -> list[TrialRecord]:
    """All trials in the order of sampling."""
    trials = [load_trial(path) for path in trial_paths(experiment_dir)]
    return sorted(trials, key=lambda trial: trial.number)


def save_dataset(experiment_dir: Path, samples: "pd.DataFrame", report: DatasetReport) -> None:
    """samples: columns as `automl.dataset.scan` has them, and `split`."""
    with atomic.open_binary(samples_path(experiment_dir)) as file:
        samples.to_parquet(file, index=False)
    _write_record(experiment_dir / "dataset" / "report.json", report)


def samples_path(experiment_dir: Path) -> Path:
    return experiment_dir / "dataset" / "samples.parquet"


def load_samples(experiment_dir: Path) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_parquet(samples_path(experiment_dir))


def load_report(experiment_dir: Path) -> DatasetReport | None:
    """The data health report; None before the engine has written it."""
    path = experiment_dir / "dataset" / "report.json"
    return DatasetReport.model_validate_json(path.read_bytes()) if path.is_file() else None


def save_predictions(path: Path, predictions: Predictions) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    num_classes = predictions.probabilities.shape[1]
    flat = pa.array(predictions.probabilities.ravel().astype(np.float32))
    table = pa.table(
        {
            "id": predictions.sample_ids,
            "label": predictions.labels,
            "probabilities": pa.FixedSizeListArray.from_arrays(flat, num_classes),
        }
    )
    with atomic.open_binary(path) as file:
        pq.write_table(table, file)


def load_predictions(path: Path) -> Predictions:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    column = table["probabilities"].combine_chunks()
    return Predictions(
        sample_ids=table["id"].to_numpy(),
        labels=table["label"].to_numpy(),
        probabilities=column.values.to_numpy().reshape(len(column), column.type.list_size),
    )


def predictions_path(experiment_dir: Path, trial_id: str) -> Path:
    """Predictions of the trial's best evaluation on the validation data."""
    return experiment_dir / "trials" / trial_id / "predictions.parquet"


def test_predictions_path(experiment_dir: Path) -> Path:
    """Predictions on the test data of the trial they were opened for."""
    return experiment_dir / "test" / "predictions.parquet"


def save_test(experiment_dir: Path, opening: TestOpening, predictions: Predictions) -> None:
    save_predictions(test_predictions_path(experiment_dir), predictions)
    _write_record(experiment_dir / "test" / "opening.json", opening)


def load_test_opening(experiment_dir: Path) -> TestOpening | None:
    """None while the test data are sealed."""
    path = experiment_dir / "test" / "opening.json"
    return TestOpening.model_validate_json(path.read_bytes()) if path.is_file() else None


def checkpoint_dir(experiment_dir: Path, trial_id: str) -> Path:
    """`model.safetensors` and `model.json` of the trial's best evaluation."""
    return experiment_dir / "trials" / trial_id / "checkpoint"


def state_dir(experiment_dir: Path, trial_id: str) -> Path:
    """Where the trial goes on when the experiment is resumed; see `engine.kept_state`."""
    return experiment_dir / "trials" / trial_id / "state"


def epoch_dir(experiment_dir: Path, trial_id: str, name: str) -> Path:
    """`model.safetensors` and `model.json` after one epoch, with `checkpoint_frequency`."""
    return experiment_dir / "trials" / trial_id / "epochs" / name


def best_model_dir(experiment_dir: Path) -> Path:
    return experiment_dir / "best_model"


def is_imported(experiment_dir: Path) -> bool:
    """Whether it came from elsewhere, to be read only."""
    return (experiment_dir / "imported").is_file()


def mark_imported(experiment_dir: Path) -> None:
    (experiment_dir / "imported").touch()


def thumbnail_path(experiment_dir: Path, content_hash: str) -> Path:
    """Of an imported experiment: the small picture that stands for one of these bytes."""
    return experiment_dir / "thumbnails" / f"{content_hash}.jpg"


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
    path.parent.mkdir(exist_ok=True)  # an empty folder gets lost in some copies
    path.touch()


def stop_requested(experiment_dir: Path) -> bool:
    return (experiment_dir / "control" / STOP_ALL).is_file()


def trials_to_stop(experiment_dir: Path) -> set[str]:
    """Ids in the requests to stop a trial; any program can write one, so a trial may not exist."""
    requests = (experiment_dir / "control").glob(_STOP_TRIAL_PREFIX + "*")
    return {path.name.removeprefix(_STOP_TRIAL_PREFIX) for path in requests if path.is_file()}


def clear_requests(experiment_dir: Path) -> None:
    """Forget old requests, for a resumed experiment."""
    for path in (experiment_dir / "control").glob("*"):
        if path.is_file():  # a folder is no request
            path.unlink()


def unreadable(error: ValidationError | OSError | ValueError, path: Path) -> str:
    """One sentence about a file that cannot be read as what it should be."""
    if isinstance(error, NewerFormatError):
        return str(error)
    return f"{path} cannot be read ({type(error).__name__}); it may come from another version."


def _write_record(path: Path, record: BaseModel) -> None:
    atomic.write_text(path, record.model_dump_json(indent=1))
