"""Whether an engine stays as it was over hundreds of trials: memory, open files, threads, pages.

`python -m benchmarks.soak [NUM_TRIALS]`: 2,000 trials, the 8 hours' worth of an ordinary search,
unless told otherwise. Each trains a tiny model for one epoch on 60 pictures.
"""

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import served_app
from benchmarks.figures import Figures

_SAMPLE_SECONDS = 2.0
_GROWTH = 1.1
_PAGES = ("progress", "leaderboard")


@dataclass(frozen=True)
class Sample:
    """One look at the engine and its busiest worker."""

    num_finished: int
    engine_bytes: int
    engine_files: int
    engine_threads: int
    worker_bytes: int


def main(num_trials: int) -> None:
    measured = Figures()
    with tempfile.TemporaryDirectory(prefix="automl-soak-") as folder:
        os.environ["AUTOML_HOME"] = folder
        os.environ.pop("AUTOML_EXPERIMENTS_DIR", None)
        from automl.experiments import launcher
        from benchmarks import local_head
        from tests.faults import scenario

        directory = _create(scenario.draw(Path(folder) / "pictures"), num_trials)
        started = time.monotonic()
        launcher.start(directory)
        samples, pages = _watch(directory, num_trials)
        record = launcher.wait(directory)
        assert record.state == "completed", (record.message, record.details)
        measured.add("trials_per_minute", 60 * num_trials / (time.monotonic() - started))
        _compare(samples, num_trials, measured)
        for page in _PAGES:
            early, late = pages[2][page], pages[4][page]
            measured.add(f"{page}_page_seconds_second_quarter", early)
            measured.add(f"{page}_page_seconds_last_quarter", late, at_most=max(0.3, 1.5 * early))
        local_head.stop()
    measured.print_last_line()


def _create(pictures: Path, num_trials: int) -> Path:
    from automl.experiments import launcher
    from automl.jobs.job import Job

    parameters = {
        "model_name": "test_resnet",
        "pretrained": "never",
        "training_crop_size": 32,
        "training_batch_size": 16,
        "number_of_epochs": 1,
    }
    search_space = [{"learning_rate": {"type": "uniform", "min_value": 0.001, "max_value": 0.01}}]
    job = {
        "training_data": {"path": pictures},
        "training_parameters": parameters,
        "search_space": search_space,
        "sweep": {"sampling_algorithm": "random"},
        "limits": {"max_trials": num_trials},
        "resources_per_trial": {"cpu": 1},
    }
    return launcher.create(Job.from_dict(job), name="soak")


def _watch(directory: Path, num_trials: int) -> tuple[list[Sample], dict[int, dict[str, float]]]:
    """Samples until the search ends, and page times at the end of every quarter."""
    from automl.experiments import launcher

    samples: list[Sample] = []
    pages: dict[int, dict[str, float]] = {}
    while launcher.is_running(directory):
        if (sample := _look(directory)) is not None:
            samples.append(sample)
            quarter = 4 * sample.num_finished // num_trials
            if quarter and quarter not in pages:
                pages[quarter] = {page: _page_seconds(page, directory) for page in _PAGES}
                print(quarter, pages[quarter], sample, flush=True)
        time.sleep(_SAMPLE_SECONDS)
    pages.setdefault(4, {page: _page_seconds(page, directory) for page in _PAGES})
    return samples, pages


def _look(directory: Path) -> Sample | None:
    from automl.experiments import store
    from tests.faults import victims

    finished = sum(trial.state.is_finished for trial in store.load_trials(directory))
    engines, workers = victims.engine(directory), victims.worker(directory)
    try:
        engine = engines[0]
        with engine.oneshot():
            return Sample(
                num_finished=finished,
                engine_bytes=engine.memory_info().rss,
                engine_files=engine.num_fds(),
                engine_threads=engine.num_threads(),
                worker_bytes=workers[0].memory_info().rss,
            )
    except (IndexError, psutil.NoSuchProcess):  # it has just ended, or is between two trials
        return None


def _page_seconds(page: str, directory: Path) -> float:
    """The second run of a page, when it has read everything once."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(served_app.ROOT / "app.py", default_timeout=60)
    app.query_params["experiment"] = directory.name
    app.switch_page(f"pages/{page}.py").run()
    started = time.perf_counter()
    app.run()
    assert not app.exception, app.exception
    return time.perf_counter() - started


def _compare(samples: list[Sample], num_trials: int, measured: Figures) -> None:
    """The last quarter against the second: by then everything is imported and cached."""
    quarters: dict[int, list[Sample]] = {1: [], 3: []}
    for sample in samples:
        quarters.get(min(3, 4 * sample.num_finished // num_trials), []).append(sample)
    for name in ("engine_bytes", "worker_bytes", "engine_files", "engine_threads"):
        early, late = (
            statistics.median(getattr(sample, name) for sample in quarters[quarter])
            for quarter in (1, 3)
        )
        measured.add(f"{name}_second_quarter", early)
        measured.add(f"{name}_growth", late / early, at_most=_GROWTH)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2] or ["2000"]))
