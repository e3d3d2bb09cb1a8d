"""`python -m tests.faults.machines [-n 50]`: random blows to a trial on a cluster, one by one.

Each kills a machine that trains the trial, in whose place another one joins, or only its worker: in
the middle of an epoch, when the next evaluation is due, or while a checkpoint is taken over. In the
end nothing is lost or doubled, no recorded epoch was trained again, and every number is that of a
training that nobody disturbed. Exit code 1 if not.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil

from automl.experiments import launcher, store
from automl.experiments.records import TrialRecord, TrialState
from automl.jobs.job import Job
from tests import small_training
from tests.engine.raylets import Raylets
from tests.faults import scenario, victims

_EPOCHS_OF_A_BLOW = 5
_PARAMETERS = {**scenario.PARAMETERS, "training_batch_size": 2}
_SECONDS = 300.0
_MOMENTS = ("epoch", "report", "checkpoint")


class Blow(NamedTuple):
    """One kill."""

    victim: str
    moment: str
    seconds: float
    """Until the next evaluation."""


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
            blows = [
                _strike(directory, raylets, number, random.Random(options.seed + number))
                for number in range(options.number)
            ]
            scenario.Waiting(_SECONDS).until(lambda: _trial(directory).state.is_finished, every=0.5)
        finally:
            victims.kill("engine", directory)
            raylets.stop()
        problems = _problems(_trial(directory), job)
    counts = Counter((blow.victim, blow.moment) for blow in blows)
    for (victim, moment), count in sorted(counts.items()):
        sys.stdout.write(f"| {victim} | {moment} | {count} |\n")
    longest = max(blow.seconds for blow in blows)
    said = f"{len(blows)} blows; it went on after {longest:.0f} s at most."
    sys.stdout.write(f"{said} {problems or 'Nothing was lost.'}\n")
    return 1 if problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.machines", description=__doc__)
    parser.add_argument("-n", "--number", type=int, default=50, help="blows")
    parser.add_argument("--seed", type=int, default=0, help="of the victims and the moments")
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


def _strike(directory: Path, raylets: Raylets, number: int, chance: random.Random) -> Blow:
    """Wait for an evaluation by the present worker, kill, and wait for the next evaluation."""
    trial = _wait_for_more(directory, 0 if number == 0 else len(_trial(directory).evaluations))
    victim, moment = chance.choice(("machine", "worker")), chance.choice(_MOMENTS)
    worker = psutil.Process(int(trial.effective["worker"].split()[1]))
    _wait_for(moment, directory, trial, chance)
    if victim == "machine":
        raylets.kill(raylets.node_of(worker))
        raylets.join(str(number + 1))
    else:
        worker.kill()
    started = time.monotonic()
    before = _settled(directory)
    after = _wait_for_more(directory, len(before.evaluations), raylets.start_again)
    kept = after.evaluations[: len(before.evaluations)]
    assert kept == before.evaluations, f"blow {number}: an evaluation is gone or was made again"
    blow = Blow(victim, moment, time.monotonic() - started)
    sys.stderr.write(f"{number}: {blow}\n")
    return blow


def _wait_for(moment: str, directory: Path, trial: TrialRecord, chance: random.Random) -> None:
    """Return at the moment; the evaluation before has just been recorded."""
    epoch_seconds = trial.evaluations[-1].train_seconds + trial.evaluations[-1].evaluation_seconds
    if moment == "epoch":
        time.sleep(chance.random() * epoch_seconds)
    elif moment == "report":  # the state is taken and sent right after it
        time.sleep(epoch_seconds + 0.1 * chance.random())
    else:
        scenario.Waiting(_SECONDS).until(lambda: _is_taking_over(directory), every=0.001)
        time.sleep(0.02 * chance.random())


def _is_taking_over(directory: Path) -> bool:
    """A checkpoint has arrived beside the one before, or is being moved to the trial."""
    landed = len(list((directory / "tune").glob("automl-landed-*")))
    return landed > 1 or any((directory / "trials").glob("*/.next*"))


def _settled(directory: Path) -> TrialRecord:
    """The trial, once the engine has recorded what had reached it before the blow."""
    before = _trial(directory)
    while True:
        time.sleep(0.5)
        if (after := _trial(directory)).evaluations == before.evaluations:
            return after
        before = after


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
    training = small_training.train(job)
    losses = []
    while not training.is_done:
        losses.append(training.advance()[0].valid_loss)
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
