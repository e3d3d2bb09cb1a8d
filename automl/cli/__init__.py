"""Command line `automl`; each command is a few calls into the other packages."""

import signal
import sys

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
from automl.cli.output import FAILED
from automl.host import termination

cli = typer.Typer(
    cls=command_errors.Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="AutoML for image classification: from a folder of pictures to a model you can trust.",
)
cli.command("sample")(data.sample)
cli.command("check")(data.check)
cli.command("versions")(versions.show)
cli.command("label-next")(labelling.label_next)
cli.command("cache")(data.cache)
cli.command("validate")(jobs.validate)
cli.command("estimate")(jobs.estimate)
cli.command("run")(jobs.run)
cli.command("list")(experiments.list_experiments)
cli.command("show")(experiments.show)
cli.command("leaderboard")(experiments.show_leaderboard)
cli.command("compare")(comparing.compare)
cli.command("test")(testing.open_test_data)
cli.command("stop")(experiments.stop)
cli.command("delete")(experiments.delete)
cli.command("resume")(jobs.resume)
cli.command("continue")(continuing.go_on)
cli.command("predict")(predictions.predict)
cli.command("export")(exports.export)
cli.command("serve")(serving.serve)
cli.command("shadow")(shadows.show)
cli.command("promote")(shadows.promote)
cli.command("drift")(drifting.show)
cli.command("thresholds")(label_thresholds.show_or_choose)
cli.command("explain")(explanations.explain)
cli.command("report")(sharing.report)
cli.command("share")(sharing.share)
cli.command("import")(sharing.import_shared)
cli.add_typer(weights.weights, name="weights")
cli.command("limits")(limits.show_or_set)
cli.command("audit")(auditing.show_audit)
cli.command("app")(app.open_app)


def main() -> None:
    # exit through an exception, so that a terminated command removes its partial files
    termination.exit_on(signal.SIGTERM, signal.SIGHUP)
    try:
        cli()
    except Exception as error:  # noqa: BLE001 (expected errors were handled by `Commands`)
        command_errors.tell_unexpected(error)
        sys.exit(FAILED)
