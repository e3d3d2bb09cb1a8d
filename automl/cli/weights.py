"""`automl weights list`, `add` and `check`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from automl.cli.command import Command
from automl.cli.command_errors import Commands
from automl.cli.experiments import AsJson
from automl.cli.output import FAILED, refusals, say, say_json, say_table, tell
from automl.host import home

weights = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Pretrained weights on this machine."
)


@weights.command("list", cls=Command)
def list_weights(as_json: AsJson = False) -> None:
    """List the models: their weights here, to be downloaded or missing; licence and size."""
    from automl.jobs.model_catalog import MODELS
    from automl.model import weights_hub

    weights_hub.why_unreachable()  # wait for the answer, once
    rows = [_row(model) for model in MODELS.values()]
    if as_json:
        say_json({"weights_dir": str(home.weights_dir()), "models": rows})
        return
    say_table(
        ["model", "weights", "MB", "licence", "where"],
        [
            [row[key] or "" for key in ("model", "weights", "mb", "licence", "where")]
            for row in rows
        ],
        numbers="MB",
    )


@weights.command("add", cls=Command)
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".safetensors, .pth or .pt.")],
    name: Annotated[
        str | None,
        typer.Option(help="Its model, by our name or timm's; default: recognised by its tensors."),
    ] = None,
    licence: Annotated[
        str | None, typer.Option(metavar="ID", help="Its licence, such as apache-2.0.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the weights of the same model.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a checkpoint into the weights folder; nothing in the file is run."""
    tell("Reading the file…")
    from automl.model import weights_adding  # imports torch

    with refusals():
        path = file.absolute()
        added = weights_adding.add(path, name=name, licence=licence, replace=replace)
    if as_json:
        facts = {"model": added.timm_name, "path": str(added.folder), "licence": added.licence}
        say_json({**facts, "notes": added.notes})
        return
    say(f"These are weights of {added.timm_name}. They are in {added.folder}.")
    for note in added.notes:
        say(f"Note: {note}")


@weights.command("check", cls=Command)
def check(
    pictures: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Photos, to measure mean and std that weights expect."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every folder of weights; exit code 1 if one cannot be used."""
    from automl.model import weights_check  # imports torch

    root = home.weights_dir()
    with refusals():
        verdicts = weights_check.check(root, pictures)
    if as_json:
        folders = [
            {"name": each.name, "usable": each.is_usable, "message": each.said} for each in verdicts
        ]
        say_json({"weights_dir": str(root), "folders": folders})
    elif not verdicts:
        say(f"There are no weights in {root}. Add some with: automl weights add FILE")
    else:
        for each in verdicts:
            say(f"{each.name}: {each.said}")
    if not all(each.is_usable for each in verdicts):
        raise typer.Exit(FAILED)


def _row(model: Any) -> dict[str, Any]:
    """Facts about the weights of a model of the catalogue."""
    from automl.model import pretrained_weights
    from automl.model.pretrained_weights import Place

    place = pretrained_weights.place(model.timm_name)
    found = pretrained_weights.here(model.timm_name)
    where, megabytes = "", model.parameters * 4 if place is Place.DOWNLOAD else None
    if found is not None:
        is_folder = found.is_dir()
        file = found / "model.safetensors" if is_folder else found
        where = str(found) if is_folder else f"package {found.parents[1].name}"
        megabytes = file.stat().st_size / 1e6
    return {
        "model": model.name,
        "timm_name": model.timm_name,
        "weights": place.value,
        "mb": None if megabytes is None else round(megabytes),
        "licence": pretrained_weights.licence_here(model.timm_name) or "unknown",
        "where": where or None,
    }
