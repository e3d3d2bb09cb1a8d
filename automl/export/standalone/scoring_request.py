"""The pictures of a scoring request, in the forms that clients of Azure's endpoints send."""

import json
from typing import Any

FORM = '{"input_data": {"columns": ["image"], "data": ["BASE64", …]}}'


class BadRequest(ValueError):  # noqa: N818 (public name)
    """A body is no scoring request; the message is one sentence without the body."""


def pictures(body: str | bytes) -> list[str]:
    """Return the text of every picture, in order.

    A picture is base64 text, or a list of one such text. The pictures are in a table with the
    column `image`, or in a list, as the endpoints of Hugging Face models take them.

    Raises:
        BadRequest: says what is wrong.
    """
    try:
        data = json.loads(body)["input_data"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise BadRequest(f"The request is not of the form {FORM}.") from None
    if isinstance(data, dict):
        if data.get("columns") != ["image"]:
            raise BadRequest('The columns of input_data have to be ["image"].')
        data = data.get("data")
    if not isinstance(data, list):
        raise BadRequest(f"input_data has no list of pictures. Send {FORM}.")
    return [_text(row, number) for number, row in enumerate(data, 1)]


def _text(row: Any, number: int) -> str:
    if isinstance(row, list) and len(row) == 1:
        (row,) = row
    if not isinstance(row, str):
        raise BadRequest(f"Picture {number} is not text. Send the picture's file in base64.")
    return row
