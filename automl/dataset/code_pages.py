"""The code page of file names in a zip file of a Windows that did not say it, and of tables.

All names are decoded together: one name of a few letters fits many code pages, all of them rarely.
"""

import functools
import math
import re
from collections.abc import Collection, Mapping, Sequence

from automl.dataset import languages
from automl.dataset.languages import Model
from automl.dataset.reading import Guess, Reading
from automl.texts import mark

_DEFAULT = "cp437"  # what the format says for names without a mark
_DEFAULT_OF_TABLES = "cp1252"
_WESTERN = "german french spanish portuguese italian swedish danish catalan"
_CENTRAL = "german polish czech slovak hungarian romanian croatian"
_BALTIC = "lithuanian latvian estonian polish"
_LANGUAGES = {
    "cp437": "german french spanish italian swedish",
    "cp850": f"{_WESTERN} icelandic",
    "cp1252": f"{_WESTERN} icelandic estonian",
    "mac_roman": f"{_WESTERN} icelandic",
    "cp852": _CENTRAL,
    "cp1250": _CENTRAL,
    "iso8859-2": _CENTRAL,
    "cp857": "turkish",
    "cp1254": "turkish",
    "cp775": _BALTIC,
    "cp1257": _BALTIC,
    "cp866": "russian ukrainian",
    "cp1251": "russian ukrainian serbian",
    "koi8-r": "russian",
    "koi8-u": "ukrainian",
    "iso8859-5": "russian serbian",
    "mac_cyrillic": "russian ukrainian serbian",
    "cp737": "greek",
    "cp1253": "greek",
    "cp862": "hebrew",
    "cp1255": "hebrew",
    "cp720": "arabic",
    "cp1256": "arabic persian",
    "iso8859-6": "arabic",
    "cp874": "thai",
    "cp932": "",
    "euc_jp": "",
    "cp949": "",
    "gbk": "",
    "big5": "",
}
"""Languages that are written in each code page; those without one have thousands of characters."""

_OF_DOS = frozenset(
    {"cp437", "cp850", "cp852", "cp857", "cp866", "cp737", "cp775", "cp862", "cp720"}
)
_PRIORS = {
    **dict.fromkeys(("gbk", "cp932", "cp437"), 2.0),
    **dict.fromkeys(("cp850", "cp1252", "cp1251", "cp949", "big5"), 1.0),
    **dict.fromkeys(("cp1253", "cp1255"), -1.0),
    **dict.fromkeys(("cp1256", "cp1257", "cp874", "koi8-r", "iso8859-2", "cp862", "euc_jp"), -2.0),
    **dict.fromkeys(("cp720", "cp775", "koi8-u", "iso8859-5", "iso8859-6"), -4.0),
    **dict.fromkeys(("mac_roman", "mac_cyrillic"), -5.0),
}
"""Logarithms of prior weights: some code pages are more frequent than others."""

_LEAST_LIKELY = -9.4
"""Least logarithm of the likelihood a character; what is less likely is no text."""

_CONTROL = re.compile("[\x80-\x9f]")
_MAX_WORDS = 300
_MAX_OTHERS = 3
_MOST_UNLIKELY = 2.5
"""Logarithm of the likelihood of an offered code page over that of the best."""

_MAX_SHOWN = 60
_WORD = re.compile(rb"[A-Za-z\x80-\xff|\\\[\]{}^`~@_]*[\x80-\xff][A-Za-z\x80-\xff|\\\[\]{}^`~@_]*")
"""Bytes of a word; the second byte of a Japanese character can be one of these signs."""


def guess(names: Sequence[bytes]) -> str:
    """The code page in which names of files read most like a language: UTF-8, or an old one."""
    return _guess(names, _LANGUAGES, _DEFAULT)


def guess_for_table(lines: Sequence[bytes]) -> str:
    """The code page in which the lines of a table read most like a language; none of DOS."""
    return _guess(lines, _LANGUAGES.keys() - _OF_DOS, _DEFAULT_OF_TABLES)


def _guess(names: Sequence[bytes], pages: Collection[str], default: str) -> str:
    foreign = b"\n".join(name for name in names if not name.isascii())
    if not foreign or _decoded(foreign, "utf-8") is not None:
        return "utf-8" if foreign else default
    scores = {page: score for page, score in _scores(foreign).items() if page in pages}
    return max(scores, key=scores.__getitem__, default=default)


def as_guess(names: Sequence[bytes], page: str, what: str) -> Guess | None:
    """Finding about names that were read in a guessed code page; None if nothing was guessed.

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
        is_likely = scores[other] > _MOST_UNLIKELY * scores.get(page, -math.inf)
        is_new = text != used and text not in others.values()
        if is_likely and is_new and len(others) < _MAX_OTHERS:
            others[other] = text
    return Guess(
        sentence=mark("{what} are read in the code page {page}, such as {name}.").format(
            what=what, page=page, name=used[:_MAX_SHOWN]
        ),
        others=[
            Reading(
                sentence=mark("In {page} the same is {name}.").format(
                    page=other, name=text[:_MAX_SHOWN]
                ),
                options={"code_page": other},
            )
            for other, text in others.items()
        ],
    )


@functools.lru_cache(maxsize=1)  # several forms look at the same file
def _scores(foreign: bytes) -> Mapping[str, float]:
    """Logarithm of the likelihood of the words in each code page that they can be read in."""
    every = list(dict.fromkeys(_WORD.findall(foreign)))
    words = every[:: max(1, math.ceil(len(every) / _MAX_WORDS))]
    scores = {}
    for page in _LANGUAGES:
        if _decoded(foreign, page) is not None:
            texts = [word.decode(page, "replace") for word in words]
            fit = max(
                model.prior + sum(map(model.log_likelihood, texts)) for model in _models(page)
            )
            is_asian = not _LANGUAGES[page]  # any two bytes are a character there, or none
            if is_asian or fit > _LEAST_LIKELY * sum(map(len, texts)):
                scores[page] = fit + _PRIORS.get(page, 0.0)
    return scores


@functools.cache
def _models(page: str) -> Sequence[Model]:
    named = [languages.MODELS[name] for name in _LANGUAGES[page].split()]
    return named or [languages.of_characters(page)]


def _decoded(names: bytes, page: str) -> str | None:
    """The text of the bytes in a code page; None if they are none in it."""
    try:
        text = names.decode(page)
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text
