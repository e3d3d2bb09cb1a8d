"""Trials that hang, and a machine whose memory is short: real Ray, real processes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from automl.engine import failures, ray_settings
from automl.engine.resources import Resources, with_fewer_trials
from automl.experiments import store
from automl.experiments.records import TrialRecord, TrialState

pytestmark = pytest.mark.engine


class Searched(NamedTuple):
    """A search of two trials, and the text of its ending."""

    directory: Path
    ending: str

    @property
    def trials(self) -> list[TrialRecord]:
        return store.load_trials(self.directory)


def run(folder: Path, *kinds: str) -> dict[str, Searched]:
    # as our head has it: at Ray's own niceness the workers would wait for all other tests
    environment = {**ray_settings.connection(), **ray_settings.HEAD}
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.odd_trials", str(folder), *kinds],
        env={**os.environ, **environment},
        timeout=600,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    endings = done.stdout.splitlines()[-len(kinds) :]
    return {
        kind: Searched(folder / kind, ending) for kind, ending in zip(kinds, endings, strict=True)
    }


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Searched]:
    """Searches on one cluster, since each takes seconds to start."""
    folder = tmp_path_factory.mktemp("odd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(folder / "home"))
        return run(folder, "HangsOrComputes", "NoMemory", "LosesGpu")


def test_a_trial_that_falls_silent_goes_on_in_another_worker_and_a_slow_one_in_its_own(
    searched: dict[str, Searched],
) -> None:
    first, second = searched["HangsOrComputes"].trials
    assert [first.state, second.state] == [TrialState.COMPLETED] * 2
    assert [evaluation.epoch for evaluation in first.evaluations] == [1, 2, 3, 4, 5]
    assert any("Its worker did nothing for" in note for note in first.notes)
    assert not second.notes
    assert searched["HangsOrComputes"].ending == "None"


@pytest.mark.nightly  # one that falls silent once is in the test above
def test_a_trial_that_falls_silent_again_fails_and_says_so(tmp_path: Path) -> None:
    found = run(tmp_path, "HangsAlways")["HangsAlways"]
    first, second = found.trials
    assert (first.state, second.state) == (TrialState.FAILED, TrialState.COMPLETED)
    assert "for the second time" in first.reason
    assert first.error is not None
    assert "start the experiment again" in first.error.next_step
    assert found.ending == "None"


def test_a_search_whose_memory_is_short_is_cut_to_go_on_with_fewer_trials(
    searched: dict[str, Searched],
) -> None:
    trials = searched["NoMemory"].trials
    assert "is_memory_short=True" in searched["NoMemory"].ending
    cut = [trial for trial in trials if trial.was_cut_short]
    assert cut
    assert all(trial.state is not TrialState.FAILED for trial in trials)
    fewer = with_fewer_trials(Resources(2, 1, 0, []))
    assert fewer.max_concurrent_trials == 1
    assert "1 at a time run now instead of 2" in fewer.notes[0]


def test_a_gpu_that_fails_is_taken_out_and_its_trial_goes_on_with_another(
    searched: dict[str, Searched],
) -> None:
    """On a cluster that says it has two GPUs: what Ray does with them needs none."""
    found = searched["LosesGpu"]
    assert [trial.state for trial in found.trials] == [TrialState.COMPLETED] * 2
    assert [len(trial.evaluations) for trial in found.trials] == [5, 5]
    assert found.ending == "None"
    lost = (found.directory.parent / "lost").readlink()
    notes = store.load_experiment(found.directory).notes
    assert notes == [f"GPU {lost} failed and is not used any more; look at the machine's log."]


@pytest.mark.nightly  # two processes train like one in tests/training/test_devices.py
def test_early_stopping_ends_a_trial_on_two_devices(tmp_path: Path) -> None:
    found = run(tmp_path, "OnTwoDevices")["OnTwoDevices"]
    (trial,) = found.trials
    assert (trial.state, found.ending) == (TrialState.COMPLETED, "None")
    assert trial.effective["device"] == "2 x cpu"
    assert [evaluation.epoch for evaluation in trial.evaluations] == [1, 2, 3]
    assert trial.best_epoch == 1
    assert trial.reason == "No improvement for 2 evaluations."


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
