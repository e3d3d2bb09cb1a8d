"""`automl predict`."""

import contextlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from automl.cli import lookup
from automl.cli.output import FAILED, USER_INPUT, console, fail, json_text, refusals, say, tell

if TYPE_CHECKING:
    from automl.prediction.answer_files import AnswerFile
    from automl.prediction.inference import Failure, Predictor, Row
    from automl.prediction.input_pictures import FoundPicture

_MAX_TOLD = 20
_Format = Literal["csv", "parquet", "jsonl", "azure"]


def predict(
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="E",
            help="An experiment's id or directory, or a directory with an exported model.",
        ),
    ],
    pictures: Annotated[
        list[Path],
        typer.Argument(metavar="PATHS…", help="Pictures, folders of them, zip and tar files."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="F",
            help="Write a .csv, .parquet or .jsonl file as the answers come; after a kill the same "
            "command carries on.",
        ),
    ] = None,
    form: Annotated[
        _Format | None,
        typer.Option(
            "--format", help="Of the file, whatever its name; azure: lines of a batch endpoint."
        ),
    ] = None,
) -> None:
    """Say what is on pictures, one or a million, with the best model of an experiment."""
    if form is not None and output is None:
        fail(f"--format {form} is that of a file. Name the file: --output F")
    model_dir = lookup.find_model(experiment)
    from automl.prediction import input_pictures
    from automl.prediction.inference import Predictor  # slow

    paths = [path.expanduser() for path in pictures]
    with refusals():
        found = input_pictures.find(paths)
        first = next(found, None)
        if first is None:
            fail("There are no pictures in " + ", ".join(map(str, pictures)) + ".")
        predictor = Predictor(model_dir)
        report = _Report(predictor, as_json=as_json, in_words=output is None and not as_json)
        if output is None:
            _answer(predictor, chain([first], found), report)
        else:
            with _answer_file(output, form, predictor) as file:
                left = (each for each in chain([first], found) if each.name not in file)
                _answer(predictor, left if as_json else _with_bar(left, paths, file), report, file)
            _tell_written(output, report, file)
        report.end()


def _answer(
    predictor: "Predictor",
    found: "Iterable[FoundPicture]",
    report: "_Report",
    file: "AnswerFile | None" = None,
) -> None:
    from automl.prediction import input_pictures

    for each, answer in input_pictures.answered(predictor, found):
        if file is not None:
            file.add(each.name, answer)
        report.add(each.name, answer)


@contextlib.contextmanager
def _answer_file(
    path: Path, form: _Format | None, predictor: "Predictor"
) -> "Iterator[AnswerFile]":
    from automl.prediction import answer_files

    opened = answer_files.AnswerFile(path, form or answer_files.form_of(path), predictor)
    try:
        with opened as file:
            yield file
    except KeyboardInterrupt:
        tell(f"Stopped. The answers so far are kept; the same command carries on with {path}.")
        raise typer.Exit(FAILED) from None


class _Report:
    """What is printed while the answers come."""

    def __init__(self, predictor: "Predictor", *, as_json: bool, in_words: bool) -> None:
        self.num_answers = self.num_failed = 0
        self._predictor = predictor
        self._as_json = as_json
        self._in_words = in_words

    def add(self, name: str, answer: "Row | Failure") -> None:
        from automl.prediction.answer_files import fields
        from automl.prediction.inference import Failure

        if self._as_json:
            # in pieces, as a million answers would not fit into memory
            text = json_text({"path": name, **fields(answer, self._predictor)})
            typer.echo((", " if self.num_answers else '{"predictions": [') + text, nl=False)
        self.num_answers += 1
        if isinstance(answer, Failure):
            self.num_failed += 1
            if self._in_words or self.num_failed <= _MAX_TOLD:
                tell(f"{name}: {answer.message}")
        elif self._in_words:
            found = self._predictor.prediction(answer)
            say(f"{name}\t{found.label}\t{found.probability:.3f}")

    def end(self) -> None:
        if self._as_json:
            typer.echo("]}" if self.num_answers else '{"predictions": []}')
        if self.num_answers and self.num_failed == self.num_answers:
            raise typer.Exit(USER_INPUT)


def _tell_written(output: Path, report: _Report, file: "AnswerFile") -> None:
    if report.num_failed > _MAX_TOLD:
        tell(f"{report.num_failed:,} pictures could not be read; {output} says why.")
    known = f", {file.num_carried_on:,} of them from before" if file.num_carried_on else ""
    tell(f"{report.num_answers + file.num_carried_on:,} answers are in {output}{known}.")


def _with_bar(
    found: "Iterable[FoundPicture]", paths: list[Path], file: "AnswerFile"
) -> "Iterator[FoundPicture]":
    """The same pictures, with a progress bar where somebody can see it."""
    shown_on = console(stderr=True)
    if not shown_on.is_terminal:
        yield from found
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    what = (TextColumn("Pictures"), BarColumn(), MofNCompleteColumn())
    when = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*what, *when, console=shown_on, transient=True) as progress:
        bar = progress.add_task("", total=_count(paths), completed=file.num_carried_on)
        for each in found:
            yield each
            progress.advance(bar)


def _count(paths: list[Path]) -> int | None:
    """How many pictures there are; None where only reading an archive would tell."""
    from automl.dataset import walk
    from automl.prediction import input_pictures

    if any(input_pictures.archive_type(path.name) for path in paths):
        return None
    return sum(1 for path in paths for _ in walk.pictures_at(path))
