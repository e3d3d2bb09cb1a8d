"""The whole engine: real processes, real Ray, real training on pictures of a few pixels."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from automl.dataset import manifest
from automl.experiments import going_on, launcher, store
from automl.experiments.going_on import Wish
from automl.experiments.records import (
    Evidence,
    ExperimentRecord,
    ExperimentState,
    Flag,
    TrialRecord,
    TrialState,
)
from automl.jobs.compatibility import resolve
from automl.jobs.job import Job
from automl.prediction.inference import Prediction, Predictor
from automl.training import trial_data
from automl.training.trial_training import TrialTraining
from tests.small_training import TINY
from tests.training.test_trial_training import CPU, run

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("head")]
PARAMETERS = {
    **TINY,
    "number_of_epochs": 12,
    "early_stopping": False,
    "model_ema": True,
    "checkpoint_frequency": 5,
}


class Eventful(NamedTuple):
    """A search in which nearly everything happens that can happen to a trial."""

    directory: Path
    killed: int
    """Process that trained `lost`, until it was killed."""

    stopped: TrialRecord
    """The user has stopped it."""

    failed: TrialRecord
    behind: TrialRecord
    """It learns nothing, and the policy stops it."""

    lost: TrialRecord
    """Its worker was killed after two evaluations."""

    other: TrialRecord
    last: TrialRecord
    """The experiment was stopped while it was in training."""

    @property
    def experiment(self) -> ExperimentRecord:
        found = store.load_experiment(self.directory)
        assert found.failure != "engine", found.details
        return found


def rate(value: float, **others: Any) -> dict[str, Any]:
    return {"learning_rate": {"type": "choice", "values": [value]}, **others}


@pytest.fixture(scope="module")
def eventful(shapes: Path, head_home: Path) -> Eventful:
    """Two trials at a time, on a table of pictures that belong to persons."""
    pictures = sorted(shapes.rglob("*.png"))
    rows = [f"{path},{path.parent.name},{index // 4}" for index, path in enumerate(pictures)]
    table = shapes.parent / "grouped.csv"
    table.write_text("\n".join(["image,label,person", *rows]))
    space = [
        rate(0.005),
        rate(0.005, pretrained="required"),
        rate(0.0, number_of_epochs=1000),  # the policy always comes first
        rate(0.005),
        rate(0.002),
        rate(0.005, number_of_epochs=1000),  # never ends by itself
    ]
    job = Job.from_dict(
        {
            "training_data": {"path": table, "group_column": "person"},
            "seed": 7,
            "training_parameters": PARAMETERS,
            "search_space": space,
            "sweep": {
                "sampling_algorithm": "grid",
                "early_termination": {"type": "bandit", "slack_factor": 1, "delay_evaluation": 3},
            },
            "limits": {"max_trials": len(space), "max_concurrent_trials": 2},
            "resources_per_trial": {"cpu": 1},  # as many threads as the undisturbed training
        }
    )
    killed: list[int] = []

    def disturb(_: ExperimentRecord) -> None:
        trials = store.load_trials(directory)
        if len(trials) < len(space):
            return  # not planned yet
        *_, lost, other, last = trials
        if len(lost.evaluations) >= 2 and not killed:
            killed.append(int(lost.effective["worker"].split()[1]))
            os.kill(killed[0], signal.SIGKILL)
        if {lost.state, other.state} == {TrialState.COMPLETED} and "worker" in last.effective:
            launcher.stop(directory)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(head_home))
        directory = launcher.create(job)
        store.request_stop(directory, "trial-000")
        launcher.start(directory)
        launcher.wait(directory, disturb, poll_seconds=0.02)
    return Eventful(directory, *killed, *store.load_trials(directory))


def test_the_best_model_answers_as_the_trial_on_the_split_that_is_shown(eventful: Eventful) -> None:
    done = eventful.experiment
    trained = (eventful.lost, eventful.other, eventful.last)  # the last one may have been scored
    assert done.best_trial in [trial.trial_id for trial in trained]
    assert done.best_score is not None
    assert done.best_score > 0.6
    assert done.data_version == "original"
    shown = manifest.look(store.load_job(eventful.directory)).samples  # as the page looks at it
    assert shown.groupby("group")["split"].nunique().max() == 1
    validation = shown[shown["split"] == "validation"]
    place = store.predictions_path(eventful.directory, str(done.best_trial))
    predictions = store.load_predictions(place)
    assert predictions.sample_ids.tolist() == validation["id"].tolist()
    predictor = Predictor(store.best_model_dir(eventful.directory))
    paths = [Path(path) for path in validation["path"]]
    for answer, expected in zip(predictor.predict(paths), predictions.probabilities, strict=True):
        assert isinstance(answer, Prediction)
        given = [answer.probabilities[label] for label in predictor.labels]
        assert np.abs(np.array(given) - expected).max() < 1e-3
    for trial in (eventful.lost, eventful.other):
        assert trial.effective["split_hash"] == trial_data.split_hash(shown)
        assert trial.evidence == Evidence(num_pictures=len(validation))
        assert trial.effective["num_train_images"] == len(shown) - len(validation)


def test_trials_at_a_time_share_the_cores_and_the_latency_of_a_network(eventful: Eventful) -> None:
    trials = [eventful.behind, eventful.lost, eventful.other]
    assert {trial.effective["num_threads"] for trial in trials} == {
        eventful.experiment.threads_per_trial
    }
    assert len({trial.effective["latency_ms"] for trial in trials}) == 1


def test_models_of_every_fifth_epoch_are_kept(eventful: Eventful) -> None:
    for trial in (eventful.lost, eventful.other):
        epochs = eventful.directory / "trials" / trial.trial_id / "epochs"
        assert sorted(path.name for path in epochs.iterdir()) == ["epoch-0005", "epoch-0010"]
        assert (epochs / "epoch-0005" / "model.safetensors").is_file()


def test_a_failing_trial_says_why_and_does_not_end_the_experiment(eventful: Eventful) -> None:
    failed = eventful.failed
    assert failed.state is TrialState.FAILED
    assert failed.error is not None
    assert failed.reason == failed.error.cause
    assert failed.reason.startswith(
        "pretrained is required, but for test_resnet there are no pretrained"
    )
    assert "Traceback" in failed.error.traceback
    assert "building.py" in failed.error.traceback  # names the place
    assert eventful.other.state is TrialState.COMPLETED


def test_stopping_one_trial_lets_the_others_run(eventful: Eventful) -> None:
    assert eventful.stopped.state is TrialState.STOPPED
    assert eventful.stopped.reason == "Stopped by the user."
    for other in (eventful.behind, eventful.lost, eventful.other):
        assert other.reason != eventful.stopped.reason


def test_a_trial_that_falls_behind_is_stopped_with_the_numbers(eventful: Eventful) -> None:
    behind = eventful.behind
    assert behind.state is TrialState.STOPPED
    assert not behind.was_cut_short
    assert 3 <= len(behind.evaluations) < 1000
    assert behind.reason.startswith("Stopped by the bandit policy at evaluation ")
    assert behind.score_low is not None


def test_a_worker_trains_one_trial_after_the_other(eventful: Eventful) -> None:
    trained = (eventful.behind, eventful.lost, eventful.other, eventful.last)
    # the one that is left and another for the killed one, whichever is free first for a trial
    assert len({trial.effective["worker"] for trial in trained}) <= 2
    assert f"process {eventful.killed} " not in eventful.lost.effective["worker"]


def test_a_killed_worker_costs_no_evaluation_and_changes_no_number(eventful: Eventful) -> None:
    trial = eventful.lost
    assert trial.state is TrialState.COMPLETED
    assert trial.effective["worker"].split()[1] != str(eventful.killed)
    assert Flag.RESUMED in trial.flags
    assert "Its worker died, and another went on from the last evaluation." in trial.notes
    assert [evaluation.epoch for evaluation in trial.evaluations] == list(range(1, 13))
    asked = resolve(trial.hyperparameters)
    data = manifest.build(store.load_job(eventful.directory))
    (pictures,) = trial_data.prepare(data, [asked], progress=lambda *_: None).values()
    undisturbed = run(TrialTraining(asked, pictures, CPU))
    assert [evaluation.valid_loss for evaluation in trial.evaluations] == undisturbed


def test_an_experiment_that_is_stopped_keeps_the_best(eventful: Eventful) -> None:
    assert eventful.experiment.state is ExperimentState.STOPPED
    assert eventful.last.state is TrialState.STOPPED
    assert eventful.last.was_cut_short
    assert (store.best_model_dir(eventful.directory) / "model.onnx").is_file()


def test_a_search_goes_on_with_what_is_left_and_with_a_trial_that_is_trained_on(
    eventful: Eventful, head_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last test of this search, which it changes."""
    monkeypatch.setenv("AUTOML_HOME", str(head_home))
    directory, source = eventful.directory, eventful.lost
    before = store.load_trials(directory)
    wish = Wish(epochs=1, trial_id=source.trial_id)
    seam = going_on.go_on(directory, wish, by="ann")
    done = launcher.wait(directory, lambda _: launcher.stop(directory, eventful.last.trial_id))
    assert done.continuations == [seam]
    assert (done.state, done.num_trials) == (ExperimentState.COMPLETED, len(before) + 1)
    *earlier, last, further = store.load_trials(directory)
    assert [_unranked(trial) for trial in earlier] == [_unranked(trial) for trial in before[:-1]]
    assert last.reason == "Stopped by the user."
    assert further.state is TrialState.COMPLETED
    assert further.hyperparameters["checkpoint_run_id"] == f"{directory.name}/{source.trial_id}"
    assert further.effective["learning_rate"] < source.effective["learning_rate"]
    assert further.score("accuracy") > 0.6
    assert store.load_job(directory).limits.max_trials == len(before) + 1
    assert (directory / "job-1.yml").is_file()


def _unranked(trial: TrialRecord) -> TrialRecord:
    """The trial without its place among equally good ones, which a further trial may change."""
    return trial.model_copy(update={"cost_rank": 0})


@pytest.mark.nightly  # stopped above, resumed in tests/faults/test_faults.py
def test_a_bayesian_search_that_is_stopped_keeps_the_best_and_a_resume_runs_the_rest(
    shapes: Path,
) -> None:
    job = Job.from_dict(
        {
            "training_data": {"path": shapes},
            "training_parameters": {**TINY, "number_of_epochs": 2},
            "limits": {"max_trials": 3},
            "search_space": [
                {
                    "learning_rate": {"type": "loguniform", "min_value": -7, "max_value": -4},
                    "training_crop_size": {"type": "choice", "values": [32, 48]},
                }
            ],
            "sweep": {"sampling_algorithm": "bayesian"},
        }
    )
    directory = launcher.create(job)

    def stop_after_the_first(now: ExperimentRecord) -> None:
        if now.best_trial is not None:
            launcher.stop(directory)

    launcher.start(directory)
    stopped = launcher.wait(directory, stop_after_the_first, poll_seconds=0.05)
    assert stopped.state is ExperimentState.STOPPED
    before = {t.trial_id: t for t in store.load_trials(directory)}
    ended = [t.trial_id for t in before.values() if t.state is TrialState.COMPLETED]

    launcher.resume(directory)
    done = launcher.wait(directory)
    assert (done.state, done.num_trials) == (ExperimentState.COMPLETED, 3)
    after = {t.trial_id: t for t in store.load_trials(directory)}
    assert set(after) >= set(before)
    assert all(after[trial_id] == before[trial_id] for trial_id in ended)
    assert [trial.state for trial in after.values()] == [TrialState.COMPLETED] * 3
    assert len({trial.hyperparameters["learning_rate"] for trial in after.values()}) == 3
    for trial in after.values():
        asked = trial.hyperparameters
        assert trial.effective["learning_rate"] == pytest.approx(asked["learning_rate"])
        assert trial.effective["training_crop_size"] == asked["training_crop_size"]


def test_a_second_engine_on_the_same_experiment_gives_way(
    running: tuple[Path, subprocess.Popen[str]],
) -> None:
    directory, _ = running
    second = subprocess.run(
        [sys.executable, "-m", "automl.engine", str(directory)], timeout=600, check=False
    )
    assert second.returncode == 3


def test_the_engines_own_process_imports_neither_torch_nor_streamlit() -> None:
    program = (
        "import sys, automl.engine.lifecycle, automl.engine.search;"
        "sys.exit(bool({'torch', 'timm', 'streamlit'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=600, env=os.environ)
