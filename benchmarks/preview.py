"""How fast the Dataset page shows pictures of a large set: the app as it is served, in Chromium.

`python -m benchmarks.preview [--quick]`. Every time is that from a click to the new pictures being
on the page, with the pictures scanned before; the median of several.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect, sync_playwright

from automl.dataset import data_roots
from benchmarks.figures import Figures
from benchmarks.ingest import peak_megabytes, write_small_pictures

_NUM_COPIES = 500
_REPEATS = 3
_PATIENCE_MILLISECONDS = 900_000  # to scan all of them on a slow machine
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main(arguments: list[str]) -> None:
    count = 10_000 if "--quick" in arguments else 100_000
    measured = Figures()
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as place:
        folder = Path(place) / "pictures"
        write_small_pictures(folder, count)
        for path in sorted((folder / "first").iterdir())[-_NUM_COPIES:]:
            shutil.copy(path, path.with_name(f"copy-{path.name}"))
        os.environ |= {"AUTOML_HOME": str(Path(place) / "home"), data_roots.VARIABLE: place}
        try:
            with served() as (url, process_id), opened() as page:
                page.goto(f"{url}/dataset?data={quote(str(folder))}")
                scan(page, measured)
                first_page(page, url, folder, measured)
                look_around(page, measured)
                measured.add("correction_seconds", seconds(lambda: leave_out_one(page)))
                megabytes = peak_megabytes(Path(f"/proc/{process_id}/status"))
                measured.add("peak_megabytes", megabytes, at_most=1_000)
        finally:
            from benchmarks import local_head

            local_head.stop()  # the page has it started
    measured.print_last_line()


def scan(page: Page, measured: Figures) -> None:
    def until_shown() -> None:
        expect(tile(page)).to_be_visible(timeout=_PATIENCE_MILLISECONDS)

    measured.add("scan_seconds", seconds(until_shown))
    whole(page)


def first_page(page: Page, url: str, folder: Path, measured: Figures) -> None:
    """By the navigation of the app; and by a link, which loads the app itself into the browser."""

    def by_navigation() -> float:
        page.get_by_role("link", name="Experiments", exact=True).click()
        expect(page.get_by_role("heading", name="Experiments", exact=True)).to_be_visible()
        whole(page)
        link = page.get_by_role("link", name="1 Data")
        return seconds(lambda: (link.click(), expect(tile(page)).to_be_visible()))

    def by_link() -> float:
        link = f"{url}/dataset?data={quote(str(folder))}"
        return seconds(lambda: (page.goto(link), expect(tile(page)).to_be_visible()))

    measured.add("first_page_seconds", median(by_navigation), at_most=1)
    measured.add("first_page_by_link_seconds", median(by_link))
    whole(page)


def look_around(page: Page, measured: Figures) -> None:
    for field, option in (
        ("Class", "second"),
        ("Split", "validation"),
        ("Finding", "Exact duplicates"),
    ):
        taken = median(lambda field=field, option=option: chosen(page, field, option))
        measured.add(f"by_{field.lower()}_seconds", taken, at_most=1)
    measured.add("next_page_seconds", median(lambda: turned(page)), at_most=1)
    measured.add("enlarged_seconds", median(lambda: enlarged(page)), at_most=1)


def chosen(page: Page, field: str, option: str) -> float:
    """Seconds until the pictures of an option are there; leaves the field as it was."""
    box = page.get_by_role("combobox", name=field, exact=True)
    box.click()
    entry = page.get_by_role("option", name=option, exact=True)
    expect(entry).to_be_visible()
    taken = changed(page, entry.click)
    changed(page, page.get_by_role("button", name="Clear value").click)
    return taken


def turned(page: Page) -> float:
    taken = changed(page, page.get_by_role("button", name="Next page").click)
    changed(page, page.get_by_role("button", name="Previous page").click)
    return taken


def changed(page: Page, act: Callable[[], None]) -> float:
    """Seconds until the first picture is another one."""
    whole(page)
    image = tile(page).locator("img")
    before = image.get_attribute("src") or ""
    taken = seconds(lambda: (act(), expect(image).not_to_have_attribute("src", before)))
    whole(page)
    return taken


def enlarged(page: Page) -> float:
    picture = page.get_by_role("dialog").locator("img")
    taken = seconds(lambda: (tile(page).click(), expect(picture).to_be_visible()))
    whole(page)
    page.keyboard.press("Escape")
    expect(picture).to_have_count(0)
    return taken


def leave_out_one(page: Page) -> None:
    tile(page).click()
    page.get_by_role("button", name="Leave out", exact=True).click()
    done = page.get_by_text("1 picture left out")
    expect(done).to_be_visible(timeout=_PATIENCE_MILLISECONDS)


def tile(page: Page) -> Locator:
    return page.locator("button.tile").first


def whole(page: Page) -> None:
    expect(page.locator('[data-test-script-state="notRunning"]')).to_be_visible()


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(_REPEATS))


@contextmanager
def opened() -> Iterator[Page]:
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        expect.set_options(timeout=60_000)
        yield browser.new_page(viewport={"width": 1280, "height": 720})
        browser.close()


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """The app in a process of its own; its URL and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "automl.cli", "app", f"--port={port}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            while not answers(port):
                assert process.poll() is None, "the app did not start"
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main(sys.argv[1:])
