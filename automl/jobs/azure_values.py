"""Words and numbers of a job file as Azure's client reads them.

Azure folds the spellings of its Python and REST clients (`NormMacroRecall`, `norm_macro_recall`),
takes numbers in quotes, and drops the fraction of a whole number.
"""

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BeforeValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from automl.errors import UserError


def one_of(value: object, words: Iterable[str]) -> object:
    """Return the word that a value spells in another way; anything else unchanged."""
    if not isinstance(value, str):
        return value
    return {_letters(word): word for word in words}.get(_letters(value), value)


def _letters(text: str) -> str:
    return text.replace("_", "").replace("-", "").lower()


class AnySpelling:
    """Annotation of a `Literal`: its words may be written in another case or without underscores.

    `WarmupCosine`, `warmup-cosine` and `WARMUP_COSINE` all become `warmup_cosine`.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        words = list(_words(source))
        return core_schema.no_info_before_validator_function(
            lambda value: one_of(value, words), handler(source)
        )


def _words(source: Any) -> Iterable[str]:
    if get_origin(source) is Literal:
        yield from (word for word in get_args(source) if isinstance(word, str))
        return
    for part in get_args(source):
        yield from _words(part)


def number(value: object) -> object:
    """Refuse true and false, which pydantic would read as 1 and 0.

    Raises:
        UserError: the value is one of them.
    """
    if isinstance(value, bool):
        raise UserError(f"{str(value).lower()} is not a number. Write one, such as 1.")
    return value


def whole(value: object) -> object:
    """Read a whole number: without its fraction, and from a text of digits.

    Raises:
        UserError: the value is true or false.
    """
    if isinstance(value, float) and math.isfinite(value):
        return int(value)
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return number(value)


Whole = Annotated[int, BeforeValidator(whole)]
"""A whole number, read as Azure's client reads it."""


def without_nulls(value: object) -> object:
    """Return a mapping without the keys that are null, which count as left out."""
    if not isinstance(value, dict):
        return value
    return {key: each for key, each in value.items() if each is not None}
