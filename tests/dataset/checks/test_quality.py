import pandas as pd
import pytest

from automl.dataset.checks import CheckedData, quality
from automl.dataset.report import Finding, Severity

ROWS = [("cat", str(number), None, None) for number in range(9)]


def found(samples: pd.DataFrame) -> dict[str, Finding]:
    return {finding.kind: finding for finding in quality.check(CheckedData(samples))}


@pytest.fixture
def odd_one(make_samples):
    """Ordinary photos, and the findings when the last one is different."""

    def odd_one(**columns: float) -> dict[str, Finding]:
        samples = make_samples(*ROWS)
        samples.loc[8, list(columns)] = list(columns.values())
        return found(samples)

    return odd_one


def test_ordinary_photos_are_fine(make_samples):
    assert found(make_samples(*ROWS)) == {}


def test_nothing_to_look_at_is_fine(make_samples):
    assert found(make_samples(*ROWS).head(0)) == {}


@pytest.mark.parametrize(
    ("columns", "kind", "severity", "words"),
    [
        ({"width": 20}, "too_small", Severity.WARNING, "fewer than 32 pixels on the short side"),
        ({"height": 100}, "aspect_ratio", Severity.WARNING, "more than 4 times as long as wide"),
        ({"contrast": 1.0}, "flat", Severity.WARNING, "of a single colour"),
        ({"brightness": 9.0, "contrast": 6.0}, "dark", Severity.INFO, "almost black"),
        ({"brightness": 245.0, "contrast": 6.0}, "bright", Severity.INFO, "almost white"),
        ({"sharpness": 9.0}, "blurry", Severity.INFO, "out of focus"),
    ],
)
def test_what_is_wrong_is_told_with_the_file(odd_one, columns, kind, severity, words):
    finding = odd_one(**columns)[kind]
    assert (finding.severity, finding.count) == (severity, 1)
    assert finding.paths == ["/data/cat/8.png"]
    assert finding.message.startswith("1 picture ")
    assert words in finding.message
    assert "8.png. Used all the same; " in finding.message


def test_pictures_that_are_all_small_are_meant_so(make_samples):
    assert found(make_samples(*ROWS, width=8, height=8)) == {}
    assert found(make_samples(*ROWS, width=7, height=8))["too_small"].count == 9


def test_white_on_black_is_not_dark_and_a_thing_on_white_not_bright(make_samples):
    assert found(make_samples(*ROWS, brightness=20.0, contrast=60.0)) == {}
    assert found(make_samples(*ROWS, brightness=235.0, contrast=25.0)) == {}


def test_a_picture_is_not_called_dark_or_blurry_for_being_flat(odd_one):
    assert set(odd_one(brightness=2.0, contrast=1.0, sharpness=0.0)) == {"flat"}


def test_a_plain_thing_on_a_plain_table_is_not_blurry(odd_one):
    assert odd_one(sharpness=15.0, contrast=20.0) == {}


def test_pictures_that_had_to_be_enlarged_are_not_called_blurry(odd_one):
    assert odd_one(sharpness=5.0, width=60, height=60) == {}
