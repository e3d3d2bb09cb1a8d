import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from automl import store
from automl.engine.planning import PlannedTrial
from automl.engine.results import Results
from automl.records import (
    Evaluation,
    ExperimentState,
    Flag,
    Predictions,
    TrialError,
    TrialState,
    now,
)

PLAN = [PlannedTrial(number, {"model_name": "resnet18"}) for number in range(3)]


def evaluation(epoch: int, accuracy: float) -> Evaluation:
    return Evaluation(
        epoch=epoch,
        metrics={"accuracy": accuracy},
        train_loss=1,
        valid_loss=1,
        learning_rate=0.1,
        train_seconds=1,
        evaluation_seconds=1,
        images_per_second=1,
        finished_at=now(),
    )


def score(results: Results, folder: Path, trial_id: str, epoch: int, accuracy: float) -> None:
    """An evaluation that is the trial's best, with its checkpoint."""
    folder.mkdir(exist_ok=True)
    for name in ("model.safetensors", "model.json"):
        (folder / name).write_text(f"{trial_id} {epoch}")
    labels = np.arange(10) % 2
    right = np.arange(10) < accuracy * 10
    probabilities = np.eye(2, dtype=np.float32)[np.where(right, labels, 1 - labels)]
    store.save_predictions(
        folder / "predictions.parquet", Predictions(np.arange(10), labels, probabilities)
    )
    results.evaluated(trial_id, evaluation(epoch, accuracy))
    results.improved(trial_id, epoch, folder)


@pytest.fixture
def results(make_experiment: Callable[..., Path]) -> Results:
    directory = make_experiment("search", state=ExperimentState.RUNNING)
    results = Results(directory, "accuracy")
    results.plan(PLAN)
    return results


def on_disk(results: Results) -> dict[str, TrialState]:
    return {t.trial_id: t.state for t in store.load_trials(results.experiment_dir)}


def test_every_planned_trial_is_pending_on_disk_before_the_first_starts(results: Results) -> None:
    assert set(on_disk(results).values()) == {TrialState.PENDING}
    assert list(on_disk(results)) == ["trial-000", "trial-001", "trial-002"]


def test_the_best_evaluation_keeps_its_checkpoint_and_predictions(
    results: Results, tmp_path: Path
) -> None:
    score(results, tmp_path / "c", "trial-000", 1, 0.5)
    score(results, tmp_path / "c", "trial-000", 3, 0.8)
    results.evaluated("trial-000", evaluation(4, 0.6))
    kept = store.checkpoint_dir(results.experiment_dir, "trial-000") / "model.json"
    assert kept.read_text() == "trial-000 3"
    (trial, *_) = store.load_trials(results.experiment_dir)
    assert trial.best_epoch == 3
    assert trial.score("accuracy") == 0.8
    predictions = store.load_predictions(
        store.predictions_path(results.experiment_dir, "trial-000")
    )
    assert (predictions.predicted == predictions.labels).mean() == 0.8


def test_a_finished_trial_has_an_interval_around_its_score(
    results: Results, tmp_path: Path
) -> None:
    score(results, tmp_path / "c", "trial-000", 1, 0.8)
    results.ended("trial-000", TrialState.COMPLETED)
    (trial, *_) = store.load_trials(results.experiment_dir)
    assert trial.score_low is not None
    assert trial.score_high is not None
    assert 0.4 <= trial.score_low < 0.8 < trial.score_high <= 1.0


def test_the_experiment_names_its_best_trial_while_it_runs(
    results: Results, tmp_path: Path
) -> None:
    score(results, tmp_path / "c", "trial-001", 1, 0.7)
    score(results, tmp_path / "c", "trial-002", 1, 0.9)
    record = store.load_experiment(results.experiment_dir)
    assert (record.best_trial, record.best_score) == ("trial-002", 0.9)


def test_of_equal_trials_the_first_is_the_best(results: Results, tmp_path: Path) -> None:
    for trial_id in ("trial-002", "trial-000", "trial-001"):
        score(results, tmp_path / "c", trial_id, 1, 0.7)
    best = results.best_trial()
    assert best is not None
    assert best.trial_id == "trial-000"


def test_a_trial_that_never_had_a_number_is_never_the_best(results: Results) -> None:
    results.evaluated("trial-000", evaluation(1, math.nan))
    assert results.best_trial() is None


def test_the_first_reason_a_trial_ended_for_stays(results: Results) -> None:
    results.ended("trial-000", TrialState.STOPPED, "Stopped by the user.")
    results.ended("trial-000", TrialState.COMPLETED)
    assert results.trials["trial-000"].reason == "Stopped by the user."


def test_resuming_runs_only_what_has_not_ended(results: Results) -> None:
    results.ended("trial-000", TrialState.COMPLETED)
    results.failed("trial-001", TrialError(cause="It broke.", traceback="Traceback"))
    results.started("trial-002")
    again = Results(results.experiment_dir, "accuracy")
    assert [trial.trial_id for trial in again.plan(PLAN)] == ["trial-002"]
    assert again.trials["trial-001"].error is not None
    assert on_disk(again)["trial-000"] is TrialState.COMPLETED
    assert on_disk(again)["trial-002"] is TrialState.PENDING


def test_when_the_search_ends_the_rest_is_stopped_with_the_reason(results: Results) -> None:
    results.ended("trial-000", TrialState.COMPLETED)
    results.end_rest("The time limit of 1 min was reached.")
    assert on_disk(results)["trial-000"] is TrialState.COMPLETED
    assert results.trials["trial-002"].state is TrialState.STOPPED
    assert results.trials["trial-002"].reason == "The time limit of 1 min was reached."


def test_resuming_runs_again_what_ended_with_the_experiment_but_not_what_was_stopped_alone(
    results: Results, tmp_path: Path
) -> None:
    results.ended("trial-000", TrialState.STOPPED, "Stopped by the user.")
    score(results, tmp_path / "c", "trial-001", 1, 0.7)
    results.end_rest("Stopped by the user.")
    again = Results(results.experiment_dir, "accuracy")
    assert [trial.trial_id for trial in again.plan(PLAN)] == ["trial-001", "trial-002"]
    assert again.experiment.best_trial is None  # the one there was is about to be trained anew


def test_an_evaluation_that_a_dead_worker_had_reported_already_counts_once(
    results: Results,
) -> None:
    for epoch, accuracy in ((1, 0.5), (2, 0.6), (2, 0.6), (3, 0.7)):
        results.evaluated("trial-000", evaluation(epoch, accuracy))
    assert [e.epoch for e in results.trials["trial-000"].evaluations] == [1, 2, 3]


def test_a_trial_that_goes_on_keeps_its_start_and_says_that_its_worker_died(
    results: Results,
) -> None:
    results.started("trial-000")
    started_at = results.trials["trial-000"].started_at
    results.built("trial-000", {"momentum": 0.9}, ["Trained from scratch, as asked."], [])
    results.resumed("trial-000")
    results.started("trial-000")
    results.built("trial-000", {"momentum": 0.9}, ["Recovered."], [Flag.RECOVERED])
    trial = results.trials["trial-000"]
    assert trial.started_at == started_at
    assert trial.flags == [Flag.RECOVERED, Flag.RESUMED]
    assert trial.notes[0] == "Recovered."
    assert trial.notes[1].startswith("Its worker died")


def test_models_beside_the_best_are_kept_by_their_epoch(results: Results, tmp_path: Path) -> None:
    for epoch in (2, 4):
        folder = tmp_path / f"epoch-{epoch:04d}"
        folder.mkdir()
        (folder / "model.json").write_text(str(epoch))
        results.kept("trial-000", tmp_path)
    kept = [
        store.epoch_dir(results.experiment_dir, "trial-000", f"epoch-{epoch:04d}") / "model.json"
        for epoch in (2, 4)
    ]
    assert [path.read_text() for path in kept] == ["2", "4"]
    assert not list(tmp_path.glob("epoch-*"))
