"""`automl continue`."""

from typing import Annotated

import typer

from automl.cli import audited, lookup
from automl.cli.experiments import AsJson
from automl.cli.jobs import follow_to_the_end
from automl.cli.output import fail, refusals, tell


def go_on(  # noqa: PLR0913 (the options of a command)
    experiment: Annotated[str, lookup.ARGUMENT],
    trials: Annotated[int, typer.Option(min=0, help="So many trials more.")] = 0,
    minutes: Annotated[
        int | None,
        typer.Option(min=1, help="Time limit from now on; that of the job if left out."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Train the best fine-tuned trial, or --trial, so many more."),
    ] = None,
    trial: Annotated[str | None, typer.Option(help="Trial to train for more epochs.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a key for the further trials."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search on in an experiment that has ended: its trials stay, further ones follow."""
    from automl.experiments import going_on, launcher

    source = lookup.find(experiment)
    wish = going_on.Wish(trials, minutes, epochs, trial, tuple(changes or ()))
    if wish == going_on.Wish():
        fail(
            f"Nothing is asked for. Say how to go on with {source.id}: --trials 8, --minutes 15, "
            "--epochs 10, or --set with another search_space."
        )
    with refusals(), audited.recorded("resume", source.id):
        continuation = going_on.go_on(source.directory, wish, by=launcher.user())
    tell(continuation.sentence)
    follow_to_the_end(source, as_json=as_json)
