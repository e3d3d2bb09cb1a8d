"""Sentences that are made where nobody reads them: stored in English, said in any language.

A check knows no reader, and what it finds is stored. So it keeps the template, which is a key of
the catalogues, and the values; a page puts both together in its own language.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from automl import texts
from automl.frozen_model import FrozenModel
from automl.texts import PLACEHOLDER, _, ngettext


class Sentence(FrozenModel):
    """A text with placeholders and what stands there; `count` chooses between two forms."""

    text: str
    plural: str = ""
    """The form for another `count` than 1; empty if there is one form."""

    values: "dict[str, int | float | str | Sentence]" = {}
    """Whole numbers are written in groups of digits, and sentences in the same language."""

    def __str__(self) -> str:
        """In English."""
        with texts.speaking(texts.ENGLISH):
            return self.said()

    def said(self) -> str:
        """In the language of this thread."""
        if not self.values:
            return texts.again(self.text)  # may be the filled one of an error
        number = self.values.get("count")
        template = (
            ngettext(self.text, self.plural, number)
            if self.plural and isinstance(number, int)
            else _(self.text)
        )
        # never `format`: the template may be from an experiment that somebody shared, and ask for
        # attributes of the values, or for a width of a gigabyte
        return PLACEHOLDER.sub(self._filled, template)

    def _filled(self, found: re.Match[str]) -> str:
        return _shown(self.values[found[1]]) if found[1] in self.values else found[0]


def say(text: str, plural: str = "", /, **values: Any) -> Sentence:
    """A sentence; `make texts` finds the text, as that of `_`, or both forms, as of `ngettext`.

    Args:
        text: in English, with named placeholders.
        plural: see `Sentence`.
        values: by placeholder; numbers of numpy, too.
    """
    plain = {name: getattr(value, "item", lambda v=value: v)() for name, value in values.items()}
    return Sentence(text=text, plural=plural, values=plain)


def listed(sentences: Sequence[Sentence]) -> Sentence:
    """Sentences with commas between them."""
    values = {f"part_{num}": sentence for num, sentence in enumerate(sentences)}
    return Sentence(text=", ".join(f"{{{name}}}" for name in values), values=values)


def said(parts: Iterable[Sentence | str]) -> str:
    """Sentences one after the other, in the language of this thread."""
    return " ".join(
        part.said() if isinstance(part, Sentence) else texts.again(part) for part in parts
    )


def _shown(value: "int | float | str | Sentence") -> str:
    if isinstance(value, Sentence):
        return value.said()
    return texts.integer(value) if isinstance(value, int) else str(value)
