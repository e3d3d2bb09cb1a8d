import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from automl.host import process_lock
from automl.host.home import head_lock_path

ROOT = Path(__file__).parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
PATIENCE_MILLISECONDS = 120_000  # a busy machine takes 30 s for what else takes one
IS_WHOLE = '[data-test-script-state="notRunning"]'


class Server:
    """The app as `automl app` serves it, or another Streamlit script, in its own process."""

    def __init__(self, *options: str, script: Path | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        if script is None:
            arguments = ["automl.cli", "app", f"--port={self.port}", *options]
        else:
            arguments = ["automl.ui.server", str(script), f"--server.port={self.port}", *options]
        self._command = [sys.executable, "-m", *arguments]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_MILLISECONDS / 1000
        while not self._answers():
            assert time.monotonic() < deadline, "the app does not answer"
            time.sleep(0.1)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1):
                return True
        except OSError:
            return False


@pytest.fixture
def server(head: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:  # noqa: ARG001
    """The app without any experiment yet; its experiments use the tests' Ray head."""
    monkeypatch.setenv("AUTOML_EXPERIMENTS_DIR", str(tmp_path / "experiments"))
    server = Server()
    yield server
    server.kill()


@pytest.fixture
def idle_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The app over the test's own experiments, for tests that train nothing.

    The test is in the place of the Ray head's keeper, or a page would start one that outlives it.
    """
    monkeypatch.setenv("AUTOML_EXPERIMENTS_DIR", str(home / "experiments"))
    lock = process_lock.take(head_lock_path())
    assert lock is not None
    server = Server()
    yield server
    server.kill()
    os.close(lock)


@pytest.fixture(scope="module")  # not longer: while it runs, no test can have an event loop
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None and not os.environ.get("CI"):
        pytest.skip("there is no chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    yield page
    page.close()  # with its cookies


def on_page(page: Page, title: str) -> None:
    """Wait until the page has begun to draw; its title is that of the browser's tab."""
    expect(page).to_have_title(f"{title} · AutoML")


@pytest.fixture
def screenshot(page: Page) -> Callable[[str], None]:
    """Wait until the page is whole; with AUTOML_TEST_SCREENSHOTS=1 keep a picture of it."""
    is_kept = os.environ.get("AUTOML_TEST_SCREENSHOTS") == "1"
    SCREENSHOTS.mkdir(exist_ok=True)

    def take(name: str) -> None:
        page.wait_for_selector(IS_WHOLE)
        if is_kept:
            page.wait_for_timeout(500)  # Plotly draws a moment later
            page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return take
