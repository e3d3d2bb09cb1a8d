"""Guess what the columns of a table mean, by their names and their cells."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence

import pandas as pd

from automl.dataset.readers import group_column, measurements
from automl.dataset.walk import is_picture_name

IMAGE_NAMES = (
    *("image_url", "image_uri", "image_path", "image_file", "image_filename", "image", "img"),
    *("img_path", "file_path", "filepath", "file_name", "filename", "file", "uri", "url", "path"),
)
"""Names of the column with the location of the picture, in any case, the most likely one first."""

_ID_NAMES = (
    "image_id",
    "img_id",
    "image_name",
    "id_code",
    "picture",
    "photo",
    "fname",
    "name",
    "id",
)
_PICTURE_WORDS = frozenset({"image", "img", "picture", "photo", "file", "filename", "scan", "id"})
_LABEL_NAMES = (
    *("label", "labels", "class", "class_name", "classname", "class_label", "category"),
    *("target", "species", "breed", "diagnosis", "dx", "tag", "y", "class_id", "category_id"),
    *("klasse", "kategorie", "etikett", "classe", "étiquette", "clase", "etiqueta", "categoría"),
    *("categoria", "rótulo", "etichetta", "klas", "klass", "klasa", "třída", "etykieta", "sınıf"),
    *("etiket", "класс", "метка", "категория", "κατηγορία", "类别", "标签", "類別", "標籤"),
    *("クラス", "ラベル", "カテゴリ", "분류", "클래스", "레이블", "라벨"),
)
_LABEL_WORDS = frozenset(
    {"label", "labels", "class", "classes", "category", "target", "species", "breed", "diagnosis"}
)
_SECOND_WORDS = frozenset({"name", "names", "id", "text", "code", "index"})
ONE_HOT = "one column for each class"
"""Column with the labels of a table that is read by `one_hot`."""

_FRACTION = re.compile(r"-?\d*[.,]\d*[1-9]\d*(?:e-?\d+)?", re.IGNORECASE)
_NUM_LOOKED_AT = 500
_LEAST_SHARE = 0.9


def picture_column(rows: pd.DataFrame) -> str | None:
    """The column with the pictures: by its name, by cells named like pictures, or an id."""
    if by_name := _named(rows.columns, IMAGE_NAMES):
        return by_name
    return next(picture_columns(rows), None) or _named(rows.columns, _ID_NAMES)


def picture_columns(rows: pd.DataFrame) -> Iterator[str]:
    """Columns whose cells are named like pictures."""
    return (name for name in rows.columns if _names_pictures(rows[name]))


def is_named_like_pictures(name: str) -> bool:
    """True if the name of a column says that it has pictures, or ids of them."""
    words = {*re.split(r"[\W_]+", _plain(name))}
    return _plain(name) in (*IMAGE_NAMES, *_ID_NAMES) or bool(words & _PICTURE_WORDS)


def label_columns(rows: pd.DataFrame, used: Container[str | None]) -> list[str]:
    """Columns that may hold the labels, the most likely one first.

    Those with a likely name, or else those with a few values that each stand in several rows.
    """
    measured = {*measurements.columns(rows)}
    others = [name for name in rows.columns if name not in used and name not in measured]
    plain = {name: _plain(name) for name in others}
    likely = [name for wanted in _LABEL_NAMES for name in others if plain[name] == wanted]
    likely += [name for name in others if _has_label_words(plain[name])]
    few = [name for name in others if _has_few_values(rows[name])]
    few = [name for name in few if not group_column.is_id(name)] or few
    if not likely and not few:  # such as "Finding Labels" with many combinations of them
        few = [name for name in others if {*re.split(r"[\W_]+", plain[name])} & _LABEL_WORDS]
    return list(dict.fromkeys([*likely, *few]))


def measured_of_few_values(rows: pd.DataFrame) -> list[str]:
    """Columns of measurements that are as likely to hold the labels as columns of any name."""
    return [name for name in measurements.columns(rows) if _has_few_values(rows[name])]


def is_named_like_labels(name: str) -> bool:
    """True if the name of a column leaves little doubt that it has the labels."""
    plain = _plain(name)
    return name == ONE_HOT or plain in _LABEL_NAMES or _has_label_words(plain)


def _has_label_words(plain: str) -> bool:
    """True for several words of labels and no others, as in `category_label`, `breed_name`."""
    words = {*re.split(r"[\W_]+", plain)}
    return bool(words & _LABEL_WORDS) and words <= _LABEL_WORDS | _SECOND_WORDS


def rival_labels(rows: pd.DataFrame, likely: Sequence[str]) -> list[str]:
    """Columns that are as likely to hold the labels: those with such a word in their names, or all;
    of columns that say the same the first."""
    with_word = [name for name in likely if {*re.split(r"[\W_]+", _plain(name))} & _LABEL_WORDS]
    return distinct(rows, with_word or likely)


def distinct(rows: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """The columns without those that say the same in other words, as a number and a name do."""
    by_codes: dict[tuple[int, ...], str] = {}
    for name in names:
        codes = pd.factorize(rows[name].astype(str))[0]
        by_codes.setdefault(tuple(codes.tolist()), name)
    return list(by_codes.values())


def _named(names: Iterable[str], wanted: Sequence[str]) -> str | None:
    by_name = {_plain(name): name for name in reversed(list(names))}
    return next((by_name[name] for name in wanted if name in by_name), None)


def _plain(name: str) -> str:
    """A name in lower case with `_` between its words: `class_id` for `ClassId` and `Class ID`.

    A value inside an object, such as `ground_truth.label`, is called by its last part.
    """
    own = name.strip().rpartition(".")[2]
    spaced = re.sub(r"(?<=[a-z\d])(?=[A-Z])", "_", own)
    return re.sub(r"[\s_-]+", "_", spaced).lower()


def _names_pictures(cells: pd.Series) -> bool:
    texts = [cell for cell in cells.head(_NUM_LOOKED_AT) if isinstance(cell, str) and cell.strip()]
    named = sum(is_picture_name(text.strip()) for text in texts)
    return bool(texts) and named >= _LEAST_SHARE * len(texts)


def _has_few_values(cells: pd.Series) -> bool:
    if not all(cell is None or isinstance(cell, str | int | float | bool) for cell in cells):
        return False
    values = {str(cell).strip() for cell in cells if cell is not None and cell == cell}
    if any(map(_FRACTION.fullmatch, values)):
        return False  # a measurement
    return 2 <= len(values) <= len(cells) / 2
