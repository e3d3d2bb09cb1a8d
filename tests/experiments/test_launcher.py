import os
import time
from functools import partial

import psutil
import pytest
from filelock import FileLock

from automl.errors import UserError
from automl.experiments import launcher, remarks, store
from automl.experiments.records import ExperimentState
from automl.experiments.remarks import Remarks
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from tests.conftest import finish
from tests.experiments.test_at_once import at_once


@pytest.fixture
def job(tmp_path) -> Job:
    return Job(training_data=DataSource(path=tmp_path / "Café & Bar"))


def test_a_new_experiment_waits_in_the_usual_place(job, home):
    directory = launcher.create(job, name="First try")
    assert directory == home / "experiments" / "first-try"
    assert store.load_experiment(directory).state is ExperimentState.QUEUED
    assert store.load_experiment(directory).owner
    assert not launcher.is_running(directory)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Crème brûlée", "creme-brulee"),
        ("a.b_c d", "a-b-c-d"),
        ("--x--", "x"),
        ("n" * 100, "n" * 60),
        ("..a", "a"),
    ],
)
def test_the_id_is_made_from_the_name(job, name, expected):
    assert launcher.create(job, name=name).name == expected


def test_without_a_name_the_id_tells_the_data_and_two_in_one_second_differ(job):
    names = {launcher.create(job).name for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("cafe-bar-20") for name in names)


def test_the_jobs_own_name_is_used(job):
    named = job.model_copy(update={"name": "clever_parrot"})
    assert launcher.create(named).name == "clever-parrot"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "a\\b", "猫", " ", "\0"])
def test_a_name_that_makes_no_id_is_refused(job, name, home):
    with pytest.raises(UserError, match="The name"):
        launcher.create(job, name=name)
    assert not (home / "experiments").exists()


def test_a_name_that_is_taken_is_refused_with_what_to_do(job, home):
    launcher.create(job, name="pets")
    with pytest.raises(UserError, match=r"pets is in .* already.*automl show pets"):
        launcher.create(job, name="Pets")
    assert len(list((home / "experiments").iterdir())) == 1


def test_a_place_that_is_a_file_is_refused(job, tmp_path):
    place = tmp_path / "file"
    place.touch()
    with pytest.raises(UserError, match="file is a file, not a folder"):
        launcher.create(job, name="pets", experiments_dir=place)
    with pytest.raises(UserError, match="cannot be created: Not a directory"):
        launcher.create(job, name="pets", experiments_dir=place / "below")


def test_a_full_disk_is_told_and_leaves_nothing(job, home, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        launcher.create(job, name="pets")
    assert list((home / "experiments").iterdir()) == []


def test_relative_data_paths_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = {"a": "photos", "b": "s3://bucket"}
    job = Job(
        training_data=DataSource(path="cats"),
        test_data=DataSource(path="dogs"),
        datastores=places,
    )
    saved = store.load_job(launcher.create(job))
    assert saved.datastores == {"a": str(tmp_path / "photos"), "b": "s3://bucket"}
    assert saved.training_data.path == tmp_path / "cats"
    assert saved.test_data.path == tmp_path / "dogs"


def test_an_experiment_runs_while_another_process_holds_its_lock(running):
    directory, engine = running
    assert launcher.is_running(directory)
    assert launcher.state(directory) is ExperimentState.RUNNING
    finish(engine)
    engine.wait()
    assert not launcher.is_running(directory)
    assert launcher.state(directory) is ExperimentState.COMPLETED


def test_asking_leaves_no_trace_and_does_not_get_in_the_engines_way(make_experiment):
    directory = make_experiment(state="running")
    assert not launcher.is_running(directory)
    assert not store.lock_path(directory).exists()
    with FileLock(store.lock_path(directory), timeout=0):
        assert launcher.is_running(directory)


def test_an_engine_that_was_killed_leaves_an_interrupted_experiment(running):
    directory, engine = running
    engine.kill()
    engine.wait()
    assert launcher.state(directory) is ExperimentState.INTERRUPTED


def test_a_request_to_stop_shows_at_once(running):
    directory, _ = running
    launcher.stop(directory)
    assert launcher.state(directory) is ExperimentState.STOPPING


def test_stopping_what_has_ended_does_nothing(make_experiment):
    directory = make_experiment(state="completed")
    launcher.stop(directory)
    assert not store.stop_requested(directory)


def test_one_trial_is_stopped_by_its_id(running, make_trial):
    directory, _ = running
    store.save_trial(directory, make_trial("t1", state="running"))
    launcher.stop(directory, "t1")
    assert store.trials_to_stop(directory) == {"t1"}
    with pytest.raises(UserError, match="no trial ../x. Its trials are t1"):
        launcher.stop(directory, "../x")


def test_a_second_start_does_nothing(running):
    directory, _ = running
    launcher.start(directory)
    assert not store.log_path(directory).exists()


def test_a_running_experiment_is_not_resumed(running):
    directory, _ = running
    with pytest.raises(UserError, match="pets is running already"):
        launcher.resume(directory)


def test_a_completed_experiment_is_not_resumed(make_experiment):
    with pytest.raises(UserError, match="pets is completed; there is nothing left to run"):
        launcher.resume(make_experiment(state="completed"))


def test_a_resume_that_comes_second_keeps_the_stop_that_was_asked_of_the_first(running):
    """The first has started the engine, and it was asked to stop, while the second looked."""
    directory, _ = running
    record = store.load_experiment(directory)
    store.save_experiment(directory, record.model_copy(update={"state": ExperimentState.STOPPED}))
    store.request_stop(directory)
    with pytest.raises(UserError, match="Another command is writing to pets"):
        launcher.resume(directory)
    assert store.stop_requested(directory)


def test_an_experiment_is_deleted_whatever_an_earlier_delete_left(make_experiment):
    for _ in range(2):
        directory = make_experiment("pets", state="stopped")
        left_over = directory.with_name(f".deleted-pets-{os.getpid()}")
        left_over.mkdir(exist_ok=True)
        (left_over / "half").touch()
        launcher.delete(directory)
        assert not directory.exists()
    acts = (
        launcher.delete,
        launcher.start,
        launcher.stop,
        lambda gone: launcher.stop(gone, "trial-000"),
        launcher.resume,
        lambda gone: remarks.save(gone, Remarks(title="Late")),
        lambda gone: store.writing(gone).__enter__(),
    )
    for act in acts:
        with pytest.raises(UserError, match="pets does not exist any more"):
            act(directory)
    assert not directory.exists()  # a folder of remarks would take the name


def test_waiting_tells_every_change_and_ends_with_the_engine(running):
    directory, engine = running
    seen = []

    def on_change(record):
        seen.append(record.state)
        if len(seen) == 1:
            finish(engine)

    record = launcher.wait(directory, on_change, poll_seconds=0.01)
    assert seen == [ExperimentState.RUNNING, ExperimentState.COMPLETED]
    assert record.message == "All done."
    assert not launcher.is_running(directory)


def test_waiting_for_an_engine_that_died_ends_as_interrupted(make_experiment):
    record = launcher.wait(make_experiment(state="running"), poll_seconds=0.01)
    assert record.state is ExperimentState.INTERRUPTED


@pytest.mark.engine
@pytest.mark.usefixtures("head")
def test_an_engine_holds_the_lock_from_its_start_and_without_data_leaves_no_zombie(job):
    note = "limits is there twice, in lines 2 and 3: the last counts."
    directory = launcher.create(job.with_notes([note]), name="nothing")
    stopped = {"state": ExperimentState.STOPPED, "message": "Stopped by the user."}
    queued = store.load_experiment(directory)
    store.save_experiment(directory, queued.model_copy(update=stopped))
    launcher.start(directory)
    assert launcher.is_running(directory)
    assert not launcher.state(directory).is_finished  # how it ended before is history
    launcher.start(directory)  # once more does nothing
    record = launcher.wait(directory)
    assert (record.state, record.failure) == (ExperimentState.FAILED, "data")
    assert "does not exist" in record.message
    assert "Traceback" not in record.message
    assert note in record.notes
    assert store.log_path(directory).read_text().count("the experiment failed") == 1
    deadline = time.monotonic() + 10
    while zombies := [c for c in psutil.Process().children() if c.status() == psutil.STATUS_ZOMBIE]:
        assert time.monotonic() < deadline, zombies
        time.sleep(0.05)


@pytest.mark.nightly
@pytest.mark.engine
@pytest.mark.usefixtures("head")
def test_engines_that_are_started_stopped_and_deleted_at_once(
    make_experiment,
):
    for round_ in range(6):
        folder = make_experiment(f"pets-{round_}", state="stopped", message="Stopped.")
        acts = [
            partial(launcher.start, folder),
            partial(launcher.resume, folder),
            partial(launcher.stop, folder),
            partial(launcher.delete, folder),
        ]
        at_once(*acts, *acts[:2])
        if not folder.exists():
            continue
        assert launcher.wait(folder).state.is_finished  # there are no pictures
        assert store.log_path(folder).read_text().count("the experiment failed") <= 1
        launcher.delete(folder)
    assert not [path for path in folder.parent.iterdir() if not path.name.startswith(".")]
    ours = f"{folder.parent}{os.sep}"
    left = [
        p for p in psutil.process_iter(["cmdline"]) if ours in " ".join(p.info["cmdline"] or ())
    ]
    assert not left
    assert not launcher.is_running(folder)
