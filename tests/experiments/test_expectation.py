import numpy as np
import pytest

from automl.evaluation.predictions import Predictions
from automl.experiments import expectation, store

LABELS = np.tile([0, 1], 100)


def save_answers(experiment_dir, trial_id, num_wrong, num=200):
    """Answers for some pictures, of which the first ones are wrong."""
    predicted = np.where(np.arange(num) < num_wrong, 1 - LABELS[:num], LABELS[:num])
    probabilities = np.eye(2, dtype=np.float32)[predicted]
    answers = Predictions(np.arange(num), LABELS[:num], probabilities)
    store.save_predictions(store.predictions_path(experiment_dir, trial_id), answers)


def of_best(experiment_dir):
    return expectation.of_best(experiment_dir, store.load_trials(experiment_dir), "accuracy")


@pytest.fixture
def experiment_dir(make_experiment, make_trial):
    trials = [make_trial("t0", [0.9], number=0), make_trial("t1", [0.8], number=1)]
    return make_experiment(trials=trials)


def test_the_best_of_two_trials_is_expected_to_do_nearly_as_well(experiment_dir):
    save_answers(experiment_dir, "t0", 20)
    save_answers(experiment_dir, "t1", 40)
    found = of_best(experiment_dir)
    assert found.expected_score == pytest.approx(0.9, abs=0.01)
    assert found.expected_low < 0.87 < 0.93 < found.expected_high
    assert found.expected_basis == (
        "Each of 200 pictures was predicted by a model that has not seen it; the choice among 2 "
        "trials is included."
    )


def test_a_trial_alone_was_not_chosen(experiment_dir):
    save_answers(experiment_dir, "t0", 20)
    assert "choice" not in of_best(experiment_dir).expected_basis


def test_eight_pictures_are_said_to_be_too_few(experiment_dir):
    save_answers(experiment_dir, "t0", 1, num=8)
    found = of_best(experiment_dir)
    assert found.expected_score is None
    assert found.expected_basis.startswith("It was tried on 8 pictures only: too few")


def test_without_the_answers_of_the_best_nothing_is_expected(experiment_dir):
    assert of_best(experiment_dir) == expectation.Expectation()
    save_answers(experiment_dir, "t1", 40)
    assert of_best(experiment_dir) == expectation.Expectation()
