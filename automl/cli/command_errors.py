"""Turn the error of a command into one sentence with the next step, and an exit code."""

import sys
import traceback
from typing import Any

import typer
from typer import BadParameter
from typer.core import TyperGroup

from automl.cli.output import FAILED, fail, os_error_sentence, refuse
from automl.errors import ExperimentError, UserError
from automl.host import atomic, home


class Commands(TyperGroup):
    """The commands; an expected error ends a command without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BadParameter as error:
            error.message = _numeric_sentence(error) or error.message
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
    path = home.home_dir() / "error.log"
    try:
        atomic.write_text(path, f"automl {' '.join(sys.argv[1:])}\n\n{details}")
    except OSError:
        typer.echo(details, err=True)
        where = "above"
    else:
        where = f"in {path}"
    typer.echo(
        f"Unexpected {type(error).__name__}: this is a bug in automl. Try the command again; if "
        f"it fails again, report it with the details {where}.",
        err=True,
    )


def _numeric_sentence(error: BadParameter) -> str | None:
    """Return the value and the allowed range of a numeric option; None for other options."""
    from pydantic import ValidationError  # slow, and needed here only

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
