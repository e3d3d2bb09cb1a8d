"""The recommendation as a command prints it: each sentence with the command that goes on."""

import shlex
from typing import TYPE_CHECKING, Any

from automl import recommendation
from automl.cli.output import say
from automl.figures import wording
from automl.host import home

if TYPE_CHECKING:
    from automl.experiments.experiment import Experiment
    from automl.recommendation import Recommendation, Target


def say_recommendation(source: "Experiment") -> None:
    """Print which model to use, or why none yet, and what to do next; nothing without a model."""
    found = _recommendation(source)
    if found is not None:
        say(f"{found.title}.")
        for clause in [*found.doubts, *found.clauses]:
            say(f"  {clause.text}  [{_command(source, clause.target)}]")
        if source.record.expected_basis:
            say(source.record.expected_basis)
    else:
        say_expectation(source)


def say_expectation(source: "Experiment") -> None:
    """Print the score to expect on new pictures and how it was found, if either is known."""
    record = source.record
    if expected := wording.expected(record):
        said = f"On new pictures expect {source.job.primary_metric} {expected}"
        if record.expected_trial not in (None, record.best_trial):
            said += f" of {record.expected_trial}, the best when this was computed"
        say(f"{said}.")
    if record.expected_basis:
        say(record.expected_basis)


def as_json(source: "Experiment") -> dict[str, Any] | None:
    """The recommendation with the numbers and the command of each sentence."""
    found = _recommendation(source)
    if found is None:
        return None
    return {
        "title": found.title,
        "is_usable": found.is_usable,
        "doubts": [_row(source, clause) for clause in found.doubts],
        "clauses": [_row(source, clause) for clause in found.clauses],
    }


def _row(source: "Experiment", clause: recommendation.Clause) -> dict[str, Any]:
    command = _command(source, clause.target)
    return {"text": clause.text, "numbers": list(clause.numbers), "command": command}


def _recommendation(source: "Experiment") -> "Recommendation | None":
    return recommendation.of_experiment(source.directory, source.record, source.job, source.trials)


def _command(source: "Experiment", target: "Target") -> str:
    """The command that shows the numbers of a sentence, or does what it proposes."""
    name = home.reference(source.directory)
    job = shlex.quote(str(source.directory / "job.yml"))
    if target.view == "data":  # as the job reads them: their columns, splits and corrections, too
        return f"automl check {job}"
    if target.view == "more_time":
        return f"automl run {job} --set limits.timeout_minutes={target.minutes}"
    if target.view == "resume":
        more = f" --minutes {target.minutes}" if target.minutes else ""
        return f"automl resume {name}{more}"
    if target.view == "doubtful_labels":
        return "automl app"
    commands = {
        "leaderboard": f"automl leaderboard {name}",
        "test": f"automl test {name}",
        "trial": f"automl export {name} --trial {target.trial_id} --output MODEL",
        "confusion": f"automl report {name}",
        "label": f"automl thresholds {name} --trial {target.trial_id}",
    }
    return commands[target.view]
