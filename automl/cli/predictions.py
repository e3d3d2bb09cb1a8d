"""`automl predict`."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automl.cli import lookup
from automl.cli.output import USER_INPUT, fail, refusals, say, say_json, tell

if TYPE_CHECKING:
    from automl.experiment import Experiment


def predict(
    experiment: Annotated[str, lookup.ARGUMENT],
    pictures: Annotated[
        list[Path], typer.Argument(metavar="IMAGES…", help="Pictures, and folders of them.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    output: Annotated[Path | None, typer.Option(metavar="F.csv", help="Write a CSV file.")] = None,
) -> None:
    """Say what is on pictures, with the best model of an experiment."""
    found = lookup.find(experiment)
    paths = [path for picture in pictures for path in walked(picture.expanduser())]
    if not paths:
        fail("There are no pictures in " + ", ".join(map(str, pictures)) + ".")
    with refusals():
        rows = _predictions(found, paths)
    if output is not None:
        _write_csv(output, rows)
        tell(f"{len(rows):,} answers are in {output}.")
    _report(rows, in_words=output is None and not as_json)
    if as_json:
        say_json({"predictions": rows})
    if all("error" in row for row in rows):
        raise typer.Exit(USER_INPUT)


def _report(rows: list[dict[str, Any]], *, in_words: bool) -> None:
    for row in rows:
        if "error" in row:
            tell(f"{row['path']}: {row['error']}")
        elif in_words:
            say(f"{row['path']}\t{row['label']}\t{row['probability']:.3f}")


def walked(path: Path) -> list[Path]:
    """The pictures below a folder, or the file itself, which the model may refuse."""
    from automl.dataset.walk import walk

    if not path.is_dir():
        return [path]
    return sorted(path.joinpath(*parts) for parts in walk(path).pictures)


def _predictions(experiment: "Experiment", paths: list[Path]) -> list[dict[str, Any]]:
    answers = experiment.predictor().stream(paths)
    return [
        {"path": str(path), **_answer(answer)} for path, answer in zip(paths, answers, strict=True)
    ]


def _answer(answer: Any) -> dict[str, Any]:
    from automl.inference import Failure

    if isinstance(answer, Failure):
        return {"error": answer.message}
    return {
        "label": answer.label,
        "probability": answer.probability,
        "probabilities": answer.probabilities,
    }


def _write_csv(output: Path, rows: list[dict[str, Any]]) -> None:
    labels = next((sorted(row["probabilities"]) for row in rows if "error" not in row), [])
    with output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "probability", "error", *labels])
        for row in rows:
            shares = [row.get("probabilities", {}).get(label) for label in labels]
            head = [row.get(key) for key in ("path", "label", "probability", "error")]
            writer.writerow([*head, *shares])
