"""Searches that go on after their end; a refusal does not start the engine."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl.errors import UserError
from automl.evaluation.predictions import Predictions
from automl.experiments import going_on, launcher, store
from automl.experiments.going_on import Wish
from automl.experiments.records import ExperimentRecord, ExperimentState
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from tests.conftest import build_opening, build_trial

Make = Callable[..., Path]
SPACE = [{"learning_rate": {"type": "loguniform", "min_value": -9, "max_value": -3}}]
TRIALS = [
    build_trial("trial-000", [0.7], number=0, effective={"learning_rate": 0.02}),
    build_trial("trial-001", [0.9], number=1, effective={"learning_rate": 0.01}),
]


def job(folder: Path, **keys: Any) -> Job:
    return Job.from_dict({"training_data": {"path": str(folder)}, **keys})


def searched(folder: Path, **keys: Any) -> Job:
    return job(folder, search_space=SPACE, limits={"max_trials": 2}, **keys)


def continued(directory: Path, wish: Wish) -> tuple[Job, ExperimentRecord]:
    old, record = store.load_job(directory), store.load_experiment(directory)
    return going_on.continued(directory, old, record, wish, by="ann")


def test_more_trials_follow_those_that_were_tried(make_experiment: Make, tmp_path: Path) -> None:
    limits = {"max_trials": 2, "exit_score": 0.95, "timeout_minutes": 30}
    asked = job(tmp_path, search_space=SPACE, limits=limits)
    wanted, record = continued(make_experiment(trials=TRIALS, job=asked), Wish(3, 10))
    assert wanted.limits.max_trials == 5
    assert wanted.limits.timeout_minutes == 10
    assert wanted.limits.exit_score is None
    assert wanted.model_copy(update={"limits": asked.limits}) == asked
    (seam,) = record.continuations
    assert (seam.first_number, seam.by, seam.trained_on) == (2, "ann", None)
    assert "3 more trials, a limit of 10 minutes" in seam.sentence
    assert "the exit score of 0.95 not applied any more" in seam.sentence


def test_the_best_network_is_trained_on_as_a_trial_of_its_own(
    make_experiment: Make, tmp_path: Path
) -> None:
    alone = make_experiment("one", TRIALS, job=job(tmp_path))
    wanted, record = continued(alone, Wish(epochs=5))
    further = record.continuations[0].trained_on
    assert further is not None
    assert further["checkpoint_run_id"] == "one/trial-001"
    assert further["number_of_epochs"] == 5
    assert further["learning_rate"] == pytest.approx(0.003)
    assert wanted.limits.max_trials == 1, "a job of one set of values is no AutoMode afterwards"
    wanted, record = continued(alone, Wish(epochs=5, trial_id="trial-000"))
    assert record.continuations[0].changes[0] == "trial-000 trained on for 5 more epochs"
    both, _ = continued(make_experiment(trials=TRIALS, job=searched(tmp_path)), Wish(2, epochs=1))
    assert both.limits.max_trials == 5


def test_the_space_can_change_and_what_trials_are_compared_by_cannot(
    make_experiment: Make, tmp_path: Path
) -> None:
    directory = make_experiment(trials=TRIALS, job=searched(tmp_path))
    narrow = "search_space=[{learning_rate: 'loguniform(-7, -5)'}]"
    wanted, record = continued(directory, Wish(4, changes=[narrow]))
    assert wanted.search_space is not None
    assert wanted.search_space[0]["learning_rate"].min_value == -7
    assert "search_space changed" in record.continuations[0].sentence
    for change, said in (
        ("primary_metric=norm_macro_recall", "primary_metric cannot change within an experiment"),
        ("training_data.path=/other", "training_data cannot change"),
        ("limits.max_trials=9", "has an option of its own here: --trials"),
        ("sweep.sampling_algorithm=wild", "sampling_algorithm"),
        ("search_space", "sets no key"),
    ):
        with pytest.raises(UserError, match=said):
            continued(directory, Wish(4, changes=[change]))


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(minutes=5), "All planned trials have been tried.*--trials 8"),
        (Wish(trial_id="trial-001"), "not for how many epochs"),
        (Wish(epochs=3, trial_id="trial-009"), "has no trial trial-009"),
        (Wish(trials=5000), "max_trials"),
    ],
)
def test_a_wish_that_leaves_nothing_to_try_is_refused(
    make_experiment: Make, tmp_path: Path, wish: Wish, said: str
) -> None:
    directory = make_experiment(trials=TRIALS, job=searched(tmp_path))
    with pytest.raises(UserError, match=said):
        going_on.go_on(directory, wish, by="ann")
    assert not store.load_experiment(directory).continuations
    assert not launcher.is_running(directory)


@pytest.mark.parametrize("key", ["training_data", "validation_data", "test_data"])
def test_pictures_that_have_moved_are_said_before_anything_changes(
    make_experiment: Make, tmp_path: Path, key: str
) -> None:
    moved = {"training_data": DataSource(path=tmp_path), key: DataSource(path=tmp_path / "moved")}
    directory = make_experiment(trials=TRIALS, job=searched(tmp_path).model_copy(update=moved))
    with pytest.raises(UserError, match="moved, which does not exist.*automl continue pets --data"):
        going_on.go_on(directory, Wish(trials=2), by="ann")
    assert not store.load_experiment(directory).continuations


def test_what_has_no_search_and_no_network_says_what_can_be_done(
    make_experiment: Make, tmp_path: Path
) -> None:
    single = make_experiment("single", TRIALS, job=job(tmp_path))
    with pytest.raises(UserError, match="all further trials would be equal.*--epochs 10"):
        going_on.go_on(single, Wish(trials=2), by="ann")
    values = {"model_name": "resnet18", "method": "linear_probe"}
    probe = build_trial("trial-000", [0.7], hyperparameters=values)
    probed = make_experiment("probed", [probe], job=searched(tmp_path))
    with pytest.raises(UserError, match="No trial of probed has trained a network"):
        going_on.go_on(probed, Wish(epochs=2), by="ann")
    empty = make_experiment("empty", job=searched(tmp_path))
    with pytest.raises(UserError, match="empty has no trials yet.*automl resume empty"):
        going_on.go_on(empty, Wish(trials=2), by="ann")


def test_nothing_is_chosen_any_more_once_the_test_data_are_known(
    make_experiment: Make, tmp_path: Path
) -> None:
    directory = make_experiment(trials=TRIALS, job=searched(tmp_path))
    probabilities = np.array([[0.9, 0.1]], dtype=np.float32)
    answers = Predictions(np.array([0]), np.array([0]), probabilities)
    store.save_test(directory, build_opening("trial-001"), answers)
    with pytest.raises(UserError, match="The test data of pets are open"):
        going_on.go_on(directory, Wish(trials=2), by="ann")
    stopped = store.load_experiment(directory).model_copy(update={"state": ExperimentState.STOPPED})
    store.save_experiment(directory, stopped)
    with pytest.raises(UserError, match="The test data of pets are open"):
        launcher.resume(directory)
