"""The closed loop in the browser: wrong labels, a better model, pictures that its use brings."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image
from playwright.sync_api import Page, TimeoutError, expect

from automl.serving.keeping import PICTURES
from tests.browser.conftest import IS_WHOLE, Server, on_page
from tests.serving.test_serve_command import serving

pytestmark = [pytest.mark.browser, pytest.mark.engine]
NUM_WRONG = 8


@pytest.fixture
def messy(shapes: Path, tmp_path: Path) -> Path:
    """The shapes, eight with a wrong label, and one under two labels."""
    folder = Path(shutil.copytree(shapes, tmp_path / "waste"))
    for number in range(NUM_WRONG):
        (folder / "red" / f"{number}.png").rename(folder / "blue" / f"wrong {number}.png")
    shutil.copy(folder / "green" / "0.png", folder / "red" / "conflict.png")
    return folder


def test_a_mistake_becomes_a_better_model_and_use_brings_new_pictures(
    messy: Path, server: Server, page: Page, screenshot: Callable[[str], None]
) -> None:
    page.goto(f"{server.url}/dataset?data={messy}")
    on_page(page, "Data")
    page.get_by_role("button", name="Look at the pictures").click()
    expect(page.get_by_text("Accuracy 0.")).to_be_visible(timeout=300_000)  # imports torch
    expect(page.get_by_text("Label conflict")).to_be_visible()
    screenshot("story-1-first-score")
    page.get_by_role("button", name="Relabel these").click()
    look_again(page)
    expect(page.get_by_text("Your corrections")).to_be_visible()
    expect(page.get_by_text("Label conflict")).to_have_count(0)
    screenshot("story-2-second-score")
    save_version(page, "clean")
    screenshot("story-3-version")
    train_a_probe(page)
    screenshot("story-4-trained")
    page.get_by_role("button", name="Try it").click()
    on_page(page, "Use")

    kept = messy.with_name("kept")
    (experiment,) = Path(os.environ["AUTOML_EXPERIMENTS_DIR"]).iterdir()
    with serving(experiment, "--keep", kept, "--keep-share", "0") as (process, url):
        for number in range(60):
            strange = stripes(messy.with_name(f"strange {number}.png"), number)
            files = {"files": strange.read_bytes()}
            answer = requests.post(f"{url}/predict", files=files, timeout=60).json()
            assert answer["predictions"][0]["unlike"]
        process.terminate()
        process.wait()  # the last picture is written by then
    page.get_by_text("In service").click()
    page.get_by_role("textbox", name="Folder of kept answers").fill(str(kept))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Something has changed")).to_be_visible()
    screenshot("story-5-in-service")
    page.get_by_role("button", name="Label the kept pictures").click()
    on_page(page, "Label pictures")
    page.get_by_role("button", name="Rank the pictures").click()
    expect(page.get_by_text("20 pictures to label")).to_be_visible()
    screenshot("story-6-to-label")
    new_class = page.get_by_role("combobox", name="Another class, or a new one")
    new_class.fill("stripes")
    new_class.press("Enter")
    expect(page.get_by_text("19 pictures to label")).to_be_visible()
    page.get_by_role("button", name="Back to the data").click()
    on_page(page, "Data")
    expect(page.get_by_text("1 picture added")).to_be_visible()
    screenshot("story-7-back")
    assert len(list((kept / PICTURES).iterdir())) == 60


def look_again(page: Page) -> None:
    """Wait for the first score of the data as they are now."""
    page.wait_for_selector(IS_WHOLE)
    page.get_by_role("button", name="Look at the pictures").click()
    expect(page.get_by_text("by a linear probe on")).to_be_visible()


def save_version(page: Page, name: str) -> None:
    page.get_by_text("Versions of the data").click()
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_role("button", name="Save as a version").click()
    expect(page.get_by_text(name, exact=True)).to_be_visible()


def train_a_probe(page: Page) -> None:
    page.get_by_role("button", name="Set up").click()
    on_page(page, "Set up")
    page.get_by_text("One model").click()
    page.get_by_text("Hyperparameters of every trial").click()
    choose(page, "Method", "linear_probe")
    expect(page.get_by_text("method: linear_probe")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    on_page(page, "Train")
    expect(page.get_by_role("button", name="Try it")).to_be_visible(timeout=300_000)


def choose(page: Page, name: str, value: str) -> None:
    """Choose a value; the list is opened again where the page was drawn anew and closed it."""
    page.wait_for_selector(IS_WHOLE)
    for _ in range(20):
        page.get_by_role("combobox", name=name).click()
        try:
            page.get_by_role("option", name=value).click(timeout=5_000)
        except TimeoutError:
            page.keyboard.press("Escape")
        else:
            return
    pytest.fail(f"{value} cannot be chosen for {name}")


def stripes(path: Path, number: int) -> Path:
    """A picture unlike all of the data."""
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:, :: 2 + number % 7] = 255
    pixels[number % 40] = (number * 4, 255 - number * 4, 128)
    Image.fromarray(pixels).save(path)
    return path
