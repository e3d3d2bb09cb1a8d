"""The app in a process of its own, and a browser to look at it with."""

import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
_PORT = 8599
URL = f"http://127.0.0.1:{_PORT}"
IS_WHOLE = """() =>
    document.querySelector('[data-test-script-state="notRunning"]')
    && !document.querySelector('[data-testid="stSkeleton"]')
    && [...document.querySelectorAll(".stPlotlyChart")].every(one => one.querySelector(".main-svg"))
"""
"""The script has run, and what it sent is drawn."""


def has_chromium() -> bool:
    return shutil.which("chromium") is not None


@contextmanager
def chromium() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@contextmanager
def served(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The server with options of `automl app`, which answers; it ends with the block."""
    command = [sys.executable, "-m", "automl.cli", "app", f"--port={_PORT}", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as server:
        try:
            while not _answers():
                time.sleep(0.05)
            yield server
        finally:
            server.terminate()


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"{URL}/_stcore/health", timeout=1):
            return True
    except OSError:
        return False
