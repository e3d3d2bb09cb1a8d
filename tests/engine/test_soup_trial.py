"""The soup at the end of a search, made of trials on disk."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from automl.dataset.packed_pictures import PackedPictures
from automl.engine import combining, soups, trainable
from automl.engine.results import Results
from automl.errors import ExportError
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import SOUP, Evidence, TrialRecord
from automl.export import artefact
from automl.export.request import ExportRequest
from automl.model import checkpoint
from automl.training import soup
from automl.training.trial_data import LabelledPictures
from tests import tiny_model

NUM = 200
LABELS = np.arange(NUM) % 2
NAMES = ("trial-000", "trial-001")
SETTINGS = {"model_name": "test_resnet", "validation_crop_size": 32, "validation_resize_size": 32}
EFFECTIVE = {"latency_ms": 5.0, "weights": "imagenet"}


def wrong(number: int, first: int = 0) -> Predictions:
    """Certain answers, those of some pictures wrong."""
    is_wrong = (np.arange(NUM) >= first) & (np.arange(NUM) < first + number)
    shares = np.eye(2, dtype=np.float32)[np.where(is_wrong, 1 - LABELS, LABELS)]
    return Predictions(np.arange(NUM), LABELS, shares)


@pytest.fixture
def searched(
    make_experiment: Callable[..., Path], make_trial: Callable[..., TrialRecord]
) -> Callable[..., Results]:
    """Two fine-tuned trials of one network, each with a model; keys are further values in effect
    of the second."""

    def make(**effective: Any) -> Results:
        values = [EFFECTIVE, {**EFFECTIVE, **effective}]
        trials = [
            make_trial(name, [score], number=number, hyperparameters=SETTINGS, effective=given)
            for number, (name, score, given) in enumerate(
                zip(NAMES, (0.8, 0.79), values, strict=True)
            )
        ]
        directory = make_experiment("one", trials)
        for name, given in zip(NAMES, (wrong(40), wrong(42, 30)), strict=True):
            tiny_model.save(store.checkpoint_dir(directory, name), seed=int(name[-1]), epoch=3)
            store.save_predictions(store.predictions_path(directory, name), given)
        results = Results(directory, "accuracy")
        results.expect()
        return results

    return make


def run_here(function: Callable[..., int], *arguments: Any) -> int:
    return function(*arguments)


def add(results: Results, average: Predictions) -> None:
    """Add a soup whose answers are made up; its model is not."""

    def answers(folders: Mapping[str, Path]) -> Mapping[tuple[str, ...], Predictions]:
        return {tuple(folders): average}

    soups.add_soup(results, soups.ingredients(results), answers, run_here)


def test_a_soup_beyond_noise_is_the_best_trial_and_one_network(
    searched: Callable[..., Results], tmp_path: Path
) -> None:
    results = searched()
    add(results, wrong(20))
    made = results.trials[SOUP]
    assert results.experiment.best_trial == SOUP
    assert made.title == "soup: test_resnet + test_resnet"
    assert made.effective["latency_ms"] == 5.0
    assert results.experiment.expected_score == pytest.approx(0.9, abs=0.01)
    folders = [store.checkpoint_dir(results.experiment_dir, name) for name in (*NAMES, SOUP)]
    (first, _), (second, _), (mean, description) = map(checkpoint.load, folders)
    assert description.parts == []
    assert description.has_seen_all
    for name, weights in mean.state_dict().items():
        one, other = first.state_dict()[name], second.state_dict()[name]
        torch.testing.assert_close(weights, ((one + other) / 2).to(weights.dtype))
    request = ExportRequest(results.experiment_dir, SOUP, "code", tmp_path / "code")
    with pytest.raises(ExportError, match="mean of the weights of 2 trials, .* code of trial-00"):
        artefact.export(request)
    combining.forget(results)
    assert results.experiment.best_trial == NAMES[0]


def test_a_soup_is_not_handed_out_where_a_trial_of_another_kind_is_better(
    searched: Callable[..., Results], make_trial: Callable[..., TrialRecord]
) -> None:
    results = searched()
    probe = make_trial("trial-002", [0.95], number=2, effective={"latency_ms": 5.0})
    results._set(
        probe.model_copy(update={"hyperparameters": {"method": "linear_probe", **SETTINGS}})
    )
    add(results, wrong(20))
    assert results.experiment.best_trial == "trial-002"
    assert not results.trials[SOUP].may_be_best


def test_a_soup_that_may_owe_its_lead_to_chance_is_a_row_below_the_best(
    searched: Callable[..., Results],
) -> None:
    results = searched()
    folds = Evidence(num_pictures=NUM + 100, further_folds=2)
    results._set(results.trials[NAMES[0]].model_copy(update={"evidence": folds}))
    add(results, wrong(38))
    assert results.trials[SOUP].evidence == Evidence(num_pictures=NUM)
    assert not results.trials[SOUP].may_be_best
    assert results.experiment.best_trial == NAMES[0]


@pytest.mark.parametrize(
    ("weights", "are_mixed"), [("imagenet", True), ("of another set", False), ("random", False)]
)
def test_trials_that_started_from_different_weights_are_not_mixed(
    searched: Callable[..., Results], weights: str, are_mixed: bool
) -> None:
    found = soups.ingredients(searched(weights=weights))
    assert [trial.trial_id for trial in found] == (list(NAMES) if are_mixed else [])


def test_the_answers_of_an_average_are_those_of_its_model(
    searched: Callable[..., Results], tmp_path: Path
) -> None:
    results = searched()
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    packed = PackedPictures.of(pixels.ravel(), np.full((3, 2), 32))
    pictures = LabelledPictures(packed, np.arange(3), np.arange(3) % 2, np.full(3, -1))
    folders = {name: store.checkpoint_dir(results.experiment_dir, name) for name in NAMES}
    found = trainable.answers_of_averages(folders, pictures, 1)
    trainable.average_weights(list(folders.values()), tmp_path / "mean")
    network, _ = checkpoint.load(tmp_path / "mean")
    with torch.inference_mode():
        batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
        expected = network(batch).softmax(dim=1).numpy()
    assert list(found) == [NAMES]
    np.testing.assert_allclose(found[NAMES].probabilities, expected, atol=1e-5)
    assert soup.average(list(folders.values()))[1].has_seen_all
