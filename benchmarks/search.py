"""A search against a plain Ray Tune script, and what ours spends outside of training.

`python -m benchmarks.search [plain|overhead]`; without a word both. The pictures are those of
AUTOML_BENCHMARK_DATA, a folder or tar of about 300 small photos, or generated ones.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from automl.engine import cluster, ray_settings
from automl.engine.planning import PlannedTrial
from automl.engine.resources import Resources
from automl.engine.results import Results
from automl.experiments import launcher, store
from automl.experiments.records import ExperimentRecord, ExperimentState, now
from automl.jobs.job import Job
from benchmarks import local_head, plain_tune
from benchmarks.figures import Figures

ROOT = Path(__file__).parents[1]
_NUM_TRIALS = 1000
_LAST = 100
"""The trials that are measured: the last ones, when all the others are there."""


def main(parts: list[str]) -> None:
    measured = Figures()
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as folder:
        os.environ["AUTOML_HOME"] = folder
        os.environ.pop("AUTOML_EXPERIMENTS_DIR", None)
        try:
            if not parts or "plain" in parts:
                against_a_plain_script(pictures(Path(folder)), measured)
            if not parts or "overhead" in parts:
                overhead(Path(folder), measured)
        finally:
            local_head.stop()
    measured.print_last_line()


def pictures(folder: Path) -> Path:
    """A folder with one sub-folder for each of ten classes."""
    given = os.environ.get("AUTOML_BENCHMARK_DATA")
    if given is None:
        return _generated(folder / "pictures")
    path = Path(given)
    if path.is_dir():
        return path
    subprocess.run(["tar", "-xf", path, "-C", folder], check=True)
    return folder / path.stem


def _generated(root: Path) -> Path:
    rng = np.random.default_rng(0)
    for label in range(10):
        (root / str(label)).mkdir(parents=True)
        for number in range(30):
            pixels = rng.integers(0, 160, (100, 100, 3), dtype=np.uint8)
            pixels[10 + 8 * label : 18 + 8 * label, 20:80] = 230
            Image.fromarray(pixels).save(root / str(label) / f"{number}.jpg")
    return root


def against_a_plain_script(folder: Path, measured: Figures) -> None:
    """Wall time of the same search from nothing running to the last score.

    The plain script keeps no model; ours then exports the best, which is told apart.
    """
    plain = {}
    for num_workers in (0, 2):
        started = time.perf_counter()
        arguments = [sys.executable, "-m", "benchmarks.plain_tune", str(folder), str(num_workers)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
        printed = subprocess.run(
            arguments, cwd=ROOT, check=True, env=environment, stdout=subprocess.PIPE, text=True
        ).stdout
        plain[num_workers] = time.perf_counter() - started
        measured.add(f"plain_{num_workers}_workers_seconds", plain[num_workers])
        measured.add(f"plain_{num_workers}_workers_accuracy", float(printed.splitlines()[-1]))
    for name in ("ours", "ours_again"):  # the second time Ray is there
        seconds, with_export, accuracy = _ours(folder, name)
        measured.add(f"{name}_seconds", seconds)
        measured.add(f"{name}_with_export_seconds", with_export)
        measured.add(f"{name}_accuracy", accuracy)
        ratio = min(plain.values()) / seconds
        target = 3 if name == "ours" else None
        measured.add(f"{name}_times_faster_than_plain", ratio, at_least=target)


def _ours(folder: Path, name: str) -> tuple[float, float, float]:
    """Seconds until the last trial has ended and until all is over, and the best accuracy."""
    started, began = time.perf_counter(), now()
    directory = launcher.create(_same_search(folder), name=name)
    launcher.start(directory)
    record = launcher.wait(directory)
    whole = time.perf_counter() - started
    assert record.best_score is not None, record
    ends = [trial.ended_at for trial in store.load_trials(directory) if trial.ended_at]
    assert len(ends) == plain_tune.TRIALS
    return (max(ends) - began).total_seconds(), whole, record.best_score


def _same_search(folder: Path) -> Job:
    choices = {"model_name": plain_tune.MODELS, "learning_rate": plain_tune.RATES}
    space = {name: {"type": "choice", "values": list(values)} for name, values in choices.items()}
    return Job.from_dict(
        {
            "training_data": {"path": str(folder)},
            "limits": {
                "max_trials": plain_tune.TRIALS,
                "max_concurrent_trials": plain_tune.CONCURRENT,
            },
            "search_space": [space],
            "sweep": {"sampling_algorithm": "grid"},
            "training_parameters": {
                "pretrained": "never",
                "optimizer": "adamw",
                "number_of_epochs": plain_tune.EPOCHS,
                "training_batch_size": plain_tune.BATCH,
                "validation_batch_size": plain_tune.BATCH,
                "training_crop_size": plain_tune.SIDE,
                "horizontal_flip": False,
                "precision": "fp32",
            },
        }
    )


def overhead(folder: Path, measured: Figures) -> None:
    """Seconds for each trial and each report when a thousand trials are there, none training."""
    os.environ.update(ray_settings.connection())  # Ray reads it when it is imported
    import ray

    from automl.engine import search
    from benchmarks import untrained

    ray.cloudpickle.register_pickle_by_value(untrained)  # a worker does not find benchmarks
    ray.init(address=cluster.ensure_local_head(), log_to_driver=False)
    job = Job.from_dict(
        {
            "training_data": {"path": str(folder)},
            "limits": {"max_trials": _NUM_TRIALS},
            "search_space": [{"random_seed": {"type": "randint", "upper": _NUM_TRIALS}}],
            "sweep": {
                "sampling_algorithm": "random",
                "early_termination": {"type": "median_stopping", "delay_evaluation": 1},
            },
        }
    )
    record = ExperimentRecord(
        experiment_id="overhead",
        created_at=now(),
        state=ExperimentState.RUNNING,
        num_trials=_NUM_TRIALS,
    )
    directory = store.create_experiment(folder / "experiments", job, record)
    results = Results(directory, "accuracy")
    planned = [PlannedTrial.of(n, {"model_name": "resnet18"}) for n in range(_NUM_TRIALS)]
    results.plan(planned)
    started = time.perf_counter()
    resources = Resources(max_concurrent_trials=1, num_cpus=1, num_gpus=0, notes=[])
    search.run(search.SearchInputs(job, planned, resources), results, untrained.Untrained)
    measured.add("untrained_trials_seconds", time.perf_counter() - started)
    ray.shutdown()
    _add_overhead(store.load_trials(directory)[-_LAST:], measured)


def _add_overhead(trials: list[Any], measured: Figures) -> None:
    """Reports apart from the first, which brings a model and counts to its trial."""
    reports = [
        (later.finished_at - earlier.finished_at).total_seconds()
        for trial in trials
        for earlier, later in zip(trial.evaluations[1:], trial.evaluations[2:], strict=False)
    ]
    per_report = statistics.mean(reports)
    whole = (
        trials[-1].evaluations[-1].finished_at - trials[0].evaluations[-1].finished_at
    ).total_seconds()
    per_trial = whole / (len(trials) - 1) - per_report * len(reports) / len(trials)
    measured.add("report_milliseconds", per_report * 1000, at_most=10)
    measured.add("trial_overhead_seconds", per_trial, at_most=0.5)


if __name__ == "__main__":
    main(sys.argv[1:])
