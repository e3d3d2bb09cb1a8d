"""How good AutoMode gets, and how soon: `python -m benchmarks.automode [NAME …]`.

The sets are tars of real photos in the folder named by AUTOML_BENCHMARK_SETS; those that are not
there are left out. Every one of them gets the same job: the pictures, and how many minutes.
"""

import os
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from automl.dataset.readers import read
from automl.experiments import launcher, store
from automl.experiments.records import TrialRecord
from automl.export import artefact
from automl.export.request import ExportRequest
from automl.jobs.job import DataSource, Job
from automl.prediction.inference import Prediction, Predictor
from benchmarks import local_head
from benchmarks.figures import Figures

_MAX_TRIALS = 50
_TEST_SHARE = 5  # one picture in so many, where the authors have held out none


@dataclass(frozen=True)
class Goal:
    """What a set is to reach."""

    minutes: int
    at_least: dict[float, float]
    """Test accuracy by minutes since the start."""

    first_row_seconds: float | None = None
    folds: int = 1
    """How many different parts are held out, one run each, where the authors have held out none."""


GOALS = {
    "trashnet": Goal(15, {2: 0.83, 15: 0.88}, first_row_seconds=60),
    "fridge_objects": Goal(3, {3: 0.90}, folds=5),
    "sign_digits": Goal(10, {10: 0.97}),
    "mnist_5k": Goal(20, {20: 0.975}),
    "cifar10_10k": Goal(20, {20: 0.75}),
}


@dataclass
class Run:
    """One experiment, read back."""

    directory: Path
    started_at: datetime
    trials: list[TrialRecord] = field(default_factory=list)

    def best_by(self, minutes: float) -> TrialRecord | None:
        """The trial whose best evaluation is the best of all that had ended by then."""
        until = self.started_at + timedelta(minutes=minutes)
        there = [
            trial
            for trial in self.trials
            if (best := trial.best_evaluation()) is not None and best.finished_at <= until
        ]
        return max(there, key=lambda trial: trial.score("accuracy") or 0.0, default=None)

    def first_row_seconds(self) -> float:
        ends = [trial.evaluations[0].finished_at for trial in self.trials if trial.evaluations]
        return (min(ends) - self.started_at).total_seconds()


def main(names: list[str]) -> None:
    sets = Path(os.environ.get("AUTOML_BENCHMARK_SETS", ""))
    measured = Figures()
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as place:
        os.environ["AUTOML_HOME"] = str(Path(place) / "home")
        try:
            for name, goal in GOALS.items():
                if (names and name not in names) or not (sets / f"{name}.tar").is_file():
                    continue
                with tarfile.open(sets / f"{name}.tar") as tar:
                    tar.extractall(place, filter="data")
                reach(Path(place) / name, name, goal, measured)
        finally:
            local_head.stop()
    measured.print_last_line()


def reach(folder: Path, name: str, goal: Goal, measured: Figures) -> None:
    listing = read(DataSource(path=folder)).pictures
    sources = [DataSource(path=folder)]
    if not (listing["split"] == "test").any():
        tables = [held_out(listing, folder, fold) for fold in range(goal.folds)]
        sources = [DataSource(path=table) for table in tables]
    runs = [run(source, goal.minutes) for source in sources]
    for one in runs:
        for trial in one.trials:
            print(f"    {describe(one, trial)}")
    if goal.first_row_seconds:
        measured.add(
            f"{name}_first_row_seconds",
            max(one.first_row_seconds() for one in runs),
            at_most=goal.first_row_seconds,
        )
    for minutes, wanted in goal.at_least.items():
        best = [one.best_by(minutes) for one in runs]
        validation = [(trial and trial.score("accuracy")) or 0.0 for trial in best]
        test = [
            test_accuracy(one.directory, trial) if trial else 0.0
            for one, trial in zip(runs, best, strict=True)
        ]
        measured.add(f"{name}_{minutes:g}min_validation", sum(validation) / len(runs))
        measured.add(f"{name}_{minutes:g}min_test", sum(test) / len(runs), at_least=wanted)


def held_out(listing: pd.DataFrame, folder: Path, fold: int) -> Path:
    """A table of the pictures, every fifth of each class for the test."""
    place = listing.groupby("label").cumcount()
    split = (place % _TEST_SHARE == fold).map({True: "test", False: "train"})
    table = pd.DataFrame({"image": listing["path"], "label": listing["label"], "split": split})
    path = folder / f"fold-{fold}.csv"
    table.to_csv(path, index=False)
    return path


def run(source: DataSource, minutes: int) -> Run:
    limits = {"max_trials": _MAX_TRIALS, "timeout_minutes": minutes}
    job = Job.from_dict({"training_data": source.model_dump(mode="json"), "limits": limits})
    directory = launcher.create(job)
    launcher.start(directory)
    record = launcher.wait(directory)
    assert record.best_score is not None, record
    return Run(directory, record.created_at, store.load_trials(directory))


def test_accuracy(directory: Path, trial: TrialRecord) -> float:
    """Of the trial's exported model, on files."""
    with tempfile.TemporaryDirectory() as place:
        model_dir = Path(place) / "model"
        artefact.export(ExportRequest(directory, trial.trial_id, "onnx", model_dir))
        samples = store.load_samples(directory)
        test = samples[samples["split"] == "test"]
        answers = Predictor(model_dir).stream(Path(path) for path in test["path"])
        labels = [one.label if isinstance(one, Prediction) else None for one in answers]
    return float((test["label"] == labels).mean())


def describe(one: Run, trial: TrialRecord) -> str:
    asked = trial.hyperparameters
    best, score = trial.best_evaluation(), trial.score("accuracy")
    if best is None or score is None:
        return f"{trial.trial_id} {trial.state.value}: {trial.reason}"
    minutes = (best.finished_at - one.started_at).total_seconds() / 60
    method = asked.get("method", "fine_tuning")
    return f"{minutes:5.1f} min  {score:.3f}  {trial.model_name}, {method}, epoch {best.epoch}"


if __name__ == "__main__":
    main(sys.argv[1:])
