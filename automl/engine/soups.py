"""The soup that ends a search of AutoMode: one network, the mean of the weights of some trials."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from automl.dataset.pixels import picture_sizes
from automl.engine import cluster, combining, failures, journal, refit, worker_calls
from automl.engine.refit import RefitInputs
from automl.engine.resources import Resources
from automl.engine.results import Results
from automl.engine.worker_calls import GivenUpError
from automl.evaluation import ensembles, soups
from automl.evaluation.predictions import Predictions
from automl.evaluation.soups import Ingredients
from automl.experiments import groups, leaderboard, store
from automl.experiments.records import SOUP, Evidence, TrialRecord, now
from automl.jobs.compatibility import resolve
from automl.texts import mark
from automl.training.trial_data import LabelledPictures

_MOST_INGREDIENTS = 3
"""All averages of so many trials are tried: four."""

_NUM_AVERAGES = 4
_SLOWER = 2.0
"""Factor on the time that a trial took to score the validation pictures."""

_log = logging.getLogger(__name__)


def add(inputs: RefitInputs, results: Results) -> None:
    """Add the best mean of the weights of fine-tuned trials, if it is better than each of them.

    It becomes the best trial only if its lead is beyond noise. The search is complete without it:
    if it cannot be made, a note says so.
    """
    # a worker of another cluster does not see the checkpoints
    if not combining.is_wanted(inputs.job) or inputs.job.ray_address:
        return
    try:
        trials = ingredients(results)
        if not trials or not _has_time(trials[0], inputs, results):
            return
        pictures = inputs.data[picture_sizes(resolve(trials[0].hyperparameters))].validation
        if len(pictures.labels) < ensembles.MIN_PICTURES:
            return
        give_up_if_over = refit.giving_up(_seconds_needed(trials[0]), inputs, results)
        add_soup(
            results,
            trials,
            lambda folders: in_a_worker(folders, pictures, inputs.resources, give_up_if_over),
        )
    except GivenUpError as reason:
        _note(results, str(reason))
    except Exception as error:  # noqa: BLE001 (the search is complete without it)
        _log.exception("there is no soup")
        _note(results, failures.cause_of(error))


def _note(results: Results, reason: str) -> None:
    results.add_notes(mark("There is no average of weights: {error}").format(error=reason))


def ingredients(results: Results) -> list[TrialRecord]:
    """The best fine-tuned trials of one network that started alike; empty if no two did."""
    ranked = leaderboard.by_score(list(results.trials.values()), results.primary_metric)
    tuned = [
        trial
        for trial in ranked
        if trial.method == "fine_tuning" and combining.is_complete(results, trial)
    ]
    alike: dict[tuple[object, ...], list[TrialRecord]] = {}
    for trial in tuned:
        alike.setdefault(_start(trial), []).append(trial)
    return next((group[:_MOST_INGREDIENTS] for group in alike.values() if len(group) > 1), [])


def _start(trial: TrialRecord) -> tuple[object, ...]:
    """Properties that trials must share for the mean of their weights to be a good model."""
    weights = trial.effective.get("weights")
    is_random = weights in (None, "random")
    sizes = picture_sizes(resolve(trial.hyperparameters))
    return trial.model_name, sizes, trial.trial_id if is_random else weights


def _has_time(trial: TrialRecord, inputs: RefitInputs, results: Results) -> bool:
    left = results.time_limit.seconds_left() - refit.export_seconds(inputs, results)
    return _seconds_needed(trial) < left


def _seconds_needed(trial: TrialRecord) -> float:
    """Seconds to score all averages."""
    return _SLOWER * _NUM_AVERAGES * trial.evaluations[-1].evaluation_seconds


def add_soup(
    results: Results,
    trials: Sequence[TrialRecord],
    answers: Callable[[Mapping[str, Path]], Mapping[Ingredients, Predictions]],
    run_here: Callable[..., int] = cluster.run_here,
) -> None:
    """Add the best mean of the weights of these trials, if it is better than each of them.

    Args:
        results: have the trials, and get another one.
        trials: of one network, the best one first.
        answers: returns those of all averages for the pictures that the trials answered for, from
            checkpoints by trial id.
        run_here: calls a function that needs torch.
    """
    from automl.engine import trainable  # imports Ray

    began = now()
    results.update(message=mark("Averaging the weights of fine-tuned models."))
    folder = results.experiment_dir
    folders = {trial.trial_id: store.checkpoint_dir(folder, trial.trial_id) for trial in trials}
    own: dict[Ingredients, Predictions] = {
        (name,): store.load_predictions(store.predictions_path(folder, name)) for name in folders
    }
    every = {**own, **answers(folders)}
    found = soups.find(results.primary_metric, every, groups.of(folder))
    if found is None or not found.gain > 0:
        return
    members = [trial for trial in trials if trial.trial_id in found.weights]
    names = " and ".join(f"{trial.trial_id} ({trial.title})" for trial in members)
    notes = [
        mark("Mean of the weights of {names}: one network, as fast as each of them.").format(
            names=names
        ),
        combining.verdict(found, members[0]),
    ]
    latency = float(members[0].effective["latency_ms"])
    record = combining.combined(results, found, members[0], SOUP, latency, notes)
    with journal.scratch(folder) as scratch:
        checkpoint = Path(scratch) / "model"
        models = [folders[name] for name in found.weights]
        size = run_here(trainable.average_weights, models, checkpoint)
        effective = {**record.effective, "num_parameters": size}
        changes = {
            "started_at": began,
            "effective": effective,
            # its members may have answered for further folds, by other weights
            "evidence": Evidence(num_pictures=len(found.predictions.labels)),
            "may_be_best": record.may_be_best and _leads(record, results),
        }
        combining.add(results, record.model_copy(update=changes), found, checkpoint)


def _leads(record: TrialRecord, results: Results) -> bool:
    """True if it is better than the best trial, which may be one of another kind."""
    metric, best = results.primary_metric, results.best_trial()
    lead = record.ranking_score(metric) or 0.0
    return best is not None and lead > (best.ranking_score(metric) or 0.0)


def in_a_worker(
    folders: Mapping[str, Path],
    pictures: LabelledPictures,
    share: Resources,
    give_up_if_over: Callable[[], None],
) -> Mapping[Ingredients, Predictions]:
    """Answers of all averages; `give_up_if_over` may raise an error meanwhile to give up."""
    import ray

    from automl.engine import trainable

    task = ray.remote(trainable.answers_of_averages).options(
        num_cpus=share.num_cpus, num_gpus=share.num_gpus
    )
    found: Mapping[Ingredients, Predictions] = worker_calls.awaited(
        lambda: task.remote(folders, pictures, share.num_cpus), give_up_if_over
    )
    return found
