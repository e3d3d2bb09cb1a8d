import math
from datetime import UTC, timedelta

import pytest
from pydantic import ValidationError

from automl.experiments.records import (
    Evidence,
    ExperimentRecord,
    ExperimentState,
    TrialRecord,
    TrialState,
    now,
)
from tests.conftest import START


def test_the_clock_is_utc():
    assert now().tzinfo is UTC


@pytest.mark.parametrize(
    ("state", "finished"),
    [("pending", False), ("running", False), ("completed", True), ("stopped", True)],
)
def test_a_trial_is_finished_once_it_no_longer_waits_or_trains(state, finished):
    assert TrialState(state).is_finished is finished


def test_an_interrupted_experiment_counts_as_finished():
    assert ExperimentState.INTERRUPTED.is_finished
    assert not ExperimentState.STOPPING.is_finished


def test_a_trial_is_scored_by_its_best_evaluation(make_trial):
    assert make_trial("t", [0.2, 0.9, 0.4]).score("accuracy") == 0.9


def test_a_trial_without_evaluation_has_no_score(make_trial):
    assert make_trial("t").score("accuracy") is None


def test_a_diverged_trial_survives_json(make_trial):
    text = make_trial("t", [math.nan]).model_dump_json()
    assert math.isnan(TrialRecord.model_validate_json(text).score("accuracy"))


def test_seconds_stand_still_once_a_trial_has_ended(make_trial):
    assert make_trial("t").seconds == 60


def test_seconds_run_while_a_trial_does(make_trial):
    trial = make_trial("t", started_at=now() - timedelta(seconds=5), ended_at=None)
    assert 5 <= trial.seconds < 60


def test_a_trial_that_has_not_started_has_no_seconds(make_trial):
    assert make_trial("t", started_at=None).seconds is None


def test_records_refuse_keys_they_do_not_know():
    with pytest.raises(ValidationError, match="speed"):
        ExperimentRecord(experiment_id="e", created_at=now(), speed=3)


def test_records_cannot_be_changed(make_trial):
    with pytest.raises(ValidationError, match="frozen"):
        make_trial("t").state = TrialState.FAILED


def test_a_failure_is_the_datas_the_jobs_or_our_own():
    assert ExperimentRecord(experiment_id="e", created_at=now()).failure == ""
    with pytest.raises(ValidationError, match="failure"):
        ExperimentRecord(experiment_id="e", created_at=now(), failure="weather")


def test_a_trial_that_was_not_trained_says_so_in_its_title(make_trial):
    assert make_trial("a", [0.5]).title == "resnet18"
    probe = {"model_name": "resnet18", "method": "linear_probe"}
    assert make_trial("a", [0.5], hyperparameters=probe).title == "resnet18, linear probe"
    both = {**probe, "method": "concatenated_probe", "second_model_name": "resnet34"}
    title = make_trial("a", [0.5], hyperparameters=both).title
    assert title == "resnet18 + resnet34, concatenated probe"
    three = {**both, "third_model_name": "resnet50"}
    title = make_trial("a", [0.5], hyperparameters=three).title
    assert title == "resnet18 + resnet34 + resnet50, concatenated probe"


def test_seconds_are_never_negative_when_the_clock_was_set_back(make_trial):
    ended = START - timedelta(hours=1)
    assert make_trial("t", ended_at=ended).seconds == 0


def test_time_without_an_engine_does_not_count(make_trial):
    assert make_trial("t", paused_seconds=20).seconds == 40


def test_a_score_says_which_pictures_it_comes_from(make_trial):
    trial = make_trial("t1", [0.9])
    assert trial.scored_on == "on the validation pictures"
    assert trial.fitted_to == ""
    evidence = Evidence(num_pictures=1250, num_folds=5)
    dealt = trial.model_copy(update={"evidence": evidence, "effective": {"num_train_images": 1251}})
    assert dealt.scored_on == (
        "on 1,250 training and validation pictures, each predicted by a model that has not seen it "
        "(5 folds)"
    )
    assert "fitted to all 1,251 training and validation pictures" in dealt.fitted_to
    assert evidence.trained_share == 0.8
