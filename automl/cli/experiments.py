"""`automl list`, `show`, `leaderboard`, `stop` and `delete`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from automl.cli import audited, lookup, recommended
from automl.cli.output import (
    end_with_unread,
    fail,
    refusals,
    say,
    say_json,
    say_table,
    tell,
)
from automl.errors import DeletedError, UserError
from automl.figures import wording
from automl.host import home

if TYPE_CHECKING:
    from automl.experiments.experiment import Experiment

_STOP_SECONDS = 120
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def list_experiments(
    experiments_dir: Annotated[
        Path | None, typer.Option(help="Folder with the experiments.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the experiments, newest first."""
    from automl.experiments import store
    from automl.experiments.experiment import Experiment

    parent = experiments_dir or home.experiments_dir()
    if not parent.is_dir():
        fail(f"{parent} is not a folder.")
    summaries, rows, unread = [], [], []
    for path in store.experiment_dirs(home.absolute(parent)):
        try:
            experiment = Experiment(path)
            summary, expected = experiment.summary(), wording.expected(experiment.record)
            summaries.append(summary)
            rows.append(_row(summary, expected or wording.NOTHING))
            unread += summary["damaged_trials"]
        except DeletedError:
            continue  # since the folder was listed
        except (UserError, OSError) as error:
            unread.append(store.unreadable(error, path))
    if as_json:
        say_json({"experiments": summaries})
    elif summaries:
        say_table(
            ["experiment", "state", "trials", "expected", "best score", "metric", "time"],
            rows,
            numbers="trials best score time",
        )
    else:
        say(f"There are no experiments in {parent}. Start one: automl run DATA")
    end_with_unread(unread)


def show(
    experiment: Annotated[str, lookup.ARGUMENT],
    metrics: Annotated[
        Literal["azure"] | None,
        typer.Option(help="All metrics of the best trial and its charts, as Azure names them."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show an experiment's state and its best trial."""
    source = lookup.find(experiment)
    if metrics:
        say_json(_as_azure_names_it(source))
    elif as_json:
        say_json({**source.summary(), "recommendation": recommended.as_json(source)})
    else:
        say_summary(source)
    end_with_unread(source.damaged_trials)


def _as_azure_names_it(source: "Experiment") -> dict[str, Any]:
    """The best trial's evaluation in one JSON object."""
    from automl.evaluation import azure_metrics
    from automl.experiments import store

    best = source.record.best_trial
    trial = next((trial for trial in source.trials if trial.trial_id == best), None)
    evaluation = trial.best_evaluation() if trial else None
    if trial is None or evaluation is None:
        fail(f"{source.id} has no trial that was scored.")
    names = store.class_names(store.load_samples(source.directory))
    answers = store.load_predictions(store.predictions_path(source.directory, trial.trial_id))
    found = azure_metrics.summary(evaluation.metrics, answers, names)
    return {"experiment": source.id, "trial_id": trial.trial_id, **found}


def show_leaderboard(experiment: Annotated[str, lookup.ARGUMENT], as_json: AsJson = False) -> None:
    """Rank the trials of an experiment, best first."""
    from automl.experiments import leaderboard, store  # slow

    source = lookup.find(experiment)
    trials, damaged = store.readable_trials(source.directory)
    metric = source.job.primary_metric
    table = leaderboard.rank(trials, metric)
    rows: list[dict[str, Any]] = [
        {str(key): value for key, value in row.items()} for row in table.to_dict("records")
    ]
    if as_json:
        keys = "trial_id state reason model_name score score_low score_high hyperparameters seconds"
        shown = [{key: row[key] for key in [*keys.split(), "epochs", "notes"]} for row in rows]
        about = {"primary_metric": metric, "damaged_trials": damaged}
        say_json({"experiment": source.id, **about, "trials": shown})
    elif rows:
        recommended.say_expectation(source)
        say_table(
            ["rank", "trial", "model", metric, "epochs", "time", "state", "reason"],
            [_trial_row(row) for row in rows],
            numbers="rank epochs time",
        )
        if sentence := wording.ranking(trials, metric):
            say(sentence)
    else:
        say(f"{source.id} has no trials; its state is {source.state}.")
    end_with_unread(damaged)


def stop(
    experiment: Annotated[str, lookup.ARGUMENT],
    trial: Annotated[str | None, typer.Option(help="Stop this trial only.")] = None,
) -> None:
    """Stop an experiment, keeping the best model so far, or one of its trials."""
    source = lookup.find(experiment)
    if source.state.is_finished:
        say(f"{source.id} is {source.state}; there is nothing to stop.")
        return
    details = {"trial": trial} if trial else {}
    with refusals(), audited.recorded("stop", source.id, **details):
        source.stop(trial)
    if trial is not None:
        say(f"{trial} of {source.id} ends after its current step.")
        return
    tell(f"Stopping {source.id}; the best model so far is kept.")
    until = time.monotonic() + _STOP_SECONDS
    while not source.state.is_finished and time.monotonic() < until:
        time.sleep(0.5)
    say(f"{source.id} is {source.state}.")


def delete(
    experiment: Annotated[str, lookup.ARGUMENT],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete an experiment and its models; your pictures are kept."""
    from automl.experiments import launcher

    source = lookup.find(experiment)
    name = source.id
    if not yes:
        typer.confirm(f"Delete {name} in {source.directory}? This cannot be undone", abort=True)
    with refusals(), audited.recorded("delete", name):
        launcher.delete(source.directory)
    say(f"{name} is deleted.")


def say_summary(source: "Experiment") -> None:
    """Print the state, the best trial, the notes, and the next command."""
    summary = source.summary()
    time = wording.duration(summary["seconds"])
    outcome = wording.outcome(source.state, source.extent)
    say(f"{source.id}: {outcome}, {_trials(summary)}, {time}")
    for key in ("display_name", "experiment_name", "description", "tags"):
        if value := summary.get(key):
            pairs = [f"{name}={each}" for name, each in value.items()] if key == "tags" else [value]
            say(f"{key}: {', '.join(pairs)}")
    if summary["message"]:
        say(summary["message"])
    recommended.say_recommendation(source)
    best = next((trial for trial in source.trials if trial.trial_id == summary["best_trial"]), None)
    if best is not None:
        shown = wording.score_with_ends(summary["best_score"], best.score_low, best.score_high)
        say(f"Best: {best.trial_id}, {best.title}, {summary['primary_metric']} {shown}")
    if summary["test_score"] is not None:
        say(f"On the test data: {summary['primary_metric']} {wording.score(summary['test_score'])}")
    _say_course(source, best.notes if best else [])
    say(f"Directory: {source.directory}")
    _say_next(source, has_model=best is not None)


def _say_course(source: "Experiment", notes_on_best: list[str]) -> None:
    """Print how the search went on, its plan, and the notes on it and on its best trial."""
    record = source.record
    if record.data_version:
        say(f"Data: {source.job.training_data.path}, version {record.data_version}")
    if record.parent:
        say(record.parent.sentence)
    for continuation in record.continuations:
        say(continuation.sentence)
    for sentence in record.plan:
        say(f"Plan: {sentence}")
    for note in dict.fromkeys([*record.notes, *notes_on_best]):
        say(f"Note: {note}")


def _trials(summary: dict[str, Any]) -> str:
    """`4 trials (3 completed, 1 failed)`."""
    states = ", ".join(f"{number} {name}" for name, number in summary["trial_states"].items())
    number = wording.count(summary["num_trials"], "trial")
    return f"{number} ({states})" if states else number


def _say_next(source: "Experiment", *, has_model: bool) -> None:
    from automl.experiments import store

    name, state = home.reference(source.directory), source.state
    if not state.is_finished:
        say(f"Next: automl stop {name}")
    elif has_model:
        say(f"Next: automl leaderboard {name}")
        say(f"      automl predict {name} PICTURE")
    if store.load_test_opening(source.directory) is not None:
        return  # nothing is chosen any more
    extent = source.extent
    if extent is not None and extent.is_at_limit:
        say(f"Go on: automl resume {name} --minutes 15")
    elif state.is_finished and state != "completed":
        say(f"Go on: automl resume {name}")


def _row(summary: dict[str, Any], expected: str) -> list[object]:
    # a plan by the clock has no number of trials but a limit
    planned = None if summary["plan"] else summary["num_trials_planned"]
    return [
        summary["experiment"],
        wording.AT_LIMIT if summary["ended_at_limit"] else summary["state"],
        _tried_of(summary, planned),
        expected,
        wording.score(summary["best_score"]),
        summary["primary_metric"],
        wording.duration(summary["seconds"]),
    ]


def _tried_of(summary: dict[str, Any], planned: int | None) -> str | int:
    """`8 of 8`, `5 of 8 tried`, or the number alone if none is planned."""
    tried, unstarted = summary["num_trials_tried"], summary["num_trials_not_started"]
    if unstarted:
        return f"{tried} of {tried + unstarted} tried"
    return f"{summary['num_trials']} of {planned}" if planned else int(summary["num_trials"])


def _trial_row(row: dict[str, Any]) -> list[object]:
    import pandas as pd

    def known(value: Any) -> Any:
        return None if pd.isna(value) else value

    # NaN is a measured score, but pandas also uses it for a missing one: the best epoch tells them
    # apart
    missing = known(row["best_epoch"]) is None
    return [
        "–" if known(row["rank"]) is None else row["rank"],
        row["trial_id"],
        row["title"],
        wording.score_with_ends(
            None if missing else row["score"], known(row["score_low"]), known(row["score_high"])
        ),
        row["epochs"],
        wording.duration(known(row["seconds"])),
        row["state"],
        row["reason"],
    ]
