import pytest

import automl
from automl.errors import UserError
from automl.experiments import store
from automl.experiments.experiment import Experiment
from automl.experiments.records import ExperimentState


def test_an_experiment_is_opened_by_its_directory(make_experiment, make_trial):
    trials = [make_trial("weak", [0.4]), make_trial("strong", [0.9], number=1)]
    found = automl.open_experiment(str(make_experiment("pets", trials)))
    assert (found.id, found.state) == ("pets", ExperimentState.COMPLETED)
    assert found.leaderboard()["trial_id"].tolist() == ["strong", "weak"]


def test_a_directory_that_is_none_is_refused(tmp_path):
    with pytest.raises(UserError, match="is not the directory of an experiment"):
        automl.open_experiment(tmp_path)


def test_its_state_is_the_one_now_not_the_one_stored(make_experiment):
    found = Experiment(make_experiment(state="running"))
    assert found.record.state is found.state is ExperimentState.INTERRUPTED


def test_without_a_model_there_are_no_predictions(make_experiment):
    with pytest.raises(UserError, match="pets has no model: it is failed"):
        Experiment(make_experiment("pets", state="failed")).predictor()


@pytest.mark.parametrize("failure", ["data", "job"])
def test_an_experiment_that_could_not_begin_is_removed_with_the_reason(make_experiment, failure):
    directory = make_experiment(state="failed", failure=failure, message="One class only.")
    with pytest.raises(UserError, match=r"^One class only\.$"):
        Experiment(directory).finish()
    assert not directory.exists()


def test_an_experiment_that_failed_through_our_fault_is_kept(make_experiment):
    directory = make_experiment(state="failed", failure="engine", message="Ray is gone.")
    Experiment(directory).finish()
    assert directory.exists()


def test_an_experiment_with_trials_is_never_removed(make_experiment, make_trial):
    directory = make_experiment(
        "pets", [make_trial("t", [0.5])], state="failed", failure="data", message="Data is gone."
    )
    Experiment(directory).finish()
    assert store.trial_paths(directory)


def test_data_is_looked_for_before_anything_is_made(tmp_path, home):
    with pytest.raises(UserError, match="nowhere does not exist"):
        automl.run(automl.Job.from_dict({"training_data": {"path": str(tmp_path / "nowhere")}}))
    assert not (home / "experiments").exists()
