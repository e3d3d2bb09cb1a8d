"""Takes the pictures of docs/guide.md anew, except those of Set up, of the damaged data set and of
an explanation.

`python -m benchmarks.guide_pictures EXPERIMENT WASTE [NAME …]`: of an experiment of this machine
that has ended, whose test data it opens, and of a folder with wrong labels, whose path is shown.
With names only these are taken. Look at each of them afterwards.
"""

import sys
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from PIL import Image

from benchmarks import served_app

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = served_app.ROOT / "docs" / "images"
_WIDTH = 1280
_PATIENCE_MILLISECONDS = 300_000


def main(experiment: str, waste: str, *names: str) -> None:
    """Write the pictures.

    Args:
        experiment: name of the experiment.
        waste: path of the folder with wrong labels.
        names: of the pictures; without any, all.
    """
    with served_app.served("--data-root", waste), served_app.chromium() as browser:
        page = browser.new_page(color_scheme="light")
        page.set_default_timeout(_PATIENCE_MILLISECONDS)

        def take(name: str, height: int, path: str, /, **parameters: str) -> None:
            if names and name not in names:
                return
            page.goto(f"{served_app.URL}/{path}?{urlencode(parameters)}")
            page.locator("h1").first.wait_for()
            _AFTER.get(name, _nothing)(page)
            _save(page, name, height)

        take("progress", 960, "progress", experiment=experiment)
        take("leaderboard", 1080, "leaderboard", experiment=experiment)
        take("search", 660, "search", experiment=experiment)
        take("matrix", 860, "trial", experiment=experiment)
        take("errors", 660, "trial", experiment=experiment, tab="Errors")
        take("calibration", 830, "trial", experiment=experiment, tab="Charts")
        take("compare", 780, "compare", experiment=experiment)
        take("test", 910, "test", experiment=experiment)
        take("first-score", 720, "dataset", data=waste)
        take("second-score", 720, "dataset", data=waste)


def _nothing(page: "Page") -> None:
    """Nothing has to be clicked."""


def _choose_calibration(page: "Page") -> None:
    page.get_by_role("radio", name="Calibration").click()
    page.get_by_text("Expected calibration error").wait_for()


def _open_test(page: "Page") -> None:
    page.get_by_text("Test accuracy").or_(
        page.get_by_role("button", name="Open the test data")
    ).first.wait_for()
    if page.get_by_role("button", name="Open the test data").count():
        page.get_by_role("button", name="Open the test data").click()
        page.get_by_role("button", name="Open them now").click()
        page.get_by_text("Test accuracy").wait_for()


def _look(page: "Page") -> None:
    """Wait for the first score of the data."""
    page.get_by_role("button", name="Look at the pictures").or_(
        page.get_by_text("by a linear probe on")
    ).first.wait_for()
    if page.get_by_role("button", name="Look at the pictures").count():
        page.get_by_role("button", name="Look at the pictures").click()
    page.get_by_text("by a linear probe on").wait_for()


def _relabel(page: "Page") -> None:
    _look(page)
    page.get_by_role("button", name="Relabel these").click()
    page.get_by_text("Your corrections").wait_for()
    _look(page)
    page.get_by_text("the first score by").wait_for()
    page.get_by_text("First score", exact=True).scroll_into_view_if_needed()


_AFTER: dict[str, Callable[["Page"], None]] = {
    "calibration": _choose_calibration,
    "test": _open_test,
    "first-score": _look,
    "second-score": _relabel,
}


def _save(page: "Page", name: str, height: int) -> None:
    """Write a picture, in 256 colours: all together are cloned with the project."""
    page.set_viewport_size({"width": _WIDTH, "height": height})
    page.wait_for_function(served_app.IS_WHOLE)
    page.wait_for_timeout(2000)  # Plotly draws anew, and pictures of a gallery arrive
    with Image.open(BytesIO(page.screenshot(timeout=_PATIENCE_MILLISECONDS))) as picture:
        picture.convert("RGB").quantize(256).save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
