"""Contrast of texts by WCAG 2.1, computed from the theme and from the colours of figures."""

import re
import tomllib
from pathlib import Path

import plotly.graph_objects as go
import pytest

from automl.figures import charts, confusion_chart, ink, palette
from tests.contrast import LEAST, contrast

CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"
THEME = tomllib.loads(CONFIG.read_text())["theme"]
CAPTION = 0.6
"""Opacity of captions in Streamlit."""


def rgb(color):
    return tuple(int(color[place : place + 2], 16) for place in (1, 3, 5))


def over(color, opacity, background):
    return tuple(opacity * c + (1 - opacity) * b for c, b in zip(color, background, strict=True))


def test_black_on_white_is_21():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("background", ["backgroundColor", "secondaryBackgroundColor"])
def test_texts_captions_and_links_can_be_read(name, background):
    theme = THEME[name]
    behind, text = rgb(theme[background]), rgb(theme["textColor"])
    assert contrast(text, behind) >= LEAST
    assert contrast(over(text, CAPTION, behind), behind) >= LEAST
    assert contrast(rgb(theme.get("linkColor", theme["primaryColor"])), behind) >= LEAST


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_white_words_of_a_primary_button_can_be_read(name):
    assert contrast((255, 255, 255), rgb(THEME[name]["primaryColor"])) >= LEAST


def test_the_words_around_a_figure_can_be_read_on_a_light_page(monkeypatch):
    monkeypatch.setattr(ink, "_is_light", [lambda: True])
    layout = charts.finish(go.Figure(), "epoch", "accuracy").layout
    fonts = [layout.legend.font]
    for axis in (layout.xaxis, layout.yaxis):
        fonts += [axis.tickfont, axis.title.font]
    for font in fonts:
        assert contrast(rgb(font.color), rgb(THEME["light"]["backgroundColor"])) >= LEAST


@pytest.mark.parametrize("color", [*palette.SERIES, palette.ACCENT, palette.MUTED])
def test_a_number_on_a_bar_can_be_read(color):
    assert contrast(rgb(palette.INK_ON_BARS), rgb(color)) >= LEAST


@pytest.mark.parametrize(("name", "is_dark"), [("light", False), ("dark", True)])
def test_a_number_in_a_cell_of_the_matrix_can_be_read(name, is_dark):
    ink = rgb(confusion_chart.INK_ON_DARK if is_dark else confusion_chart.INK)
    background = rgb(THEME[name]["backgroundColor"])
    for _, color in confusion_chart.COLORS:
        *parts, opacity = map(float, re.findall(r"[\d.]+", color))
        assert contrast(ink, over(parts, opacity, background)) >= LEAST
