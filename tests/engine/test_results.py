import json
import math
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from automl.engine import journal
from automl.engine.planning import PlannedTrial
from automl.engine.results import End, Results
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import (
    Evaluation,
    Evidence,
    ExperimentState,
    Flag,
    TrialError,
    TrialRecord,
    TrialState,
    now,
)
from automl.training import resume_state
from automl.training.resume_state import KeptState

CHANGES = {
    "open",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "shutil.rmtree",
}
"""Names in Python's audit hooks of all calls that may change a disk; `open` also reads."""

END = End(TrialState.COMPLETED)
PLAN = [PlannedTrial.of(number, {"model_name": "resnet18"}) for number in range(3)]


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


def save_state(folder: Path, epoch: int) -> None:
    folder.mkdir(exist_ok=True)
    save_file({"network.weight": np.zeros(3)}, folder / "state.safetensors")
    (folder / "state.json").write_text(json.dumps({"epoch": epoch}))


def score(  # noqa: PLR0913
    results: Results,
    folder: Path,
    trial_id: str,
    epoch: int,
    accuracy: float,
    end: End | None = None,
) -> None:
    """An evaluation that is the trial's best, with its checkpoint."""
    results.evaluated(trial_id, *write_step(folder, trial_id, epoch, accuracy), end)


def write_step(folder: Path, trial_id: str, epoch: int, accuracy: float) -> tuple[Evaluation, Path]:
    """Save what a worker saves with its best evaluation."""
    shutil.rmtree(folder, ignore_errors=True)  # Ray has a new folder for each
    save_state(folder, epoch)
    for name in ("model.safetensors", "model.json"):
        (folder / name).write_text(f"{trial_id} {epoch}")
    labels = np.arange(10) % 2
    right = np.arange(10) < accuracy * 10
    probabilities = np.eye(2, dtype=np.float32)[np.where(right, labels, 1 - labels)]
    store.save_predictions(
        folder / "predictions.parquet", Predictions(np.arange(10), labels, probabilities)
    )
    return evaluation(epoch, accuracy), folder


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


def test_copies_of_a_picture_make_no_interval_narrower(results: Results, tmp_path: Path) -> None:
    copies = ["a"] * 5 + ["b"] * 5
    samples = pd.DataFrame({"id": np.arange(10), "content_hash": copies})
    samples.assign(near_duplicate_group=pd.NA).to_parquet(
        store.samples_path(results.experiment_dir)
    )
    score(results, tmp_path / "c", "trial-000", 1, 0.5)
    results.ended("trial-000", TrialState.COMPLETED)
    trial = results.trials["trial-000"]
    assert (trial.score_low, trial.score_high) == (0.0, 1.0)


def test_answers_for_more_pictures_leave_no_interval_of_those_before(
    make_experiment: Callable[..., Path], make_trial: Callable[..., TrialRecord], tmp_path: Path
) -> None:
    trial = make_trial("trial-000", [0.9], metric="auc_weighted", score_low=0.8, score_high=0.95)
    results = Results(make_experiment("one", [trial]), "auc_weighted")
    _, folder = write_step(tmp_path / "c", "trial-000", 1, 1.0)  # all right: there is no interval
    scored = trial.evaluations[0].model_copy(update={"metrics": {"auc_weighted": 1.0}})
    evidence = Evidence(num_pictures=10, further_folds=1)
    results.answered("trial-000", folder / "predictions.parquet", scored, evidence)
    (after,) = store.load_trials(results.experiment_dir)
    assert (after.score("auc_weighted"), after.score_low, after.score_high) == (1.0, None, None)


def test_the_experiment_names_its_best_trial_while_it_runs(
    results: Results, tmp_path: Path
) -> None:
    score(results, tmp_path / "c", "trial-001", 1, 0.7)
    score(results, tmp_path / "c", "trial-000", 1, 0.6)
    score(results, tmp_path / "c", "trial-002", 1, 0.9)
    record = store.load_experiment(results.experiment_dir)
    assert (record.best_trial, record.best_score) == ("trial-002", 0.9)
    assert record.improvements == [0.7, 0.9]


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
    again.update(num_trials=3)
    assert again.share_done == pytest.approx(2 / 3)


def test_when_the_search_ends_the_rest_is_stopped_with_the_reason(results: Results) -> None:
    results.ended("trial-000", TrialState.COMPLETED)
    results.end_rest("The time limit of 1 min was reached.")
    assert on_disk(results)["trial-000"] is TrialState.COMPLETED
    assert results.trials["trial-002"].state is TrialState.STOPPED
    assert results.trials["trial-002"].reason == "The time limit of 1 min was reached."


def test_resuming_goes_on_with_what_ended_with_the_experiment_but_not_what_was_stopped_alone(
    results: Results, tmp_path: Path
) -> None:
    results.ended("trial-000", TrialState.STOPPED, "Stopped by the user.")
    score(results, tmp_path / "c", "trial-001", 1, 0.7)
    results.end_rest("Stopped by the user.")
    again = Results(results.experiment_dir, "accuracy")
    assert [trial.trial_id for trial in again.plan(PLAN)] == ["trial-001", "trial-002"]
    assert again.experiment.best_trial == "trial-001"
    assert {trial_id: state.epoch for trial_id, state in again.states().items()} == {"trial-001": 1}
    trial = again.trials["trial-001"]
    assert (trial.state, trial.reason, trial.ended_at) == (TrialState.PENDING, "", None)
    assert "it went on from its last evaluation" in trial.notes[0]
    assert trial.flags == [Flag.RESUMED]
    assert again.scores["trial-001"] == [0.7]


@pytest.mark.parametrize("has_state", [True, False])
def test_a_trial_that_goes_on_loses_its_refitted_model(
    results: Results, tmp_path: Path, has_state: bool
) -> None:
    score(results, tmp_path / "c", "trial-001", 1, 0.7)
    results.end_rest("The exit score was reached.")
    (tmp_path / "refit").mkdir()
    (tmp_path / "refit" / "model.json").write_text("refitted")
    results.refitted("trial-001", 60, tmp_path / "refit")
    directory = results.experiment_dir
    handed_out = store.final_model_dir(directory, "trial-001")
    assert (handed_out / "model.json").read_text() == "refitted"
    if not has_state:
        (store.state_dir(directory, "trial-001") / "state.json").unlink()
    again = Results(directory, "accuracy")
    assert again.trials["trial-001"].refitted_on == 60
    again.plan(PLAN)
    assert again.trials["trial-001"].refitted_on is None
    handed_out = store.final_model_dir(directory, "trial-001")
    assert handed_out == store.checkpoint_dir(directory, "trial-001")


@pytest.mark.parametrize("damage", ["torn", "gone", "other epoch", "other hyperparameters"])
def test_a_trial_whose_state_cannot_be_used_starts_anew(
    results: Results, tmp_path: Path, damage: str
) -> None:
    score(results, tmp_path / "c", "trial-001", 1, 0.7)
    state = store.state_dir(results.experiment_dir, "trial-001")
    plan = PLAN
    if damage == "torn":
        whole = (state / "state.safetensors").read_bytes()
        (state / "state.safetensors").write_bytes(whole[:-1])
    elif damage == "gone":
        (state / "state.json").unlink()
    elif damage == "other epoch":
        save_state(state, 2)
    else:
        plan = [PLAN[0], PlannedTrial.of(1, {"model_name": "resnet50"}), PLAN[2]]
    again = Results(results.experiment_dir, "accuracy")
    again.plan(plan)
    assert again.trials["trial-001"].evaluations == []
    assert again.states() == {}
    assert "trial-001" not in again.scores


def test_the_state_of_a_trial_is_dropped_with_its_end(results: Results, tmp_path: Path) -> None:
    score(results, tmp_path / "c", "trial-001", 1, 0.7)
    assert store.state_dir(results.experiment_dir, "trial-001").is_dir()
    score(results, tmp_path / "c", "trial-001", 2, 0.8, End(TrialState.COMPLETED))
    assert not store.state_dir(results.experiment_dir, "trial-001").exists()
    trial = results.trials["trial-001"]
    assert trial.score_low is not None
    assert trial.score_low <= 0.8


def test_with_the_end_of_a_trial_it_is_said_what_to_expect(
    results: Results, tmp_path: Path
) -> None:
    score(results, tmp_path / "c", "trial-001", 2, 0.8, End(TrialState.COMPLETED))
    recorded = store.load_experiment(results.experiment_dir)
    assert recorded.expected_score is None
    assert "on 10 pictures only: too few" in recorded.expected_basis


def test_what_to_expect_is_found_again_after_a_slow_comparison_has_rested(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl.engine.results._EXPECTING_SECONDS", 0.0)  # each one is slow
    monkeypatch.setattr("automl.engine.results._EXPECTING_REST", 1e6)
    for number in range(2):
        score(results, tmp_path / "c", f"trial-00{number}", 2, 0.6 + number / 10, END)
        assert results.experiment.expected_trial == "trial-000"
    monkeypatch.setattr("automl.engine.results._EXPECTING_REST", 0)
    results.expect()
    score(results, tmp_path / "c", "trial-002", 2, 0.9, END)
    assert results.experiment.expected_trial == "trial-002"


class KilledError(BaseException):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def kill_before() -> Callable[[int | None], None]:
    """Let this and all further changes of the disk fail; None lets them pass."""
    left: list[int] = []

    def audit(event: str, _: object) -> None:
        if left and event in CHANGES:
            left[0] -= 1
            if left[0] < 0:
                raise KilledError

    def set_left(count: int | None) -> None:
        left[:] = [] if count is None else [count]

    sys.addaudithook(audit)
    return set_left


def test_an_engine_that_dies_anywhere_in_a_step_leaves_the_step_before_or_after_it(
    make_experiment: Callable[..., Path],
    tmp_path: Path,
    kill_before: Callable[[int | None], None],
) -> None:
    """Killed in turn before every single change of the disk that taking over a step makes."""
    seen = []
    for count in range(1000):
        results = Results(make_experiment(f"e{count}", state="running"), "accuracy")
        results.plan(PLAN)
        score(results, tmp_path / "c", "trial-001", 1, 0.5)
        step = write_step(tmp_path / "c", "trial-001", 2, 0.8)
        kill_before(count)
        try:
            results.evaluated("trial-001", *step)
            break
        except KilledError:
            kill_before(None)
            seen.append(look(results.experiment_dir))
        finally:
            kill_before(None)
    assert set(seen) == {(1, 0.5), (2, 0.8)}
    assert seen == sorted(seen)
    assert len(seen) > 15


def look(experiment_dir: Path) -> tuple[int, float]:
    """Epoch and accuracy that all of a resumed trial's files agree on."""
    again = Results(experiment_dir, "accuracy")
    trial, epoch = again.trials["trial-001"], again.states()["trial-001"].epoch
    model = store.checkpoint_dir(experiment_dir, "trial-001") / "model.json"
    predictions = store.load_predictions(store.predictions_path(experiment_dir, "trial-001"))
    accuracy = float((predictions.predicted == predictions.labels).mean())
    assert model.read_text() == f"trial-001 {epoch}"
    assert [each.epoch for each in trial.evaluations] == list(range(1, epoch + 1))
    assert (trial.best_epoch, trial.score("accuracy")) == (epoch, accuracy)
    assert not list(experiment_dir.rglob(".next*"))
    return epoch, accuracy


def test_what_a_killed_engine_was_putting_together_is_deleted(results: Results) -> None:
    with journal.scratch(results.experiment_dir) as folder:
        Path(folder, "model.safetensors").touch()
        Results(results.experiment_dir, "accuracy")
        assert not Path(folder).exists()


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
        folder = tmp_path / f"{epoch}" / f"epoch-{epoch:04d}"
        folder.mkdir(parents=True)
        (folder / "model.json").write_text(str(epoch))
        save_state(folder.parent, epoch)
        results.evaluated("trial-000", evaluation(epoch, 0.5), folder.parent)
    kept = [
        store.epoch_dir(results.experiment_dir, "trial-000", f"epoch-{epoch:04d}") / "model.json"
        for epoch in (2, 4)
    ]
    assert [path.read_text() for path in kept] == ["2", "4"]


class StatesElsewhere:
    """States in a place without paths, as an object store is."""

    def __init__(self) -> None:
        self.by_trial: dict[str, KeptState] = {}

    def keep(self, trial_id: str, checkpoint: Path) -> Mapping[str, Path]:
        state = resume_state.find(checkpoint)
        assert state is not None
        self.by_trial[trial_id] = state.for_other_machines()
        return {}

    def find(self, trial_id: str, epoch: int) -> KeptState | None:
        state = self.by_trial.get(trial_id)
        return state if state is not None and state.epoch == epoch else None

    def forget(self, trial_id: str) -> None:
        self.by_trial.pop(trial_id, None)


def test_states_may_be_kept_outside_the_experiments_directory(
    make_experiment: Callable[..., Path], tmp_path: Path
) -> None:
    directory, states = make_experiment("elsewhere", state="running"), StatesElsewhere()
    results = Results(directory, "accuracy", states)
    results.plan(PLAN)
    score(results, tmp_path / "c", "trial-001", 1, 0.5)
    score(results, tmp_path / "c", "trial-001", 2, 0.6)
    assert not store.state_dir(directory, "trial-001").exists()
    again = Results(directory, "accuracy", states)
    assert {trial_id: state.epoch for trial_id, state in again.states().items()} == {"trial-001": 2}
    again.plan(PLAN)
    assert again.trials["trial-001"].flags == [Flag.RESUMED]
    score(again, tmp_path / "c", "trial-001", 3, 0.7, End(TrialState.COMPLETED))
    assert states.by_trial == {}
