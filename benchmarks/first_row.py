"""The time to the first row, step by step: `python -m benchmarks.first_row [SET …] [options]`.

The sets are tars in the folder named by AUTOML_BENCHMARK_SETS. Each is run twice in a new home:
from nothing running, and again with Ray's head up and the speed of the machine known, but none of
its pictures decoded. A run ends when a trial has a score. CPU seconds are those of all processes
that the command has started; they depend less on what else the machine does. Linux only.

    python -m benchmarks.first_row fridge_objects trashnet --photos 500 --runs 3
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pandas as pd
import psutil
import yaml

from automl.dataset.readers import read
from automl.experiments import launcher
from automl.host import home
from automl.jobs.data_source import DataSource
from automl.jobs.trial_numbers import MOST_TRIALS
from benchmarks import frozen_features, local_head
from benchmarks.figures import Figures

_SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER` of prctl(2)."""

_LOOK_SECONDS = 0.05
_MOST_SECONDS = 300.0
_CACHES = ("pixels", "features", "scans")
_MINUTES = 5


class Moment(NamedTuple):
    """A step of a run, when it was first seen."""

    step: str
    seconds: float
    cpu_seconds: float
    """Spent by all processes since the command."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_row")
    parser.add_argument("names", nargs="*", default=["fridge_objects"], help="sets")
    parser.add_argument("--photos", type=int, default=500, help="most photos of a set")
    parser.add_argument("--runs", type=int, default=1, help="runs of each set")
    asked = parser.parse_args()
    adopt_orphans()
    measured = Figures()
    for name in asked.names:
        with frozen_features.unpacked(frozen_features.tar_of(name)) as folder:
            table = some(folder, asked.photos)
            pairs = [both(table) for _ in range(asked.runs)]
        for kind, runs, at_most in zip(
            ("cold", "warm"), zip(*pairs, strict=True), (20, 8), strict=True
        ):
            seconds = median(run[-1].seconds for run in runs)
            measured.add(f"{name}_{kind}_seconds", seconds, at_most=at_most)
            measured.add(f"{name}_{kind}_cpu_seconds", median(run[-1].cpu_seconds for run in runs))
    measured.print_last_line()


def adopt_orphans() -> None:
    """Have detached processes that the command starts become our children when it ends."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def some(folder: Path, most: int) -> Path:
    """A table of at most so many photos of the set, alike for each class."""
    listing = read(DataSource(path=folder)).pictures
    place = listing.groupby("label").cumcount()
    chosen = listing.loc[place.sort_values(kind="stable").index[:most]].sort_index()
    path = folder / "some.csv"
    pd.DataFrame({"image": chosen["path"], "label": chosen["label"]}).to_csv(path, index=False)
    return path


def both(table: Path) -> tuple[list[Moment], list[Moment]]:
    """A run from nothing running, and one with the head up."""
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as place:
        os.environ["AUTOML_HOME"] = str(Path(place) / "home")
        try:
            cold = list(first_row(table, "cold"))
            for cache in _CACHES:
                home.cache_dir(cache).rename(Path(place) / cache)
            return cold, list(first_row(table, "warm"))
        finally:
            local_head.stop()


def first_row(table: Path, name: str) -> Iterator[Moment]:
    """The steps of a run until a trial has a score; prints them."""
    job = table.with_name("job.yml")
    limits = {"max_trials": MOST_TRIALS, "timeout_minutes": _MINUTES}
    job.write_text(yaml.safe_dump({"training_data": {"path": str(table)}, "limits": limits}))
    before = cpu_seconds()
    started = time.monotonic()
    command = [sys.executable, "-m", "automl.cli", "run", str(job), "--name", name]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            print(f"\n{name}\n| step | from | CPU seconds until then |\n|---|---|---|")
            for step in steps(home.experiments_dir() / name):
                spent = cpu_seconds() - before
                moment = Moment(step, time.monotonic() - started, spent.total())
                print(f"| {step} | {moment.seconds:.1f} s | {moment.cpu_seconds:.1f} |", flush=True)
                yield moment
            parts = (f"{kind} {seconds:.1f}" for kind, seconds in spent.most_common() if seconds)
            print("CPU seconds: " + ", ".join(parts))
        finally:
            launcher.stop(home.experiments_dir() / name)
            process.wait()


def steps(directory: Path) -> Iterator[str]:
    """Each step when the records of an experiment first show it; the last is the first score."""
    seen: set[str] = set()
    until = time.monotonic() + _MOST_SECONDS
    while "a score" not in seen:
        assert time.monotonic() < until, f"{directory} has no score yet"
        for step in shown(directory):
            if step not in seen:
                seen.add(step)
                yield step
        time.sleep(_LOOK_SECONDS)


def shown(directory: Path) -> Iterator[str]:
    """Steps that the records show at present."""
    try:
        record = json.loads((directory / "experiment.json").read_text("utf-8"))
        trials = [json.loads(path.read_text("utf-8")) for path in directory.glob("trials/*.json")]
    except (FileNotFoundError, ValueError):
        return
    yield f"{record['state']}: {record.get('message', '').partition(':')[0]}"
    named: dict[str, Any] = {"trial started": "started_at", "trial built": "effective"}
    for step, key in (*named.items(), ("a score", "evaluations")):
        if any(trial.get(key) for trial in trials):
            yield step


def cpu_seconds() -> Counter[str]:
    """CPU seconds of all processes below this one, and of those that they have reaped, by name."""
    spent: Counter[str] = Counter()
    for process in psutil.Process().children(recursive=True):
        try:
            spent[_name(process)] += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    ours = psutil.Process().cpu_times()
    spent["ended"] += ours.children_user + ours.children_system
    return spent


def _name(process: psutil.Process) -> str:
    """The module, program or title of a process."""
    try:
        words = process.cmdline()
    except psutil.ZombieProcess:
        words = []
    if "-m" in words:
        return words[words.index("-m") + 1]
    scripts = [Path(word).stem for word in words[1:2] if word.endswith(".py")]
    return (scripts or [Path(word).name.split()[0] for word in words[:1]] or ["ended"])[0]


if __name__ == "__main__":
    main()
