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
        int | None, typer.Option(min=1, help="Of one person, at the same time.")
    ] = None,
    max_waiting_per_user: Annotated[
        int | None, typer.Option(min=0, help="Of one person that may wait; more are refused.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="What is not given has no limit any more.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how many experiments may run and wait, or set it; what is not given stays as it is."""
    from automl.experiments import limits
    from automl.experiments.limits import QueueLimits

    given = {
        "max_running": max_running,
        "max_running_per_user": max_running_per_user,
        "max_waiting_per_user": max_waiting_per_user,
    }
    asked = {name: value for name, value in given.items() if value is not None}
    try:
        now = QueueLimits() if replace else limits.load()
    except UserError as error:
        fail(f"{error} Mend the file, or write it anew with --replace.")
    if asked or replace:
        now = now.model_copy(update=asked)
        with audited.recorded("set_limits", **now.in_words()):
            limits.save(now)
    if as_json:
        say_json({"path": str(limits.path()), **now.model_dump()})
    else:
        say_table(["limit", ""], list(now.in_words().items()))
        say(f"They are in {limits.path()}, and hold for all who share {limits.path().parent}.")
