"""A worker that the system kills, and a user who stops: real processes, real Ray, a real signal."""

import os
import signal
from pathlib import Path

import pytest

from automl.experiments import launcher, store
from automl.experiments.records import ExperimentRecord, ExperimentState, Flag, TrialState
from automl.jobs.compatibility import resolve
from automl.jobs.job import Job
from tests.small_training import TINY, make_data
from tests.training.test_trial_training import run, train

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("head")]
LONG = {**TINY, "number_of_epochs": 12, "early_stopping": False, "model_ema": True}


@pytest.fixture(scope="module")
def disturbed(shapes: Path, head_home: Path) -> tuple[Path, list[int]]:
    """An experiment whose first worker is killed, and that is stopped after the first of two
    trials; and the killed process."""
    job = Job.from_dict(
        {
            "training_data": {"path": shapes},
            "training_parameters": LONG,
            "search_space": [{"learning_rate": {"type": "choice", "values": [0.005, 0.002]}}],
            "sweep": {"sampling_algorithm": "grid"},
            "limits": {"max_trials": 2, "max_concurrent_trials": 1},
            "resources_per_trial": {"cpu": 1},  # as many threads as the undisturbed run
        }
    )
    killed: list[int] = []

    def disturb(_: ExperimentRecord) -> None:
        for trial in store.load_trials(directory):
            if trial.state is TrialState.COMPLETED:
                launcher.stop(directory)
            if len(trial.evaluations) >= 2 and not killed:
                killed.append(int(trial.effective["worker"].split()[1]))
                os.kill(killed[0], signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(head_home))
        directory = launcher.create(job)
        launcher.start(directory)
        launcher.wait(directory, disturb, poll_seconds=0.02)
    return directory, killed


def test_a_killed_worker_costs_no_evaluation_and_changes_no_number(
    disturbed: tuple[Path, list[int]], shapes: Path
) -> None:
    directory, killed = disturbed
    trial, *_ = store.load_trials(directory)
    assert trial.state is TrialState.COMPLETED
    assert trial.effective["worker"].split()[1] != str(killed[0])
    assert Flag.RESUMED in trial.flags
    assert "Its worker died, and another went on from the last evaluation." in trial.notes
    assert [evaluation.epoch for evaluation in trial.evaluations] == list(range(1, 13))
    undisturbed = run(train(make_data(shapes, resolve(LONG)), **LONG))
    assert [evaluation.valid_loss for evaluation in trial.evaluations] == undisturbed


def test_an_experiment_that_is_stopped_keeps_the_best(disturbed: tuple[Path, list[int]]) -> None:
    done = store.load_experiment(disturbed[0])
    ended, *others = store.load_trials(disturbed[0])
    assert (done.state, done.best_trial) == (ExperimentState.STOPPED, ended.trial_id)
    assert all(trial.state is not TrialState.COMPLETED for trial in others)
    assert (store.best_model_dir(disturbed[0]) / "model.onnx").is_file()
