"""Colours, markers and text of figures: a model family looks the same on every page."""

import html
import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from automl.jobs import model_catalog

if TYPE_CHECKING:
    from automl.experiments.records import TrialRecord

# Okabe and Ito's palette for colour blindness; blue and yellow are changed for more contrast on
# dark and light backgrounds
_LOOKS = {
    "ResNet": ("#3388cc", "circle"),
    "MobileNet": ("#e69f00", "square"),
    "EfficientNet": ("#009e73", "diamond"),
    "ConvNeXt": ("#d55e00", "triangle-up"),
    "ViT": ("#cc79a7", "cross"),
    "ResNeSt": ("#56b4e9", "x"),
    "SE-ResNeXt": ("#b8a000", "star"),
    "HGNet": ("#e0529c", "diamond-tall"),
}
_OTHERS = (("#8c7ae6", "hexagon"), ("#999999", "pentagon"), ("#a0785a", "triangle-down"))
SERIES = tuple(color for color, _ in (*_LOOKS.values(), *_OTHERS))
"""Colours of lines that are not model families; dashes distinguish them as well."""

MAX_OWN_COLORS = 8
"""Number of trained trials up to which each has a colour of its own."""

_VARIANTS = ("", "-open", "-dot", "-open-dot")  # Plotly's variants of a marker
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
ACCENT = "#3388cc"
SECOND = "#d55e00"
MUTED = "#8a97a6"
INK_ON_BARS = "#0b1018"
"""Words on any of these colours, in both themes."""


def family_look(model_name: str) -> tuple[str, str]:
    """Return colour and marker of the model's family; timm's `resnet10t` is a ResNet as well."""
    family = model_catalog.family(model_name)
    for known, look in _LOOKS.items():
        if family.lower().startswith(known.lower()):
            return look
    return _OTHERS[zlib.crc32(family.encode()) % len(_OTHERS)]


def looks(model_names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return colour and marker of each model; models of one family differ in their marker.

    The result does not depend on the order, so the same models look the same on every page.
    """
    used: list[tuple[str, str]] = []
    by_model: dict[str, tuple[str, str]] = {}
    for name in sorted(set(model_names)):
        color, symbol = look = family_look(name)
        by_model[name] = color, symbol + _VARIANTS[used.count(look) % len(_VARIANTS)]
        used.append(look)
    return by_model


def trial_colors(trials: "Iterable[TrialRecord]") -> dict[str, str]:
    """Return the colour of each trial, by its id.

    While there are few trained trials each has a colour of its own, which later trials do not
    change; many have the colour of their family.
    """
    trained = sorted(
        (trial for trial in trials if trial.method == "fine_tuning"),
        key=lambda trial: trial.number,
    )
    if len(trained) > MAX_OWN_COLORS:
        return {trial.trial_id: family_look(trial.model_name)[0] for trial in trained}
    return {trial.trial_id: SERIES[place] for place, trial in enumerate(trained)}


def label(text: str, limit: int = 24) -> str:
    """Shorten and escape a user's text for a figure; Plotly interprets tags and entities."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return html.escape(short, quote=False)
