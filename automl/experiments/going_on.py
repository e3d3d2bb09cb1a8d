"""Go on with a search beyond its end: more trials, more time, another space, or a longer training.

Trials that have ended stay as they are, and a sampler that learns is told their scores. The job of
before is kept beside the changed one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.errors import UserError
from automl.experiments import launcher, leaderboard, store
from automl.experiments.records import Continuation, ExperimentRecord, TrialRecord, now
from automl.host import home
from automl.jobs import addresses, job_file
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.texts import mark

_CHANGEABLE = ("search_space", "sweep", "training_parameters", "limits", "resources_per_trial")
_OWN_OPTIONS = {"max_trials": "--trials", "timeout_minutes": "--minutes"}
_MAX_EPOCHS = 1000
_LEARNING_RATE_SHARE = 0.3
"""Share of its first learning rate with which a trial is trained on: its schedule had ended."""


@dataclass(frozen=True)
class Wish:
    """Wish for a search to go on; at least one field is given."""

    trials: int = 0
    """Trials beyond those that have been tried."""

    minutes: int | None = None
    """Time limit from now on; that of the job if left out."""

    epochs: int | None = None
    """Epochs for which a trial is trained on, as a trial of its own."""

    trial_id: str | None = None
    """Trial to train on; the best fine-tuned one if left out."""

    changes: Sequence[str] = ()
    """`key.path=value` of the job, for the further trials."""


def go_on(experiment_dir: Path, wish: Wish, *, by: str) -> Continuation:
    """Start the engine on further trials; returns what the experiment's record says of them.

    Args:
        experiment_dir: an experiment with trials that runs no more.
        wish: what to try.
        by: the person who asks.

    Raises:
        UserError: the experiment is running or was imported, its test data are open, or the wish
            leaves nothing to try.
        JobError: the changed job is not valid.
    """
    launcher.restart(
        experiment_dir, lambda job, record: continued(experiment_dir, job, record, wish, by=by)
    )
    return store.load_experiment(experiment_dir).continuations[-1]


def continued(
    experiment_dir: Path, job: Job, record: ExperimentRecord, wish: Wish, *, by: str
) -> tuple[Job, ExperimentRecord]:
    """The job and the record with which the search goes on; see `go_on`."""
    trials = _searched(experiment_dir)
    launcher.refuse_known_test(experiment_dir)
    further = _trained_on(wish, trials, job, experiment_dir)
    wanted = _changed_job(job, wish, trials, has_further=further is not None)
    _refuse_moved_data(experiment_dir, job)
    continuation = Continuation(
        at=now(),
        by=by,
        first_number=_next_number(trials),
        changes=_in_words(job, wanted, wish, further),
        trained_on=further,
    )
    update = {"continuations": [*record.continuations, continuation], "more_minutes": None}
    return wanted, record.model_copy(update=update)


def _searched(experiment_dir: Path) -> list[TrialRecord]:
    trials = [trial for trial in store.load_trials(experiment_dir) if not trial.members]
    if not trials:
        raise UserError(
            f"{experiment_dir.name} has no trials yet, so there is nothing to go on from. Resume "
            f"it: automl resume {home.reference(experiment_dir)}."
        )
    return trials


def _refuse_moved_data(experiment_dir: Path, job: Job) -> None:
    """Refuse before the engine fails, which would leave a failed experiment behind."""
    for source in (job.training_data, job.validation_data, job.test_data):
        if source is None or addresses.of(source.path) is not None or source.path.exists():
            continue
        raise UserError(
            f"The pictures of {experiment_dir.name} were at {source.path}, which does not exist "
            "any more. Put them back there, or go on where they are now, in a new experiment: "
            f"automl continue {home.reference(experiment_dir)} --data PLACE."
        )


def _next_number(trials: Sequence[TrialRecord]) -> int:
    return 1 + max(trial.number for trial in trials)


def _trained_on(
    wish: Wish, trials: Sequence[TrialRecord], job: Job, experiment_dir: Path
) -> dict[str, Any] | None:
    """Hyperparameters of a trial that starts from the model of another; None if none is wanted."""
    if wish.epochs is None:
        if wish.trial_id is not None:
            raise UserError("A trial is named, but not for how many epochs. Add --epochs 10.")
        return None
    if not 1 <= wish.epochs <= _MAX_EPOCHS:
        raise UserError(f"epochs is {wish.epochs}. Give a number from 1 to {_MAX_EPOCHS:,}.")
    scored = [trial for trial in trials if trial.best_epoch is not None]
    tuned = [trial for trial in scored if trial.method == "fine_tuning"]
    names = ", ".join(trial.trial_id for trial in tuned)
    if not tuned:
        raise UserError(
            f"No trial of {experiment_dir.name} has trained a network, so none can be trained for "
            "more epochs. Give --trials or --minutes."
        )
    if wish.trial_id is None:
        source = leaderboard.by_score(tuned, job.primary_metric)[0]
    else:
        launcher.refuse_unknown_trial(experiment_dir, wish.trial_id)
        chosen = [trial for trial in tuned if trial.trial_id == wish.trial_id]
        if not chosen:
            raise UserError(
                f"{wish.trial_id} has no network with epochs to train on. Those that have: {names}."
            )
        source = chosen[0]
    return {**starting_from(source, experiment_dir), "number_of_epochs": wish.epochs}


def starting_from(source: TrialRecord, experiment_dir: Path) -> dict[str, Any]:
    """Hyperparameters of a trial that starts from the network of a fine-tuned one."""
    rate = source.effective.get("learning_rate", Hyperparameters().learning_rate)
    return {
        **source.hyperparameters,
        "checkpoint_run_id": f"{experiment_dir.name}/{source.trial_id}",
        "learning_rate": _LEARNING_RATE_SHARE * float(rate),
    }


def _changed_job(job: Job, wish: Wish, trials: Sequence[TrialRecord], *, has_further: bool) -> Job:
    for change in wish.changes:
        _refuse_other_keys(change)
    wanted = job_file.changed(job, wish.changes)
    limits: dict[str, Any] = {"exit_score": None, "stop_when_no_gain": False}
    if wish.minutes is not None:
        limits["timeout_minutes"] = wish.minutes
    searches = wanted.is_sweep or wanted.is_automode
    if wish.trials and not searches:
        raise UserError(
            "The job has no search: all further trials would be equal. Give it a space, such as "
            "--set 'search_space=[{learning_rate: \"loguniform(-9, -3)\"}]', or train on a trial: "
            "--epochs 10."
        )
    if searches and (wish.trials or has_further):
        limits["max_trials"] = _next_number(trials) + wish.trials + has_further
    elif not has_further and not _has_rest(trials, wanted):
        raise UserError(
            "All planned trials have been tried, so more time alone changes nothing. Say how many "
            "more to try: --trials 8."
        )
    settings = [f"limits.{key}={json.dumps(value)}" for key, value in limits.items()]
    return job_file.changed(wanted, settings)


def _has_rest(trials: Sequence[TrialRecord], job: Job) -> bool:
    """True if a planned trial has not been tried to its end."""
    is_cut = not all(trial.is_kept for trial in trials)
    return is_cut or ((job.learns or job.is_automode) and len(trials) < job.limits.max_trials)


def _refuse_other_keys(change: str) -> None:
    section, _, name = change.partition("=")[0].strip().partition(".")
    if section not in _CHANGEABLE:
        raise UserError(
            f"{section} cannot change within an experiment, whose trials are compared with each "
            f"other. What can: {', '.join(_CHANGEABLE)}. For anything else start a new experiment "
            "from its job.yml."
        )
    if section == "limits" and name in _OWN_OPTIONS:
        raise UserError(f"limits.{name} has an option of its own here: {_OWN_OPTIONS[name]}.")


def _in_words(job: Job, wanted: Job, wish: Wish, further: dict[str, Any] | None) -> list[str]:
    said = []
    if wish.trials:
        more = mark("one more trial") if wish.trials == 1 else mark("{count} more trials")
        said.append(more.format(count=f"{wish.trials:,}"))
    if further is not None:
        source = str(further["checkpoint_run_id"]).rpartition("/")[2]
        one = mark("{source} trained on for one more epoch")
        more = mark("{source} trained on for {count} more epochs")
        epochs = one if wish.epochs == 1 else more
        said.append(epochs.format(source=source, count=f"{wish.epochs:,}"))
    limit = wanted.limits.timeout_minutes
    minute = mark("a limit of one minute from there on")
    minutes = mark("a limit of {minutes} minutes from there on")
    said.append((minute if limit == 1 else minutes).format(minutes=f"{limit:,}"))
    said += [f"{key} changed" for key in _CHANGEABLE if _differs(job, wanted, key)]
    if job.limits.exit_score is not None:
        left = mark("the exit score of {score} not applied any more")
        said.append(left.format(score=f"{job.limits.exit_score:g}"))
    return said


def _differs(job: Job, wanted: Job, key: str) -> bool:
    return key != "limits" and getattr(job, key) != getattr(wanted, key)
