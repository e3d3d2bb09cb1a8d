"""How good AutoMode gets, and how soon: `python -m benchmarks.automode [NAME …]`.

The sets are tars of real photos in the folder named by AUTOML_BENCHMARK_SETS; those that are not
there are left out. Every one of them gets the same job: the pictures, and how many minutes.
"""

import math
import os
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import fmean

import pandas as pd

from automl.dataset.readers import read
from automl.experiments import launcher, store
from automl.experiments.records import ExperimentRecord, TrialRecord
from automl.export import artefact
from automl.export.request import ExportRequest
from automl.jobs.job import DataSource, Job
from automl.jobs.trial_numbers import MOST_TRIALS
from automl.prediction.inference import Prediction, Predictor
from benchmarks import local_head
from benchmarks.figures import Figures

_TEST_SHARE = 5  # one picture in so many, where the authors have held out none


@dataclass(frozen=True)
class Goal:
    """A time limit for a set, and what is to be reached in it."""

    set_name: str
    minutes: int
    at_least: float
    """Test accuracy of the model that is handed out."""

    first_row_seconds: float = 60.0
    folds: int = 1
    """How many different parts are held out, one run each, where the authors have held out none."""


GOALS = {
    f"{goal.set_name}_{goal.minutes}min": goal
    for goal in (
        Goal("clothing", 5, 0.90),
        Goal("clothing", 15, 0.92),
        Goal("trashnet", 5, 0.88),
        Goal("trashnet", 15, 0.91),
        Goal("fridge_objects", 3, 0.95, first_row_seconds=20, folds=5),
        Goal("sign_digits", 10, 0.985),
        Goal("mnist_5k", 20, 0.987),
        Goal("cifar10_10k", 20, 0.85),
    )
}


@dataclass(frozen=True)
class Run:
    """One experiment, read back."""

    directory: Path
    record: ExperimentRecord
    trials: list[TrialRecord]

    def seconds_until(self, moment: datetime) -> float:
        """Seconds from nothing running."""
        return (moment - self.record.created_at).total_seconds()

    def first_row_seconds(self) -> float:
        """Seconds until a trial had a score."""
        ends = [trial.evaluations[0].finished_at for trial in self.trials if trial.evaluations]
        return self.seconds_until(min(ends))

    def useful_share(self) -> float:
        """Share of the time limit in which trials ran."""
        ran = sum(trial.seconds or 0.0 for trial in self.trials)
        return ran / (60 * store.load_job(self.directory).limits.timeout_minutes)


def main(names: list[str]) -> None:
    sets = Path(os.environ.get("AUTOML_BENCHMARK_SETS", ""))
    measured = Figures()
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as place:
        os.environ["AUTOML_HOME"] = str(Path(place) / "home")
        try:
            for name, goal in GOALS.items():
                archive, folder = sets / f"{goal.set_name}.tar", Path(place) / goal.set_name
                if (names and name not in names) or not archive.is_file():
                    continue
                if not folder.is_dir():
                    with tarfile.open(archive) as tar:
                        tar.extractall(place, filter="data")
                reach(folder, name, goal, measured)
        finally:
            local_head.stop()
    measured.print_last_line()


def reach(folder: Path, name: str, goal: Goal, measured: Figures) -> None:
    """Run the searches of a goal, and print what was reached."""
    listing = read(DataSource(path=folder)).pictures
    sources = [DataSource(path=folder)]
    if not (listing["split"] == "test").any():
        tables = [held_out(listing, folder, fold) for fold in range(goal.folds)]
        sources = [DataSource(path=table) for table in tables]
    runs = [run(source, goal.minutes) for source in sources]
    first = max(one.first_row_seconds() for one in runs)
    measured.add(f"{name}_first_row_seconds", first, at_most=goal.first_row_seconds)
    measured.add(f"{name}_useful_share", fmean(one.useful_share() for one in runs), at_least=0.85)
    expected = [one.record.expected_score or math.nan for one in runs]
    measured.add(f"{name}_expected", fmean(expected))
    scores = [test_scores(one) for one in runs]
    handed_out = [
        by_trial[one.record.best_trial] for one, by_trial in zip(runs, scores, strict=True)
    ]
    measured.add(f"{name}_test", fmean(handed_out), at_least=goal.at_least)
    regrets = [max(each.values()) - chosen for each, chosen in zip(scores, handed_out, strict=True)]
    measured.add(f"{name}_regret", fmean(regrets), at_most=0.02)


def held_out(listing: pd.DataFrame, folder: Path, fold: int) -> Path:
    """A table of the pictures, every fifth of each class for the test."""
    place = listing.groupby("label").cumcount()
    split = (place % _TEST_SHARE == fold).map({True: "test", False: "train"})
    table = pd.DataFrame({"image": listing["path"], "label": listing["label"], "split": split})
    path = folder / f"fold-{fold}.csv"
    table.to_csv(path, index=False)
    return path


def run(source: DataSource, minutes: int) -> Run:
    """A search that is given the pictures and the minutes alone."""
    limits = {"max_trials": MOST_TRIALS, "timeout_minutes": minutes}
    job = Job.from_dict({"training_data": source.model_dump(mode="json"), "limits": limits})
    directory = launcher.create(job)
    launcher.start(directory)
    record = launcher.wait(directory)
    assert record.best_score is not None, record
    return Run(directory, record, store.load_trials(directory))


def test_scores(one: Run) -> dict[str | None, float]:
    """Test accuracy of every row by trial id; prints them."""
    scores: dict[str | None, float] = {}
    for trial in one.trials:
        if trial.best_epoch is not None:
            scores[trial.trial_id] = test_accuracy(one.directory, trial)
            print(f"    {describe(one, trial)}  test {scores[trial.trial_id]:.3f}", flush=True)
    low, high = one.record.expected_low, one.record.expected_high
    print(f"    handed out: {one.record.best_trial}, expected {low} to {high}", flush=True)
    return scores


def test_accuracy(directory: Path, trial: TrialRecord) -> float:
    """Accuracy of the trial's exported model on files."""
    with tempfile.TemporaryDirectory() as place:
        model_dir = Path(place) / "model"
        artefact.export(ExportRequest(directory, trial.trial_id, "onnx", model_dir))
        samples = store.load_samples(directory)
        test = samples[samples["split"] == "test"]
        answers = Predictor(model_dir).stream(Path(path) for path in test["path"])
        labels = [one.label if isinstance(one, Prediction) else None for one in answers]
    return float((test["label"] == labels).mean())


def describe(one: Run, trial: TrialRecord) -> str:
    """A row: when it ended, its score and what it is."""
    best, score = trial.best_evaluation(), trial.score("accuracy")
    if best is None or score is None:
        return f"{trial.trial_id} {trial.state.value}: {trial.reason}"
    minutes = one.seconds_until(best.finished_at) / 60
    size = trial.hyperparameters.get("training_crop_size")
    return f"{minutes:5.1f} min  {score:.3f}  {trial.title}, {trial.method}, {size} px"


if __name__ == "__main__":
    main(sys.argv[1:])
