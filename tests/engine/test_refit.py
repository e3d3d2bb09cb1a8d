"""The best trial fitted again before it is handed out, without Ray."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from automl.engine import refit
from automl.engine.pacing import refit_seconds
from automl.engine.refit import Assignment, RefitInputs
from automl.engine.results import Results
from automl.engine.worker_calls import GivenUpError
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import SOUP, Member, TrialRecord
from automl.export.trained_model import TrainedModel
from automl.jobs.compatibility import resolve
from automl.training.trial_data import TrialData
from tests.engine.after_search import NAME, Start, ended_search, in_this_process, job, never
from tests.small_training import TINY


@pytest.fixture
def ended(
    make_experiment: Callable[..., Path],
    make_trial: Callable[..., TrialRecord],
    tiny_data: TrialData,
) -> Start:
    """A search whose best trial is a fine-tuned one; the keys are those of the job."""

    def make(
        *, minutes: float = 60, score: float = 0.5, **keys: Any
    ) -> tuple[RefitInputs, Results]:
        asked = job(**keys)
        trial = make_trial(NAME, [0.4, score], number=1, hyperparameters=TINY)
        directory = make_experiment("one", [trial], job=asked)
        every = tiny_data.everything()
        answers = answered(every.sample_ids, every.labels, round(score * len(every.labels)))
        store.checkpoint_dir(directory, NAME).mkdir(parents=True)
        store.save_predictions(store.predictions_path(directory, NAME), answers)
        return ended_search(directory, asked, tiny_data, minutes)

    return make


def answered(
    sample_ids: NDArray[np.int64], labels: NDArray[np.int64], num_right: int
) -> Predictions:
    """Certain answers to three classes, the first ones right."""
    is_wrong = np.arange(len(labels)) >= num_right
    return Predictions(sample_ids, labels, np.eye(3, dtype=np.float32)[(labels + is_wrong) % 3])


here = in_this_process(refit.fit_here)


def test_the_refitted_model_is_handed_out_and_the_scores_stay(ended: Start) -> None:
    inputs, results = ended()
    before = results.trials[NAME]
    refit.refit_best(inputs, results, here)
    after = results.trials[NAME]
    assert after == before.model_copy(update={"refitted_on": 60})
    assert results.experiment.notes == []
    assert "fitted again to all 60 training and validation pictures" in after.fitted_to
    assert results.experiment.expected_basis.endswith("then fitted again to all 60 pictures.")
    model = TrainedModel.load(results.experiment_dir, NAME)
    assert (model.description.has_seen_all, model.description.epoch) == (True, 2)
    refit.refit_best(inputs, Results(results.experiment_dir, "accuracy"), never)  # done already


@pytest.mark.parametrize("keys", [{"refit": "never"}, {"limits": {"max_trials": 1}}])
def test_a_job_that_does_not_ask_for_it_gets_the_model_that_was_scored(
    ended: Start, keys: dict[str, Any]
) -> None:
    inputs, results = ended(**keys)
    refit.refit_best(inputs, results, never)
    assert results.experiment.notes == []


def test_given_validation_pictures_stay_apart(ended: Start, tiny_data: TrialData) -> None:
    inputs, results = ended()
    folds = np.full(len(tiny_data.validation.labels), -1)
    given = replace(tiny_data, validation=replace(tiny_data.validation, folds=folds))
    refit.refit_best(replace(inputs, data=dict.fromkeys(inputs.data, given)), results, never)
    assert results.experiment.notes == []


def noted(inputs: RefitInputs, results: Results, fit: refit.Fit) -> str:
    refit.refit_best(inputs, results, fit)
    assert results.trials[NAME].refitted_on is None
    assert not list(results.experiment_dir.glob("trials/*/refit"))
    (note,) = results.experiment.notes
    return note


def test_without_time_it_is_left_out(ended: Start) -> None:
    assert noted(*ended(minutes=0.5), never) == (
        f"{NAME} was not fitted again to all pictures: 30 s were left, about 60 s needed."
    )


def test_one_that_is_late_leaves_the_export_its_time(ended: Start) -> None:
    inputs, results = ended()

    def late(assignment: Assignment, give_up_if_over: Callable[[], None]) -> Any:
        results.time_limit.begin(0.5 * refit.export_seconds(inputs, results) / 60)
        return here(assignment, give_up_if_over)

    assert noted(inputs, results, late).endswith("was needed for the export of the model.")
    directory = results.experiment_dir
    assert store.final_model_dir(directory, NAME) == store.checkpoint_dir(directory, NAME)


def test_a_request_to_stop_ends_it(ended: Start) -> None:
    inputs, results = ended()

    def stopped(assignment: Assignment, give_up_if_over: Callable[[], None]) -> Any:
        store.request_stop(results.experiment_dir)
        return here(assignment, give_up_if_over)

    assert noted(inputs, results, stopped).endswith(": the experiment was stopped.")


def test_an_error_does_not_end_the_experiment(ended: Start) -> None:
    inputs, results = ended(training_parameters={"learning_rate": 0.01})
    trial = results.trials[NAME]
    changed = {**trial.hyperparameters, "pretrained": "required"}
    results._set(trial.model_copy(update={"hyperparameters": changed}))
    assert "there are no pretrained weights" in noted(inputs, results, here)


def test_a_trial_whose_first_model_is_gone_is_not_fitted_from_another_start(ended: Start) -> None:
    inputs, results = ended()
    trial = results.trials[NAME]
    changed = {**trial.hyperparameters, "checkpoint_run_id": "pets/trial-007"}
    results._set(trial.model_copy(update={"hyperparameters": changed}))
    said = "pets/trial-007, which it started from, is not there any more."
    assert noted(inputs, results, never).endswith(said)


def test_a_model_that_is_worse_on_pictures_it_has_seen_is_thrown_away(ended: Start) -> None:
    inputs, results = ended(score=1.0)
    trial = results.trials[NAME]
    changed = {**trial.hyperparameters, "learning_rate": 0.0}
    results._set(trial.model_copy(update={"hyperparameters": changed}))
    said = "on 60 pictures, although it had seen them, and 1.000 of models that had not"
    assert said in noted(inputs, results, here)


@pytest.mark.parametrize(
    ("num_pictures", "before", "after", "is_refused"),
    [
        (1000, 900, 900, False),
        (1000, 900, 881, False),  # less than two points
        (1000, 900, 870, True),
        (50, 45, 41, False),  # four more errors may be chance
        (50, 45, 40, True),
        (4, 4, 0, False),
    ],
)
def test_a_model_may_be_worse_by_two_points_or_by_chance(
    num_pictures: int, before: int, after: int, is_refused: bool
) -> None:
    ids = np.arange(num_pictures)
    given = [answered(ids, ids % 3, number) for number in (before, after)]
    with pytest.raises(GivenUpError) if is_refused else contextlib.nullcontext():
        refit.refuse_worse("accuracy", *given)


def test_a_model_is_compared_on_all_pictures_that_its_trial_has_answered_for() -> None:
    """Further folds have disproved a lucky score on ten validation pictures."""
    ids = np.arange(100)
    wrong = np.isin(ids, [*range(10, 40)])
    before = Predictions(ids, ids % 3, np.eye(3, dtype=np.float32)[(ids + wrong) % 3])
    wrong = np.isin(ids, [*range(5), *range(50, 60)])
    after = Predictions(ids, ids % 3, np.eye(3, dtype=np.float32)[(ids + wrong) % 3])
    refit.refuse_worse("accuracy", before, after)
    with pytest.raises(GivenUpError):
        refit.refuse_worse("accuracy", before.of(ids[:10]), after)


def test_a_model_without_a_score_is_refused() -> None:
    ids = np.arange(20)
    before = answered(ids, ids % 3, 18)
    broken = Predictions(ids, ids % 3, np.full((20, 3), np.nan, np.float32))
    with pytest.raises(GivenUpError):
        refit.refuse_worse("auc_macro", before, broken)


@pytest.mark.parametrize(("made", "epochs"), [("ensemble", [2, 1]), (SOUP, [])])
def test_the_fine_tuned_members_of_an_ensemble_or_a_soup_are_fitted_again(
    ended: Start, make_trial: Callable[..., TrialRecord], made: str, epochs: list[int]
) -> None:
    inputs, results = ended()
    directory = results.experiment_dir
    probe = {**TINY, "method": "linear_probe"}
    results._set(make_trial("trial-000", [0.4], hyperparameters=probe))
    shares = {NAME: 0.75, "trial-000": 0.25}
    members = [Member(trial_id=name, title=name, weight=share) for name, share in shares.items()]
    results._set(make_trial(made, [0.99], number=2, members=members))
    results.update(best_trial=made)
    answers = store.load_predictions(store.predictions_path(directory, NAME))
    (directory / "trials" / made).mkdir()
    store.save_predictions(store.predictions_path(directory, made), answers)
    here_again = refit.fit_here(
        Assignment(resolve(TINY), next(iter(inputs.data.values())), 1, 1, 0.0)
    )
    assert not isinstance(here_again, str)
    folder = store.checkpoint_dir(directory, "trial-000")
    folder.mkdir(parents=True)
    for name, content in here_again.files.items():
        (folder / name).write_bytes(content)

    refit.refit_best(inputs, results, here, run_here=lambda call, *given: call(*given))
    assert results.experiment.notes == []
    assert results.experiment.expected_basis.endswith("then fitted again to all 60 pictures.")
    refitted = {name: trial.refitted_on for name, trial in results.trials.items()}
    assert refitted == {"trial-000": None, NAME: 60, made: 60}
    model = TrainedModel.load(directory, made)
    assert [part.epoch for part in model.description.parts] == epochs
    assert "fitted again" in model.trial.fitted_to


def test_a_soup_in_an_ensemble_is_averaged_again_from_trials_that_are_fitted_again(
    ended: Start, make_trial: Callable[..., TrialRecord]
) -> None:
    inputs, results = ended()
    directory = results.experiment_dir
    answers = store.load_predictions(store.predictions_path(directory, NAME))
    data = next(iter(inputs.data.values()))
    found = refit.fit_here(Assignment(resolve(TINY), data, 1, 1, 0.0))
    assert not isinstance(found, str)
    probe = {**TINY, "method": "linear_probe"}
    made = {"trial-000": [], "trial-002": [], SOUP: [NAME, "trial-002"]}
    made["ensemble"] = [SOUP, "trial-000"]
    for number, (name, names) in enumerate(made.items(), 2):
        members = [Member(trial_id=each, title=each, weight=0.5) for each in names]
        values = probe if name == "trial-000" else TINY
        score = 0.99 if name == "ensemble" else 0.4
        trial = make_trial(name, [score], number=number, hyperparameters=values, members=members)
        results._save(trial)
        folder = store.checkpoint_dir(directory, name)
        folder.mkdir(parents=True)
        for file, content in found.files.items():
            (folder / file).write_bytes(content)
        store.save_predictions(store.predictions_path(directory, name), answers)
    assert not TrainedModel.load(directory, "ensemble").is_frozen
    results.update(best_trial="ensemble")
    refit.refit_best(inputs, results, here, run_here=lambda call, *given: call(*given))
    assert results.experiment.notes == []
    refitted = {name: trial.refitted_on for name, trial in results.trials.items()}
    assert refitted == {
        NAME: 60,
        "trial-000": None,
        "trial-002": 60,
        SOUP: 60,
        "ensemble": 60,
    }
    seen = TrainedModel.load(directory, "ensemble").description.parts
    assert [part.epoch for part in seen] == [2, 1]  # that of the probe is as it was


def test_the_time_it_takes_follows_from_that_of_the_trial(
    make_trial: Callable[..., TrialRecord],
) -> None:
    trial = make_trial(NAME, [0.5, 0.9, 0.8])  # 60 s, of which 3 of training and 1.5 of scoring
    assert refit_seconds(trial, 1.25) == pytest.approx(55.5 + 1.25 * 3 + 0.5)
