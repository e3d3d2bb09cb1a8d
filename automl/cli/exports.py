"""`automl export`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from automl.cli import audited, lookup
from automl.cli.experiments import AsJson
from automl.cli.output import fail, refusals, say, say_json, tell


def export(  # noqa: PLR0913
    experiment: Annotated[str, lookup.ARGUMENT],
    output: Annotated[Path, typer.Option(metavar="D", help="The folder to make.")],
    form: Annotated[
        str,
        typer.Option(
            "--format", help="onnx, bundle, mlflow, weights, torch, azure or code (docs/export.md)."
        ),
    ] = "onnx",
    trial: Annotated[str | None, typer.Option(help="Whose model, if not the best trial's.")] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="A quantised model as well (onnx, bundle).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a model away: verified to answer as it does here, or not written at all."""
    from automl.export import exporting

    found = lookup.find(experiment)
    target = output.expanduser().absolute()
    chosen = trial or found.record.best_trial
    with refusals():
        if chosen is None:
            fail(f"{found.id} has no model: it is {found.state}, and no trial has been scored.")
        with audited.recorded("export", found.id, what=form, trial=chosen):
            result = exporting.run(
                found.directory, chosen, form, target, with_int8=int8, progress=_show_steps()
            )
    if as_json:
        say_json(result)
    else:
        _say(result)


def _show_steps() -> Any:
    """A line for every step, not for every picture of it."""
    shown: list[str] = []

    def show(doing: str, _: float) -> None:
        if doing not in shown:
            shown.append(doing)
            tell(doing + "…" * (doing != "Done"))

    return show


def _say(result: dict[str, Any]) -> None:
    parity = result["parity"]
    say(f"{result['path']} ({parity['size_bytes'] / 1e6:,.1f} MB)")
    say(
        f"On {parity['num_images']} {parity['pictures']} pictures: {parity['agreement']:.1%} the "
        f"same class as {parity['trial_id']}, probabilities at most "
        f"{parity['max_probability_difference']:.1e} apart; {parity['latency_ms']:.1f} ms a picture"
    )
    if parity["int8"]:
        int8 = parity["int8"]
        say(
            f"int8: accuracy {int8['accuracy']:.3f} beside {int8['original_accuracy']:.3f} on all "
            f"{int8['num_images']:,} validation pictures; {int8['size_bytes'] / 1e6:,.1f} MB, "
            f"{int8['latency_ms']:.1f} ms a picture"
        )
