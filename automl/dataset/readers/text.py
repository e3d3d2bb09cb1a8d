"""Read text files in common encodings."""

import codecs
from pathlib import Path

from automl.dataset import code_pages
from automl.dataset.reading import Guess
from automl.errors import DataError
from automl.texts import mark

MAX_BYTES = 1000**3
_START = 1 << 16
ENCODINGS = {
    "utf8": "utf-8-sig",
    "utf8bom": "utf-8-sig",
    "ascii": "ascii",
    "iso88591": "latin-1",
    "latin1": "latin-1",
    "utf16": "utf-16",
    "utf32": "utf-32",
    "windows1252": "cp1252",
}
"""Azure's names to Python's; UTF-8 is read with and without a byte order mark."""

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16: their marks start alike
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read(path: Path, encoding: str | None = None) -> str:
    """The text of a file.

    Args:
        path: the file.
        encoding: one of `ENCODINGS`; guessed from the content if None.

    Raises:
        DataError: the file is not text in this encoding, or too large.
    """
    if path.stat().st_size > MAX_BYTES:
        raise DataError(
            f"{path} is larger than {MAX_BYTES / 1000**2:,.0f} MB, the limit for tables. "
            "Split it into training, validation and test data, or leave out columns."
        )
    content = path.read_bytes()
    name = ENCODINGS[encoding] if encoding else _guess(content)
    try:
        return content.decode(name)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not text in {encoding or 'UTF-8, UTF-16 or Windows-1252'}: byte "
            f"{error.start:,} cannot be read. Save it as UTF-8."
        ) from None


def decoded(path: Path, code_page: str | None) -> tuple[str, list[Guess]]:
    """The text of a file, and what was guessed to read it.

    Raises:
        DataError: see `read`; or the text is not in the code page.
    """
    if code_page is None:
        content = read(path)
        with path.open("rb") as file:
            start = file.read(_START)
        page = _guess(start)
        what = mark("The lines of {file}").format(file=path.name)
        guess = code_pages.as_guess(start.splitlines(), page, what)
        is_old = page not in (*_MARKS.values(), "utf-16-le", "utf-16-be")
        return content, [guess] if guess is not None and is_old else []
    try:
        return path.read_bytes().decode(code_page), []
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not text in the code page {code_page}: byte {error.start:,} cannot be "
            "read. Leave code_page out to have it guessed."
        ) from None


def first_line(path: Path) -> str:
    """The first line of a text file, to recognise it by; empty if it is no text."""
    return start(path).partition("\n")[0]


def start(path: Path) -> str:
    """The first characters of a text file, to recognise it by; empty if it is no text."""
    with path.open("rb") as file:
        content = file.read(_START)
    return content.decode(_guess(content), "ignore")


def _guess(content: bytes) -> str:
    for begin, name in _MARKS.items():
        if content.startswith(begin):
            return name
    start = content[:1000]
    if start.count(0) * 4 > len(start):  # in UTF-16 every second byte of plain letters is 0
        return "utf-16-be" if start[::2].count(0) > start[1::2].count(0) else "utf-16-le"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return code_pages.guess_for_table(content[:_START].splitlines())
    return "utf-8"
