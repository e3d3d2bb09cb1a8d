"""Further folds of the best fine-tuned trial after the search, without Ray."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl.engine import fold_rule, further_folds, refit
from automl.engine.refit import Assignment, RefitInputs
from automl.engine.results import Results
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import Evidence, TrialRecord, TrialState
from automl.training.trial_data import TrialData
from tests.engine.after_search import NAME, Start, ended_search, in_this_process, job, never
from tests.small_training import TINY

INTERVAL = {"score_low": 0.4, "score_high": 0.9}


@pytest.fixture
def ended(
    make_experiment: Callable[..., Path],
    make_trial: Callable[..., TrialRecord],
    tiny_data: TrialData,
) -> Start:
    """A search with a fine-tuned trial that has answered for the validation pictures."""

    def make(*, minutes: float = 60, **keys: Any) -> tuple[RefitInputs, Results]:
        asked = job(**keys)
        trial = make_trial(NAME, [0.4, 0.75], number=1, hyperparameters=TINY, **INTERVAL)
        majority = {"method": "majority_class", "model_name": "test_resnet"}
        rival = make_trial("trial-000", [1 / 3], hyperparameters=majority)
        directory = make_experiment("one", [rival, trial], job=asked)
        validation, every = tiny_data.validation, tiny_data.everything()
        right = np.eye(3, dtype=np.float32)
        answers = {
            NAME: Predictions(
                validation.sample_ids, validation.labels, np.roll(right[validation.labels], 3)
            ),
            "trial-000": Predictions(every.sample_ids, every.labels, right[0 * every.labels]),
        }
        for name, given in answers.items():
            store.save_predictions(store.predictions_path(directory, name), given)
        return ended_search(directory, asked, tiny_data, minutes)

    return make


here = in_this_process(refit.answers_here)


def test_a_trial_answers_for_all_pictures_and_a_crash_loses_one_fold(ended: Start) -> None:
    inputs, results = ended()
    before = results.trials[NAME]
    num_trained = []

    def dying(assignment: Assignment, give_up_if_over: Callable[[], None]) -> Any:
        if num_trained:
            raise SystemExit
        num_trained.append(len(assignment.data.train.labels))
        return here(assignment, give_up_if_over)

    with pytest.raises(SystemExit):
        further_folds.add(inputs, results, dying)
    results = Results(results.experiment_dir, "accuracy")
    one = results.trials[NAME]
    assert set(one.comparable_scores) == {"accuracy"}
    num_answered = 60 - num_trained[0]
    assert one.evidence == Evidence(num_pictures=12 + num_answered, further_folds=1)
    assert one.scored_on.endswith("a model that has not seen it (2 folds)")
    results.time_limit.begin(60)
    further_folds.add(inputs, results, here)
    after = results.trials[NAME]
    assert after.evidence == Evidence(num_pictures=60, further_folds=5)
    answers = store.load_predictions(store.predictions_path(results.experiment_dir, NAME))
    assert answers.sample_ids.tolist() == list(range(60))
    assert after.score("accuracy") == pytest.approx((answers.predicted == answers.labels).mean())
    assert after.evaluations == before.evaluations  # the curve is that of the validation pictures
    assert after.score_high - after.score_low < 0.5
    assert not any(trial.comparable_scores for trial in results.trials.values())
    assert "models that were trained like it without the other pictures" in after.fitted_to
    assert results.experiment.notes == []
    further_folds.add(inputs, results, never)


def test_no_time_no_fold(ended: Start) -> None:
    inputs, results = ended(minutes=0.5)
    further_folds.add(inputs, results, never)
    assert results.experiment.notes == []


def test_a_stop_ends_it_and_a_note_says_so(ended: Start) -> None:
    inputs, results = ended()
    store.request_stop(results.experiment_dir)
    further_folds.add(inputs, results, here)
    assert results.experiment.notes == [
        f"{NAME} was not tried on further pictures: the experiment was stopped."
    ]
    assert results.trials[NAME].evidence is None


def test_what_may_be_the_best_by_few_pictures_is_uncertain(
    make_experiment: Callable[..., Path], make_trial: Callable[..., TrialRecord]
) -> None:
    probe = {"method": "linear_probe", "model_name": "test_resnet"}
    trial = make_trial(NAME, [0.75], number=1, hyperparameters=TINY, **INTERVAL)
    rival = make_trial("trial-000", [0.86], hyperparameters=probe)
    results = Results(make_experiment("one", [rival, trial]), "accuracy")

    def is_uncertain(**changes: Any) -> bool:
        results._set(trial.model_copy(update=changes))
        return fold_rule.uncertain(results) is not None

    assert is_uncertain()
    unknown: dict[str, Any] = {"score_low": None, "score_high": None}
    assert is_uncertain(**unknown)
    perfect = make_trial(NAME, [1.0]).evaluations  # all resamples agree, so it has no interval
    for num_pictures, is_wide in ((40, True), (50, False)):
        evidence = Evidence(num_pictures=num_pictures)
        assert is_uncertain(**unknown, evaluations=perfect, evidence=evidence) is is_wide
    assert not is_uncertain(**unknown, evidence=Evidence(num_pictures=100))  # by 0.08 at most
    assert is_uncertain(evidence=Evidence(num_pictures=50, further_folds=4))
    assert not is_uncertain(evidence=Evidence(num_pictures=60, further_folds=5))
    assert not is_uncertain(score_low=0.65, score_high=0.84)  # it hardly is the best one
    assert not is_uncertain(hyperparameters={**TINY, "checkpoint_run_id": "other"})
    assert not is_uncertain(state=TrialState.STOPPED)
    results.remove("trial-000")
    assert is_uncertain(score_low=0.65, score_high=0.84)
    assert not is_uncertain(score_low=0.72, score_high=0.78)
