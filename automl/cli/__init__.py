"""Command line `automl`; each command is a few calls into the other packages."""

import io
import signal
import sys
from typing import Annotated

import typer

from automl.cli import (
    app,
    auditing,
    command_errors,
    comparing,
    continuing,
    data,
    drifting,
    experiments,
    explanations,
    exports,
    jobs,
    label_thresholds,
    labelling,
    limits,
    predictions,
    serving,
    shadows,
    sharing,
    testing,
    versions,
    weights,
)
from automl.cli.command import Command
from automl.cli.output import FAILED, say
from automl.host import termination

cli = typer.Typer(
    cls=command_errors.Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="AutoML for image classification: from a folder of pictures to a model you can trust.",
)
cli.command("sample", cls=Command)(data.sample)
cli.command("check", cls=Command)(data.check)
cli.command("versions", cls=Command)(versions.show)
cli.command("label-next", cls=Command)(labelling.label_next)
cli.command("cache", cls=Command)(data.cache)
cli.command("validate", cls=Command)(jobs.validate)
cli.command("estimate", cls=Command)(jobs.estimate)
cli.command("run", cls=Command)(jobs.run)
cli.command("list", cls=Command)(experiments.list_experiments)
cli.command("show", cls=Command)(experiments.show)
cli.command("leaderboard", cls=Command)(experiments.show_leaderboard)
cli.command("compare", cls=Command)(comparing.compare)
cli.command("test", cls=Command)(testing.open_test_data)
cli.command("stop", cls=Command)(experiments.stop)
cli.command("delete", cls=Command)(experiments.delete)
cli.command("resume", cls=Command)(jobs.resume)
cli.command("continue", cls=Command)(continuing.go_on)
cli.command("predict", cls=Command)(predictions.predict)
cli.command("export", cls=Command)(exports.export)
cli.command("serve", cls=Command)(serving.serve)
cli.command("shadow", cls=Command)(shadows.show)
cli.command("promote", cls=Command)(shadows.promote)
cli.command("drift", cls=Command)(drifting.show)
cli.command("thresholds", cls=Command)(label_thresholds.show_or_choose)
cli.command("explain", cls=Command)(explanations.explain)
cli.command("report", cls=Command)(sharing.report)
cli.command("share", cls=Command)(sharing.share)
cli.command("import", cls=Command)(sharing.import_shared)
cli.add_typer(weights.weights, name="weights")
cli.command("limits", cls=Command)(limits.show_or_set)
cli.command("audit", cls=Command)(auditing.show_audit)
cli.command("app", cls=Command)(app.open_app)


def _say_version(wanted: bool) -> None:
    from importlib import metadata

    if wanted:
        say(f"automl {metadata.version('automl-image-classification')}")
        raise typer.Exit


@cli.callback()
def _before_any_command(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None: ...


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may lack – and the letters of names
            stream.reconfigure(errors="replace")
    # exit through an exception, so that a terminated command removes its partial files
    termination.exit_on(signal.SIGTERM, signal.SIGHUP)
    try:
        cli()
    except Exception as error:  # noqa: BLE001 (expected errors were handled by `Commands`)
        command_errors.tell_unexpected(error)
        sys.exit(FAILED)
