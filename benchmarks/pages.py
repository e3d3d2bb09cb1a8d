"""How long one waits for a page of a large experiment, and what the server costs meanwhile.

`python -m benchmarks.pages [trials|pictures|labels|tasks|home|live]`; without a word all six.
"""

import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks import large_experiment, served_app
from benchmarks.figures import Figures

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = ("Experiments", "Leaderboard", "Search", "One trial", "Compare", "Test data", "Train")
_NUM_TABS = 10
_LIVE_SECONDS = 20
_NUM_LIVE = 8
_NUM_EXPERIMENTS = 200
_KILOBYTES = 300
"""Most that a page sends, without its pictures and without what a browser keeps."""

_ROOT = Path(__file__).parents[1]
_NUM_ROUNDS = 9

_CELLS = 25  # of a row of the confusion matrix, which shows no more classes


def main(parts: list[str]) -> None:
    measured = Figures()
    if not served_app.has_chromium():
        print("the pages are not measured: there is no chromium here")
        measured.print_last_line()
        return
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as folder:
        os.environ["AUTOML_HOME"] = folder
        os.environ.pop("AUTOML_EXPERIMENTS_DIR", None)
        from automl.ui import data_source

        digits = data_source.digits().path
        with served_app.chromium() as browser:
            for measure in (trials, pictures, labels, tasks, home, live):
                if not parts or measure.__name__ in parts:
                    measure(browser, digits, measured)
    measured.print_last_line()


def trials(browser: "Browser", digits: Path, measured: Figures) -> None:
    """1,000 trials of 100 epochs: every page, and ten tabs of the heaviest."""
    directory = large_experiment.write(digits, num_trials=1000, num_epochs=100)
    with served_app.served() as server:
        _all_pages(browser, directory.name, "trials", measured)
        tabs = [browser.new_page() for _ in range(_NUM_TABS)]
        for tab in tabs:
            _open(tab, "leaderboard", directory.name)
        measured.add("ten_tabs_megabytes", _megabytes(server.pid), at_most=600)
        for tab in tabs:
            tab.close()
    shutil.rmtree(directory)


def pictures(browser: "Browser", digits: Path, measured: Figures) -> None:
    """100,000 validation pictures of 100 classes: every page, and from a cell to its pictures."""
    directory = large_experiment.write_wide(digits, num_pictures=100_000, num_classes=100)
    with served_app.served() as server:
        _all_pages(browser, directory.name, "pictures", measured)
        page = browser.new_page()
        _open(page, "trial", directory.name)
        seconds = [_cell_to_pictures(page, row, 20 - row) for row in (2, 7, 13)]
        measured.add("cell_to_pictures_seconds", statistics.median(seconds), at_most=1)
        measured.add("wide_megabytes", _megabytes(server.pid), at_most=600)
        page.close()
    shutil.rmtree(directory)


def labels(browser: "Browser", digits: Path, measured: Figures) -> None:
    """5,000 validation pictures with three of 1,000 labels each: every page."""
    directory = large_experiment.write_wide_sets(digits, num_pictures=5_000, num_labels=1_000)
    with served_app.served():
        _all_pages(browser, directory.name, "labels", measured)
    shutil.rmtree(directory)


def tasks(_: "Browser", digits: Path, measured: Figures) -> None:
    """Processor seconds of a page of 5,000 pictures that is opened for the first time, and of all
    metrics: three of 1,000 labels a picture beside one of 1,000 classes, in turns.

    The pages run in this process, without a browser, so that nothing else is counted. The
    quartiles of the ratios say how much they waver.
    """
    directories = {
        "classes": large_experiment.write_wide(digits, num_pictures=5_000, num_classes=1_000),
        "labels": large_experiment.write_wide_sets(digits, num_pictures=5_000, num_labels=1_000),
    }
    for name, seconds in _SECONDS_OF_TASKS.items():
        rounds: dict[str, list[float]] = {what: [] for what in directories}
        for number in range(_NUM_ROUNDS + 1):
            for what, directory in directories.items():
                taken = seconds(directory)
                if number:  # the first one imports
                    rounds[what].append(taken)
        for what, each in rounds.items():
            measured.add(f"tasks_{name}_{what}_cpu_seconds", statistics.median(each))
        ratios = [b / a for a, b in zip(*rounds.values(), strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        measured.add(f"tasks_{name}_labels_to_classes", middle, at_most=1.05)
        print(f"    {name}: half of the ratios from {low:.2f} to {high:.2f}")
    for directory in directories.values():
        shutil.rmtree(directory)


def _metrics_seconds(directory: Path) -> float:
    from automl.evaluation.metrics import classification_metrics
    from automl.experiments import store

    trial = store.load_trials(directory)[0]
    answers = store.load_predictions(store.predictions_path(directory, trial.trial_id))
    started = time.process_time()
    classification_metrics(answers.probabilities, answers.labels)
    return time.process_time() - started


def _page_seconds(page: str, directory: Path, tab: str = "") -> float:
    from streamlit.components.v2 import manifest_scanner
    from streamlit.testing.v1 import AppTest

    # every AppTest searches all installed packages for components, which a server does once
    manifest_scanner.scan_component_manifests = list
    for path in directory.rglob("*"):
        path.touch()  # what is kept of its former content is of no use
    seconds = 0.0
    # what all pages share is there, as for one who comes from another
    for name, view in (("trial", "Hyperparameters"), (page, tab)):
        app = AppTest.from_file(str(_ROOT / "app.py"), default_timeout=600)
        app.query_params["experiment"], app.query_params["tab"] = directory.name, view
        started = time.process_time()
        app.switch_page(f"pages/{name}.py").run()
        seconds = time.process_time() - started
        assert not app.exception, app.exception[0].message
    return seconds


def _by_class_seconds(directory: Path) -> float:
    from automl.ui.label_sets import are_in

    return _page_seconds("trial", directory, "Labels" if are_in(directory) else "Classes")


_SECONDS_OF_TASKS: dict[str, Callable[[Path], float]] = {
    "metrics": _metrics_seconds,
    "by_class": _by_class_seconds,
    "errors": partial(_page_seconds, "trial", tab="Errors"),
    "charts": partial(_page_seconds, "trial", tab="Charts"),
    "compare": partial(_page_seconds, "compare", tab="Metrics"),
    "pictures": partial(_page_seconds, "compare", tab="Pictures"),
    "leaderboard": partial(_page_seconds, "leaderboard"),
}


def home(browser: "Browser", digits: Path, measured: Figures) -> None:
    """200 experiments: the first page, then a word in its search."""
    large_experiment.write_many(digits, number=_NUM_EXPERIMENTS)
    with served_app.served():
        page = browser.new_page()
        sent = _Sent(page)
        measured.add("home_first_seconds", _open(page, "experiments", ""), at_most=2)
        measured.add("home_kilobytes", sent.kilobytes(), at_most=_KILOBYTES)
        seconds = []
        for _ in range(3):
            page.wait_for_timeout(300)
            _go_to(page, "Settings", "")
            page.wait_for_timeout(300)
            seconds.append(_go_to(page, "Experiments", ""))
        measured.add("home_again_seconds", statistics.median(seconds), at_most=0.7)
        started = time.perf_counter()
        page.get_by_label("Search").fill("many-17")
        page.get_by_label("Search").press("Enter")
        page.get_by_role("link", name="many-100").wait_for(state="detached")
        page.wait_for_function(served_app.IS_WHOLE)
        measured.add("home_search_seconds", time.perf_counter() - started, at_most=0.7)
        page.close()


def live(browser: "Browser", digits: Path, measured: Figures) -> None:
    """Eight trials report every second while a page looks on: the server's share of a core."""
    from automl.experiments import store
    from automl.experiments.records import ExperimentState, TrialState, now
    from automl.host import process_lock

    directory = large_experiment.write(digits, num_trials=40, num_epochs=50)
    lock = process_lock.take(store.lock_path(directory))
    assert lock is not None
    record = store.load_experiment(directory)
    running = {"state": ExperimentState.RUNNING, "ended_at": None, "progress": 0.5}
    store.save_experiment(directory, record.model_copy(update=running))
    is_over = threading.Event()

    def report() -> None:
        reporting = store.load_trials(directory)[:_NUM_LIVE]
        while not is_over.wait(1):
            for place, trial in enumerate(reporting):
                last = trial.evaluations[-1]
                added = last.model_copy(update={"epoch": last.epoch + 1, "finished_at": now()})
                changes = {
                    "state": TrialState.RUNNING,
                    "ended_at": None,
                    "started_at": now() - timedelta(minutes=1),
                    "evaluations": [*trial.evaluations, added],
                }
                reporting[place] = trial.model_copy(update=changes)
                store.save_trial(directory, reporting[place])

    writer = threading.Thread(target=report)
    writer.start()
    try:
        with served_app.served() as server:
            page = browser.new_page()
            _open(page, "progress", directory.name)
            page.wait_for_timeout(3000)
            process = psutil.Process(server.pid)
            before = process.cpu_times()
            page.wait_for_timeout(_LIVE_SECONDS * 1000)
            after = process.cpu_times()
            used = after.user + after.system - before.user - before.system
            measured.add("live_share_of_a_core", used / _LIVE_SECONDS, at_most=0.1)
            page.close()
    finally:
        is_over.set()
        writer.join()
        os.close(lock)


def _all_pages(browser: "Browser", experiment: str, what: str, measured: Figures) -> None:
    """As one goes through the app of a server that has just started: the first page by its
    address, the others by their names, after a second with the one before; then back and forth.
    At last one by a link, in a browser that has never been here."""
    page = browser.new_page()
    sent = _Sent(page)
    first = {"Experiments": _open(page, "experiments", experiment)}
    kilobytes = {"Experiments": sent.kilobytes()}
    for title in PAGES[1:]:
        page.wait_for_timeout(1000)
        first[title] = _go_to(page, title, experiment)
        kilobytes[title] = sent.kilobytes()
    for title, seconds in first.items():
        measured.add(f"{what}_{_slug(title)}_first_seconds", seconds, at_most=2)
        measured.add(f"{what}_{_slug(title)}_kilobytes", kilobytes[title], at_most=_KILOBYTES)
    again: dict[str, list[float]] = {title: [] for title in PAGES}
    for title in PAGES * 3:
        page.wait_for_timeout(300)
        again[title].append(_go_to(page, title, experiment))
    for title, times in again.items():
        name = f"{what}_{_slug(title)}_again_seconds"
        measured.add(name, statistics.median(times), at_most=0.7)
    page.close()
    with browser.new_context() as stranger:
        seconds = _open(stranger.new_page(), "leaderboard", experiment)
        measured.add(f"{what}_leaderboard_by_link_seconds", seconds)


class _Sent:
    """Counts what the server sends to a page over its websocket."""

    def __init__(self, page: "Page") -> None:
        self._num_bytes = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, payload: str | bytes) -> None:
        self._num_bytes += len(payload)

    def kilobytes(self) -> float:
        """Since the last call."""
        found, self._num_bytes = self._num_bytes / 1e3, 0
        return found


def _slug(title: str) -> str:
    return title.lower().replace(" ", "_")


def _go_to(page: "Page", title: str, experiment: str) -> float:
    """Seconds from the click on its link, in the order of `PAGES`, until the page is whole."""
    link = {"Leaderboard": experiment, "Train": "3 Train"}.get(title, title)
    started = time.perf_counter()
    page.get_by_role("link", name=link).first.click()
    page.wait_for_function("title => document.title.startsWith(title)", arg=title)
    page.wait_for_function(served_app.IS_WHOLE)
    return time.perf_counter() - started


def _open(page: "Page", path: str, experiment: str) -> float:
    """Seconds from the link until the page is whole."""
    started = time.perf_counter()
    path = "" if path == "experiments" else path
    page.goto(f"{served_app.URL}/{path}{f'?experiment={experiment}' if experiment else ''}")
    page.locator("h1").first.wait_for()
    page.wait_for_function(served_app.IS_WHOLE)
    return time.perf_counter() - started


def _cell_to_pictures(page: "Page", row: int, column: int) -> float:
    """Seconds from the click on a cell of the confusion matrix until its pictures are there."""
    matrix = page.locator(".js-plotly-plot .nsewdrag").first
    heading = page.locator("strong").filter(has_text="taken for")
    before = heading.inner_text()
    room = matrix.bounding_box()
    assert room
    x = (column + 0.5) / _CELLS * room["width"]
    y = (row + 0.5) / _CELLS * room["height"]
    matrix.hover(position={"x": x, "y": y})
    started = time.perf_counter()
    matrix.click(position={"x": x, "y": y})
    page.wait_for_function(
        """before => {
            const texts = [...document.querySelectorAll("strong")].map(one => one.innerText);
            return texts.some(one => one.includes("taken for")) && !texts.includes(before);
        }""",
        arg=before,
    )
    true, predicted = heading.inner_text().split(" of ", 1)[1].split(" taken for ")
    page.get_by_text(f"{true} → {predicted}").first.wait_for()
    page.wait_for_function(served_app.IS_WHOLE)
    return time.perf_counter() - started


def _megabytes(process_id: int) -> float:
    return psutil.Process(process_id).memory_info().rss / 1e6


if __name__ == "__main__":
    main(sys.argv[1:])
