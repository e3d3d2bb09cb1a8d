"""`automl thresholds`."""

from typing import TYPE_CHECKING, Annotated

import typer

from automl.cli import audited, lookup
from automl.cli.experiments import AsJson
from automl.cli.output import refusals, say, say_json, say_table
from automl.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl.evaluation.predictions import Predictions
    from automl.experiments.experiment import Experiment


def show_or_choose(  # noqa: PLR0913 (the options of a command)
    experiment: Annotated[str, lookup.ARGUMENT],
    aim: Annotated[
        str | None,
        typer.Option(
            metavar="AIM",
            help="f1; precision=0.9: the highest recall with that precision; recall=0.9: the other "
            "way round; cost=5: a false label costs as much as five missed ones; fixed=0.5.",
        ),
    ] = None,
    one: Annotated[
        bool, typer.Option("--one", help="One threshold for all labels, not one for each.")
    ] = False,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="LABEL=T", help="Threshold of one label; repeatable."),
    ] = None,
    trial: Annotated[str | None, typer.Option(help="Trial; default: the best.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show or choose the probabilities from which labels are predicted; exports take them."""
    from automl.experiments import chosen_thresholds

    source = lookup.find(experiment)
    with refusals():
        chosen_thresholds.check(source.directory)
        trial_id = source.chosen_trial(trial)
        predictions, names = _answers(source, trial_id)
        in_use = chosen_thresholds.in_use(source.directory, trial_id, predictions, names)
        if aim or one or label:
            before = dict(zip(names, in_use.tolist(), strict=True))
            by_aim = _for_aim(aim or "f1", predictions, names, one) if aim or one else None
            by_hand = dict(_threshold(text, names) for text in label or [])
            choice = chosen_thresholds.Choice(
                aim=chosen_thresholds.BY_HAND if by_hand else aim or "f1",
                by_label={**(by_aim or before), **by_hand},
            )
            details = {"trial": trial_id, "aim": choice.aim}
            with audited.recorded("choose_thresholds", source.id, **details):
                chosen_thresholds.choose(source.directory, trial_id, choice)
            in_use = chosen_thresholds.in_use(source.directory, trial_id, predictions, names)
    _say(source.id, trial_id, predictions, names, in_use, as_json=as_json)


def _answers(source: "Experiment", trial_id: str) -> "tuple[Predictions, list[str]]":
    from automl.experiments import store

    path = store.predictions_path(source.directory, trial_id)
    return store.load_predictions(path), store.class_names(store.load_samples(source.directory))


def _for_aim(
    aim: str, predictions: "Predictions", names: list[str], one_for_all: bool
) -> dict[str, float]:
    """Threshold of each label for the aim."""
    from automl.evaluation import thresholds

    found = thresholds.chosen(
        predictions.probabilities,
        predictions.labels,
        thresholds.Aim.parse(aim),
        one_for_all=one_for_all,
    )
    return dict(zip(names, found.round(4).tolist(), strict=True))


def _threshold(text: str, names: list[str]) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UserError(f"--label is {text!r}. Write LABEL=T with a threshold from 0 to 1.")
    if name not in names:
        known = ", ".join(names[:10])
        raise UserError(f"--label names {name!r}, which is no label here. Some are {known}.")
    return name, value


def _say(  # noqa: PLR0913
    experiment: str,
    trial_id: str,
    predictions: "Predictions",
    names: list[str],
    in_use: "NDArray[np.float64]",
    *,
    as_json: bool,
) -> None:
    from automl.evaluation import threshold_effects
    from automl.evaluation.set_answers import SetAnswers

    answers = SetAnswers(predictions.probabilities, predictions.labels, in_use)
    scores, table = threshold_effects.scores(answers), threshold_effects.by_label(answers, names)
    if as_json:
        found = {"metrics": scores, "labels": table.to_dict("records")}
        say_json({"experiment": experiment, "trial_id": trial_id, **found})
        return
    shown = table.map(lambda cell: f"{cell:.3f}" if isinstance(cell, float) else str(cell))
    numbers = " ".join(table.columns[1:])
    say_table(list(table.columns), shown.to_numpy().tolist(), numbers=numbers)
    said = ", ".join(f"{key} {value:.3f}" for key, value in scores.items())
    say(f"With these thresholds, on the pictures that {trial_id} was scored on: {said}.")
