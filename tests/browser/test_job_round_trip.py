"""A job file in the browser: uploaded, changed in the form, downloaded, the same job again."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from automl.jobs.job import Job
from tests.browser.conftest import Server, on_page

pytestmark = pytest.mark.browser
JOB = """\
type: automl
task: image_classification
target_column_name: label
training_data: {path: %s}
limits: {timeout_minutes: 60, max_trials: 10}
training_parameters: {early_stopping: true, number_of_workers: 4}
sweep:
  sampling_algorithm: random
  early_termination: {type: bandit, slack_factor: 0.2, evaluation_interval: 2}
search_space:
  - model_name: {type: choice, values: [mobilenetv2, resnet18]}
    learning_rate: {type: loguniform, min_value: -7.0, max_value: -4.0}
  - model_name: resnet50
    layers_to_freeze: {type: choice, values: [0, 2]}
"""


def test_a_job_file_goes_through_the_form_unharmed(
    idle_server: Server, page: Page, tmp_path: Path, screenshot: Callable[[str], None]
) -> None:
    pictures = write_pictures(tmp_path)
    file = tmp_path / "job.yml"
    file.write_text(JOB % pictures)
    page.goto(f"{idle_server.url}/configure?data={pictures}")
    on_page(page, "Set up")
    page.wait_for_selector('[data-test-script-state="notRunning"]')
    screenshot("configure-0-first")
    page.get_by_text("Fill in from a file or an earlier experiment").click()
    page.wait_for_selector('[data-test-script-state="notRunning"]')
    page.locator('input[type="file"]').set_input_files(file)
    expect(page.get_by_text("truncation")).to_have_count(0)
    expect(page.get_by_text("slack_factor: 0.2")).to_be_visible()
    screenshot("configure-1-uploaded")
    assert downloaded(page) == Job.from_yaml(file.read_text())

    minutes = page.get_by_role("spinbutton", name="Minutes at most")
    minutes.fill("7")
    minutes.press("Enter")
    expect(page.get_by_text("timeout_minutes: 7")).to_be_visible()
    page.get_by_role("textbox", name="Min value, max value").fill("-8, -4")
    page.get_by_role("textbox", name="Min value, max value").press("Enter")
    expect(page.get_by_text("min_value: -8")).to_be_visible()
    page.get_by_text("Hyperparameters of every trial").click()
    screenshot("configure-2-changed")
    changed = downloaded(page)
    assert changed.limits.timeout_minutes == 7
    assert changed.search_space
    assert changed.search_space[0]["learning_rate"].min_value == -8
    assert changed.search_space[1] == Job.from_yaml(file.read_text()).search_space[1]  # type: ignore[index]


def downloaded(page: Page) -> Job:
    page.wait_for_selector('[data-test-script-state="notRunning"]')
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the job").click()
    return Job.from_yaml(Path(download.value.path()).read_text("utf-8"))


def write_pictures(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (folder / "pets" / label).mkdir(parents=True)
        for number in range(6):
            pixels = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "pets" / label / f"{number}.png")
    return folder / "pets"
