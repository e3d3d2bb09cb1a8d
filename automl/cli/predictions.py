"""`automl predict`."""

import contextlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

import typer

from automl.cli import lookup
from automl.cli.output import FAILED, USER_INPUT, console, fail, json_text, refusals, say, tell
from automl.figures import wording

if TYPE_CHECKING:
    from automl.prediction.answer_files import AnswerFile
    from automl.prediction.inference import Answer, Failure, Predictor
    from automl.prediction.input_pictures import FoundPicture

_MAX_FAILURES_SHOWN = 20
AnswerFormat = Literal["csv", "parquet", "jsonl", "azure"]
FalseAlarms = Annotated[
    float | None,
    typer.Option(
        min=0.001,
        max=0.5,
        help="Share of pictures like the training pictures that may be called unlike them; a "
        "larger one catches more pictures of a missing class. 0.01 if left out.",
    ),
]


def predict(  # noqa: PLR0913 (the options of a command)
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="E",
            help="An experiment's id or directory, or a directory with an exported model.",
        ),
    ],
    pictures: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATHS…",
            help="Pictures, folders, archives, or Parquet, Arrow or npz files of pictures.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="F",
            help="Write a .csv, .parquet or .jsonl file. If the command is interrupted, run it "
            "again to continue the file.",
        ),
    ] = None,
    answer_format: Annotated[
        AnswerFormat | None,
        typer.Option(
            "--format",
            help="Format of the file, regardless of its name; azure: lines of a batch endpoint.",
        ),
    ] = None,
    coverage: Annotated[
        float | None,
        typer.Option(
            min=0.5,
            max=0.999,
            help="Add the set of labels that contains the right one with this probability.",
        ),
    ] = None,
    false_alarms: FalseAlarms = None,
) -> None:
    """Classify pictures with the best model of an experiment."""
    if answer_format is not None and output is None:
        fail(f"--format {answer_format} needs a file. Add --output F.")
    model_dir = lookup.find_model(experiment)
    from automl.prediction import answer_formats, input_pictures
    from automl.prediction.inference import UNFLAGGED, Predictor  # slow

    with refusals():
        pictures_found = input_pictures.find(pictures)
        first = next(pictures_found, None)
        if first is None:
            fail("There are no pictures in " + ", ".join(map(str, pictures)) + ".")
        inputs = chain([first], pictures_found)
        predictor = Predictor(model_dir, coverage=coverage, false_alarms=false_alarms)
        if predictor.unlike is None:
            tell(UNFLAGGED)
        elif false_alarms is not None:
            tell(wording.unlike(predictor.unlike.false_alarm_rate, predictor.unlike.caught))
        with _Report(predictor, as_json=as_json, as_lines=output is None and not as_json) as report:
            if output is None:
                _predict_all(predictor, inputs, report)
            else:
                name = answer_format or answer_formats.format_of(output)
                with _open_answer_file(output, name, predictor) as file:
                    remaining = (picture for picture in inputs if picture.name not in file)
                    shown = remaining if as_json else _with_progress_bar(remaining, pictures, file)
                    _predict_all(predictor, shown, report, file)
                _tell_written(output, report, file)
    if report.num_answers and report.num_failed == report.num_answers:
        raise typer.Exit(USER_INPUT)


def _predict_all(
    predictor: "Predictor",
    pictures: "Iterable[FoundPicture]",
    report: "_Report",
    file: "AnswerFile | None" = None,
) -> None:
    from automl.prediction import input_pictures

    for picture, answer in input_pictures.answered(predictor, pictures):
        if file is not None:
            file.add(picture.name, answer)
        report.add(picture.name, answer)


@contextlib.contextmanager
def _open_answer_file(
    path: Path, format_name: str, predictor: "Predictor"
) -> "Iterator[AnswerFile]":
    from automl.prediction.answer_files import AnswerFile

    try:
        with AnswerFile(path, format_name, predictor) as file:
            yield file
    except KeyboardInterrupt:
        tell(f"Stopped. The answers so far are kept; run the command again to continue {path}.")
        raise typer.Exit(FAILED) from None


class _Report:
    """Context that prints the answers and counts them."""

    def __init__(self, predictor: "Predictor", *, as_json: bool, as_lines: bool) -> None:
        self.num_answers = self.num_failed = 0
        self._predictor = predictor
        self._as_json = as_json
        self._as_lines = as_lines

    def __enter__(self) -> Self:
        return self

    def add(self, name: str, answer: "Answer | Failure") -> None:
        from automl.prediction.answer_formats import fields
        from automl.prediction.inference import Failure

        if self._as_json:
            # printed one by one: all answers might not fit into memory
            text = json_text({"path": name, **fields(answer, self._predictor)})
            typer.echo((", " if self.num_answers else '{"predictions": [') + text, nl=False)
        self.num_answers += 1
        if isinstance(answer, Failure):
            self.num_failed += 1
            if self._as_lines or self.num_failed <= _MAX_FAILURES_SHOWN:
                tell(f"{_one_line(name)}: {answer.message}")
        elif self._as_lines:
            prediction = self._predictor.prediction(answer)
            parts = [_one_line(name), prediction.text or "no label"]
            if prediction.labels is None:
                parts.append(f"{prediction.probability:.3f}")
            if prediction.answer_set is not None:
                parts.append("{" + ", ".join(prediction.answer_set) + "}")
            if prediction.is_unlike:
                parts.append("unlike the training pictures")
            say("\t".join(parts))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._as_json and self.num_answers:  # after an error, too: what was printed is whole
            typer.echo("]}")
        elif self._as_json and kind is None:
            typer.echo('{"predictions": []}')


def _one_line(name: str) -> str:
    """Spell out line breaks and tabs: a line for each picture, with tabs between its columns."""
    return name.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _tell_written(output: Path, report: _Report, file: "AnswerFile") -> None:
    if report.num_failed > _MAX_FAILURES_SHOWN:
        tell(f"{report.num_failed:,} pictures could not be read; {output} has the reasons.")
    earlier = f", {file.num_continued:,} of them from an earlier run" if file.num_continued else ""
    tell(f"{report.num_answers + file.num_continued:,} answers are in {output}{earlier}.")


def _with_progress_bar(
    pictures: "Iterable[FoundPicture]", paths: list[Path], file: "AnswerFile"
) -> "Iterator[FoundPicture]":
    """Yield the same pictures, and draw a progress bar if standard error is a terminal."""
    terminal = console(stderr=True)
    if not terminal.is_terminal:
        yield from pictures
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from automl.prediction import input_pictures

    counts = (TextColumn("Pictures"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*counts, *times, console=terminal, transient=True) as progress:
        bar = progress.add_task("", total=input_pictures.count(paths), completed=file.num_continued)
        for picture in pictures:
            yield picture
            progress.advance(bar)
