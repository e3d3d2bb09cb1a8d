"""Names of classes that are numbers or codes, from a file beside the pictures.

`classes.txt`, `data.yaml`, `id2label.json`, `signnames.csv`, `label_map.pbtxt`, `words.txt`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from automl.dataset import label_sets
from automl.dataset.folder_tree import Parts
from automl.dataset.readers import delimited, labels, same_names, text
from automl.dataset.readers.listing import Listing, in_order
from automl.dataset.reading import Guess, Reading
from automl.dataset.walk import is_picture_name
from automl.errors import DataError, short
from automl.jobs import label_text, untrusted_yaml
from automl.texts import mark

NEVER = "never"
_TRAINING = "the file of the training data"
_WORDS = frozenset(
    {"class", "classes", "classname", "classnames", "label", "labels", "name", "names", "category"}
    | {"categories", "synset", "synsets", "words", "signname", "signnames", "idx"}
)
_WORDS_OF_DESCRIPTIONS = frozenset(
    {"data", "dataset", "info", "meta", "metadata", "config", "map", "mapping", "dict", "index"}
    | {"readme"}
)
"""Words in the names of files with more than names of classes, where the keys say what is what."""
_CODE = re.compile(r"[a-z]{0,3}[_-]?\d+|/[mg]/[\w-]+", re.IGNORECASE)
_NUMBERED = (
    re.compile(r"(?P<code>[a-z]{0,3}[_-]?\d+)(?:\s*[,;:=\t]\s*|\s+)(?P<name>\S.*)", re.IGNORECASE),
    re.compile(r"(?P<name>\S.*?)(?:\s*[,;:=\t]\s*|\s+)(?P<code>[a-z]{0,3}[_-]?\d+)", re.IGNORECASE),
)
_ITEM = re.compile(r"\{([^{}]*)\}")
_ITEM_ID = re.compile(r"\bid\s*:\s*(\d+)")
_ITEM_NAME = re.compile(r"\b(?:display_)?name\s*:\s*['\"]([^'\"]+)['\"]")
_LISTS = ("names", "classes", "labels", "categories", "class_names", "label_names")
_MAX_BYTES = 1 << 22
_MAX_FILES = 30
_MAX_DEPTH = 10
_LEAST_DISTINCT = 0.9
_MAX_SHOWN = 3

_Names = Mapping[str, str]
"""Name by number or code."""


def applied(
    found: Listing,
    root: Path,
    files: Iterable[Parts],
    chosen: str | None,
    known: Mapping[str, str],
) -> Listing:
    """A listing with names in place of numbers and codes, if a file names all of them.

    Args:
        found: the listing.
        root: folder of the data.
        files: paths below it, of files that are no pictures.
        chosen: path below the folder of the file to use, or never; found if None.
        known: names of the training data's classes, for validation and test data without a file.

    Raises:
        DataError: the chosen file does not name the classes.
    """
    pictures = found.pictures
    has_sets = label_sets.are_in(pictures)
    codes = {*label_sets.each_label(pictures).unique()}
    if chosen == NEVER or not codes:
        return found
    if chosen is not None:
        names = _chosen(root, chosen, codes)
        file = chosen
    elif all(map(_CODE.fullmatch, codes)):
        said = ((path, in_file(root / path, codes)) for path in _candidates(files))
        of_training = known if codes <= known.keys() else {}
        file, names = next(((path, one) for path, one in said if one), (_TRAINING, of_training))
    else:
        return found
    if not names:
        return found
    if has_sets:
        sets = [[names[one] for one in each] for each in pictures[label_sets.COLUMN]]
        pictures = label_sets.with_sets(pictures, sets)
    else:
        pictures = pictures.assign(label=pictures["label"].map(names).astype("str"))
    return replace(
        _without(found, file),
        pictures=in_order(pictures),
        guesses=_said(found, file, names, codes),
        class_names=names,
    )


def are_named_beside(table: Path, codes: set[str]) -> bool:
    """True if a file in the folder of a table names the classes with these codes."""
    beside = [(path.name,) for path in table.parent.iterdir() if path != table]
    return any(in_file(table.parent / file, codes) for file in _candidates(beside))


def _said(found: Listing, file: str, names: _Names, codes: Iterable[str]) -> list[Guess]:
    """The guesses of a listing, with that of the file of names in place of those about it."""
    shown = sorted(codes, key=lambda one: (len(one), one))[:_MAX_SHOWN]
    pairs = ", ".join(f"{code} is {names[code]}" for code in shown)
    sentence = mark("The classes are named by {file}: {names}.").format(
        file=file, names=f"{pairs}{', …' if len(names) > len(shown) else ''}"
    )
    never = Reading(
        sentence=mark("The classes keep their numbers or codes."), options={"class_names": NEVER}
    )
    kept = [one for one in found.guesses if not any(_is_about(each, file) for each in one.others)]
    return [*kept, Guess(sentence=sentence, others=[never])]


def _without(found: Listing, file: str) -> Listing:
    """The listing without what is said of the file as a table of labels."""
    return replace(
        found,
        left_out=found.left_out.using([file]),
        readings=[one for one in found.readings if not _is_about(one, file)],
    )


def _is_about(reading: Reading, file: str) -> bool:
    return reading.options.get("table") == file


def _chosen(root: Path, file: str, codes: set[str]) -> _Names:
    path = root / file
    is_inside = path.resolve().is_relative_to(root.resolve())
    names = in_file(path, codes) if is_inside and path.is_file() else {}
    if not names:
        raise DataError(
            f"class_names is {short(file)}, which is no file in {root} that names the classes "
            f"{', '.join(sorted(codes)[:5])}. Give the path of such a file below the folder, or "
            "never."
        )
    return names


def _candidates(files: Iterable[Parts]) -> list[str]:
    """The files whose names say that they name classes, the outermost first."""
    likely = sorted((len(parts), parts) for parts in files if _may_name_classes(parts[-1]))
    return ["/".join(parts) for _, parts in likely[:_MAX_FILES]]


def _may_name_classes(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    words = {*re.split(r"[\W_\d]+", spaced)}
    known = _WORDS | _WORDS_OF_DESCRIPTIONS if suffix in _WITH_KEYS else _WORDS
    return suffix in _READ and bool(words & known)


def in_file(path: Path, codes: set[str]) -> Mapping[str, str]:
    """The first names in a file that are those of all classes; empty if there are none."""
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_BYTES:
            return {}
        for names in _READ.get(path.suffix.lower(), _of_lines)(text.read(path), codes):
            if fitting := _fitting(names, codes):
                return fitting
    except (DataError, OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return {}


def _fitting(names: _Names, codes: set[str]) -> _Names:
    """The names of the classes; empty if one has none, or many have the same."""
    by_code = {_plain(code): name.strip() for code, name in names.items()}
    found = {code: by_code.get(_plain(code), "") for code in codes}
    are_names = all(name and len(name) <= label_text.MAX_LENGTH for name in found.values())
    is_new = any(name != code for code, name in found.items())
    are_words = not all(map(_CODE.fullmatch, found.values()))
    are_distinct = len({*names.values()}) >= _LEAST_DISTINCT * len(names)
    if not (are_names and is_new and are_words and are_distinct):
        return {}
    return {
        code: labels.checked(name, mark(f"The class {code}"))
        for code, name in same_names.apart(found).items()
    }


def _plain(code: str) -> str:
    """A code in lower case, a number without zeros in front."""
    return (code.lstrip("0") or "0") if code.isdecimal() else code.strip().lower()


def _counted(names: Sequence[str], codes: set[str]) -> Iterator[_Names]:
    """Names by their place, counted from 1 if the codes are exactly that, and else from 0."""
    if not all(code.isdecimal() for code in codes):
        return
    numbers = {int(code) for code in codes}
    start = int(min(numbers) == 1 and max(numbers) == len(names))
    yield {str(number): name for number, name in enumerate(names, start)}


def _of_lines(content: str, codes: set[str]) -> Iterator[_Names]:
    """Names with a number or code in front or behind, or a name a line."""
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    for pattern in _NUMBERED:
        found = [one for line in lines if (one := pattern.fullmatch(line))]
        if len(found) == len(lines):
            yield {one["code"]: one["name"].strip("'\"") for one in found}
    yield from _counted(lines, codes)


def _of_json(content: str, codes: set[str]) -> Iterator[_Names]:
    yield from _of_value(json.loads(content), codes, 0)


def _of_yaml(content: str, codes: set[str]) -> Iterator[_Names]:
    yield from _of_value(untrusted_yaml.load(content)[0], codes, 0)


def _of_markdown(content: str, codes: set[str]) -> Iterator[_Names]:
    """Names in the YAML at the start, as in the card of a data set of Hugging Face."""
    head = re.match(r"---\r?\n(.*?)\r?\n---", content, re.DOTALL)
    yield from _of_yaml(head[1], codes) if head else ()


def _of_value(value: Any, codes: set[str], depth: int) -> Iterator[_Names]:
    """Names in objects and lists, and in those inside of them."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        yield from _of_object(value)
        for key, one in value.items():
            is_list = isinstance(one, list) and str(key).lower() not in _LISTS
            for inner in one if is_list else [one]:
                if isinstance(inner, dict) or not is_list:
                    yield from _of_value(inner, codes, depth + 1)
    elif isinstance(value, list) and all(isinstance(one, str) for one in value):
        yield from _counted(value, codes)
    elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
        yield {str(one["id"]): str(one["name"]) for one in value if {"id", "name"} <= one.keys()}


def _of_object(value: Mapping[Any, Any]) -> Iterator[_Names]:
    """Names by number, numbers by name, or pairs of code and name by number."""
    plain = {str(key): name for key, one in value.items() if (name := _name(one)) is not None}
    if len(plain) == len(value):
        yield plain
        if plain and all(map(str.isdecimal, plain.values())):
            numbers = sorted(map(int, plain.values()))
            if numbers == [*range(numbers[0], numbers[0] + len(numbers))]:
                yield {number: name for name, number in plain.items()}
    elif all(isinstance(one, list) and len(one) == 2 for one in value.values()):
        yield {str(code): str(name) for code, name in value.values()}


def _name(value: Any) -> str | None:
    """A text or number as text; the name in an object with one."""
    if isinstance(value, dict):
        value = value.get("name", value.get("label"))
    is_plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if is_plain else None


def _of_table(content: str, codes: set[str]) -> Iterator[_Names]:
    """Each pair of a column of all codes and one of as many different texts."""
    delimiter = delimited.likely_delimiter(content)
    for header in (True, False):
        rows = delimited.rows(content, Path(), delimiter=delimiter, header=header).astype(str)
        if any(is_picture_name(cell) for cell in rows.head(1).to_numpy().ravel()):
            return  # a table of pictures
        for key in [name for name in rows if _has_codes(rows[name], codes)]:
            for name in rows.columns:
                if name != key:
                    yield dict(zip(rows[key].str.strip(), rows[name], strict=True))


def _has_codes(cells: pd.Series, codes: set[str]) -> bool:
    plain = {_plain(cell) for cell in cells}
    return len(plain) == len(cells) and {_plain(code) for code in codes} <= plain


def _of_items(content: str, _: set[str]) -> Iterator[_Names]:
    """TensorFlow's `item { id: 1 name: 'cat' }`."""
    items = [(_ITEM_ID.search(item), _ITEM_NAME.search(item)) for item in _ITEM.findall(content)]
    yield {number[1]: name[1] for number, name in items if number and name}


_READ = {
    **dict.fromkeys((".txt", ".names", ".lst"), _of_lines),
    **dict.fromkeys((".yaml", ".yml"), _of_yaml),
    **dict.fromkeys((".csv", ".tsv"), _of_table),
    ".json": _of_json,
    ".pbtxt": _of_items,
    ".md": _of_markdown,
}
_WITH_KEYS = (".yaml", ".yml", ".json", ".md", ".pbtxt")
