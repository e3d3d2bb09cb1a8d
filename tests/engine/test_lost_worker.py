"""A worker that the system kills: real processes, real Ray, a real signal."""

import os
import signal
from pathlib import Path

import pytest

from automl.experiments import launcher, store
from automl.experiments.records import ExperimentRecord, Flag, TrialState
from automl.jobs.compatibility import resolve
from automl.jobs.job import Job
from tests.small_training import TINY, make_data
from tests.training.test_trial_training import run, train

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("head")]
LONG = {**TINY, "number_of_epochs": 12, "early_stopping": False, "model_ema": True}


def test_a_killed_worker_costs_no_evaluation_and_changes_no_number(shapes: Path) -> None:
    job = Job.from_dict(
        {
            "training_data": {"path": shapes},
            "training_parameters": LONG,
            "resources_per_trial": {"cpu": 1},  # as many threads as the undisturbed run
        }
    )
    directory = launcher.create(job)
    killed: list[int] = []

    def kill_after_the_second_evaluation(_: ExperimentRecord) -> None:
        for trial in store.load_trials(directory):
            if len(trial.evaluations) >= 2 and not killed:
                killed.append(int(trial.effective["worker"].split()[1]))
                os.kill(killed[0], signal.SIGKILL)

    launcher.start(directory)
    launcher.wait(directory, kill_after_the_second_evaluation, poll_seconds=0.02)
    (trial,) = store.load_trials(directory)
    assert trial.state is TrialState.COMPLETED
    assert trial.effective["worker"].split()[1] != str(killed[0])
    assert Flag.RESUMED in trial.flags
    assert "Its worker died, and another went on from the last evaluation." in trial.notes
    assert [evaluation.epoch for evaluation in trial.evaluations] == list(range(1, 13))
    undisturbed = run(train(make_data(shapes, resolve(LONG)), **LONG))
    assert [evaluation.valid_loss for evaluation in trial.evaluations] == undisturbed
