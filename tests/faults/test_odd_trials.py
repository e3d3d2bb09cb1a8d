"""Trials that hang, and a machine whose memory is short: real Ray, real processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from automl.engine import failures, ray_settings
from automl.engine.planning import Resources, with_fewer_trials
from automl.experiments import store
from automl.experiments.records import TrialRecord, TrialState

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("head")]


def run(kind: str, folder: Path) -> tuple[list[TrialRecord], str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.odd_trials", kind, str(folder)],
        env={**os.environ, **ray_settings.connection()},
        timeout=600,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return store.load_trials(folder / "experiments" / "odd"), done.stdout.splitlines()[-1]


def test_a_trial_that_falls_silent_goes_on_in_another_worker_and_a_slow_one_in_its_own(
    tmp_path: Path,
) -> None:
    (first, second), ending = run("HangsOrComputes", tmp_path)
    assert [first.state, second.state] == [TrialState.COMPLETED] * 2
    assert [evaluation.epoch for evaluation in first.evaluations] == [1, 2, 3, 4, 5]
    assert any("Its worker did nothing for" in note for note in first.notes)
    assert not second.notes
    assert ending == "None"


@pytest.mark.nightly  # one that falls silent once is in the test above
def test_a_trial_that_falls_silent_again_fails_and_says_so(tmp_path: Path) -> None:
    (first, second), ending = run("HangsAlways", tmp_path)
    assert (first.state, second.state) == (TrialState.FAILED, TrialState.COMPLETED)
    assert "for the second time" in first.reason
    assert first.error is not None
    assert "start the experiment again" in first.error.next_step
    assert ending == "None"


def test_a_search_whose_memory_is_short_is_cut_to_go_on_with_fewer_trials(tmp_path: Path) -> None:
    trials, ending = run("NoMemory", tmp_path)
    assert "is_memory_short=True" in ending
    cut = [trial for trial in trials if trial.was_cut_short]
    assert cut
    assert all(trial.state is not TrialState.FAILED for trial in trials)
    fewer = with_fewer_trials(Resources(2, 1, 0, []))
    assert fewer.max_concurrent_trials == 1
    assert "1 at a time run now instead of 2" in fewer.notes[0]


def test_a_gpu_that_fails_is_taken_out_and_its_trial_goes_on_with_another(tmp_path: Path) -> None:
    """On a cluster that says it has two GPUs: what Ray does with them needs none."""
    trials, ending = run("LosesGpu", tmp_path)
    assert [trial.state for trial in trials] == [TrialState.COMPLETED] * 2
    assert [len(trial.evaluations) for trial in trials] == [5, 5]
    assert ending == "None"
    lost = (tmp_path / "lost").readlink()
    notes = store.load_experiment(tmp_path / "experiments" / "odd").notes
    assert notes == [f"GPU {lost} failed and is not used any more; look at the machine's log."]


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("CUDA error: uncorrectable ECC error encountered", True),
        ("CUDA error: an illegal memory access was encountered", True),
        ("CUDA error: out of memory", False),
        ("shapes cannot be multiplied", False),
    ],
)
def test_what_counts_as_a_failed_gpu(text: str, failed: bool) -> None:
    assert failures.is_gpu_failed(RuntimeError(text)) is failed
