"""`automl explain`."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from automl.cli import lookup
from automl.cli.experiments import AsJson
from automl.cli.output import USER_INPUT, fail, refusals, say, say_json, tell
from automl.host import file_names, home

if TYPE_CHECKING:
    from automl.explanation.explainer import Explanation
    from automl.explanation.request import ExplanationParameters

_SUFFIXES = (".png", ".npy")


def explain(  # noqa: PLR0913 (the options of a command)
    experiment: Annotated[str, lookup.ARGUMENT],
    pictures: Annotated[
        list[Path], typer.Argument(metavar="PICTURE…", help="Pictures or folders of pictures.")
    ],
    output: Annotated[Path, typer.Option(metavar="D", help="The folder for the results.")],
    trial: Annotated[
        str | None, typer.Option(help="Trial whose model to explain; default: the best.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Label to explain; default: the most probable one.")
    ] = None,
    algorithm: Annotated[
        str,
        typer.Option(help="xrai, integrated_gradients, guided_gradcam or guided_backprop."),
    ] = "xrai",
    n_steps: Annotated[
        int, typer.Option(help="For xrai and integrated_gradients: steps of the integral.")
    ] = 50,
    fast: Annotated[bool, typer.Option(help="For xrai: faster but coarser.")] = True,
    approximation_method: Annotated[
        str, typer.Option(help="For integrated_gradients: riemann_middle or gausslegendre.")
    ] = "riemann_middle",
    visualizations: Annotated[bool, typer.Option(help="Write PNG pictures.")] = True,
    attributions: Annotated[bool, typer.Option(help="Write NumPy files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show which parts of a picture support a model's prediction."""
    from automl.dataset import walk
    from automl.explanation.request import ExplanationParameters

    source = lookup.find(experiment)
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
        trial_id = source.chosen_trial(trial)
    paths = [path for picture in pictures for path in walk.pictures_at(picture)]
    if not paths:
        fail("There are no pictures in " + ", ".join(map(str, pictures)) + ".")
    folder = _made(home.absolute(output))
    rows = []
    with _explaining(source.directory, trial_id, parameters, label) as explained:
        for row in _write_all(explained, paths, folder):
            rows.append(row)
            if not as_json:
                _say(row)
            elif "error" in row:
                tell(f"{row['path']}: {row['error']}")
    if as_json:
        say_json({"experiment": source.id, "trial_id": trial_id, "explanations": rows})
    if all("error" in row for row in rows):
        raise typer.Exit(USER_INPUT)


def _made(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        fail(f"--output {folder} is a file. Choose a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _say(row: Mapping[str, Any]) -> None:
    if "error" in row:
        tell(f"{row['path']}: {row['error']}")
        return
    written = [row[kind] for kind in ("picture", "attributions") if row[kind]]
    say("\t".join([row["path"], row["label"], f"{row['probability']:.3f}", *written]))
    for remark in row["notes"]:
        tell(f"{row['path']}: {remark}")


@contextlib.contextmanager
def _explaining(
    experiment_dir: Path, trial_id: str, parameters: "ExplanationParameters", label: str | None
) -> "Iterator[Callable[[Path], Explanation]]":
    """Explain pictures by their paths, in a process that ends with the context."""
    from automl.errors import ExplanationError
    from automl.explanation.explainer import Explainer
    from automl.explanation.scored import ScoredAnswers, note

    scored = ScoredAnswers(experiment_dir, trial_id)
    with Explainer() as explainer:

        def explained(path: Path) -> "Explanation":
            if refusal := _no_picture(path):
                raise ExplanationError(refusal)
            found = explainer.explain(experiment_dir, trial_id, path, parameters, label=label)
            difference = note(experiment_dir, trial_id, scored.of(path), found)
            return replace(found, notes=[*found.notes, difference] if difference else found.notes)

        yield explained


def _no_picture(path: Path) -> str:
    """Why the file is no picture by the ending of its name; empty if it may be one."""
    from automl.dataset import containers
    from automl.prediction import input_pictures

    if input_pictures.is_list(path):
        return "It is a list, which is not read here. Name the pictures themselves or their folder."
    if path.suffix.lower() in containers.SUFFIXES and path.is_file():
        return f"It may hold many pictures. Name one of them, as {path}::NAME."
    return ""


def _write_all(
    explained: Callable[[Path], "Explanation"], paths: Sequence[Path], folder: Path
) -> Iterator[dict[str, Any]]:
    """Write the results for each picture into a folder; yield its row of the JSON output."""
    from automl.errors import ExplanationError

    for path, name in zip(paths, _output_names(paths, folder), strict=True):
        try:
            answer = explained(path)
        except ExplanationError as error:
            yield {"path": str(path), "error": str(error)}
        else:
            yield {"path": str(path), **_write_results(answer, folder, name)}


def _output_names(paths: Sequence[Path], folder: Path) -> list[str]:
    """Return a name without a suffix for the results of each picture.

    It is the name of the picture, as far as every system allows it. A number is added if an earlier
    result has that name, or if the result would overwrite one of the pictures to explain. Names are
    compared without case, because some file systems ignore it.
    """
    taken = {_name_key(path) for path in paths if path.suffix.lower() in _SUFFIXES}
    names = []
    for path in paths:
        stem, number = file_names.portable(path.stem), 1
        name = stem
        while any(_name_key(folder / f"{name}{suffix}") in taken for suffix in _SUFFIXES):
            number += 1
            name = f"{stem}-{number}"
        taken |= {_name_key(folder / f"{name}{suffix}") for suffix in _SUFFIXES}
        names.append(name)
    return names


def _name_key(path: Path) -> str:
    return str(path.resolve()).casefold()


def _write_results(answer: "Explanation", folder: Path, name: str) -> dict[str, Any]:
    """Write the results for a picture; return the rest of its row."""
    row: dict[str, Any] = {
        "label": answer.label,
        "probability": answer.probability,
        "picture": None,
        "attributions": None,
        "notes": answer.notes,
    }
    if answer.picture is not None:
        with _new_file(folder / f"{name}.png", row, "picture") as file:
            file.write(answer.picture)
    if answer.attributions is not None:
        import numpy as np

        with _new_file(folder / f"{name}.npy", row, "attributions") as file:
            np.save(file, answer.attributions)
    return row


@contextlib.contextmanager
def _new_file(path: Path, row: dict[str, Any], key: str) -> Iterator[BinaryIO]:
    """Write a file atomically, and put its path into the row."""
    from automl.host import atomic

    atomic.remove_leftovers(path)
    with atomic.open_binary(path, durable=False, private=False) as file:
        yield file
    row[key] = str(path)
