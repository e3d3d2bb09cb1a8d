"""An experiment that is disturbed and resumed, and its required outcome."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from automl.experiments import launcher, store
from automl.experiments.records import ExperimentRecord, ExperimentState, TrialState
from automl.jobs.job import Job
from automl.prediction.inference import Prediction, Predictor
from tests.faults import victims

_NUM_TRIALS = 3
_EPOCHS = 6
PARAMETERS = {
    "model_name": "test_resnet",
    "pretrained": "never",
    "training_crop_size": 48,
    "training_batch_size": 4,
    "number_of_epochs": _EPOCHS,
    "optimizer": "adamw",
    "early_stopping": False,
    "model_ema": True,
}
JOBS: dict[str, dict[str, Any]] = {
    # trials that depend on those before: the sampler's and the policy's state are kept as well
    "one by one": {
        "search_space": [
            {"learning_rate": {"type": "loguniform", "min_value": -7, "max_value": -4}}
        ],
        "sweep": {
            "sampling_algorithm": "bayesian",
            "early_termination": {"type": "median_stopping", "delay_evaluation": 4},
        },
    },
    "two at a time": {
        "search_space": [{"learning_rate": {"type": "choice", "values": [0.005, 0.002]}}],
        "sweep": {"sampling_algorithm": "random"},
    },
}


def create(pictures: Path, kind: str, name: str, *, experiments_dir: Path | None = None) -> Path:
    limits = {
        "max_trials": _NUM_TRIALS,
        "max_concurrent_trials": 1 if kind == "one by one" else 2,
    }
    job = {
        "training_data": {"path": pictures},
        "training_parameters": PARAMETERS,
        "limits": limits,
        "resources_per_trial": {"cpu": 1},  # as many threads whatever runs beside it
        "seed": 3,
    }
    asked = Job.from_dict({**job, **JOBS[kind]})
    return launcher.create(asked, name=name, experiments_dir=experiments_dir)


def draw(folder: Path) -> Path:
    """60 pictures of three colours on noise, like the engine's tests."""
    rng = np.random.default_rng(0)
    for index, label in enumerate(("blue", "green", "red")):
        (folder / label).mkdir(parents=True)
        for number in range(20):
            pixels = rng.integers(0, 120, size=(36, 48, 3), dtype=np.uint8)
            pixels[8:28, 10:38, 2 - index] = 220
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder


def wait_until_training(experiment_dir: Path, *, seconds: float = 600) -> None:
    assert Waiting(seconds).until(lambda: _is_training(experiment_dir))


def _is_preparing(experiment_dir: Path) -> bool:
    return store.load_experiment(experiment_dir).state is ExperimentState.PREPARING


def _is_training(experiment_dir: Path) -> bool:
    """In the middle of the search: something is scored, something is not."""
    trials = store.load_trials(experiment_dir)
    scored = sum(len(trial.evaluations) for trial in trials)
    is_running = any(t.state is TrialState.RUNNING and "worker" in t.effective for t in trials)
    return is_running and scored >= 2


def _is_saving(experiment_dir: Path) -> bool:
    """A checkpoint is on its way from the worker, or being taken over."""
    trials = experiment_dir / "trials"
    return _is_training(experiment_dir) and (
        any(trials.glob("*/.next*")) or any((experiment_dir / "tune").glob("*/*/checkpoint_*/*"))
    )


def _is_exporting(experiment_dir: Path) -> bool:
    return store.load_experiment(experiment_dir).message.startswith("Exporting")


MOMENTS: dict[str, tuple[Callable[[Path], bool], float]] = {
    "preparation": (_is_preparing, 4.0),
    "epoch": (_is_training, 0.6),
    "checkpoint": (_is_saving, 0.02),
    "export": (_is_exporting, 2.0),
}
"""When it begins, and within how many seconds after that the blow falls."""


BY_THEMSELVES = ("worker", "fork server")
"""Victims without which the engine goes on."""


class EpochLostError(AssertionError):
    """An epoch that was recorded was trained again."""


class TrialLostError(AssertionError):
    """A trial is gone, or there is one too many."""


@dataclass(frozen=True)
class Outcome:
    """Cost of one kill."""

    victim: str
    moment: str
    is_hit: bool
    """True if it came in time: the experiment may have ended before."""

    epochs_recorded: int
    """At the blow."""

    resume_seconds: float
    """From the wish to go on to the next evaluation or the end; 0 if nobody had to ask."""


class Waiting:
    """For something, with an end."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def until(self, is_true: Callable[[], bool], *, every: float = 0.005) -> bool:
        while not is_true():
            if time.monotonic() > self._until:
                return False
            time.sleep(every)
        return True


def strike(  # noqa: PLR0913
    experiment_dir: Path,
    victim: str,
    moment: str,
    chance: random.Random,
    *,
    while_down: Callable[[], object] = bool,
    seconds: float = 600,
) -> Outcome:
    """Kill the victim at the moment, see that nothing recorded is lost, have it go on."""
    begins, within = MOMENTS[moment]
    waiting = Waiting(seconds)
    is_over = lambda: launcher.record(experiment_dir).state.is_finished  # noqa: E731
    every = 0.001 if moment == "checkpoint" else 0.02  # that is over in milliseconds
    waiting.until(lambda: begins(experiment_dir) or is_over(), every=every)
    time.sleep(chance.random() * within)
    num_killed = 0 if is_over() else victims.kill(victim, experiment_dir)
    before = _recorded(experiment_dir)
    started = time.monotonic()
    ends = victim not in BY_THEMSELVES
    if num_killed and ends:
        assert waiting.until(
            lambda: is_over() and not launcher.is_running(experiment_dir), every=0.05
        ), f"the engine hangs after the {victim} was killed: {log(experiment_dir)}"
        before = _recorded(experiment_dir)
        started = time.monotonic()
        assert launcher.state(experiment_dir) is not ExperimentState.COMPLETED
        while_down()
        launcher.resume(experiment_dir)
    waiting.until(lambda: _recorded(experiment_dir) != before or is_over(), every=0.05)
    assert_kept(experiment_dir, before)
    took = time.monotonic() - started if num_killed and ends else 0.0
    return Outcome(victim, moment, num_killed > 0, sum(map(len, before.values())), took)


def _recorded(experiment_dir: Path) -> dict[str, list[Any]]:
    """Every evaluation, with the moment it ended."""
    return {
        trial.trial_id: [(each.epoch, each.finished_at) for each in trial.evaluations]
        for trial in store.load_trials(experiment_dir)
    }


def assert_kept(experiment_dir: Path, before: dict[str, list[Any]]) -> None:
    """No finished epoch is trained again: it has its old time, and others only follow it."""
    after = _recorded(experiment_dir)
    for trial_id, evaluations in before.items():
        kept = after.get(trial_id, [])[: len(evaluations)]
        if kept != evaluations:
            raise EpochLostError(f"{trial_id} was {evaluations}, and became {kept}")


def finish(experiment_dir: Path, *, seconds: float = 600) -> ExperimentRecord:
    Waiting(seconds).until(
        lambda: (
            launcher.record(experiment_dir).state.is_finished
            and not launcher.is_running(experiment_dir)
        ),
        every=0.05,
    )
    return launcher.record(experiment_dir)


def assert_same(experiment_dir: Path, undisturbed: Path) -> None:
    """Every trial, every number and the model itself are those of the undisturbed experiment."""
    folders = (experiment_dir, undisturbed)
    record, wanted = map(store.load_experiment, folders)
    assert record.state is ExperimentState.COMPLETED, (record.message, record.details)
    assert (record.best_trial, record.best_score) == (wanted.best_trial, wanted.best_score)
    trials, others = map(store.load_trials, folders)
    ids, wanted_ids = ([trial.trial_id for trial in each] for each in (trials, others))
    if ids != wanted_ids:
        raise TrialLostError(f"{ids} instead of {wanted_ids}")
    assert [_facts(trial) for trial in trials] == [_facts(trial) for trial in others]
    for trial in trials:
        a, b = (
            store.load_predictions(store.predictions_path(folder, trial.trial_id))
            for folder in folders
        )
        assert np.array_equal(a.probabilities, b.probabilities), trial.trial_id
    models = [store.best_model_dir(folder) for folder in folders]
    pictures = sorted(Path(store.load_job(undisturbed).training_data.path).rglob("1*.png"))
    given, expected = (Predictor(model).predict(pictures) for model in models)
    for one, other in zip(given, expected, strict=True):
        assert isinstance(one, Prediction)
        assert isinstance(other, Prediction)
        assert one.probabilities == other.probabilities
    settings, others_settings = (_settings(model) for model in models)
    assert settings == {**others_settings, "experiment": experiment_dir.name}
    left = [path for path in experiment_dir.rglob("*") if path.name in (".next", "state")]
    assert left == []


def _settings(model: Path) -> dict[str, Any]:
    """Those that do not depend on whether each training picture can still be read."""
    settings: dict[str, Any] = json.loads((model / "settings.json").read_bytes())
    return {key: value for key, value in settings.items() if key != "unlike"}


def _facts(trial: Any) -> dict[str, Any]:
    numbers = [
        (each.epoch, each.metrics, each.train_loss, each.valid_loss) for each in trial.evaluations
    ]
    keys = ("trial_id", "number", "state", "reason", "hyperparameters", "proposal", "best_epoch")
    intervals = ("score_low", "score_high")
    return {
        "evaluations": numbers,
        **{key: getattr(trial, key) for key in (*keys, *intervals)},
    }


def log(experiment_dir: Path) -> str:
    return store.log_path(experiment_dir).read_text("utf-8", "replace")[-3000:]
