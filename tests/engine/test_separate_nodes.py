"""A cluster whose machines share nothing with the engine but Ray: one dies, another one joins."""

import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from automl.experiments import launcher, store
from automl.experiments.records import ExperimentRecord, Flag, TrialRecord, TrialState
from automl.jobs.job import Job
from tests import small_training
from tests.engine.raylets import Raylets, can_hide
from tests.faults import scenario, victims

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not can_hide(), reason="mount namespaces are not allowed here"),
]
_SECONDS = 600


class Case(NamedTuple):
    """Events of the only trial."""

    num_machines: int = 1
    num_epochs: int = 8
    is_announced: bool = False
    """Ray is told before a node is killed, as the cloud of a spot machine does."""


class Outcome(NamedTuple):
    """The experiment after its only trial is complete, and what was seen on the way."""

    case: Case
    directory: Path
    trial: TrialRecord
    first_worker: int
    killed: str
    """The node that was killed in the middle of the trial."""


@pytest.fixture(
    scope="module",
    params=[
        Case(),
        # test_ranks_elsewhere.py has a trial in two workers
        pytest.param(Case(num_machines=2), marks=pytest.mark.nightly),
        # test_ray_internals.py asks Ray for such nodes
        pytest.param(Case(num_epochs=100, is_announced=True), marks=pytest.mark.nightly),
    ],
)
def outcome(request: pytest.FixtureRequest) -> Iterator[Outcome]:
    """One trial on all nodes, one of which is killed; then another one joins."""
    case: Case = request.param
    with tempfile.TemporaryDirectory(prefix="automl-", dir="/tmp") as place:
        folder = Path(place)
        raylets = Raylets(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AUTOML_HOME", str(folder / "home"))
            for name, value in raylets.environment.items():
                patch.setenv(name, value)
            job = _job(scenario.draw(folder / "data"), raylets.address, case)
            directory = launcher.create(job)
            try:
                raylets.start_head()
                for name in ("one", "two")[: case.num_machines]:
                    raylets.join(name)
                raylets.wait_until_joined()
                yield _disturbed(directory, raylets, case)
            finally:
                victims.kill("engine", directory)
                raylets.stop()


def _job(pictures: Path, address: str, case: Case) -> Job:
    # layer norms: torch synchronises batch norms on a GPU alone
    network = "test_resnet" if case.num_machines == 1 else "test_convnext"
    return Job.from_dict(
        {
            "training_data": {"path": pictures},
            "training_parameters": {
                **scenario.PARAMETERS,
                "model_name": network,
                "number_of_epochs": case.num_epochs,
            },
            "resources_per_trial": {"cpu": case.num_machines},
            "properties": {"node_count_per_trial": str(case.num_machines)},
            "ray_address": address,
        }
    )


def _disturbed(directory: Path, raylets: Raylets, case: Case) -> Outcome:
    """Kill the node of the trial's worker; of two nodes, the one with the other process."""
    first: list[tuple[int, str]] = []

    def disturb(_: ExperimentRecord) -> None:
        for trial in store.load_trials(directory):
            if len(trial.evaluations) >= 2 and not first:
                worker = _worker(trial)
                name = raylets.node_of(psutil.Process(worker))
                name = next((each for each in raylets.nodes if each != name), name)
                first.append((worker, name))
                if case.is_announced:
                    raylets.announce_end(name)
                else:
                    raylets.kill(name)
                raylets.join("late")
            if first and first[0][1] in raylets.nodes and _worker(trial) not in (0, first[0][0]):
                raylets.kill(first[0][1])

    launcher.start(directory)
    waiting = scenario.Waiting(_SECONDS)
    assert waiting.until(lambda: _is_over(directory, disturb), every=0.02), scenario.log(directory)
    trials = store.load_trials(directory)
    assert first, (launcher.record(directory).message, scenario.log(directory))
    (trial,) = trials
    return Outcome(case, directory, trial, *first[0])


def _worker(trial: TrialRecord) -> int:
    """Process of the trial; 0 if it has none yet."""
    return int(trial.effective.get("worker", "process 0").split()[1])


def _is_over(directory: Path, disturb: Callable[[ExperimentRecord], None]) -> bool:
    record = launcher.record(directory)
    disturb(record)
    trials = store.load_trials(directory)
    return record.state.is_finished or any(trial.state.is_finished for trial in trials)


def test_the_trial_goes_on_elsewhere_from_its_last_evaluation(outcome: Outcome) -> None:
    trial = outcome.trial
    assert trial.state is TrialState.COMPLETED, (trial.error, scenario.log(outcome.directory))
    epochs = [evaluation.epoch for evaluation in trial.evaluations]
    assert epochs == list(range(1, outcome.case.num_epochs + 1))
    assert Flag.RESUMED in trial.flags
    assert _worker(trial) != outcome.first_worker


def test_a_trial_on_two_machines_that_is_disturbed_is_that_on_one_machine(outcome: Outcome) -> None:
    trial = outcome.trial
    if outcome.case.num_machines == 1:
        assert trial.effective["device"] == "cpu"
        return
    assert trial.effective["device"] == "2 x cpu"
    assert trial.effective["other_machines"] == socket.gethostname()
    job = store.load_job(outcome.directory)
    training = small_training.train(job)
    losses = [training.advance()[0].valid_loss for _ in trial.evaluations]
    found = [evaluation.valid_loss for evaluation in trial.evaluations]
    assert found == pytest.approx(losses, rel=1e-2)


def test_a_machine_that_joins_during_the_search_is_asked_and_used(outcome: Outcome) -> None:
    assert outcome.killed in ("one", "two")  # so the trial has ended on the other one
    notes = launcher.record(outcome.directory).notes
    assert [note for note in notes if "has joined the cluster. Trials run there, too." in note]
    is_known = any("is about to end, as its cloud has announced" in note for note in notes)
    assert is_known == outcome.case.is_announced


def test_the_engine_alone_writes_the_experiment(outcome: Outcome) -> None:
    """Models came through Ray: the nodes see neither the experiment nor its pictures."""
    directory, trial = outcome.directory, outcome.trial
    assert (store.checkpoint_dir(directory, trial.trial_id) / "model.safetensors").is_file()
    predictions = store.load_predictions(store.predictions_path(directory, trial.trial_id))
    assert len(predictions.labels) == trial.effective["num_validation_images"]
