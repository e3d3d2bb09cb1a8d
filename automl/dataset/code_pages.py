"""The code page of file names in a zip file of a Windows that did not say it, and of tables.

All names are decoded together: one name of a few letters fits many code pages, all of them rarely.
"""

import re
from collections.abc import Callable, Container, Sequence

from automl.dataset.reading import Guess, Reading

_DEFAULT = "cp437"  # what the format says for names without a mark
_DEFAULT_OF_TABLES = "cp1252"
_OF_DOS = ("cp437", "cp850", "cp866")
_LEAST_GAIN = 0.2
_LEAST_RUN = 2
_MISFIT = 0.3
_WORST = 0.2
_MAX_OTHERS = 2
_MAX_SHOWN = 60


def guess(names: Sequence[bytes]) -> str:
    """The code page in which names of files read most like text: UTF-8, or an old one.

    Chinese, Japanese, Korean, Russian and Western European ones are known.
    """
    return _guess(names, _WEIGHTS, _DEFAULT)


def guess_for_table(lines: Sequence[bytes]) -> str:
    """The code page in which the lines of a table read most like text; none of DOS."""
    return _guess(lines, [page for page in _WEIGHTS if page not in _OF_DOS], _DEFAULT_OF_TABLES)


def _guess(names: Sequence[bytes], pages: Container[str], default: str) -> str:
    foreign = b"\n".join(name for name in names if not name.isascii())
    if not foreign or _decoded(foreign, "utf-8") is not None:
        return "utf-8" if foreign else default
    scores = {page: score for page, score in _scores(foreign).items() if page in pages}
    best = max(scores, key=scores.__getitem__, default=default)
    return best if scores.get(best, 0) >= scores.get(default, _WORST) + _LEAST_GAIN else default


def as_guess(names: Sequence[bytes], page: str, what: str) -> Guess | None:
    """What to say of names that were read in a guessed code page; None if nothing was guessed.

    Args:
        names: of all files, or the lines of a table.
        page: the one that is used.
        what: what the names are, for the sentence: `Names in a.zip`.
    """
    foreign = [name for name in names if not name.isascii()]
    if not foreign or page == "utf-8":
        return None
    scores = _scores(b"\n".join(foreign))
    used = foreign[0].decode(page, "replace")
    others: dict[str, str] = {}
    for other in sorted(scores, key=scores.__getitem__, reverse=True):
        text = foreign[0].decode(other, "replace")
        if text != used and text not in others.values() and len(others) < _MAX_OTHERS:
            others[other] = text
    return Guess(
        sentence=f"{what} are read in the code page {page}, such as {used[:_MAX_SHOWN]}.",
        others=[
            Reading(
                sentence=f"In {other} the same is {text[:_MAX_SHOWN]}.",
                options={"code_page": other},
            )
            for other, text in others.items()
        ],
    )


def _scores(foreign: bytes) -> dict[str, float]:
    """How much the names look like text in each code page that they can be read in.

    Letters with accents are alone among plain ones, those of other alphabets come in words.
    """
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", foreign)]
    misfit = _western if sum(runs) >= _LEAST_RUN * len(runs) else _cyrillic
    return {
        page: sum(map(weight, text)) / len(text) - _MISFIT * (weight is misfit)
        for page, weight in _WEIGHTS.items()
        if (text := _foreign(foreign, page))
    }


def _decoded(names: bytes, page: str) -> str | None:
    try:
        return names.decode(page)
    except UnicodeDecodeError:
        return None


def _foreign(names: bytes, page: str) -> str:
    """The letters and signs that are not ASCII; empty if the names are not of the code page."""
    text = _decoded(names, page) or ""
    return "".join(character for character in text if not character.isascii())


def _lead(character: str, page: str) -> int:
    """First byte of a character in a code page."""
    return character.encode(page)[0]


def _asian(page: str, first: int, last: int) -> Callable[[str], float]:
    """Weights for a code page whose frequent characters have first bytes in a range."""

    def weight(character: str) -> float:
        if "\uff61" <= character <= "\uff9f" or "\ue000" <= character <= "\uf8ff":
            return 0.0  # half-width signs and private use: what other code pages look like
        if "\u3040" <= character <= "\u30ff":
            return 1.0 if page == "cp932" else 0.5
        return 1.0 if first <= _lead(character, page) <= last else 0.3

    return weight


def _cyrillic(character: str) -> float:
    if character in "оеаинтсрвлкмдпу":  # the most frequent ones
        return 0.95
    return 0.75 if "\u0400" <= character <= "\u04ff" else 0.0


def _western(character: str) -> float:
    return 0.9 if character in "äöüßéèêëáàâãåçñíìîïóòôõúùûæøÄÖÜÉÅÇÑÆØÁÍÓÚ" else 0.2


_WEIGHTS: dict[str, Callable[[str], float]] = {
    _DEFAULT: _western,
    "cp850": _western,
    "cp1252": _western,
    "cp932": _asian("cp932", 0x88, 0x97),
    "cp949": _asian("cp949", 0xB0, 0xC8),  # before gbk, whose frequent characters include these
    "gbk": _asian("gbk", 0xB0, 0xD7),
    "big5": _asian("big5", 0xA4, 0xC6),
    "cp866": _cyrillic,
    "cp1251": _cyrillic,
}
