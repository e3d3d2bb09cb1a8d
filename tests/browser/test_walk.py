"""One walk through the app, as a person would, from the sample to a prediction."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from automl.dataset import sample
from automl.experiments import store
from automl.experiments.records import TrialState
from automl.host import home
from tests.browser.conftest import Server, on_page

pytestmark = [pytest.mark.browser, pytest.mark.engine]
TRIAL_MILLISECONDS = 300_000
PER_DIGIT = 25
NOTIFICATIONS = """
    told = [];
    Notification = class {
        static permission = "default";
        static requestPermission() { Notification.permission = "granted"; }
        constructor(_, options) { told.push(options.body); }
    };
"""
"""A browser without a screen shows none; this one keeps them."""


@pytest.fixture
def digits(head: Path) -> Path:
    """A part of the sample, in its place: the walk is the same, and the training shorter."""
    folder = head / "samples" / "digits"
    sample.write_digits(folder)
    for label in folder.iterdir():
        for picture in sorted(label.iterdir())[PER_DIGIT:]:
            picture.unlink()
    return folder


def test_from_the_sample_to_a_prediction(
    digits: Path, server: Server, page: Page, screenshot: Callable[[str], None]
) -> None:
    page.add_init_script(NOTIFICATIONS)
    page.goto(f"{server.url}/dataset")
    page.get_by_label("Full path of the folder or file").fill("/srv/pictures/of/some/length")
    page.wait_for_timeout(500)
    expect(page.get_by_text("Press Enter")).to_be_hidden()  # it would lie over the path
    page.goto(server.url)
    on_page(page, "Experiments")
    screenshot("1-first-visit")
    page.get_by_role("button", name="Try the sample").click()
    configure_and_start(page, screenshot)
    on_page(page, "Train")
    in_training(page, "1", after_epochs=1)
    screenshot("4-running")

    server.kill()  # the search goes on without the app
    server.start()
    page.goto(server.url)
    on_page(page, "Experiments")
    expect(page.get_by_text("running")).to_be_visible()
    screenshot("5-found-again")
    page.get_by_role("link", name="digits-1").click()
    on_page(page, "Train")
    page.get_by_text("Notify me").click()
    number = stop_trial(page, "[12]", after_epochs=1)  # the first may have ended meanwhile
    if number == 1:
        stop_trial(page, "2", after_epochs=0)
    expect(page.get_by_role("button", name="Try it")).to_be_visible(timeout=TRIAL_MILLISECONDS)
    ended = page.get_by_test_id("stMetric").filter(has_text="Trials ended")
    expect(ended).to_contain_text(re.compile(r"[34]\s*$"))  # with an ensemble, if it is better
    (told,) = page.evaluate("told")
    assert told.startswith("digits-1: completed")
    screenshot("6-done")
    page.get_by_role("link", name="4 Choose").click()
    on_page(page, "Leaderboard")
    expect(page.get_by_text("Is the difference real?")).to_be_visible()
    screenshot("7-leaderboard")
    look_into_the_best_trial(page, screenshot)
    ask_for_a_prediction(page, screenshot, sorted((digits / "7").iterdir())[0])
    (experiment_dir,) = Path(home.experiments_dir()).iterdir()
    trials = store.load_trials(experiment_dir)
    assert trials[0].state is TrialState.COMPLETED
    assert {trial.state for trial in trials[number:3]} == {TrialState.STOPPED}


def configure_and_start(page: Page, screenshot: Callable[[str], None]) -> None:
    on_page(page, "Set up")
    page.get_by_text("Quick (3 trials)").click()
    expect(page.get_by_text("max_trials: 3")).to_be_visible()
    screenshot("2-configure")
    page.get_by_role("link", name="1 Data").click()
    on_page(page, "Data")
    expect(page.get_by_text(f"{10 * PER_DIGIT} pictures").first).to_be_visible()
    screenshot("3-dataset")
    page.locator("button.tile").first.click()
    expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    screenshot("3-picture")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("link", name="2 Set up").click()
    page.get_by_role("button", name="Start").dblclick()  # starts one experiment, not two


def in_training(page: Page, number: str, *, after_epochs: int) -> int:
    """Wait until the trial in training has done so many of its 20 epochs; its number.

    number: pattern of the numbers that it may have.
    """
    at_least = "|".join(map(str, range(after_epochs, 21)))
    line = page.get_by_text(re.compile(rf"^#{number} .* · epoch ({at_least})\b"))
    expect(line).to_be_visible(timeout=TRIAL_MILLISECONDS)
    return int(line.inner_text()[1])


def stop_trial(page: Page, number: str, *, after_epochs: int) -> int:
    """Stop the trial in training once it has done so many epochs; the next one begins."""
    stopped = in_training(page, number, after_epochs=after_epochs)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop this trial").click()
    return stopped


def look_into_the_best_trial(page: Page, screenshot: Callable[[str], None]) -> None:
    page.get_by_role("link", name="One trial").click()
    on_page(page, "One trial")
    cells = page.locator(".js-plotly-plot .points path")
    for digit in (0, 1):
        cells.nth(11 * digit).click(force=True)
        recognised = page.get_by_text(re.compile(rf"\d+ pictures of {digit} recognised"))
        expect(recognised).to_be_visible()
    page.wait_for_timeout(500)
    expect(recognised).to_be_visible()  # nothing has undone the second click
    screenshot("8-cell")
    for name in ("Errors", "Classes", "Charts", "Curves", "Hyperparameters"):
        tab = page.get_by_role("tab", name=name)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        screenshot(f"9-{name.split()[0].lower()}")


def ask_for_a_prediction(
    page: Page, screenshot: Callable[[str], None], picture_of_a_7: Path
) -> None:
    page.get_by_role("button", name="Try it").click()
    on_page(page, "Use")
    known = page.get_by_role("heading", name="Validation pictures")
    expect(known).to_be_visible()
    screenshot("10-held-out-pictures")  # waits for the whole page: an upload before may be lost
    page.locator('input[type="file"]').set_input_files(picture_of_a_7)
    answer = page.locator("strong").filter(has_text=re.compile(r"^\d$"))
    expect(known).to_have_count(0)
    expect(answer).to_have_text(["7"])  # alone: what was shown before fades away
    expect(page.get_by_text(re.compile(r"probability (0\.[5-9]|1\.0)"))).to_be_visible()
    screenshot("11-prediction")
