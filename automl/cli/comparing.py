"""`automl compare`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automl.cli import lookup
from automl.cli.experiments import AsJson
from automl.cli.output import end_with_unread, fail, refusals, say, say_json, say_table
from automl.figures import wording
from automl.host import home

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
    chosen = [_chosen(named) for named in experiments]
    for at, (source, trial_id) in enumerate(chosen):
        if (source, trial_id) in chosen[:at]:
            fail(f"{source.id}/{trial_id} is there twice. Name another trial, as E:trial-003.")
    if len(chosen) == 1:
        _over_versions(chosen[0][0], as_json=as_json)
    else:
        _with_each_other(list(_pairs(*chosen)), as_json=as_json)
    unread = [sentence for source, _ in chosen for sentence in source.damaged_trials]
    end_with_unread(list(dict.fromkeys(unread)))  # two trials may be of one experiment


def _with_each_other(rows: list[tuple[dict[str, Any], str]], *, as_json: bool) -> None:
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
    if name and not trial_id:
        fail(f"{named} names no trial. Write {named}trial-003, or {name} for the best one.")
    source = lookup.find(name or named)
    with refusals():
        return source, source.chosen_trial(trial_id if name else None)


def _pairs(
    first: "tuple[Experiment, str]", *others: "tuple[Experiment, str]"
) -> Iterator[tuple[dict[str, Any], str]]:
    """The comparison of a trial with each of the others, as JSON and in a sentence."""
    from dataclasses import asdict

    from automl.experiments import across
    from automl.figures import version_text

    source, trial_id = first
    metric = source.job.primary_metric
    with refusals():
        own = across.Side.load(source.directory, trial_id)
    for other, other_id in others:
        if other.job.primary_metric != metric:
            fail(
                f"{source.id} was ranked by {metric} and {other.id} by {other.job.primary_metric}. "
                "Compare experiments of one metric."
            )
        with refusals():
            found = across.compare(own, across.Side.load(other.directory, other_id), metric)
        row = {
            "first": f"{source.id}/{trial_id}",
            "second": f"{other.id}/{other_id}",
            "data_versions": [source.record.data_version, other.record.data_version],
            "metric": metric,
            "on_shared_pictures": asdict(found) if found else None,
        }
        yield row, version_text.verdict(found) if found else version_text.NOT_COMPARABLE


def _over_versions(source: "Experiment", *, as_json: bool) -> None:
    from automl.experiments import across, store

    if not source.record.data_version:
        fail(
            f"The version of the data of {source.id} is not known: an earlier version of this "
            "program ran it. Name an experiment to compare it with: "
            f"automl compare {home.reference(source.directory)} E."
        )
    with refusals():
        every = store.experiment_dirs(source.directory.parent)
        scores = across.over_versions(every, source.directory)
    if as_json:
        say_json({"versions": [_version_row(each) for each in scores]})
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
    say(
        "Each score is on the pictures of its own experiment. automl compare E1 E2 compares two "
        "experiments on the pictures that they share."
    )


def _version_row(score: "VersionScore") -> dict[str, Any]:
    return {
        "version": score.version,
        "experiment": score.experiment_dir.name,
        "trial_id": score.trial_id,
        "score": score.score,
        "score_low": score.low,
        "score_high": score.high,
    }
