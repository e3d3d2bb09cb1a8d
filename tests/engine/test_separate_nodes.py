"""A cluster whose machines share nothing with the engine but Ray: one dies, another one joins."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from automl.experiments import launcher, store
from automl.experiments.records import ExperimentRecord, Flag, TrialRecord, TrialState
from automl.jobs.job import Job
from tests.engine.raylets import Raylets, can_hide
from tests.faults import scenario, victims

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not can_hide(), reason="mount namespaces are not allowed here"),
]
_EPOCHS = 8
_SECONDS = 600


class Outcome(NamedTuple):
    """The experiment after its only trial is complete, and what was seen on the way."""

    directory: Path
    trial: TrialRecord
    first_worker: int
    killed: str
    """The node that was killed in the middle of the trial."""


@pytest.fixture(scope="module")
def outcome() -> Iterator[Outcome]:
    """One trial on the only node, which is killed; then another one joins."""
    with tempfile.TemporaryDirectory(prefix="automl-", dir="/tmp") as place:
        folder = Path(place)
        raylets = Raylets(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AUTOML_HOME", str(folder / "home"))
            for name, value in raylets.environment.items():
                patch.setenv(name, value)
            directory = launcher.create(_job(scenario.draw(folder / "data"), raylets.address))
            try:
                raylets.start_head()
                raylets.join("one")
                raylets.wait_until_joined()
                yield _disturbed(directory, raylets)
            finally:
                victims.kill("engine", directory)
                raylets.stop()


def _job(pictures: Path, address: str) -> Job:
    return Job.from_dict(
        {
            "training_data": {"path": pictures},
            "training_parameters": {**scenario.PARAMETERS, "number_of_epochs": _EPOCHS},
            "resources_per_trial": {"cpu": 1},
            "ray_address": address,
        }
    )


def _disturbed(directory: Path, raylets: Raylets) -> Outcome:
    first: list[tuple[int, str]] = []

    def disturb(_: ExperimentRecord) -> None:
        for trial in store.load_trials(directory):
            if len(trial.evaluations) >= 2 and not first:
                worker = int(trial.effective["worker"].split()[1])
                name = raylets.node_of(psutil.Process(worker))
                first.append((worker, name))
                raylets.kill(name)
                raylets.join("late")

    launcher.start(directory)
    waiting = scenario.Waiting(_SECONDS)
    assert waiting.until(lambda: _is_over(directory, disturb), every=0.02), scenario.log(directory)
    trials = store.load_trials(directory)
    assert first, (launcher.record(directory).message, scenario.log(directory))
    (trial,) = trials
    return Outcome(directory, trial, *first[0])


def _is_over(directory: Path, disturb: Callable[[ExperimentRecord], None]) -> bool:
    record = launcher.record(directory)
    disturb(record)
    trials = store.load_trials(directory)
    return record.state.is_finished or any(trial.state.is_finished for trial in trials)


def test_the_trial_goes_on_elsewhere_from_its_last_evaluation(outcome: Outcome) -> None:
    trial = outcome.trial
    assert trial.state is TrialState.COMPLETED, (trial.error, scenario.log(outcome.directory))
    assert [evaluation.epoch for evaluation in trial.evaluations] == list(range(1, _EPOCHS + 1))
    assert Flag.RESUMED in trial.flags
    assert int(trial.effective["worker"].split()[1]) != outcome.first_worker


def test_a_machine_that_joins_during_the_search_is_asked_and_used(outcome: Outcome) -> None:
    assert outcome.killed == "one"  # so the trial has ended on the other one
    notes = launcher.record(outcome.directory).notes
    assert [note for note in notes if "has joined the cluster. Trials run there, too." in note]


def test_the_engine_alone_writes_the_experiment(outcome: Outcome) -> None:
    """Models came through Ray: the nodes see neither the experiment nor its pictures."""
    directory, trial = outcome.directory, outcome.trial
    assert (store.checkpoint_dir(directory, trial.trial_id) / "model.safetensors").is_file()
    predictions = store.load_predictions(store.predictions_path(directory, trial.trial_id))
    assert len(predictions.labels) == trial.effective["num_validation_images"]
