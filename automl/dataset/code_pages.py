"""The code page of file names in a zip file of a Windows that did not say it.

All names are decoded together: one name of a few letters fits many code pages, all of them rarely.
"""

from collections.abc import Callable, Sequence

_DEFAULT = "cp437"  # what the format says for names without a mark
_LEAST_GAIN = 0.2


def guess(names: Sequence[bytes]) -> str:
    """The code page in which the names read most like text: UTF-8, if they are, or an old one.

    Chinese, Japanese, Korean, Russian and Western European ones are known.
    """
    foreign = b"\n".join(name for name in names if not name.isascii())
    if not foreign or _decoded(foreign, "utf-8") is not None:
        return "utf-8" if foreign else _DEFAULT
    scores = {
        page: sum(map(weight, text)) / len(text)
        for page, weight in _WEIGHTS.items()
        if (text := _foreign(foreign, page))
    }
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= scores[_DEFAULT] + _LEAST_GAIN else _DEFAULT


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
    return 0.95 if "\u0400" <= character <= "\u04ff" else 0.0


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
