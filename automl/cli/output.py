"""Output of commands: results on standard output, everything else on standard error."""

import contextlib
import errno
import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from automl.errors import DamagedFileError, NewerFormatError, UserError

if TYPE_CHECKING:
    from rich.console import Console

    from automl.jobs.job import Job

USER_INPUT = 2  # exit codes
FAILED = 1
_WIDTH_WITHOUT_TERMINAL = 160
_REMEDIES = {
    errno.EACCES: "Change its permissions, or choose another place.",
    errno.EDQUOT: "Make room on that disk, then try again.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ENOENT: "Check the path, or choose another place.",
    errno.ENOSPC: "Make room on that disk, then try again.",
    errno.ENOTDIR: "A file stands where a folder is needed. Choose another place.",
    errno.EPERM: "Change its permissions, or choose another place.",
    errno.EROFS: "Choose a place that can be written.",
}
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def console(*, stderr: bool = False) -> "Console":
    from rich.console import Console  # most commands print plain lines, and start sooner without

    output = Console(stderr=stderr, highlight=False)
    if not output.is_terminal:
        output.width = _WIDTH_WITHOUT_TERMINAL  # rich would cut piped lines at 80 characters
    return output


def say(text: str) -> None:
    """Print a line of the result."""
    typer.echo(_printable(text))


def tell(text: str) -> None:
    """Print a line about progress or a problem."""
    typer.echo(_printable(text), err=True)


def tell_notes(job: "Job") -> None:
    """Print what in a job has no effect, or not the expected one."""
    from automl.jobs import job_notes  # not needed by commands without a job

    for note in job_notes.notes(job):
        tell(f"Note: {note}")


def fail(text: str, code: int = USER_INPUT) -> NoReturn:
    tell(text)
    raise typer.Exit(code)


def refuse(error: UserError) -> NoReturn:
    """End the command; the exit code tells wrong input from a stored file that cannot be read."""
    is_stored_file = isinstance(error, DamagedFileError | NewerFormatError)
    fail(str(error), FAILED if is_stored_file else USER_INPUT)


def end_with_unread(sentences: Sequence[str]) -> None:
    """End a command that has shown the rest: name what could not be read, if anything."""
    if sentences:
        fail("\n".join(sentences), FAILED)


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """End the command with the message of a UserError."""
    try:
        yield
    except UserError as error:
        refuse(error)


def os_error_sentence(error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and error.filename is None and _is_nowhere():
        return "The working directory was deleted. Change to another one, then try again."
    if error.strerror is None:
        return str(error)
    said = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"{said}. {_REMEDIES.get(error.errno or 0, '')}".rstrip()


def _is_nowhere() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def http_address(host: str, port: int) -> str:
    """Address of a server, with brackets around an IPv6 address."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def say_json(data: dict[str, Any]) -> None:
    """Print one JSON object on one line."""
    typer.echo(json_text(data))


def json_text(data: dict[str, Any]) -> str:
    """Convert to JSON, with null for NaN and infinity, which JSON does not have."""
    return json.dumps(_finite(data), allow_nan=False)


def say_table(columns: Sequence[str], rows: Sequence[Sequence[object]], numbers: str = "") -> None:
    """Print a table.

    Args:
        columns: the headings.
        rows: one value per column.
        numbers: headings of the columns to align right, separated by spaces.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers.split() else "left")
    for row in rows:
        table.add_row(*[Text(_printable(str(value))) for value in row])
    console().print(table)


def _printable(text: str) -> str:
    """Spell out what a name could hide in a terminal: control characters and marks of direction.

    Bytes of a file name that are not UTF-8 become `?`.
    """
    spelt = _INVISIBLE.sub(lambda found: ascii(found[0])[1:-1], text)
    return spelt.encode("utf-8", "replace").decode("utf-8")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
