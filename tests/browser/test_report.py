"""The report, a file that any browser opens."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from automl.experiments import store
from automl.reports import html_report

pytestmark = pytest.mark.browser

BROKEN = """[...document.querySelectorAll("td")].filter(cell => {
  const lines = document.createRange();
  lines.selectNodeContents(cell);
  return /^[#\\d.]+$/.test(cell.textContent) && lines.getClientRects().length > 1;
}).map(cell => cell.textContent)"""


def test_a_long_name_neither_widens_the_report_nor_breaks_its_numbers(
    with_test_data: Path,
    with_answers: Callable[[Path], None],
    page: Page,
    tmp_path: Path,
) -> None:
    with_answers(with_test_data)
    samples = store.load_samples(with_test_data)
    samples["label"] = samples["label"].replace({"red": "x\\" * 100})
    store.save_dataset(with_test_data, samples, store.load_report(with_test_data))
    report = html_report.write(with_test_data, tmp_path / "report.html")
    page.set_viewport_size({"width": 390, "height": 720})
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate(BROKEN) == []
