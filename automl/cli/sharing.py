"""`automl report`, `share` and `import`."""

from pathlib import Path
from typing import Annotated

import typer

from automl.cli import audited, lookup
from automl.cli.experiments import AsJson
from automl.cli.output import end_with_unread, fail, refusals, say, say_json
from automl.host import home


def report(
    experiment: Annotated[str, lookup.ARGUMENT],
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="F.html", help="File to write; default: the id, in the working directory."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a report of an experiment as one HTML file that opens offline."""
    from automl.reports import html_report

    source = lookup.find(experiment)
    target = _target_path(output, f"{source.id}.html")
    with audited.recorded("export", source.id, what="report"):
        path = html_report.write(source.directory, target)
    _say_written(source.id, path, as_json=as_json)
    end_with_unread(source.damaged_trials)


def share(
    experiment: Annotated[str, lookup.ARGUMENT],
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="F.zip", help="File to write; default: the id, in the working directory."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Pack an experiment into a zip file that opens read-only in another person's app."""
    from automl.reports import sharing

    source = lookup.find(experiment)
    target = _target_path(output, f"{source.id}.zip")
    with audited.recorded("share", source.id):
        path = sharing.pack(source.directory, target)
    _say_written(source.id, path, as_json=as_json)


def import_shared(
    file: Annotated[Path, typer.Argument(metavar="F.zip", help="File that automl share wrote.")],
    experiments_dir: Annotated[Path | None, typer.Option(help="Folder for the experiment.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add a shared experiment to yours, read-only."""
    from automl.reports import sharing

    if not file.is_file():
        fail(f"There is no file {file}. Choose a file that automl share wrote.")
    parent = home.absolute(experiments_dir or home.experiments_dir())
    with refusals(), audited.recorded("import", file=file.name) as note:
        directory = sharing.unpack(file, parent)
        note.experiment = directory.name
    if as_json:
        say_json({"experiment": directory.name, "experiment_dir": str(directory)})
    else:
        say(f"Imported as {directory.name}. Next: automl show {home.reference(directory)}")


def _target_path(output: Path | None, name: str) -> Path:
    target = home.absolute(output or name)
    if target.is_dir():
        target /= name
    if not target.parent.is_dir():
        fail(f"There is no folder {target.parent}. Create it, or choose another --output.")
    return target


def _say_written(experiment: str, path: Path, *, as_json: bool) -> None:
    size = path.stat().st_size
    if as_json:
        say_json({"experiment": experiment, "path": str(path), "num_bytes": size})
    else:
        say(f"{path} ({size / 1e6:,.1f} MB)")
