"""`automl drift`."""

from pathlib import Path
from typing import Annotated

import typer

from automl.cli import lookup
from automl.cli.experiments import AsJson
from automl.cli.output import refusals, say, say_json


def show(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Of automl serve --keep.")],
    experiment: Annotated[str, lookup.ARGUMENT],
    as_json: AsJson = False,
) -> None:
    """Compare the answers of a model in use with those at its validation, against chance."""
    from automl.figures import drift_text
    from automl.serving import kept

    source = lookup.find(experiment)
    with refusals():
        found = kept.drift_of(folder.absolute(), source.directory)
    if as_json:
        changed = {"is_change": found.is_change} if found else {}
        say_json({**(found.model_dump(mode="json") if found else {"signs": []}), **changed})
    elif found is None:
        say(drift_text.TOO_FEW)
    else:
        say(drift_text.headline(found))
        for sign in found.signs:
            say(drift_text.sign(sign))
