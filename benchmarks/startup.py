"""How long one waits: for the app, for a page, for the first epoch, between two trials.

`python -m benchmarks.startup [app|engine|search]`; without a word all three.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import large_experiment, served_app
from benchmarks.figures import Figures

if TYPE_CHECKING:
    from playwright.sync_api import Browser, WebSocket

PAGES = {
    "Data": "1 Data",
    "Set up": "2 Set up",
    "Train": "3 Train",
    "Leaderboard": "4 Choose",
    "One trial": "One trial",
}
"""Titles of pages, and the links that lead there from the page before."""

RESNET18 = {
    "model_name": "resnet18",
    "pretrained": "never",
    "training_crop_size": 32,
    "validation_resize_size": 32,
    "training_batch_size": 64,
    "optimizer": "adamw",
    "learning_rate": 0.003,
}
SMALLEST = {**RESNET18, "model_name": "resnet10t", "learning_rate": 0.002}


def main(parts: list[str]) -> None:
    measured = Figures()
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as folder:
        os.environ["AUTOML_HOME"] = folder
        os.environ.pop("AUTOML_EXPERIMENTS_DIR", None)
        from automl.ui import data_source

        digits = data_source.digits().path
        try:
            for name, measure in (("app", app), ("engine", engine), ("search", search)):
                if not parts or name in parts:
                    measure(digits, measured)
        finally:
            from benchmarks import local_head

            local_head.stop()
    measured.print_last_line()


def app(digits: Path, measured: Figures) -> None:
    """First paint in a browser, then every page with a large experiment open."""
    if not served_app.has_chromium():
        print("the app is not measured: there is no chromium here")
        return
    directory = large_experiment.write(digits, num_trials=200, num_epochs=50)
    with served_app.chromium() as chromium:
        measured.add("first_paint_seconds", _first_paint(chromium), at_most=3)
        link = f"?experiment={directory.name}&data={digits}"
        for title, (server, browser) in _page_seconds(chromium, link).items():
            page = title.lower().replace(" ", "_")
            measured.add(f"page_{page}_server_seconds", server, at_most=0.7)
            measured.add(f"page_{page}_browser_seconds", browser)
    shutil.rmtree(directory)


def _first_paint(chromium: "Browser") -> float:
    """Median of three: from `streamlit run` to the heading of the first page on the screen."""
    seconds = []
    for _ in range(4):
        page = chromium.new_page()
        started = time.perf_counter()
        with served_app.served():
            page.goto(served_app.URL)
            page.get_by_role("heading", name="Experiments").wait_for()
            seconds.append(time.perf_counter() - started)
            page.close()
    return statistics.median(seconds[1:])  # the first reads everything from disk


def _page_seconds(chromium: "Browser", link: str) -> dict[str, tuple[float, float]]:
    """Medians of three for each page, visited once before: the server's seconds from the request
    to the end of the script, and those from the click to the end of everything in the browser."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    sent, finished = [0.0], [0.0]

    def on_received(payload: str | bytes) -> None:
        if ForwardMsg.FromString(bytes(payload)).WhichOneof("type") == "script_finished":  # type: ignore[arg-type]
            finished[0] = time.perf_counter()

    def on_sent(_: str | bytes) -> None:
        sent[0] = time.perf_counter()

    def listen(socket: "WebSocket") -> None:
        socket.on("framereceived", on_received)
        socket.on("framesent", on_sent)

    seconds: dict[str, list[tuple[float, float]]] = {title: [] for title in PAGES}
    with served_app.served():
        page = chromium.new_page()
        page.on("websocket", listen)
        page.goto(f"{served_app.URL}/leaderboard{link}")
        for title, link_name in [*PAGES.items()] * 4:
            page.wait_for_timeout(500)
            clicked = time.perf_counter()
            page.get_by_role("link", name=link_name).first.click()
            page.wait_for_function("title => document.title.startsWith(title)", arg=title)
            page.wait_for_selector('[data-test-script-state="notRunning"]')
            shown = time.perf_counter() - clicked
            page.wait_for_timeout(300)
            seconds[title].append((finished[0] - sent[0], shown))
        page.close()
    return {
        title: tuple(statistics.median(kind) for kind in zip(*taken[1:], strict=True))  # type: ignore[misc]
        for title, taken in seconds.items()
    }


def engine(digits: Path, measured: Figures) -> None:
    """From Start to the first epoch's metrics on disk, without and with a running head."""
    job = {"training_parameters": {**RESNET18, "number_of_epochs": 1}}
    measured.add("first_metrics_cold_seconds", _first_metrics(digits, job, "cold"), at_most=35)
    warm = []
    for index in range(3):
        warm.append(_first_metrics(digits, job, f"warm-{index}"))
    measured.add("first_metrics_warm_seconds", statistics.median(warm), at_most=8)


def _first_metrics(digits: Path, job: dict[str, Any], name: str) -> float:
    from automl.experiments import launcher, store

    started = time.time()
    directory = launcher.create(_job(digits, job), name=name)
    launcher.start(directory)
    while not any(trial.evaluations for trial in store.load_trials(directory)):
        time.sleep(0.1)  # looking more often would take the cores from what is measured
        assert not launcher.state(directory).is_finished, launcher.record(directory)
    seconds = time.time() - started
    launcher.wait(directory)
    return seconds


def search(digits: Path, measured: Figures) -> None:
    """Time of a search outside of training, and its score on the digits."""
    trials, _ = _run(digits, "gaps", max_trials=4, parameters={**RESNET18, "number_of_epochs": 2})
    gaps = [
        _seconds(earlier.ended_at, later.evaluations[0].finished_at)
        - later.evaluations[0].train_seconds
        - later.evaluations[0].evaluation_seconds
        for earlier, later in zip(trials, trials[1:], strict=False)
    ]
    measured.add("gap_between_trials_seconds", max(gaps), at_most=0.5)

    trials, _ = _run(digits, "share", max_trials=10, parameters={**SMALLEST, "number_of_epochs": 3})
    inside = sum(e.train_seconds + e.evaluation_seconds for t in trials for e in t.evaluations)
    wall = _seconds(trials[0].started_at, trials[-1].ended_at)
    measured.add("share_inside_training", inside / wall, at_least=0.7)

    started = time.time()
    _, best = _run(digits, "automode", max_trials=4)
    measured.add("automode_digits_minutes", (time.time() - started) / 60, at_most=3)
    measured.add("automode_digits_accuracy", best, at_least=0.98)


def _run(
    digits: Path, name: str, *, max_trials: int, parameters: dict[str, Any] | None = None
) -> tuple[list[Any], float]:
    """Trials as they ran, and the best score; with `parameters` they differ in the seed alone."""
    from automl.experiments import launcher, store

    keys: dict[str, Any] = {"limits": {"max_trials": max_trials}}
    if parameters:
        seeds = {"type": "choice", "values": list(range(max_trials))}
        keys |= {
            "training_parameters": {k: v for k, v in parameters.items() if k != "random_seed"},
            "search_space": [{"random_seed": seeds}],
            "sweep": {"sampling_algorithm": "grid"},
        }
    directory = launcher.create(_job(digits, keys), name=name)
    launcher.start(directory)
    record = launcher.wait(directory)
    assert record.best_score is not None, record
    return store.load_trials(directory), record.best_score


def _job(digits: Path, keys: dict[str, Any]) -> Any:
    from automl.jobs.job import Job

    return Job.from_dict({"training_data": {"path": str(digits)}, **keys})


def _seconds(start: datetime | None, end: datetime | None) -> float:
    assert start
    assert end
    return (end - start).total_seconds()


if __name__ == "__main__":
    main(sys.argv[1:])
