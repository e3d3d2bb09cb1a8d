"""The whole engine: real processes, real Ray, real training on pictures of a few pixels."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl.dataset import manifest
from automl.experiments import launcher, store
from automl.experiments.records import Evidence, ExperimentRecord, ExperimentState, TrialState
from automl.jobs.job import Job
from automl.prediction.inference import Prediction, Predictor
from automl.training import trial_data
from tests.small_training import TINY

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("head")]
RATES = [{"learning_rate": {"type": "choice", "values": [0.005, 0.002]}}]
_LEARNS_NOTHING = {"learning_rate": {"type": "choice", "values": [0.0]}}


@pytest.fixture(scope="module")
def run(shapes: Path, head_home: Path) -> Iterator[Callable[..., Path]]:
    """Run a job on the shapes to its end, with `control` files placed before the start."""

    def start_and_wait(*, stop_trials: tuple[str, ...] = (), **keys: Any) -> Path:
        parameters = {**TINY, **keys.pop("training_parameters", {})}
        data = {"path": shapes, **keys.pop("training_data", {})}
        job = Job.from_dict({"training_data": data, "training_parameters": parameters, **keys})
        directory = launcher.create(job)
        for trial_id in stop_trials:
            store.request_stop(directory, trial_id)
        launcher.start(directory)
        launcher.wait(directory)
        return directory

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(head_home))
        yield start_and_wait


@pytest.fixture(scope="module")
def mixed(run: Callable[..., Path]) -> Path:
    """An experiment of four trials: one that the user stops, one that fails, one that completes,
    and one that learns nothing, which the policy stops."""
    learns = {"pretrained": "never", "learning_rate": {"type": "choice", "values": [0.005]}}
    return run(
        limits={"max_trials": 4},
        search_space=[learns, {**learns, "pretrained": "required"}, learns, _LEARNS_NOTHING],
        sweep={
            "sampling_algorithm": "grid",
            "early_termination": {"type": "bandit", "slack_factor": 0.1, "delay_evaluation": 3},
        },
        stop_trials=("trial-000",),
        training_parameters={"number_of_epochs": 8},
    )


def record(directory: Path) -> ExperimentRecord:
    found = store.load_experiment(directory)
    assert found.failure != "engine", found.details
    return found


@pytest.fixture(scope="module")
def pair(run: Callable[..., Path], shapes: Path) -> Path:
    """An experiment of two trials at a time, on a table of pictures that belong to persons."""
    pictures = sorted(shapes.rglob("*.png"))
    rows = [f"{path},{path.parent.name},{index // 4}" for index, path in enumerate(pictures)]
    table = shapes.parent / "grouped.csv"
    table.write_text("\n".join(["image,label,person", *rows]))
    return run(
        training_data={"path": table, "group_column": "person"},
        seed=7,
        limits={"max_trials": 2, "max_concurrent_trials": 2},
        search_space=RATES,
        training_parameters={"number_of_epochs": 8, "checkpoint_frequency": 3},
    )


def test_two_trials_at_a_time_end_with_a_model_that_answers_alike(pair: Path, shapes: Path) -> None:
    directory, done = pair, record(pair)
    trials = store.load_trials(directory)
    assert done.state is ExperimentState.COMPLETED
    assert [trial.state for trial in trials] == [TrialState.COMPLETED] * 2
    assert all(len(trial.evaluations) >= 1 for trial in trials)
    assert all(trial.effective["num_threads"] == done.threads_per_trial for trial in trials)
    assert len({trial.effective["latency_ms"] for trial in trials}) == 1  # one network
    assert done.best_score is not None
    assert done.best_score > 0.6
    assert len({trial.effective["split_hash"] for trial in trials}) == 1

    samples = store.load_samples(directory).set_index("id")
    predictions = store.load_predictions(store.predictions_path(directory, str(done.best_trial)))
    assert set(samples.loc[predictions.sample_ids, "split"]) == {"validation"}
    predictor = Predictor(store.best_model_dir(directory))
    paths = [Path(samples.loc[index, "path"]) for index in predictions.sample_ids]
    for answer, expected in zip(predictor.predict(paths), predictions.probabilities, strict=True):
        assert isinstance(answer, Prediction)
        given = [answer.probabilities[label] for label in predictor.labels]
        assert np.abs(np.array(given) - expected).max() < 1e-3
    assert str(shapes) in samples["path"].iloc[0]


def test_models_of_every_third_epoch_are_kept(pair: Path) -> None:
    kept = sorted(path.name for path in (pair / "trials" / "trial-000" / "epochs").iterdir())
    assert kept == ["epoch-0003", "epoch-0006"]
    assert (pair / "trials/trial-000/epochs/epoch-0003/model.safetensors").is_file()


def test_a_trial_uses_the_split_that_is_shown(pair: Path) -> None:
    shown = manifest.look(store.load_job(pair)).samples  # as the page looks at it
    validation = shown[shown["split"] == "validation"]
    assert shown.groupby("group")["split"].nunique().max() == 1
    for trial in store.load_trials(pair):
        assert trial.effective["split_hash"] == trial_data.split_hash(shown)
        scored = store.load_predictions(store.predictions_path(pair, trial.trial_id))
        assert scored.sample_ids.tolist() == validation["id"].tolist()
        assert trial.evidence == Evidence(num_pictures=len(validation))
        assert trial.effective["num_train_images"] == len(shown) - len(validation)


def test_a_failing_trial_says_why_and_does_not_end_the_experiment(mixed: Path) -> None:
    _, failed, completed, _ = store.load_trials(mixed)
    assert record(mixed).state is ExperimentState.COMPLETED
    assert failed.state is TrialState.FAILED
    assert failed.error is not None
    assert failed.reason == failed.error.cause
    assert failed.reason.startswith(
        "pretrained is required, but for test_resnet there are no pretrained"
    )
    assert "Traceback" in failed.error.traceback
    assert "building.py" in failed.error.traceback  # names the place
    assert completed.state is TrialState.COMPLETED
    assert (store.best_model_dir(mixed) / "model.onnx").is_file()


def test_stopping_one_trial_lets_the_others_run(mixed: Path) -> None:
    stopped, *others = store.load_trials(mixed)
    assert stopped.state is TrialState.STOPPED
    assert stopped.reason == "Stopped by the user."
    assert all(trial.reason != stopped.reason for trial in others)


def test_a_trial_that_falls_behind_is_stopped_with_the_numbers(mixed: Path) -> None:
    *_, stopped = store.load_trials(mixed)
    assert stopped.state is TrialState.STOPPED
    assert not stopped.was_cut_short
    assert 3 <= len(stopped.evaluations) < 8
    assert stopped.reason.startswith("Stopped by the bandit policy at evaluation ")
    assert stopped.score_low is not None


def test_a_worker_trains_one_trial_after_the_other(mixed: Path) -> None:
    _, _, *trained = store.load_trials(mixed)
    assert len({trial.effective["worker"] for trial in trained}) == 1  # a process of a machine


def record_of_failure(directory: Path) -> ExperimentRecord:
    found = store.load_experiment(directory)
    assert found.state is ExperimentState.FAILED
    return found


@pytest.mark.nightly  # stopped in test_lost_worker.py, resumed in tests/faults/test_faults.py
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


def test_data_that_cannot_be_used_is_the_datas_fault(
    run: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "x.png").write_bytes(b"no picture")
    done = record_of_failure(run(training_data={"path": tmp_path}))
    assert done.failure == "data"
    assert "Traceback" not in done.message


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
