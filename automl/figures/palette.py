"""Colours, markers and text of figures: a model family looks the same on every page."""

import html
import zlib
from collections.abc import Iterable

from automl.jobs import model_catalog

# Okabe and Ito's palette, its blue and its yellow moved so that they stand out on dark and light
_LOOKS = {
    "ResNet": ("#3388cc", "circle"),
    "MobileNet": ("#e69f00", "square"),
    "EfficientNet": ("#009e73", "diamond"),
    "ConvNeXt": ("#d55e00", "triangle-up"),
    "ViT": ("#cc79a7", "cross"),
    "ResNeSt": ("#56b4e9", "x"),
    "SE-ResNeXt": ("#b8a000", "star"),
}
_OTHERS = (("#8c7ae6", "hexagon"), ("#999999", "pentagon"), ("#a0785a", "triangle-down"))
SERIES = tuple(color for color, _ in (*_LOOKS.values(), *_OTHERS))
"""For lines that are no model family; told apart by their dashes, too."""

_VARIANTS = ("", "-open", "-dot", "-open-dot")  # of a marker, as Plotly names them
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
ACCENT = "#3388cc"
SECOND = "#d55e00"


def family_look(model_name: str) -> tuple[str, str]:
    """Colour and marker of the model's family; `resnet10t`, timm's name, is a ResNet as well."""
    family = model_catalog.family(model_name)
    for known, look in _LOOKS.items():
        if family.lower().startswith(known.lower()):
            return look
    return _OTHERS[zlib.crc32(family.encode()) % len(_OTHERS)]


def looks(model_names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each model of a figure; those of one family differ in their marker.

    The same models look the same on every page, in whatever order they come.
    """
    seen: list[tuple[str, str]] = []
    found: dict[str, tuple[str, str]] = {}
    for name in sorted(set(model_names)):
        color, symbol = look = family_look(name)
        found[name] = color, symbol + _VARIANTS[seen.count(look) % len(_VARIANTS)]
        seen.append(look)
    return found


def label(text: str, limit: int = 24) -> str:
    """A user's text for a figure, where tags and entities have a meaning."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return html.escape(short, quote=False)
