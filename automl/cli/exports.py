"""`automl export`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from automl.cli import audited, lookup
from automl.cli.experiments import AsJson
from automl.cli.output import refusals, say, say_json, tell
from automl.export import formats
from automl.figures import wording
from automl.host import home


def export(  # noqa: PLR0913 (the options of a command)
    experiment: Annotated[str, lookup.ARGUMENT],
    output: Annotated[Path, typer.Option(metavar="D", help="Folder to create.")],
    format_name: Annotated[
        str, typer.Option("--format", help=f"{', '.join(formats.names())} (docs/export.md).")
    ] = "onnx",
    trial: Annotated[
        str | None, typer.Option(help="Trial whose model to export; default: the best.")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Also write a quantised model (onnx, bundle).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Export a model and check that its predictions stay the same."""
    from automl.export import exporting
    from automl.export.request import ExportRequest

    source = lookup.find(experiment)
    with refusals():  # before torch is imported
        trial_id = source.chosen_trial(trial)
    target = home.absolute(output)
    request = ExportRequest(source.directory, trial_id, format_name, target, with_int8=int8)
    with (
        refusals(),
        audited.recorded("export", source.id, what=format_name, trial=trial_id),
    ):
        result = exporting.run(request, _Steps().show)
    if as_json:
        say_json(result)
    else:
        _say_export(result)


class _Steps:
    """Print one line per step; a step reports its progress many times."""

    def __init__(self) -> None:
        self._shown = ""

    def show(self, step: str, _: float) -> None:
        if step != self._shown:
            self._shown = step
            tell(step if step == "Done" else f"{step}…")


def _say_export(result: dict[str, Any]) -> None:
    parity = result["parity"]
    say(f"{result['path']} ({parity['size_bytes'] / 1e6:,.1f} MB)")
    say(
        f"On {parity['num_images']} {parity['pictures']} pictures: "
        f"{wording.percent(parity['agreement'])} the same answer as {parity['trial_id']}, "
        f"probabilities at most {parity['max_probability_difference']:.1e} apart; "
        f"{parity['latency_ms']:.1f} ms a picture"
    )
    if parity["onnx_input"]:
        from automl.export.parity_report import InputConvention

        say(InputConvention.model_validate(parity["onnx_input"]).sentence)
    if parity["int8"]:
        int8 = parity["int8"]
        say(
            f"int8: accuracy {int8['accuracy']:.3f} beside {int8['original_accuracy']:.3f} on all "
            f"{int8['num_images']:,} validation pictures, "
            f"{wording.percent(int8['agreement'])} the same answer, "
            f"probabilities {int8['mean_probability_difference']:.1e} apart on average; "
            f"{int8['size_bytes'] / 1e6:,.1f} MB, "
            f"{int8['latency_ms']:.1f} ms a picture"
        )
