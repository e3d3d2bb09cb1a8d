"""`automl audit`."""

from typing import TYPE_CHECKING, Annotated

import typer

from automl.cli.experiments import AsJson
from automl.cli.output import fail, say, say_json, say_table
from automl.errors import short

if TYPE_CHECKING:
    from automl.access.audit import Entry

_DEFAULT_NUM_ENTRIES = 50


def show_audit(
    experiment: Annotated[
        str | None, typer.Option(metavar="E", help="Only entries about this experiment.")
    ] = None,
    who: Annotated[str | None, typer.Option(help="Only entries of this person.")] = None,
    action: Annotated[
        str | None, typer.Option(help="Only entries with this action: start, stop, sign_in, …")
    ] = None,
    last: Annotated[
        int, typer.Option(min=1, help="Number of entries to show, the latest ones.")
    ] = _DEFAULT_NUM_ENTRIES,
    as_json: AsJson = False,
) -> None:
    """Show who did what, and when, from the pages and the command line."""
    from automl.access import audit, permissions

    filters = {"experiment": experiment, "who": who, "action": action}
    filters = {name: value for name, value in filters.items() if value is not None}
    entries = [
        entry
        for entry in audit.read()
        if all(getattr(entry, name) == value for name, value in filters.items())
    ][-last:]
    if not entries and action is not None and action not in list(permissions.Action):
        fail(f"--action is {short(action)}; allowed is {', '.join(permissions.Action)}.")
    if as_json:
        say_json({"path": str(audit.path()), "entries": [_content(entry) for entry in entries]})
    elif entries:
        columns = ["time", "who", "role", "via", "action", "experiment", "outcome", ""]
        say_table(columns, [_row(entry) for entry in entries])
    else:
        say(f"{audit.path()} has no matching entries.")


def _content(entry: "Entry") -> dict[str, object]:
    return entry.model_dump(mode="json")


def _row(entry: "Entry") -> list[object]:
    details = ", ".join(f"{name}: {text}" for name, text in entry.details.items())
    when = f"{entry.time.astimezone():%Y-%m-%d %H:%M:%S %Z}"
    role = entry.role or "–"
    return [
        when,
        entry.who,
        role,
        entry.via,
        entry.action,
        entry.experiment,
        entry.outcome,
        details,
    ]
