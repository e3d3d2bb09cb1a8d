"""`automl sample`, `automl check` and `automl cache`."""

import json
import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl.cli import audited
from automl.cli.output import (
    FAILED,
    fail,
    os_error_sentence,
    refusals,
    say,
    say_json,
    say_table,
    tell,
    tell_notes,
)
from automl.errors import DataError, UserError
from automl.host import home
from automl.jobs import datastores

if TYPE_CHECKING:
    from automl.dataset.reading import Reading
    from automl.dataset.report import DatasetReport
    from automl.jobs.job import Job


_MAX_ROWS = 100

Datastores = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=FOLDER", help="Local folder to use for an Azure datastore."),
]
DataAssets = Annotated[
    list[str] | None,
    typer.Option(
        "--data-asset",
        metavar="NAME=FOLDER",
        help="Local folder to use for an Azure data asset: NAME, or NAME:VERSION.",
    ),
]
Added = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="TABLE.csv",
        help="Add the pictures of a table that automl label-next wrote and somebody filled.",
    ),
]


class SampleName(StrEnum):
    """Built-in sample data sets."""

    DIGITS = "digits"


def sample(
    name: Annotated[SampleName, typer.Argument(help="digits: 1,797 handwritten digits.")],
    target: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
) -> None:
    """Write a sample data set as a folder of pictures, one sub-folder per class."""
    from automl.dataset.sample import write_digits

    assert name is SampleName.DIGITS
    try:
        num_images = write_digits(target)
    except (FileExistsError, NotADirectoryError) as error:
        fail(os_error_sentence(error))
    say(f"{num_images:,} pictures are in {target}. Next: automl run {shlex.quote(str(target))}")


def check(  # noqa: PLR0913 (the options of a command)
    source: Annotated[
        Path,
        typer.Argument(
            metavar="DATA|JOB.yml",
            help="Folder with one sub-folder per class, its zip or tar file, a table; or a job.",
        ),
    ],
    target_column: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of a table that holds the labels: label."),
    ] = None,
    image_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column of a table with the locations of the pictures."
        ),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="How the data is meant: label_level=-1, split_column=fold, value_range=[0,4095].",
        ),
    ] = None,
    add: Added = None,
    datastore: Datastores = None,
    data_asset: DataAssets = None,
    look: Annotated[
        bool,
        typer.Option(
            "--look",
            help="Also score the pictures with a simple model on frozen features, and list labels "
            "that are probably wrong.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Report on the health of a data set; exit code 1 if it has blocking findings."""
    from automl.dataset import caches, labels_file, manifest
    from automl.jobs import job_file
    from automl.jobs.tasks import TASKS

    columns = {"target_column_name": target_column, "image_column": image_column}
    keys = [f"{key}={json.dumps(column)}" for key, column in columns.items() if column]
    keys = [_with_section(key) for key in [*keys, *(options or [])]]
    with refusals():
        places = datastores.places(datastore, data_asset)
        job = labels_file.added(job_file.load(source, keys, *places), add or [])
        tell_notes(job)
        _refuse_without_table(job, [name for name, column in columns.items() if column])
        caches.hold_data()
        data = manifest.look(job)
    if not as_json:
        _say_report(data.report, TASKS[job.task].has_label_sets)
    score = None
    if look:
        from automl.cli import first_look

        with refusals():
            try:
                score = first_look.score(data, job)
            except UserError as error:
                if not data.report.blocking:
                    raise
                tell(str(error))
    if as_json:
        found = {"first_score": score.model_dump(mode="json")} if score else {}
        unsaid = {"findings": {"__all__": {"sentences"}}}  # the message has them in English
        say_json({**data.report.model_dump(mode="json", exclude=unsaid), **found})
    elif score:
        first_look.say_score(score)
    if data.report.blocking:
        raise typer.Exit(FAILED)


def _refuse_without_table(job: "Job", named: list[str]) -> None:
    """Refuse columns of a table where the data is read without one; `named`: keys of a job."""
    from automl.dataset.readers import opening

    if not named:
        return
    data = job.training_data
    with opening.opened(data, job.target_column_name, job.datastores) as found:
        if found.table is None:
            option = "--target-column" if "target_column_name" in named else "--image-column"
            raise DataError(
                f"{option} names a column of a table, but {data.path} is read without one. "
                f"Leave {option} out, or name the table itself."
            )


def _with_section(option: str) -> str:
    """The key of an option as a job has it: `label_level=1` is `training_data.label_level=1`."""
    from automl.jobs.data_source import DataSource

    key = option.partition("=")[0].strip()
    return f"training_data.{option}" if key in DataSource.model_fields else option


def _say_report(report: "DatasetReport", has_label_sets: bool) -> None:
    one, several = ("label", "labels") if has_label_sets else ("class", "classes")
    say(f"{report.num_images:,} pictures of {len(report.classes):,} {several}")
    _say_readings(report.readings)
    rows = list(report.classes.items())
    say_table([one, "pictures"], rows[:_MAX_ROWS], numbers="pictures")
    if len(rows) > _MAX_ROWS:
        say(f"… and {len(rows) - _MAX_ROWS:,} more {several}; --json lists all.")
    if any(report.splits):
        say("Splits: " + ", ".join(f"{name} {count:,}" for name, count in report.splits.items()))
    for finding in report.findings:
        say(f"\n{finding.severity.upper()} {finding.kind} ({finding.count:,}): {finding.message}")
        for path in finding.paths[:3]:
            say(f"    {path}")
    if not report.findings:
        say("\nNo findings.")


def _say_readings(readings: "list[Reading]") -> None:
    if not readings:
        return
    understood, *others = readings
    say(f"Understood as: {understood.sentence}")
    for other in others:
        say(f"    or, with {other.command_line()}: {other.sentence}")


def cache(
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove everything that no running experiment uses.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show the sizes of the caches, or clear them.

    Clearing removes unpacked, downloaded and uploaded pictures, decoded pixels, exports of the
    app and results of earlier scans. Experiments keep their results and models. Pictures and
    exports of the last hour are kept, because the app may still use them.
    """
    from automl.dataset import caches

    cleared = None
    if clear:
        with audited.recorded("clear_cache"):
            cleared = caches.clear()
    sizes = caches.size_bytes()
    total = sum(sizes.values())
    if as_json:
        freed = {"freed_bytes": cleared.freed_bytes} if cleared else {}
        folder = str(home.home_dir() / "cache")
        say_json({"folder": folder, "bytes": sizes, "total_bytes": total, **freed})
        return
    megabytes = {name: f"{size / 1e6:,.1f}" for name, size in sizes.items()}
    say_table(["cache", "MB"], list(megabytes.items()), numbers="MB")
    say(f"{total / 1e6:,.1f} MB in {home.home_dir() / 'cache'}")
    if cleared:
        say(f"{cleared.freed_bytes / 1e6:,.1f} MB freed; the rest is in use or new.")
