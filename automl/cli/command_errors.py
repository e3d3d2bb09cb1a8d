"""Turn the error of a command into one sentence with the next step, and an exit code."""

import sys
import traceback
from typing import Any

import typer
from typer import BadParameter
from typer.core import TyperGroup

from automl.cli.command import with_bare_flags
from automl.cli.output import FAILED, fail, os_error_sentence, refuse
from automl.errors import ExperimentError, UserError
from automl.host import atomic, home


class Commands(TyperGroup):
    """The commands; an expected error ends a command without a traceback."""

    def get_params(self, ctx: Any) -> Any:
        return with_bare_flags(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BadParameter as error:
            error.message = _allowed_sentence(error) or error.message or _meaning(error)
            raise
        except UserError as error:
            refuse(error)
        except ExperimentError as error:
            fail(str(error), FAILED)
        except BrokenPipeError:  # the reader closed the pipe; typer ends without a message
            raise
        except OSError as error:  # for example a full disk or a missing permission
            fail(os_error_sentence(error), FAILED)


def tell_unexpected(error: Exception) -> None:
    """Report a bug in the program and where its details are; the caller ends the command."""
    details = "".join(traceback.format_exception(error))
    try:
        path = home.home_dir() / "error.log"
        text = f"automl {' '.join(sys.argv[1:])}\n\n{details}"
        # an argument may have bytes that are no text
        atomic.write_bytes(path, text.encode(errors="backslashreplace"))
    except (OSError, UserError):
        typer.echo(details, err=True)
        where = "above"
    else:
        where = f"in {path}"
    typer.echo(
        f"Unexpected {type(error).__name__}: this is a bug in automl. Try the command again; if "
        f"it fails again, report it with the details {where}.",
        err=True,
    )


def _meaning(error: BadParameter) -> str:
    """The explanation of an argument or option that is missing."""
    return str(getattr(error.param, "help", None) or "").rstrip(".")


def _allowed_sentence(error: BadParameter) -> str | None:
    """Return the value and what is allowed, of a number or a choice; None for other options."""
    from pydantic import ValidationError  # slow, and needed here only

    option: Any = error.param
    if option is None or not isinstance(error.__cause__, ValidationError):
        return None
    kind, choices = option.type_descriptor.annotation, option.type_descriptor.choices
    if choices:
        allowed = " or ".join(map(str, choices))
    elif kind in (int, float):
        allowed = "a whole number" if kind is int else "a number"
        if option.max is not None:
            allowed += f" from {option.min} to {option.max}"
        elif option.min is not None:
            allowed += f" of {option.min} or more"
    else:
        return None
    return f"it is {error.__cause__.errors()[0]['input']}; allowed is {allowed}."
