"""`python -m tests.faults.machines [-n 20]`: machines of a cluster that die, one after the other.

The machine that trains a trial is killed at a random moment after each further evaluation, and
another one joins. In the end nothing is lost or doubled, and every number is that of a training
that nobody disturbed. Exit code 1 if not.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from automl.dataset import manifest
from automl.experiments import launcher, store
from automl.experiments.records import TrialRecord, TrialState
from automl.jobs.compatibility import resolve
from automl.jobs.job import Job
from automl.training import trial_data
from tests.engine.raylets import Raylets
from tests.faults import scenario, victims

_EPOCHS_OF_A_BLOW = 3
_PARAMETERS = {**scenario.PARAMETERS, "training_batch_size": 2}
_SECONDS = 300.0


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="automl-", dir="/tmp") as place:
        raylets = Raylets(Path(place))
        os.environ.update(raylets.environment, AUTOML_HOME=str(Path(place, "home")))
        job = _job(scenario.draw(Path(place, "data")), raylets.address, options.number)
        directory = launcher.create(job)
        try:
            raylets.start_head()
            raylets.join("0")
            launcher.start(directory)
            seconds = [
                _strike(directory, raylets, number, random.Random(number))
                for number in range(options.number)
            ]
            scenario.Waiting(_SECONDS).until(lambda: _trial(directory).state.is_finished, every=0.5)
        finally:
            victims.kill("engine", directory)
            raylets.stop()
        problems = _problems(_trial(directory), job)
    said = f"{len(seconds)} machines killed; it went on after {max(seconds):.0f} s at most."
    sys.stdout.write(f"{said} {problems or 'Nothing was lost.'}\n")
    return 1 if problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.machines", description=__doc__)
    parser.add_argument("-n", "--number", type=int, default=20, help="machines to kill")
    return parser.parse_args()


def _job(pictures: Path, address: str, num_blows: int) -> Job:
    return Job.from_dict(
        {
            "training_data": {"path": pictures},
            "training_parameters": {
                **_PARAMETERS,
                "number_of_epochs": _EPOCHS_OF_A_BLOW * (num_blows + 2),
            },
            "resources_per_trial": {"cpu": 1},
            "ray_address": address,
        }
    )


def _trial(directory: Path) -> TrialRecord:
    (trial,) = store.load_trials(directory)
    return trial


def _strike(directory: Path, raylets: Raylets, number: int, chance: random.Random) -> float:
    """Kill the machine of the trial; returns the seconds until the next evaluation."""
    _wait_for_more(directory, 0 if number == 0 else len(_trial(directory).evaluations))
    time.sleep(chance.random())
    before = _trial(directory)
    worker = psutil.Process(int(before.effective["worker"].split()[1]))
    raylets.kill(raylets.node_of(worker))
    raylets.join(str(number + 1))
    started = time.monotonic()
    after = _wait_for_more(directory, len(before.evaluations), raylets.start_again)
    kept = after.evaluations[: len(before.evaluations)]
    assert kept == before.evaluations, f"blow {number}: an evaluation is gone or was made again"
    return time.monotonic() - started


def _wait_for_more(
    directory: Path, num_evaluations: int, meanwhile: Callable[[], None] = lambda: None
) -> TrialRecord:
    def has_more() -> bool:
        meanwhile()
        trials = store.load_trials(directory)
        return bool(trials) and len(trials[0].evaluations) > num_evaluations

    assert scenario.Waiting(_SECONDS).until(has_more, every=0.02), scenario.log(directory)
    return _trial(directory)


def _problems(trial: TrialRecord, job: Job) -> list[str]:
    import torch

    from automl.training.trial_training import Placement, TrialTraining

    asked = resolve(job.training_parameters)
    found = trial_data.prepare(manifest.build(job), [asked], progress=lambda *_: None)
    (data,) = found.values()
    training = TrialTraining(asked, data, Placement(torch.device("cpu"), num_threads=1))
    losses = []
    while not training.is_done:
        losses.append(training.advance(lambda: False)[0].valid_loss)
    problems = []
    if trial.state is not TrialState.COMPLETED:
        problems.append(f"the trial is {trial.state}: {trial.reason} {trial.error}")
    if [evaluation.epoch for evaluation in trial.evaluations] != list(range(1, len(losses) + 1)):
        problems.append("epochs are missing or doubled")
    if [evaluation.valid_loss for evaluation in trial.evaluations] != losses:
        problems.append("numbers differ from those of the undisturbed trial")
    return problems


if __name__ == "__main__":
    sys.exit(main())
