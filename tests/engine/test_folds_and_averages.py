"""Further folds of a trial that is then averaged with others, by recorded answers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl.dataset.packed_pictures import PackedPictures
from automl.dataset.pixels import picture_sizes
from automl.engine import combining, further_folds, lifecycle, soups, trainable
from automl.engine.end_time import EndTime
from automl.engine.refit import Assignment, RefitInputs
from automl.engine.resources import Resources
from automl.engine.results import Results
from automl.engine.watch import Ending
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import SOUP, Evidence, TrialRecord
from automl.jobs.compatibility import resolve
from automl.training.trial_data import LabelledPictures, TrialData
from tests import tiny_model
from tests.engine.after_search import job

NUM, NUM_VALIDATION = 300, 60
LABELS = np.arange(NUM) % 2
SETTINGS = {"model_name": "test_resnet", "validation_crop_size": 32, "validation_resize_size": 32}
PROBE = {**SETTINGS, "method": "linear_probe"}
TUNED = ("trial-001", "trial-002")


def answers(seed: int, noise: float) -> Predictions:
    """Answers for all pictures, the more of them wrong the larger the noise."""
    drawn = np.random.default_rng(seed).normal(size=(NUM, 2))
    shares = np.exp(2 * np.eye(2)[LABELS] + noise * drawn)
    shares /= shares.sum(axis=1, keepdims=True)
    return Predictions(np.arange(NUM), LABELS, shares.astype(np.float32))


ALL_FOLDS = Evidence(num_pictures=NUM, further_folds=5)
EVERY = {name: answers(seed, 2.0) for seed, name in enumerate(("trial-000", *TUNED))}
"""Answers for each picture of a model of the trial that has not seen it."""


def pictures(rows: np.ndarray[Any, np.dtype[np.int64]]) -> LabelledPictures:
    """Black pictures: nothing looks at them."""
    packed = PackedPictures.of(np.zeros(len(rows) * 48, np.uint8), np.full((len(rows), 2), 4))
    return LabelledPictures(packed, rows, LABELS[rows], rows // 2 % 5)


@pytest.fixture
def searched(
    make_experiment: Callable[..., Path], make_trial: Callable[..., TrialRecord]
) -> tuple[RefitInputs, Results]:
    """A probe that has answered for all pictures, and two fine-tuned trials for the last ones."""
    validated = np.arange(NUM - NUM_VALIDATION, NUM)
    asked, trials = job(), []
    given = {"trial-000": EVERY["trial-000"]}
    given |= {name: EVERY[name].of(validated) for name in TUNED}
    for number, (name, each) in enumerate(given.items()):
        score = float((each.predicted == each.labels).mean())
        values = {"latency_ms": 5.0, "weights": "imagenet"}
        fields = {"number": number, "hyperparameters": SETTINGS if number else PROBE}
        evidence = Evidence(num_pictures=len(each.labels), num_folds=0 if number else 5)
        trials.append(make_trial(name, [score], **fields, effective=values, evidence=evidence))
    directory = make_experiment("one", trials, job=asked)
    for name, each in given.items():
        tiny_model.save(store.checkpoint_dir(directory, name), seed=int(name[-1]))
        store.save_predictions(store.predictions_path(directory, name), each)
    results = Results(directory, "accuracy")
    results.expect()
    results.time_limit.begin(60)
    rest = np.arange(NUM - NUM_VALIDATION)
    data = TrialData(pictures(rest), pictures(validated), ["a", "b"], "hash")
    sizes = {picture_sizes(resolve(SETTINGS)): data}
    return RefitInputs(asked, sizes, {}, Resources(1, 1, 0.0, [])), results


def add_folds(inputs: RefitInputs, results: Results, most: int = 10) -> None:
    """Add further folds by the recorded answers of the trial whose turn it is.

    The user stops the search after so many.
    """
    turns = iter(range(most))

    def recorded(assignment: Assignment, give_up_if_over: Callable[[], None]) -> Predictions:
        if next(turns, None) is None:
            store.request_stop(results.experiment_dir)
        give_up_if_over()
        name = next(each for each in TUNED if each in results.experiment.message)
        return EVERY[name].of(assignment.data.validation.sample_ids)

    further_folds.add(inputs, results, recorded)


def with_folds(results: Results) -> list[TrialRecord]:
    return [
        trial
        for trial in results.trials.values()
        if trial.evidence is not None and trial.evidence.further_folds
    ]


def test_an_ensemble_answers_for_the_pictures_of_further_folds(
    searched: tuple[RefitInputs, Results],
) -> None:
    inputs, results = searched
    add_folds(inputs, results)
    assert results.experiment.notes == []
    folded = [trial for trial in with_folds(results) if trial.evidence == ALL_FOLDS]
    assert folded
    combining.add_ensemble(results, trainable.average)
    ensemble = results.trials[combining.TRIAL_ID]
    members = {member.trial_id for member in ensemble.members}
    assert members & {trial.trial_id for trial in folded}
    given = store.load_predictions(
        store.predictions_path(results.experiment_dir, combining.TRIAL_ID)
    )
    assert given.sample_ids.tolist() == list(range(NUM))
    assert ensemble.evidence is not None
    assert ensemble.evidence.num_pictures == NUM
    assert ensemble.score("accuracy") == pytest.approx((given.predicted == LABELS).mean())
    assert results.experiment.best_trial == combining.TRIAL_ID
    basis = "Each of 300 pictures was predicted by a model that has not seen it"
    assert results.experiment.expected_basis.startswith(basis)


def test_a_trial_with_a_part_of_its_folds_is_no_member_beside_one_with_all_answers(
    searched: tuple[RefitInputs, Results],
) -> None:
    inputs, results = searched
    add_folds(inputs, results, most=2)
    folded = with_folds(results)
    assert folded
    assert all(trial.evidence != ALL_FOLDS for trial in folded)
    assert results.best_trial() == results.trials["trial-000"]
    combining.add_ensemble(results, trainable.average)
    assert combining.TRIAL_ID not in results.trials


def test_a_soup_of_a_trial_with_further_folds_is_judged_on_the_validation_pictures(
    searched: tuple[RefitInputs, Results],
) -> None:
    inputs, results = searched
    add_folds(inputs, results)
    validated = np.arange(NUM - NUM_VALIDATION, NUM)

    def perfect(folders: Mapping[str, Path]) -> Mapping[tuple[str, ...], Predictions]:
        return {tuple(folders): Predictions(validated, LABELS[validated], np.eye(2)[validated % 2])}

    ingredients = soups.ingredients(results)
    soups.add_soup(results, ingredients, perfect, lambda call, *given: call(*given))
    soup = results.trials[SOUP]
    assert soup.evidence == Evidence(num_pictures=NUM_VALIDATION)
    assert soup.score("accuracy") == 1.0
    on_validation = [EVERY[trial.trial_id].of(validated) for trial in ingredients]
    lead = 1 - max((each.predicted == each.labels).mean() for each in on_validation)
    best = ingredients[0].ranking_score("accuracy")
    assert soup.ranking_score("accuracy") == pytest.approx(best + lead)
    again = Results(results.experiment_dir, "accuracy")
    again.expect()
    assert again.experiment.best_trial == results.experiment.best_trial


def test_after_the_exit_score_nothing_better_is_looked_for(
    searched: tuple[RefitInputs, Results],
) -> None:
    inputs, results = searched
    before = dict(results.trials)
    ending = Ending("The exit score was reached.", is_success=True, is_good_enough=True)
    assert not lifecycle._look_further(inputs, ending, results, EndTime())
    assert (results.trials, results.experiment.notes) == (before, [])
