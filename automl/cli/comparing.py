"""`automl compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automl.cli import lookup
from automl.cli.experiments import AsJson
from automl.cli.output import fail, refusals, say, say_json, say_table
from automl.figures import wording

if TYPE_CHECKING:
    from automl.experiments.across import VersionScore
    from automl.experiments.experiment import Experiment


def compare(
    experiments: Annotated[
        list[str],
        typer.Argument(
            metavar="E…",
            help="Ids or directories; each by its best trial, or as E:trial-003. One alone is "
            "compared over the versions of its data.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Compare experiments on the pictures that they share, with the paired test.

    The first one is compared with each of the others. Where a picture has two labels, that of the
    later experiment counts.
    """
    first, *others = (_chosen(named) for named in experiments)
    if not others:
        _over_versions(first[0], as_json=as_json)
        return
    rows = [_pair(first, other) for other in others]
    if as_json:
        say_json({"comparisons": [row for row, _ in rows]})
        return
    for row, sentence in rows:
        versions = " and ".join(name or "unknown" for name in row["data_versions"])
        say(f"{row['first']} and {row['second']} (versions {versions} of the data)")
        say(f"    {sentence}")


def _chosen(named: str) -> "tuple[Experiment, str]":
    """The experiment and the trial that an argument names."""
    name, _, trial_id = ("", "", "") if Path(named).exists() else named.rpartition(":")
    source = lookup.find(name or named)
    with refusals():
        return source, source.chosen_trial(trial_id if name else None)


def _pair(
    first: "tuple[Experiment, str]", second: "tuple[Experiment, str]"
) -> tuple[dict[str, Any], str]:
    """The comparison of two trials as JSON, and in a sentence."""
    from dataclasses import asdict

    from automl.experiments import across
    from automl.figures import version_text

    metrics = [source.job.primary_metric for source, _ in (first, second)]
    if metrics[0] != metrics[1]:
        fail(
            f"{first[0].id} was ranked by {metrics[0]} and {second[0].id} by {metrics[1]}. "
            "Compare experiments of one metric."
        )
    with refusals():
        sides = [across.Side.load(source.directory, trial) for source, trial in (first, second)]
        found = across.compare(sides[0], sides[1], metrics[0])
    row = {
        "first": f"{first[0].id}/{first[1]}",
        "second": f"{second[0].id}/{second[1]}",
        "data_versions": [source.record.data_version for source, _ in (first, second)],
        "metric": metrics[0],
        "on_shared_pictures": asdict(found) if found else None,
    }
    return row, version_text.verdict(found) if found else version_text.NOT_COMPARABLE


def _over_versions(source: "Experiment", *, as_json: bool) -> None:
    from automl.experiments import across, store

    with refusals():
        every = store.experiment_dirs(source.directory.parent)
        scores = across.over_versions(every, source.directory)
    if as_json:
        say_json({"versions": [_version_row(each) for each in scores]})
        return
    if not scores:
        say(
            f"The version of the data of {source.id} is not known: an earlier version of this "
            "program ran it."
        )
        return
    say_table(
        ["version", "experiment", "trial", source.job.primary_metric],
        [
            (
                each.version,
                each.experiment_dir.name,
                each.trial_id,
                wording.score_with_ends(each.score, each.low, each.high),
            )
            for each in scores
        ],
    )
    say("Each score is on the pictures of its own experiment; automl compare E E tests on shared.")


def _version_row(score: "VersionScore") -> dict[str, Any]:
    return {
        "version": score.version,
        "experiment": score.experiment_dir.name,
        "trial": score.trial_id,
        "score": score.score,
        "score_low": score.low,
        "score_high": score.high,
    }
