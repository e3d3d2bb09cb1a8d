"""Columns of measurements, such as lengths, temperatures and coordinates, which name no classes."""

import re
from collections.abc import Collection, Iterable
from typing import Any

import pandas as pd

_WORDS = (
    "age alter edad length länge laenge longueur longitud width breite largeur anchura height höhe",
    "hoehe hauteur altura weight gewicht poids peso mass depth thickness diameter radius area",
    "volume perimeter temperature temperatur temp humidity pressure speed velocity distance",
    "latitude longitude lat lon lng altitude elevation azimuth price preis prix precio cost",
    "duration brightness exposure iso aperture confidence probability seconds celsius fahrenheit",
    "kelvin mm cm km nm µm μm um kg mg µg lbs oz ml inch inches px pixels db hz khz mhz ghz ms",
    "percent pct ppm kb mb gb bytes kcal kwh",
)
_QUANTITIES = frozenset(word for words in _WORDS for word in words.split())
_OF_CLASSES = frozenset(
    {"class", "classes", "category", "label", "group", "bin", "range", "level", "grade", "type"}
)
"""Words for classes of a quantity, as in `age_group`."""

_UNIT_IN_BRACKETS = re.compile(r".*[(\[]\s*(?:[^\W\d_]{1,2}[²³]?|%|°\s*[cf]?)\s*[)\]]")
_COORDINATE = re.compile(r"(?:.*[\W_])?(?:[xywh]|[xy][\W_]?(?:\d|min|max|cent(?:er|re)))")
_NUMBER = re.compile(r"[-+]?\d*[.,]?\d+(?:e[-+]?\d+)?|\d+/\d+", re.IGNORECASE)
_FRACTION = re.compile(r"[-+]?\d*[.,]\d*[1-9]\d*(?:e[-+]?\d+)?", re.IGNORECASE)
_WITH_COMMA = re.compile(r"(\d+),(\d+)")

_NUM_LOOKED_AT = 100
_TICKS = frozenset({"0", "1", "0.0", "1.0", "-1"})
_FEW_CLASSES = 8
_LEAST_PER_CLASS = 5


def columns(rows: pd.DataFrame) -> list[str]:
    """Columns of numbers whose names have a quantity, a unit or a coordinate.

    0 and 1 may be ticks, and a coordinate alone, such as y, may be anything.
    """
    numbers = {name: _numbers(rows[name]) for name in rows.columns}
    points = [name for name in numbers if numbers[name] and _COORDINATE.fullmatch(_words(name))]
    is_point = len(points) > 1 and not all(numbers[name] <= _TICKS for name in points)
    return [
        name
        for name, found in numbers.items()
        if (is_point and name in points) or (found and not found <= _TICKS and _has_quantity(name))
    ]


def _has_quantity(name: str) -> bool:
    words = {*re.split(r"[\W_]+", _words(name))}
    is_measured = bool(words & _QUANTITIES) or _UNIT_IN_BRACKETS.match(_words(name)) is not None
    return is_measured and not words & _OF_CLASSES


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z\d])(?=[A-Z])", "_", name.strip()).lower()


def of_labels(cells: Iterable[Any]) -> list[str]:
    """The distinct numbers of a column, if they have fractions and are too many to be classes.

    Codes such as 1.1 and 1.2 are classes: they are fewer, and each has several pictures.
    """
    texts = _texts(cells)
    distinct = list(dict.fromkeys(texts))
    if not _are_numbers(distinct) or not any(map(_FRACTION.fullmatch, distinct)):
        return []
    if any("," in text for text in distinct) and not have_decimal_comma(distinct):
        return []  # lists of numbers
    is_rare = len(texts) < _LEAST_PER_CLASS * len(distinct)
    return distinct if is_rare and len(distinct) > _FEW_CLASSES else []


def have_decimal_comma(texts: Iterable[str | None]) -> bool:
    """True if the comma in each text is that of a fraction, as in `1,0` and `2,3`, and separates
    no labels: those would hardly be two everywhere, the second 0 or twice the same, and with
    equally many digits."""
    found = [_WITH_COMMA.fullmatch(text.strip()) for text in {*texts} if text and text.strip()]
    pairs = [(one[1], one[2]) for one in found if one]
    return (
        len(pairs) == len(found) > 1
        and len({len(digits) for _, digits in pairs}) == 1
        and any(one == two or two.startswith("0") for one, two in pairs)
    )


def _numbers(cells: pd.Series) -> set[str]:
    """The distinct numbers in a column; none for one with another text."""
    first = _texts(cells.head(_NUM_LOOKED_AT))
    if first and not _are_numbers(first):
        return set()  # as for most columns of texts
    texts = {*_texts(cells)}
    return texts if _are_numbers(texts) else set()


def _are_numbers(texts: Collection[str]) -> bool:
    return bool(texts) and all(map(_NUMBER.fullmatch, texts))


def _texts(cells: Iterable[Any]) -> list[str]:
    """The cells that are not empty, as text."""
    filled = (cell for cell in cells if cell is not None and cell == cell)
    return [text for cell in filled if (text := str(cell).strip())]
