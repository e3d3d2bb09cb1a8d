"""What is said of an option that has to be a number and is none, or is out of its range."""

from typing import Any

from typer import BadParameter
from typer.core import TyperGroup


class Commands(TyperGroup):
    """Commands whose numeric options say what is allowed."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BadParameter as error:
            error.message = _sentence(error) or error.message
            raise


def _sentence(error: BadParameter) -> str | None:
    """None where it is about something else than a number."""
    from pydantic import ValidationError  # takes time that most commands do not have to spend

    option: Any = error.param
    kind = option.type_descriptor.annotation if option is not None else None
    if kind not in (int, float) or not isinstance(error.__cause__, ValidationError):
        return None
    allowed = "a whole number" if kind is int else "a number"
    if option.max is not None:
        allowed += f" from {option.min} to {option.max}"
    elif option.min is not None:
        allowed += f" of {option.min} or more"
    return f"it is {error.__cause__.errors()[0]['input']}; allowed is {allowed}."
