"""`automl test`."""

from typing import Annotated

import typer

from automl.cli import audited, lookup
from automl.cli.experiments import AsJson
from automl.cli.output import refusals, say, say_json, tell


def open_test_data(
    experiment: Annotated[str, lookup.ARGUMENT],
    trial: Annotated[str | None, typer.Option(help="Trial to score; default: the best.")] = None,
    as_json: AsJson = False,
) -> None:
    """Score one trial on the test data. This is possible only once per experiment."""
    from automl.figures import wording
    from automl.reports import test_data

    source = lookup.find(experiment)
    details = {"trial": trial} if trial else {}
    with refusals(), audited.recorded("open_test_data", source.id, **details):
        opening = test_data.open_for(source.directory, trial)
        own = test_data.with_thresholds(source.directory, opening)
    metric = source.job.primary_metric
    validation = next(each for each in source.trials if each.trial_id == opening.trial_id)
    if as_json:
        say_json(
            {
                "experiment": source.id,
                "primary_metric": metric,
                "validation_score": validation.score(metric),
                "test_score": opening.metrics[metric],
                "with_thresholds": own,
                **opening.model_dump(mode="json", exclude={"format_version"}),
            }
        )
        return
    shown = wording.score_with_ends(
        validation.score(metric), validation.score_low, validation.score_high
    )
    say(f"{opening.trial_id} of {source.id}, {validation.title}")
    say(f"{metric} {shown}, {validation.scored_on}")
    shown = wording.score_with_ends(opening.metrics[metric], opening.score_low, opening.score_high)
    say(f"On the test data: {metric} {shown}, {opening.num_pictures:,} pictures")
    if own:
        scores = ", ".join(f"{name} {score:.3f}" for name, score in own.items())
        say(f"There with the thresholds of the model: {scores}")
    if opening.num_unreadable:
        tell(f"{opening.num_unreadable:,} test pictures could not be read and are left out.")
    when = wording.local_time(opening.opened_at)
    say(f"Opened on {when} by {opening.opened_by or 'an unnamed user'}.")
