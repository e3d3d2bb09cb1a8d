"""How good AutoMode gets, and how soon: `python -m benchmarks.automode [NAME …] [options]`.

The sets are tars of real photos in the folder named by AUTOML_BENCHMARK_SETS; those that are not
there are left out. Every one of them gets the same job, the pictures and how many minutes, from
nothing running and nothing in the cache. A NAME is that of a goal, or any SET_MINUTESmin.

    python -m benchmarks.automode --seeds 3 --into rows.jsonl
    python -m benchmarks.automode fridge_objects_1min

Each run is a line of the table as soon as it is known, and of the file; runs that are in the file
already are not repeated. A run that fails is a line, too, and the next one begins.
"""

import argparse
import json
import math
import os
import tempfile
import time
import traceback
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
import torch

from automl.dataset.preprocessing import model_input
from automl.dataset.readers import read
from automl.dataset.threads import map_in_threads
from automl.experiments import launcher, leaderboard, store
from automl.experiments.records import ExperimentRecord, TrialRecord
from automl.export.trained_model import TrainedModel
from automl.host.cores import usable_cores
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.jobs.tasks import IMAGE_CLASSIFICATION
from automl.jobs.trial_numbers import MOST_TRIALS
from benchmarks import frozen_features, local_head
from benchmarks.figures import Figures

_TEST_SHARE = 5  # one picture in so many, where the authors have held out none
_BATCH = 64


@dataclass(frozen=True)
class Goal:
    """A time limit for a set, and what is to be reached in it."""

    set_name: str
    minutes: int
    at_least: float | None = None
    """Test accuracy of the model that is handed out."""

    first_row_seconds: float = 60.0
    folds: int = 1
    """Fewest runs, each with another part held out, where the authors have held out none."""

    @property
    def name(self) -> str:
        return f"{self.set_name}_{self.minutes}min"


GOALS = (
    Goal("fridge_objects", 3, 0.95, first_row_seconds=20, folds=5),
    Goal("clothing", 5, 0.90),
    Goal("clothing", 15, 0.92),
    Goal("trashnet", 5, 0.88),
    Goal("trashnet", 15, 0.91),
    Goal("sign_digits", 10, 0.985),
    Goal("mnist_5k", 20, 0.987),
    Goal("cifar10_10k", 20, 0.85),
)


@dataclass(frozen=True)
class Row:
    """One run: shares are of 1, test accuracies are of pictures that nothing was chosen by."""

    goal: str
    seed: int
    first_row_seconds: float
    """From the command, until a trial had a score."""

    useful_share: float
    """Share of the limit in which trials ran."""

    over_seconds: float
    """End of the experiment after its limit; below 0 it was unused."""

    expected: float
    test: float
    """Scores of the model that is handed out, as expected and on the test pictures."""

    is_within: bool
    """The expected interval holds it."""

    regret: float
    """Test accuracy of the best row, less that of the model that is handed out."""

    gain: float
    """Test accuracy of the model that is handed out, less that of the best single row."""

    title: str
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return f"| {self.goal} | {self.seed} | failed: {self.error} |"
        return (
            f"| {self.goal} | {self.seed} | {self.first_row_seconds:.0f} s | "
            f"{self.useful_share:.0%} | {self.over_seconds:+.0f} s | {self.expected:.3f} | "
            f"{self.test:.3f} | {'yes' if self.is_within else 'no'} | {100 * self.regret:+.1f} | "
            f"{100 * self.gain:+.1f} | {self.title} |"
        )


HEADER = (
    "| goal | seed | first row | trials ran | end after the limit | expected | test | holds | "
    "regret | gain | handed out |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.automode")
    parser.add_argument("names", nargs="*", help="goals, or SET_MINUTESmin; all goals if left out")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each goal")
    parser.add_argument("--into", type=Path, help="file of rows, to go on with")
    asked = parser.parse_args()
    known = known_rows(asked.into)
    print(HEADER)
    measured = Figures()
    for goal in chosen(asked.names):
        tar = frozen_features.tar_of(goal.set_name)
        if not tar.is_file():
            continue
        for seed in range(max(asked.seeds, goal.folds)):
            row = known.get((goal.name, seed))
            if row is None:
                row = reached(tar, goal, seed)
                keep(row, asked.into)
                known[goal.name, seed] = row
            print(row, flush=True)
        add(measured, goal, [row for row in known.values() if row.goal == goal.name])
    measured.print_last_line()


def chosen(names: Iterable[str]) -> list[Goal]:
    """The goals of these names, or all."""
    goals = {goal.name: goal for goal in GOALS}
    return [goals.get(name) or _other(name) for name in names] or list(GOALS)


def _other(name: str) -> Goal:
    set_name, _, limit = name.rpartition("_")
    return Goal(set_name, int(limit.removesuffix("min")))


def known_rows(path: Path | None) -> dict[tuple[str, int], Row]:
    """Rows of the file by goal and seed; those that failed are left out, to be tried again."""
    if path is None or not path.is_file():
        return {}
    rows = [Row(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    return {(row.goal, row.seed): row for row in rows if not row.error}


def keep(row: Row, path: Path | None) -> None:
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")


def add(measured: Figures, goal: Goal, rows: list[Row]) -> None:
    """The figures of a goal beside its targets: means over the runs."""
    rows = [row for row in rows if not row.error]
    if not rows:
        measured.add(f"{goal.name}_runs", 0, at_least=1)
        return

    def mean(name: str, **bounds: Any) -> None:
        values = [float(getattr(row, name)) for row in rows]
        measured.add(f"{goal.name}_{name}", fmean(values), **bounds)

    mean("first_row_seconds", at_most=goal.first_row_seconds)
    mean("useful_share", at_least=0.85)
    measured.add(f"{goal.name}_late_seconds", max(row.over_seconds for row in rows), at_most=10)
    mean("expected")
    mean("test", at_least=goal.at_least)
    mean("is_within")
    mean("regret", at_most=0.005)
    measured.add(f"{goal.name}_most_regret", max(row.regret for row in rows), at_most=0.02)
    mean("gain")


def reached(tar: Path, goal: Goal, seed: int) -> Row:
    """The row of one run; an error is a row, too."""
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as place:
        os.environ["AUTOML_HOME"] = str(Path(place) / "home")
        try:
            with frozen_features.unpacked(tar) as folder:
                source = with_test(folder, seed)
                started = time.time()
                directory = run(source, goal.minutes, seed)
                return summary(directory, goal, seed, started)
        except Exception as error:  # noqa: BLE001 (the other runs are of use without it)
            traceback.print_exc()
            said = f"{type(error).__name__}: {error}".partition("\n")[0]
            numbers = dict.fromkeys(list(Row.__annotations__)[2:-2], math.nan)
            return Row(goal.name, seed, **numbers, title="", error=said)  # type: ignore[arg-type]
        finally:
            local_head.stop()


def with_test(folder: Path, seed: int) -> DataSource:
    """The pictures; every fifth of each class is for the test, if the authors held out none."""
    listing = read(DataSource(path=folder)).pictures
    if (listing["split"] == "test").any():
        return DataSource(path=folder)
    place = listing.groupby("label").cumcount()
    split = (place % _TEST_SHARE == seed % _TEST_SHARE).map({True: "test", False: "train"})
    table = pd.DataFrame({"image": listing["path"], "label": listing["label"], "split": split})
    table.to_csv(folder / "pictures.csv", index=False)
    return DataSource(path=folder / "pictures.csv")


def run(
    source: DataSource,
    minutes: int,
    seed: int,
    *,
    task: str = IMAGE_CLASSIFICATION.name,
    primary_metric: str = "accuracy",
) -> Path:
    """Directory of a search that is given the pictures, their task, a metric and the minutes."""
    job = Job.from_dict(
        {
            "task": task,
            "primary_metric": primary_metric,
            "training_data": source.model_dump(mode="json"),
            "limits": {"max_trials": MOST_TRIALS, "timeout_minutes": minutes},
            "seed": seed,
        }
    )
    directory = launcher.create(job)
    launcher.start(directory)
    record = launcher.wait(directory)
    if record.best_score is None:
        raise RuntimeError(record.message)
    return directory


def summary(directory: Path, goal: Goal, seed: int, started: float) -> Row:
    """The row of a search that has ended; prints its trials."""
    record, job = store.load_experiment(directory), store.load_job(directory)
    trials = store.load_trials(directory)
    scores = test_scores(directory, trials)
    for trial in trials:
        print(f"    {describe(record, trial)}  test {scores.get(trial.trial_id, math.nan):.3f}")
    singles = leaderboard.by_score([one for one in trials if not one.members], job.primary_metric)
    best = leaderboard.best_trial_id(record, trials, job.primary_metric)
    test = scores[best]
    ends = [trial.evaluations[0].finished_at for trial in trials if trial.evaluations]
    assert record.deadline is not None
    assert record.ended_at is not None
    return Row(
        goal=goal.name,
        seed=seed,
        first_row_seconds=min(ends).timestamp() - started,
        useful_share=sum(trial.seconds or 0.0 for trial in trials) / (60 * goal.minutes),
        over_seconds=(record.ended_at - record.deadline).total_seconds(),
        expected=_number(record.expected_score),
        test=test,
        is_within=_number(record.expected_low) <= test <= _number(record.expected_high),
        regret=max(scores.values()) - test,
        gain=test - scores[singles[0].trial_id],
        title=next(trial.title for trial in trials if trial.trial_id == best),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def test_scores(directory: Path, trials: Iterable[TrialRecord]) -> dict[str, float]:
    """Test accuracy of each row's model as it is handed out, on files, by trial id."""
    torch.set_num_threads(usable_cores())
    samples = store.load_samples(directory)
    test = samples[samples["split"] == "test"]
    decoded: dict[tuple[int, int], list[Any]] = {}
    scores = {}
    for trial in trials:
        if trial.best_epoch is None:
            continue
        model = TrainedModel.load(directory, trial.trial_id)
        said = model.description
        sizes = said.validation_resize_size, said.validation_crop_size
        if sizes not in decoded:
            paths = [Path(path) for path in test["path"]]
            decoded[sizes] = map_in_threads(model.preprocessed, paths)
        pixels, answers = decoded[sizes], list[int]()
        with torch.inference_mode():
            for start in range(0, len(pixels), _BATCH):
                batch = model_input(np.stack(pixels[start : start + _BATCH]))
                answers += model.network(torch.from_numpy(batch)).argmax(dim=1).tolist()
        labels = [said.class_names[answer] for answer in answers]
        scores[trial.trial_id] = float((test["label"] == labels).mean())
    return scores


def describe(record: ExperimentRecord, trial: TrialRecord, metric: str = "accuracy") -> str:
    """A row: when it ended, its score and what it is."""
    best, score = trial.best_evaluation(), trial.score(metric)
    if best is None or score is None:
        return f"{trial.trial_id} {trial.state.value}: {trial.reason}"
    size = trial.hyperparameters.get("training_crop_size")
    return (
        f"{_minutes(record, best.finished_at):5.1f} min  {score:.3f}  {trial.title}, "
        f"{trial.method}, {size} px"
    )


def _minutes(record: ExperimentRecord, moment: datetime) -> float:
    """Minutes from nothing running."""
    return (moment - record.created_at).total_seconds() / 60


if __name__ == "__main__":
    main()
