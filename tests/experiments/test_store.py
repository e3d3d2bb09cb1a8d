import math
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.dataset.report import DatasetReport, Finding, Severity
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import ExperimentRecord, now
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job


@pytest.fixture
def experiment_dir(make_experiment) -> Path:
    return make_experiment("pets", state="running")


def power_cut(_):
    raise KeyboardInterrupt


def new_experiment(folder: Path) -> Path:
    record = ExperimentRecord(experiment_id="cats", created_at=now())
    return store.create_experiment(folder, Job(training_data=DataSource(path="/data")), record)


def test_an_experiment_reads_back_as_it_was_written(tmp_path):
    directory = new_experiment(tmp_path)
    assert store.is_experiment(directory)
    assert store.load_job(directory).training_data.path == Path("/data")
    assert store.load_experiment(directory).experiment_id == "cats"


def test_a_new_experiment_is_private(tmp_path):
    assert new_experiment(tmp_path).stat().st_mode & 0o777 == 0o700


def test_creating_is_all_or_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", power_cut)
    with pytest.raises(KeyboardInterrupt):
        new_experiment(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_second_experiment_of_the_same_id_is_refused_and_the_first_is_kept(tmp_path):
    first = new_experiment(tmp_path)
    before = store.experiment_path(first).read_bytes()
    with pytest.raises(FileExistsError):
        new_experiment(tmp_path)
    assert store.experiment_path(first).read_bytes() == before
    assert list(tmp_path.iterdir()) == [first]


def test_the_loser_of_a_race_for_an_id_is_refused(tmp_path, monkeypatch):
    first = new_experiment(tmp_path)
    monkeypatch.setattr(Path, "exists", lambda _: False)  # both looked before either was there
    with pytest.raises(FileExistsError):
        new_experiment(tmp_path)
    assert list(tmp_path.iterdir()) == [first]


def test_experiments_are_listed_newest_first_without_half_made_ones(make_experiment, home):
    old, new = make_experiment("old"), make_experiment("new")
    os.utime(old / "job.yml", (1, 1))
    (home / "experiments" / ".new-abc").mkdir()
    (home / "experiments" / "holiday").mkdir()
    assert store.experiment_dirs(home / "experiments") == [new, old]


def test_there_are_no_experiments_where_there_is_no_folder(tmp_path):
    assert store.experiment_dirs(tmp_path / "nowhere") == []


def test_diverged_trial_survives_the_round_trip(experiment_dir, make_trial):
    store.save_trial(experiment_dir, make_trial("t1", [math.nan]))
    (path,) = store.trial_paths(experiment_dir)
    assert math.isnan(store.load_trial(path).evaluations[0].metrics["accuracy"])


def test_a_crash_while_writing_leaves_the_previous_version(experiment_dir, make_trial, monkeypatch):
    store.save_trial(experiment_dir, make_trial("t1", [0.5]))
    monkeypatch.setattr(os, "fsync", power_cut)
    with pytest.raises(KeyboardInterrupt):
        store.save_trial(experiment_dir, make_trial("t1", [0.5, 0.6]))

    (path,) = store.trial_paths(experiment_dir)
    assert len(store.load_trial(path).evaluations) == 1
    assert [file.name for file in path.parent.iterdir()] == ["t1.json"]


def test_trials_come_in_the_order_of_sampling(experiment_dir, make_trial):
    for number in (10, 2, 1):
        store.save_trial(experiment_dir, make_trial(f"t{number}", number=number))
    assert [trial.number for trial in store.load_trials(experiment_dir)] == [1, 2, 10]


def test_predictions_survive_the_round_trip(experiment_dir):
    given = Predictions(
        sample_ids=np.array([3, 1, 7]),
        labels=np.array([0, 1, 1]),
        probabilities=np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]], dtype=np.float32),
    )
    path = store.predictions_path(experiment_dir, "t1")
    store.save_predictions(path, given)
    read = store.load_predictions(path)
    np.testing.assert_array_equal(read.sample_ids, given.sample_ids)
    np.testing.assert_array_equal(read.labels, given.labels)
    np.testing.assert_array_equal(read.probabilities, given.probabilities)
    assert read.probabilities.dtype == np.float32
    assert read.predicted.tolist() == [0, 0, 1]


def test_label_sets_survive_the_round_trip_and_are_read_from_lists(experiment_dir):
    labels = np.random.default_rng(0).random((5, 11)) < 0.3
    given = Predictions(np.arange(5), labels, labels.astype(np.float32))
    path = store.predictions_path(experiment_dir, "t1")
    store.save_predictions(path, given)
    table = pq.read_table(path)
    assert table["label"].type == pa.binary(2)
    np.testing.assert_array_equal(store.load_predictions(path).labels, labels, strict=True)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(labels.ravel()), 11)
    pq.write_table(table.set_column(1, "label", lists), path)
    np.testing.assert_array_equal(store.load_predictions(path).labels, labels, strict=True)


def test_the_data_set_and_its_report_survive_the_round_trip(experiment_dir):
    samples = pd.DataFrame({"id": [0, 1], "label": ["cat", "dog"], "split": ["train", "test"]})
    finding = Finding(kind="tiny", severity=Severity.INFO, count=1, paths=["a"], message="Small.")
    report = DatasetReport(
        num_images=2, classes={"cat": 1}, splits={"train": 1}, findings=[finding], data_hash="f"
    )
    assert store.load_report(experiment_dir) is None
    store.save_dataset(experiment_dir, samples, report)
    pd.testing.assert_frame_equal(store.load_samples(experiment_dir), samples)
    assert store.load_report(experiment_dir) == report


def test_requests_to_stop_are_seen_until_they_are_cleared(experiment_dir):
    assert not store.stop_requested(experiment_dir)
    store.request_stop(experiment_dir, "t1")
    assert not store.stop_requested(experiment_dir)
    assert store.trials_to_stop(experiment_dir) == {"t1"}
    store.request_stop(experiment_dir)
    assert store.stop_requested(experiment_dir)
    store.clear_requests(experiment_dir)
    assert not store.stop_requested(experiment_dir)
    assert store.trials_to_stop(experiment_dir) == set()


def test_a_copy_that_lost_its_empty_folders_can_still_be_asked_to_stop(experiment_dir):
    shutil.rmtree(experiment_dir / "control")
    store.clear_requests(experiment_dir)
    store.request_stop(experiment_dir)
    assert store.stop_requested(experiment_dir)
