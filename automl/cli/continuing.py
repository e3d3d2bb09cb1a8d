"""`automl continue`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl.cli import audited, lookup
from automl.cli.experiments import AsJson
from automl.cli.jobs import follow_to_the_end, start_and_follow
from automl.cli.output import fail, refusals, tell

if TYPE_CHECKING:
    from automl.experiments.experiment import Experiment
    from automl.experiments.new_data import OtherData


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
    data: Annotated[
        Path | None,
        typer.Option(help="Train its best network on other pictures, as a new experiment."),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(help="The same with a version of the data; automl versions lists them."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the new experiment.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search on in an experiment that has ended: its trials stay, further ones follow.

    With --data or --version its best network goes on learning from other data, in a new
    experiment: what other pictures judge cannot be compared with what was judged before.
    """
    from automl.experiments import going_on, launcher

    source = lookup.find(experiment)
    if data is not None or version is not None:
        if trial is not None or changes:
            fail("--trial and --set do not go with --data and --version. Leave them out.")
        from automl.experiments.new_data import OtherData

        other = OtherData(data, version, trials or 1, minutes, epochs)
        _go_on_with(source, other, name, as_json=as_json)
        return
    if name is not None:
        fail("--name is for a new experiment. Give --data or --version, too, or leave it out.")
    wish = going_on.Wish(trials, minutes, epochs, trial, tuple(changes or ()))
    if wish == going_on.Wish():
        fail(
            f"Nothing is asked for. Say how to go on with {source.id}: --trials 8, --minutes 15, "
            "--epochs 10, or --set with another search_space."
        )
    with refusals(), audited.recorded("resume", source.id) as note:
        continuation = going_on.go_on(source.directory, wish, by=launcher.user())
        note.details["changes"] = ", ".join(continuation.changes)
    tell(continuation.sentence)
    follow_to_the_end(source, as_json=as_json)


def _go_on_with(
    source: "Experiment", other: "OtherData", name: str | None, *, as_json: bool
) -> None:
    from automl.experiments import launcher, new_data
    from automl.experiments.experiment import Experiment
    from automl.model import warm_start

    folder = source.directory.parent
    with refusals():
        job, parent = new_data.planned(source.directory, other)
        warm_start.check(job, folder)
        made = launcher.create(job, name=name, experiments_dir=folder, parent=parent)
    tell(f"{made.name}: {parent.sentence}")
    start_and_follow(Experiment(made), as_json=as_json, parent=source.id)
