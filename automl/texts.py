"""Texts in the language of the reader, from gettext catalogues whose keys are the English texts.

A page calls `speak` once; whatever runs elsewhere (a command, the engine, the server) speaks
English. A catalogue is `locale/LANGUAGE/LC_MESSAGES/automl.po` with the compiled `.mo` beside it;
CONTRIBUTING.md says how to add one. A text that a catalogue lacks appears in English.
"""

import contextlib
import functools
import gettext as _gettext
import re
import string
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Literal

ENGLISH = "en"
LOCALE_DIR = Path(__file__).parent / "locale"
_DOMAIN = "automl"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
_LEAST_OWN, _LEAST_OWN_OF_PART, _LEAST_OWN_OF_NUMBER = 7, 8, 5
"""Fewest letters of its own by which the template of a sentence is recognised, one without a full
stop, and one whose values are numbers."""

BETWEEN_PARTS = "; "
"""Between parts of a stored sentence that are texts of their own."""

_BETWEEN_SENTENCES = re.compile(r"(?<=[.?]) (?=\S)")

_Kind = Literal["sentence", "part", "opening"]
"""Kind of a template: a sentence, a part of one, or what a colon and any sentences follow."""

_OF_NAMES = frozenset(
    {"name", "names", "first", "second", "used", "others", "copy", "file", "folders", "pattern"}
    | {"table", "image", "column", "cell", "examples", "label", "classes", "experiment", "path"}
    | {"name_2", "path_2", "folder", "root", "parent", "directory", "location", "value", "text"}
    | {"picture", "pictures", "counts", "version", "nearest", "new_id", "owner", "shown", "key"}
)
"""Placeholders of what a user has named, which may read like a text."""

_OF_NUMBERS = frozenset({"count", "done", "total", "gpus"})
_OF_ACTIONS = "doing"
"""Placeholder of the name of an action, whose text is its heading: `start`, `Start`."""

_OF_JOBS = "key"
"""Placeholder of a key of a job, which has no blanks."""

_MORE_NAMES = "{names} and {count} more"
_CUT_NAMES = re.compile(r"(?P<names>.+) and (?P<count>[\d,]+) more")

_GROUPS = "\N{NARROW NO-BREAK SPACE}"
"""Between thousands, wherever a comma would be a decimal sign."""

_spoken: ContextVar[str | None] = ContextVar("language", default=None)
_ask: list[Callable[[], str]] = []


def speak(language: str) -> None:
    """Choose the language of this thread; an unknown one is English."""
    _spoken.set(language if language in languages() else ENGLISH)


def ask(language: Callable[[], str]) -> None:
    """Let a thread that has not chosen a language ask for it, as a part of a page must."""
    _ask[:] = [language]


@contextlib.contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language for a while."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def language() -> str:
    """Code of the language of this thread: `en`, `de`."""
    if _spoken.get() is None:
        speak(_ask[0]() if _ask else ENGLISH)
    return _spoken.get() or ENGLISH


@functools.cache
def languages() -> dict[str, str]:
    """Code of every language and its own name for itself; English comes first.

    A catalogue names its language by its translation of `English`.
    """
    codes = sorted(path.parts[-3] for path in LOCALE_DIR.glob(f"*/LC_MESSAGES/{_DOMAIN}.mo"))
    return {ENGLISH: "English"} | {code: _catalogue(code).gettext("English") for code in codes}


def _(message: str) -> str:
    """Return the text in the language of this thread."""
    return _catalogue(language()).gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form of a text that fits the number, in the language of this thread."""
    return _catalogue(language()).ngettext(singular, plural, number)


def integer(value: int) -> str:
    """A whole number, in groups of three digits: `1,200`."""
    grouped = f"{value:,}"
    return grouped if language() == ENGLISH else grouped.replace(",", _GROUPS)


def mark(message: str) -> str:
    """Return the text as it is, for a constant that `_` translates where it is shown."""
    return message


def again(stored: str) -> str:
    """An English sentence that was stored, in the language of this thread.

    It is recognised by its template, whose placeholders took the values: others or parts of
    sentences, too, but never names of the user's. Several sentences are recognised one after the
    other; one without a template stays English.
    """
    return _again(stored, language()) if stored and language() != ENGLISH else stored


def here(text: str) -> str:
    """Return the text that stands in this language for a text of any language.

    A link that somebody copied names a tab in the language of whoever copied it.
    """
    return _(_english().get(text, text))


@functools.lru_cache(10_000)
def _again(stored: str, code: str) -> str:
    if "\n" in stored:
        return "\n".join(_again(line, code) for line in stored.split("\n"))
    sentences = _BETWEEN_SENTENCES.split(stored)
    if len(sentences) == 1 and (bare := _bare_again(stored, code)):
        return bare
    for num in range(1, len(sentences) + 1):  # a template may have several sentences
        kind: _Kind = "sentence" if sentences[num - 1].endswith((".", "?")) else "part"
        new = _found_again(" ".join(sentences[:num]), kind, code)
        if new is not None:
            return " ".join([new, *_rest_again(sentences[num:], code)])
    after_colon = _after_colon_again(stored, code)
    return after_colon or " ".join([sentences[0], *_rest_again(sentences[1:], code)])


def _bare_again(text: str, code: str) -> str | None:
    """A sentence without its full stop, as it stands in brackets."""
    is_bare = text[:1].isupper() and not text.endswith(".") and text not in _texts(code)
    found = _found_again(f"{text}.", "sentence", code) if is_bare else None
    return found and found.removesuffix(".")


def _after_colon_again(text: str, code: str) -> str | None:
    """The rest after a colon, whether its beginning is a text or the name of a place."""
    if found := _found_again(text, "opening", code):
        return found
    place, colon, rest = text.partition(": ")
    said = _again(rest, code) if colon else rest
    return None if said == rest else f"{place}: {said}"


def _rest_again(sentences: Sequence[str], code: str) -> list[str]:
    return [_again(" ".join(sentences), code)] if sentences else []


def _found_again(text: str, kind: _Kind, code: str) -> str | None:
    """The text in the other language; None if no template is its own."""
    found = _catalogue(code).gettext(text)
    if found != text:
        return found
    for template, own in _templates(kind):
        if all(part in text for part in own) and (match := _pattern(template).fullmatch(text)):
            values = {
                name: _value_again(name, value, code) for name, value in match.groupdict().items()
            }
            return _catalogue(code).gettext(template).format(**values)
    return None


def _value_again(placeholder: str, value: str, code: str) -> str:
    """The value of a placeholder; one of a single word is never a text."""
    if placeholder in _OF_NAMES:
        cut = _CUT_NAMES.fullmatch(value)
        return _catalogue(code).gettext(_MORE_NAMES).format(**cut.groupdict()) if cut else value
    if placeholder == _OF_ACTIONS and (heading := value.capitalize()) in _texts(code):
        return _texts(code)[heading]
    parts = [value] if value.endswith(".") else value.split(BETWEEN_PARTS)
    return BETWEEN_PARTS.join(_again(part, code) if " " in part else part for part in parts)


@functools.cache
def _templates(kind: _Kind) -> list[tuple[str, list[str]]]:
    """Templates of a kind with their own texts, those with most letters of their own first.

    One that ends with a value comes last, since it takes whatever follows.
    """
    found: dict[str, tuple[tuple[bool, int], list[str]]] = {}
    for template in sorted({key for code in languages() for key in _texts(code)}):
        own, names = _pieces(template)
        num_letters = sum(map(len, own))
        is_sentence = own[-1].endswith((".", "?"))
        is_kind = {
            "sentence": is_sentence,
            "part": not is_sentence,
            "opening": bool(re.search(r": \{\w+\}$", template)),
        }
        least = _LEAST_OWN if is_sentence else _LEAST_OWN_OF_PART
        if set(names) <= _OF_NUMBERS:
            least = _LEAST_OWN_OF_NUMBER
        if names and is_kind[kind] and num_letters >= least:
            found[template] = (not own[-1], -num_letters), own
    longest_first = sorted(found, key=lambda template: found[template][0])
    return [(template, found[template][1]) for template in longest_first]


def _pieces(template: str) -> tuple[list[str], list[str]]:
    """Texts of a template's own, and the placeholders between; none if they have formats."""
    own, names = [""], []
    try:
        for text, name, form, conversion in string.Formatter().parse(template):
            own[-1] += text
            if name is not None:
                if form or conversion or not name.isidentifier():
                    return [template], []
                names.append(name)
                own.append("")
    except ValueError:  # a text with a brace, which nobody fills
        return [template], []
    return own, names


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    """The pattern of the texts of a template; a value that it names twice is the same."""
    own, names = _pieces(template)
    groups = [
        f"(?P={name})" if name in names[:num] else _group(name, own[num])
        for num, name in enumerate(names)
    ]
    return re.compile(
        "".join(re.escape(text) + group for text, group in zip(own, [*groups, ""], strict=True))
    )


def _group(placeholder: str, before: str) -> str:
    """Pattern of a value; the first is no pronoun, nor what a text opens with, and a colon.

    One right behind a word is a part of the sentence that may be left out.
    """
    if placeholder in _OF_NUMBERS:
        return rf"(?P<{placeholder}>[\d,.]+)"
    if placeholder == _OF_JOBS:
        return rf"(?P<{placeholder}>\S+)"
    if before[-1:].isalnum():
        return rf"(?P<{placeholder}>.*?)"
    return rf"(?P<{placeholder}>{'.' if before else '(?!It )(?:(?!: ).)'}+?)"


@functools.cache
def _english() -> dict[str, str]:
    """The English text of every translated one."""
    return {text: key for code in languages() for key, text in _texts(code).items()}


@functools.cache
def _texts(code: str) -> dict[str, str]:
    """Texts without a plural in English, and in the language."""
    catalogue = _catalogue(code)
    found = vars(catalogue)["_catalog"] if isinstance(catalogue, _gettext.GNUTranslations) else {}
    return {key: text for key, text in found.items() if isinstance(key, str)}


@functools.cache
def _catalogue(code: str) -> _gettext.NullTranslations:
    return _gettext.translation(_DOMAIN, LOCALE_DIR, [code], fallback=True)
