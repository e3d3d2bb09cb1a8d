"""The ensemble that ends a search of AutoMode: an ordinary trial, made of the others' models."""

import logging
import math
from collections.abc import Callable, Mapping
from pathlib import Path

from automl.engine import cluster, failures, journal
from automl.engine.results import Results
from automl.evaluation import answers, ensembles
from automl.evaluation.ensembles import Ensemble
from automl.evaluation.metrics import classification_metrics
from automl.experiments import groups, leaderboard, store, ties
from automl.experiments.records import SOUP, Evaluation, Member, TrialRecord, TrialState, now
from automl.jobs import plan_text
from automl.jobs.compatibility import resolve
from automl.jobs.job import Job
from automl.texts import mark

TRIAL_ID = "ensemble"
_SHARED = ("device", "torch", "timm", "num_train_images")
"""Values in effect that an ensemble has in common with its best member."""

EndSeconds = Callable[[TrialRecord], float]
"""Seconds that the end of a search takes at least if it hands out a trial."""

_log = logging.getLogger(__name__)


def forget(results: Results) -> None:
    """Delete the ensemble and the soup of an earlier end: the search goes on, and ends anew."""
    for trial_id in (TRIAL_ID, SOUP):
        results.remove(trial_id)


def combine(job: Job, results: Results, end_seconds: EndSeconds) -> None:
    """Add the ensemble of the best trials, if it is better than the best one.

    It becomes the best trial only if its lead is beyond noise and its export ends in time. The
    search is complete without it: if it cannot be made, a note says so.
    """
    if not is_wanted(job):
        return
    try:
        add_ensemble(results, _in_a_worker, end_seconds)
    except Exception as error:  # noqa: BLE001 (the search is complete without it)
        _log.exception("there is no ensemble")
        note = mark("There is no ensemble: {error}").format(error=failures.cause_of(error))
        results.add_notes(note)


def is_wanted(job: Job) -> bool:
    """True if models of a search may be averaged."""
    return job.ensemble != "never" and job.is_automode


def _in_a_worker(experiment_dir: Path, weights: Mapping[str, float], folder: Path) -> int:
    from automl.engine import trainable  # imports Ray

    return cluster.run_here(trainable.average, experiment_dir, weights, folder)


def add_ensemble(
    results: Results,
    average: Callable[[Path, Mapping[str, float], Path], int],
    end_seconds: EndSeconds = lambda _: 0.0,
) -> None:
    """Add the ensemble, if it is better than the best trial; `average` is that of `trainable`."""
    began, trials = now(), _candidates(results)
    if len(trials) < 2:
        return
    results.update(message=mark("Looking for an ensemble."))
    folder = results.experiment_dir
    found = ensembles.find(
        results.primary_metric,
        {
            trial.trial_id: store.load_predictions(store.predictions_path(folder, trial.trial_id))
            for trial in trials
        },
        {trial.trial_id: float(trial.effective["latency_ms"]) for trial in trials},
        groups.of(folder),
    )
    if found is None or not found.gain > 0:
        return
    members = [results.trials[name] for name in found.weights]
    latency = sum(float(trial.effective["latency_ms"]) for trial in members)
    notes = _notes(found, members, trials[0])
    record = combined(results, found, trials[0], TRIAL_ID, latency, notes)
    record = _best_only_in_time(record, trials[0], results, end_seconds)
    with journal.scratch(folder) as scratch:
        checkpoint = Path(scratch) / "model"
        size = average(folder, found.weights, checkpoint)
        effective = {**record.effective, "num_parameters": size}
        changes = {"started_at": began, "effective": effective}
        add(results, record.model_copy(update=changes), found, checkpoint)


def _best_only_in_time(
    record: TrialRecord, best: TrialRecord, results: Results, end_seconds: EndSeconds
) -> TrialRecord:
    """The ensemble, which stays below the best trial if its export would end after the limit."""
    needed, left = end_seconds(record), results.time_limit.seconds_left()
    if not record.may_be_best or needed <= left:
        return record
    note = mark(
        "It is not the best model, because its export would take about {needed}, and {left} were "
        "left."
    ).format(needed=plan_text.about(needed), left=plan_text.about(max(0.0, left)))
    metric = results.primary_metric
    return record.model_copy(
        update={
            "may_be_best": False,
            "comparable_scores": {metric: best.ranking_score(metric) or 0.0},
            "notes": [*record.notes, note],
        }
    )


def add(results: Results, record: TrialRecord, found: Ensemble, checkpoint: Path) -> None:
    """Add a trial that is made of others, with its model and its answers."""
    predictions = checkpoint.with_name("predictions.parquet")
    store.save_predictions(predictions, found.predictions)
    files = {"checkpoint": checkpoint, "predictions.parquet": predictions}
    ended = {"ended_at": now(), "state": TrialState.COMPLETED}
    results.update(num_trials=max(results.experiment.num_trials, len(results.trials) + 1))
    results.add(record.model_copy(update=ended), files)
    if record.may_be_best:
        results.expect()


def _candidates(results: Results) -> list[TrialRecord]:
    """Trials that may be members, the best one first: with a model for the same pictures."""
    ranked = leaderboard.by_score(list(results.trials.values()), results.primary_metric)
    able = [trial for trial in ranked if is_complete(results, trial)]
    best = results.best_trial()
    if best is None or best not in able:
        return []
    most = ties.most_read(store.predictions_path(results.experiment_dir, best.trial_id))
    others = [trial for trial in able[:most] if trial != best and _size(trial) == _size(best)]
    return [best, *others]


def is_complete(results: Results, trial: TrialRecord) -> bool:
    """True if the trial has a score, a latency, answers and a model."""
    folder = results.experiment_dir
    return (
        results.score(trial) is not None
        and bool(trial.effective.get("latency_ms"))
        and trial.method != "majority_class"
        and store.predictions_path(folder, trial.trial_id).is_file()
        and (store.checkpoint_dir(folder, trial.trial_id) / "model.json").is_file()
    )


def _size(trial: TrialRecord) -> tuple[int, int]:
    """Size of the pictures it is scored at.

    The answers of an ensemble of other sizes would differ from the average of those recorded.
    """
    hyperparameters = resolve(trial.hyperparameters)
    return hyperparameters.validation_resize_size, hyperparameters.validation_crop_size


def combined(  # noqa: PLR0913
    results: Results,
    found: Ensemble,
    best: TrialRecord,
    trial_id: str,
    latency_ms: float,
    notes: list[str],
) -> TrialRecord:
    """The record of a trial that is made of others.

    Args:
        results: have the others.
        found: their weights, and the answers.
        best: the trial that `found.gain` compares with.
        trial_id: of the new trial.
        latency_ms: of its model.
        notes: about it.
    """
    trials = [results.trials[name] for name in found.weights]
    members = [
        Member(trial_id=trial.trial_id, title=trial.title, weight=weight)
        for trial, weight in zip(trials, found.weights.values(), strict=True)
    ]
    resize_size, crop_size = _size(best)
    licences = sorted({str(trial.effective.get("weights_licence")) for trial in trials})
    effective = {name: best.effective[name] for name in _SHARED if name in best.effective}
    effective |= {
        "latency_ms": latency_ms,
        "validation_resize_size": resize_size,
        "validation_crop_size": crop_size,
        "weights": "; ".join(sorted({str(t.effective.get("weights")) for t in trials})),
        "weights_licence": None if "None" in licences else " AND ".join(licences),
    }
    # its own score accounts for its selection, those of the others do not
    score = (best.ranking_score(results.primary_metric) or 0.0) + (
        found.gain if found.is_beyond_noise else 0.0
    )
    return TrialRecord(
        trial_id=trial_id,
        number=max(trial.number for trial in results.trials.values()) + 1,
        hyperparameters={
            "model_name": trials[0].model_name,
            "validation_resize_size": resize_size,
            "validation_crop_size": crop_size,
        },
        effective=effective,
        notes=notes,
        evaluations=[_evaluation(found)],
        best_epoch=0,
        evidence=best.evidence,
        comparable_scores={results.primary_metric: score},
        cost_rank=len(results.trials),  # of equal ones the cheapest comes first
        members=members,
        may_be_best=found.is_beyond_noise,
    )


def _notes(found: Ensemble, members: list[TrialRecord], best: TrialRecord) -> list[str]:
    shares = ", ".join(f"{found.weights[m.trial_id]:.0%} {m.trial_id} ({m.title})" for m in members)
    return [
        mark("Average of the probabilities of {shares}.").format(shares=shares),
        verdict(found, best),
        mark("Its latency is the sum of those of its members, at most twice that of the best one."),
    ]


def verdict(found: Ensemble, best: TrialRecord) -> str:
    """Sentence about the gain of what is made of several trials over the best one of them."""
    reason = (
        mark("more than chance explains")
        if found.is_beyond_noise
        else mark("which may be chance, so it is not the best model")
    )
    return mark(
        "Its score is {gain} against that of the best single model on the same pictures, {reason}. "
        "Both were selected without the pictures that they answered; the score of {trial} is not "
        "corrected for that."
    ).format(gain=f"{found.gain:+.4f}", reason=reason, trial=best.trial_id)


def _evaluation(found: Ensemble) -> Evaluation:
    given = found.predictions
    return Evaluation(
        epoch=0,
        metrics=classification_metrics(given.probabilities, given.labels),
        train_loss=math.nan,
        valid_loss=float(answers.losses(given).mean()),
        learning_rate=0.0,
        train_seconds=0.0,
        evaluation_seconds=0.0,
        images_per_second=0.0,
        finished_at=now(),
    )
