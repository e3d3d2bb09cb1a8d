"""`automl limits`."""

from typing import Annotated

import typer

from automl.cli import audited
from automl.cli.experiments import AsJson
from automl.cli.output import fail, say, say_json, say_table
from automl.errors import UserError


def show_or_set(
    max_running: Annotated[
        int | None, typer.Option(min=1, help="Experiments that run at the same time.")
    ] = None,
    max_running_per_user: Annotated[
        int | None, typer.Option(min=1, help="Experiments of one person that run at the same time.")
    ] = None,
    max_waiting_per_user: Annotated[
        int | None,
        typer.Option(
            min=0, help="Experiments of one person that may wait; further ones are refused."
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove the limits that are not set here.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show or set the limits of running and waiting experiments; other limits do not change."""
    from automl.experiments import limits
    from automl.experiments.limits import QueueLimits

    options = {
        "max_running": max_running,
        "max_running_per_user": max_running_per_user,
        "max_waiting_per_user": max_waiting_per_user,
    }
    changes = {name: value for name, value in options.items() if value is not None}
    with limits.locked():  # another command may change another limit at the same time
        try:
            current = QueueLimits() if replace else limits.load()
        except UserError as error:
            fail(f"{error} Repair the file, or replace it with --replace.")
        if changes or replace:
            current = current.model_copy(update=changes)
            with audited.recorded("set_limits", **current.in_words()):
                limits.save(current)
    if as_json:
        say_json({"path": str(limits.path()), **current.model_dump()})
    else:
        say_table(["limit", ""], list(current.in_words().items()))
        say(f"The limits in {limits.path()} apply to every user of {limits.path().parent}.")
