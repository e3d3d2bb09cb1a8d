"""Azure's scoring request and answer, in every form that its documents and samples show."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictInt,
    Tag,
    ValidationError,
)

from automl.dataset.preprocessing import UnreadablePicture, from_base64
from automl.serving.limits import Refusal


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Entry(_Strict):
    """One picture and the wish for an explanation; a request contains it as JSON text."""

    image_base64: str
    model_explainability: bool = False
    xai_parameters: dict[str, Any] | None = None


Base64 = Annotated[
    str, Field(min_length=1, description="A picture in base64, or the JSON text of an entry.")
]
Item = Annotated[
    Annotated[Base64, Tag("text")] | Annotated[tuple[Base64], Tag("row")],
    Discriminator(lambda value: "row" if isinstance(value, list | tuple) else "text"),
]


class Frame(_Strict):
    """A table of one column, as pandas writes it with `orient="split"`."""

    columns: tuple[Literal["image"]]
    data: list[Item]
    index: list[StrictInt | str] | None = None
    """Without effect; the answers have the order of `data`."""


class ScoringRequest(_Strict):
    """The body of a request to `/score`."""

    input_data: Annotated[
        Annotated[Frame, Tag("frame")] | Annotated[list[Item], Tag("list")],
        Discriminator(lambda value: "list" if isinstance(value, list | tuple) else "frame"),
    ]
    params: dict[str, Any] | None = None
    """Without effect; clients of MLflow send it."""


class ScoringAnswer(BaseModel):
    """The answer of `/score` for one picture."""

    probs: list[float]
    """The probability of every label, in the order of `labels`."""

    labels: list[str]
    unlike: bool | None = None
    """True for a picture unlike the training pictures; only with `--flag-unlike`, and null from a
    model that cannot tell."""

    answer_set: list[str] | None = None
    """Labels of which one is right with the probability of `--coverage`; only with it."""

    visualizations: str | None = None
    """PNG in base64; only if the entry asks for it."""

    attributions: list[list[list[float]]] | None = None
    """[3][height][width]; only if the entry asks for them."""


def parse(body: bytes) -> list[Entry]:
    """Return the entries of a request.

    Raises:
        Refusal: 400 for what is not JSON, 422 for what is not a scoring request.
    """
    try:
        data = ScoringRequest.model_validate_json(_utf8(body)).input_data
    except ValidationError as error:
        raise _refusal(error, "The request") from None
    items = data.data if isinstance(data, Frame) else data
    return [_entry(item, number) for number, item in enumerate(items, 1)]


def _utf8(body: bytes) -> str:
    """Decode JSON in any encoding that it may have, with or without a byte order mark.

    Raises:
        Refusal: 400, it is compressed or no text.
    """
    if body.startswith(b"\x1f\x8b"):
        raise Refusal(400, "The request is compressed with gzip. Send it as it is.")
    try:
        return body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        raise Refusal(400, "The request is not valid JSON (it is not text).") from None


def picture_bytes(entry: Entry, number: int) -> bytes:
    """Decode the base64 of an entry, with or without line breaks, into a picture's file.

    Raises:
        Refusal: 422, it is not base64.
    """
    try:
        return from_base64(entry.image_base64).read()
    except UnreadablePicture:
        raise Refusal(
            422, f"Picture {number} is not base64: encode the bytes of the picture's file."
        ) from None


def answer_text(row: NDArray[np.float32], labels_json: str, added: dict[str, Any]) -> str:
    """Return a `ScoringAnswer` as JSON.

    Args:
        row: probabilities (K,).
        labels_json: the labels as JSON, encoded once for all answers.
        added: the other fields, those that were asked for.

    Raises:
        Refusal: 500, a probability is NaN or infinite.
    """
    if not np.isfinite(row).all():
        raise Refusal(500, "The model answered NaN for a picture.")
    fields = {key: json.dumps(value) for key, value in added.items()}
    fields = {"probs": json.dumps(row.tolist()), "labels": labels_json, **fields}
    return "{" + ", ".join(f'"{key}": {text}' for key, text in fields.items()) + "}"


def _entry(item: str | Sequence[str], number: int) -> Entry:
    text = item if isinstance(item, str) else item[0]
    if not text.lstrip().startswith("{"):
        return Entry(image_base64=text)
    try:
        return Entry.model_validate_json(text)
    except ValidationError as error:
        raise _refusal(error, f"Picture {number}") from None


def _refusal(error: ValidationError, subject: str) -> Refusal:
    """Describe the first problem, without the input, which can have megabytes."""
    (first, *_) = error.errors(include_url=False, include_context=False, include_input=False)
    if first["type"] == "json_invalid":
        return Refusal(400, f"{subject} is not valid JSON ({first['msg'].partition(': ')[2]}).")
    tags = ("frame", "list", "text", "row")
    field = ".".join(str(part) for part in first["loc"] if part not in tags)
    return Refusal(
        422,
        f"{subject} is not a scoring request: {field or 'the whole'}: {first['msg']}. Send "
        '{"input_data": {"columns": ["image"], "data": ["BASE64", …]}}.',
    )
