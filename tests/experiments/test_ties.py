import numpy as np
import pytest

from automl.evaluation.predictions import Predictions
from automl.experiments import store, ties
from automl.experiments.experiment import Experiment

LABELS = np.tile([0, 1], 100)


def save_answers(experiment_dir, trial_id, num_wrong, *, first_id=0):
    """Answers for 200 pictures of which the first ones are wrong."""
    predicted = np.where(np.arange(200) < num_wrong, 1 - LABELS, LABELS)
    answers = Predictions(np.arange(200) + first_id, LABELS, np.eye(2, dtype=np.float32)[predicted])
    store.save_predictions(store.predictions_path(experiment_dir, trial_id), answers)


@pytest.fixture
def experiment_dir(make_experiment, make_trial):
    scores = {"best": 0.99, "close": 0.97, "elsewhere": 0.9, "worse": 0.8, "unknown": 0.7}
    directory = make_experiment(
        trials=[
            make_trial(name, [score], number=n) for n, (name, score) in enumerate(scores.items())
        ]
    )
    for trial_id, num_wrong in (("best", 2), ("close", 6), ("worse", 40)):
        save_answers(directory, trial_id, num_wrong)
    save_answers(directory, "elsewhere", 20, first_id=7)
    return directory


def test_trials_are_compared_on_the_pictures_of_the_best_one(experiment_dir):
    found = ties.p_values(experiment_dir, store.load_trials(experiment_dir), "accuracy")
    assert list(found) == ["close", "elsewhere", "worse"]
    assert found["close"] > 0.05
    assert found["elsewhere"] is None
    assert found["worse"] < 0.01


def test_a_trial_scored_on_fewer_pictures_is_compared_on_those(experiment_dir):
    whole = store.load_predictions(store.predictions_path(experiment_dir, "worse"))
    part = whole.of(np.arange(199, 20, -1))  # 19 of the 40 wrong ones, in another order
    save = store.predictions_path(experiment_dir, "elsewhere")
    store.save_predictions(save, part)
    found = ties.p_values(experiment_dir, store.load_trials(experiment_dir), "accuracy")
    assert found["elsewhere"] < 0.01
    store.save_predictions(save, whole.of(np.arange(100, 200)))  # all of them right
    found = ties.p_values(experiment_dir, store.load_trials(experiment_dir), "accuracy")
    assert found["elsewhere"] == 1
    assert found["worse"] < 0.01


def test_the_leaderboard_of_an_experiment_has_the_ties(experiment_dir):
    table = Experiment(experiment_dir).leaderboard().set_index("trial_id")["tied_with_best"]
    assert table[["best", "close", "worse"]].tolist() == [True, True, False]
    assert table[["elsewhere", "unknown"]].isna().all()


def test_without_the_answers_of_the_best_nothing_is_compared(experiment_dir):
    store.predictions_path(experiment_dir, "best").unlink()
    assert ties.p_values(experiment_dir, store.load_trials(experiment_dir), "accuracy") == {}
