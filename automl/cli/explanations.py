"""`automl explain`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automl.cli import lookup
from automl.cli.experiments import AsJson
from automl.cli.output import USER_INPUT, fail, refusals, say, say_json, tell

if TYPE_CHECKING:
    from automl.explanation.explainer import Explanation


def explain(  # noqa: PLR0913 (the options of a command)
    experiment: Annotated[str, lookup.ARGUMENT],
    pictures: Annotated[
        list[Path], typer.Argument(metavar="PICTURE…", help="Pictures, and folders of them.")
    ],
    output: Annotated[Path, typer.Option(metavar="D", help="A folder for what comes out.")],
    trial: Annotated[
        str | None, typer.Option(help="The trial to ask, if not the best one.")
    ] = None,
    algorithm: Annotated[
        str,
        typer.Option(help="xrai, integrated_gradients, guided_gradcam or guided_backprop."),
    ] = "xrai",
    n_steps: Annotated[int, typer.Option(help="Of xrai and integrated_gradients.")] = 50,
    fast: Annotated[bool, typer.Option(help="Of xrai: faster, coarser.")] = True,
    approximation_method: Annotated[
        str, typer.Option(help="Of integrated_gradients: riemann_middle or gausslegendre.")
    ] = "riemann_middle",
    visualizations: Annotated[bool, typer.Option(help="Write pictures.")] = True,
    attributions: Annotated[bool, typer.Option(help="Write the numbers, as NumPy files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what in a picture speaks for the answer a model gives."""
    from automl.dataset import walk
    from automl.errors import ExplanationError
    from automl.explanation.explainer import Explainer
    from automl.explanation.parameters import ExplanationParameters

    found = lookup.find(experiment)
    with refusals():
        parameters = ExplanationParameters.parse(
            {
                "xai_algorithm": algorithm,
                "n_steps": n_steps,
                "xrai_fast": fast,
                "approximation_method": approximation_method,
                "visualizations": visualizations,
                "attributions": attributions,
            }
        )
        trial_id = found.chosen_trial(trial)
    paths = [path for picture in pictures for path in walk.pictures_at(picture.expanduser())]
    if not paths:
        fail("There are no pictures in " + ", ".join(map(str, pictures)) + ".")
    output = output.expanduser().absolute()
    output.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    with Explainer() as explainer:
        for path, target in zip(paths, _targets(paths, output), strict=True):
            try:
                answer = explainer.explain(found.directory, trial_id, path, parameters)
            except ExplanationError as error:
                rows.append({"path": str(path), "error": str(error)})
                tell(f"{path}: {error}")
                continue
            rows.append({"path": str(path), **_written(answer, target)})
            if not as_json:
                say(f"{path}\t{answer.label}\t{answer.probability:.3f}\t{rows[-1]['picture']}")
    if as_json:
        say_json({"trial": trial_id, "explanations": rows})
    if all("error" in row for row in rows):
        raise typer.Exit(USER_INPUT)


def _targets(paths: list[Path], folder: Path) -> Iterator[Path]:
    """A path without a suffix for each picture, counted up where pictures have one name."""
    seen: dict[str, int] = {}
    for path in paths:
        number = seen[path.stem] = seen.get(path.stem, 0) + 1
        yield folder / (path.stem if number == 1 else f"{path.stem}-{number}")


def _written(answer: "Explanation", target: Path) -> dict[str, Any]:
    row: dict[str, Any] = {
        "label": answer.label,
        "probability": answer.probability,
        "picture": None,
        "attributions": None,
        "notes": answer.notes,
    }
    if answer.picture is not None:
        path = target.with_name(target.name + ".png")
        path.write_bytes(answer.picture)
        row["picture"] = str(path)
    if answer.attributions is not None:
        import numpy as np

        path = target.with_name(target.name + ".npy")
        np.save(path, answer.attributions)
        row["attributions"] = str(path)
    return row
