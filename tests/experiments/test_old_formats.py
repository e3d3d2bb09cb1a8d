"""Experiments that earlier versions wrote are kept in tests/data, one of each format, and open.

Made by a real search; the models are left out, they would be megabytes.
"""

import shutil
from pathlib import Path

import pytest

import automl
from automl.engine.results import Results
from automl.experiments import store
from automl.experiments.records import FORMAT_VERSION, ExperimentState

KEPT = sorted((Path(__file__).parents[1] / "data").glob("experiment-format-*"))


def test_there_is_one_of_every_format():
    names = [f"experiment-format-{number}" for number in range(1, FORMAT_VERSION + 1)]
    assert [path.name for path in KEPT] == names


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.name)
def test_an_experiment_of_an_earlier_format_opens(kept, tmp_path):
    directory = shutil.copytree(kept, tmp_path / kept.name)
    experiment = automl.open_experiment(directory)
    record = experiment.record
    assert f"format-{record.format_version}" in kept.name
    assert record.state is ExperimentState.COMPLETED
    assert record.seconds
    assert experiment.job.training_parameters["model_name"] == "test_resnet"
    assert experiment.leaderboard()["trial_id"][0] == record.best_trial
    for trial in experiment.trials:
        predictions = store.load_predictions(store.predictions_path(directory, trial.trial_id))
        assert len(predictions.labels) == len(predictions.probabilities) > 0
    assert set(store.load_samples(directory)["split"].dropna()) == {"train", "validation"}
    report = store.load_report(directory)
    assert report is not None
    assert report.num_images == len(store.load_samples(directory))


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.name)
def test_an_engine_that_resumes_an_earlier_format_finds_its_trials(kept, tmp_path):
    directory = shutil.copytree(kept, tmp_path / kept.name)
    results = Results(directory, "accuracy")
    assert len(results.trials) >= 2
    assert all(trial.is_kept for trial in results.trials.values())
    assert results.states() == {}
    results.update(message="again")
    assert store.load_experiment(directory).message == "again"
