"""The ensemble at the end of a search, made of trials on disk."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from automl.engine import combining, trainable
from automl.engine.results import Results
from automl.evaluation.predictions import Predictions
from automl.experiments import chosen_thresholds, leaderboard, store
from automl.experiments.records import TrialRecord
from automl.export import artefact
from automl.export.request import ExportRequest
from tests import tiny_model

NUM = 300
NAMES = ("trial-000", "trial-001")
SETTINGS = {
    "model_name": "test_resnet",
    "method": "linear_probe",
    "validation_crop_size": 32,
    "validation_resize_size": 37,
}


@pytest.fixture
def searched(
    make_experiment: Callable[..., Path], make_trial: Callable[..., TrialRecord]
) -> Callable[[float], Results]:
    """Two trials whose answers share a part of their noise, each with a model."""

    def make(shared: float) -> Results:
        rng = np.random.default_rng(0)
        labels = rng.integers(2, size=NUM)
        common = rng.normal(size=(NUM, 2))
        trials, answers = [], []
        for number, name in enumerate(NAMES):
            noise = shared * common + (1 - shared) * rng.normal(size=(NUM, 2))
            shares = np.exp(2 * np.eye(2)[labels] + 2 * noise)
            shares = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
            answers.append(Predictions(np.arange(NUM), labels, shares))
            score = float((answers[-1].predicted == labels).mean())
            given = {"number": number, "hyperparameters": SETTINGS}
            trials.append(make_trial(name, [score], **given, effective={"latency_ms": 5.0}))
        directory = make_experiment("one", trials)
        for name, given in zip(NAMES, answers, strict=True):
            folder = store.checkpoint_dir(directory, name)
            tiny_model.save(folder, seed=len(str(folder)), validation_resize_size=37)
            store.save_predictions(store.predictions_path(directory, name), given)
        results = Results(directory, "accuracy")
        results.expect()
        return results

    return make


def test_an_ensemble_beyond_noise_is_the_best_trial_and_can_be_exported(
    searched: Callable[[float], Results], tmp_path: Path
) -> None:
    results = searched(0.0)
    single = results.experiment.expected_score
    combining.add_ensemble(results, trainable.average)
    ensemble = results.trials[combining.TRIAL_ID]
    assert results.experiment.best_trial == combining.TRIAL_ID
    assert ensemble.title == ("ensemble: test_resnet, linear probe + test_resnet, linear probe")
    assert {member.trial_id for member in ensemble.members} == set(NAMES)
    assert ensemble.effective["latency_ms"] == 10
    assert results.experiment.expected_score > single
    again = Results(results.experiment_dir, "accuracy")
    assert again.experiment.best_trial == combining.TRIAL_ID
    # as a program, for seconds less than ONNX takes: test_several_networks.py has its ONNX file
    request = ExportRequest(results.experiment_dir, combining.TRIAL_ID, "torch", tmp_path / "best")
    assert artefact.export(request).max_probability_difference < 1e-4
    assert "after epoch" not in (tmp_path / "best" / "README.md").read_text()  # it was fitted
    choice = {"aim": "f1", "by_label": {}}
    choices = {"by_trial": {combining.TRIAL_ID: choice, NAMES[0]: choice}}
    chosen_thresholds.path(results.experiment_dir).write_text(json.dumps(choices))
    combining.forget(again)
    assert again.experiment.best_trial in NAMES
    assert chosen_thresholds.load(results.experiment_dir, combining.TRIAL_ID) is None
    assert chosen_thresholds.load(results.experiment_dir, NAMES[0]) is not None
    assert not store.checkpoint_dir(results.experiment_dir, combining.TRIAL_ID).exists()


def test_of_trials_with_many_answers_a_few_are_read(
    make_experiment: Callable[..., Path], make_trial: Callable[..., TrialRecord]
) -> None:
    """Those of 20 trials for 50,000 pictures of 1,000 classes would take four gigabytes."""
    names = [f"trial-{number:03d}" for number in range(6)]
    trials = [
        make_trial(name, [0.9 - 0.1 * n], number=n, hyperparameters=SETTINGS)
        for n, name in enumerate(names)
    ]
    trials = [trial.model_copy(update={"effective": {"latency_ms": 5.0}}) for trial in trials]
    directory = make_experiment("one", trials)
    shares = np.full((2_600, 1_000), 0.001, np.float32)
    given = Predictions(np.arange(2_600), np.arange(2_600) % 1_000, shares)
    for name in names:
        (store.checkpoint_dir(directory, name)).mkdir(parents=True)
        (store.checkpoint_dir(directory, name) / "model.json").touch()
        store.save_predictions(store.predictions_path(directory, name), given)
    found = combining._candidates(Results(directory, "accuracy"))
    assert [trial.trial_id for trial in found] == names[:4]


def test_an_ensemble_that_may_owe_its_lead_to_chance_is_shown_below_the_best_trial(
    searched: Callable[[float], Results],
) -> None:
    results = searched(0.6)
    best, expected = results.experiment.best_trial, results.experiment.expected_score
    combining.add_ensemble(results, trainable.average)
    ensemble = results.trials[combining.TRIAL_ID]
    assert not ensemble.may_be_best
    assert "may be chance" in " ".join(ensemble.notes)
    assert results.experiment.best_trial == best
    results.expect()
    assert results.experiment.expected_score == expected


def test_an_ensemble_whose_export_would_end_after_the_limit_is_not_the_best_trial(
    searched: Callable[[float], Results],
) -> None:
    results = searched(0.0)
    best = results.experiment.best_trial
    results.time_limit.begin(1)
    combining.add_ensemble(results, trainable.average, lambda ensemble: 40 * len(ensemble.members))
    ensemble = results.trials[combining.TRIAL_ID]
    assert results.experiment.best_trial == best
    said = r"its export would take about 80 s, and (60|5\d) s were left"
    assert re.search(said, " ".join(ensemble.notes))
    assert leaderboard.by_score(list(results.trials.values()), "accuracy")[0].trial_id == best
