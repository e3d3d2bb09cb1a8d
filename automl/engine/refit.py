"""The best trial fitted again to all pictures that are not test pictures, before it is handed out.

Its scores stay those of the model before, which had not seen the validation pictures. Whatever goes
wrong, that model is handed out, and a note says why.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from automl.dataset.pixels import PictureSizes, picture_sizes
from automl.engine import cluster, failures, journal, pacing, worker_calls
from automl.engine.carried import Carried
from automl.engine.resources import Resources
from automl.engine.results import Results
from automl.engine.worker_calls import GivenUpError
from automl.evaluation import metrics, picture_groups, significance
from automl.evaluation.picture_groups import Groups
from automl.evaluation.predictions import Predictions, in_common
from automl.experiments import groups, store
from automl.experiments.records import SOUP, TrialRecord, singles
from automl.jobs import plan_text, schedule
from automl.jobs.compatibility import resolve
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.jobs.trial_cost import Costs
from automl.model.warm_start import EarlierModel
from automl.texts import mark
from automl.training.trial_data import TrialData

if TYPE_CHECKING:
    from automl.training.refitting import Refit

_MAX_DEATHS = 1
_MOST_LOST = 0.02
"""Points of the score that a model may lose in any case."""

WORSE_BEFORE = mark(
    "{metric} of the refitted model was {after} on the validation pictures, although it had seen "
    "them, and {before} before."
)
"""The sentence in records of earlier versions, so that it is still said in any language."""

_log = logging.getLogger(__name__)
_Trained = TypeVar("_Trained")


@dataclass(frozen=True)
class RefitInputs:
    """All that a refit is made of, except for the trial."""

    job: Job
    data: Mapping[PictureSizes, TrialData]
    earlier: Mapping[str, EarlierModel]
    resources: Resources
    """Share of the machine of a trial."""

    carried: Carried = field(default_factory=Carried)
    costs: Costs | None = None
    """Expected costs of trials; None where the speed of the machine is not known."""


@dataclass(frozen=True)
class Assignment:
    """Inputs of a worker."""

    hyperparameters: Hyperparameters
    data: TrialData
    num_epochs: int
    num_threads: int
    num_gpus: float
    placing: dict[str, str] = field(default_factory=dict)
    """Ray's label selector for the worker."""

    carried: Carried = field(default_factory=Carried)
    asked_ids: NDArray[np.int64] | None = None
    """Ids of the pictures that a refitted model answers for."""


Fit = Callable[[Assignment, Callable[[], None]], "Refit"]
"""Fits again, and calls the second argument meanwhile, which raises GivenUpError to give up."""


def refit_best(
    inputs: RefitInputs,
    results: Results,
    fit: Fit | None = None,
    run_here: Callable[..., Any] = cluster.run_here,
) -> None:
    """Fit the best trial again, or the members of an ensemble, all or none of them.

    What is fitted to frozen features has seen the validation pictures already.

    Args:
        inputs: the data, and the share of the machine.
        results: have the trial, and get the model.
        fit: `in_a_worker` if left out.
        run_here: calls a function that needs torch.
    """
    trial, job = results.best_trial(), inputs.job
    if trial is None or trial.refitted_on or job.refit == "never" or not job.is_automode:
        return
    try:
        members = {one.trial_id: one for one in singles(trial, results.trials.__getitem__)}
        tuned = [member for member in members.values() if member.method == "fine_tuning"]
        if not tuned or not all(data_of(one, inputs).is_cross_validated for one in tuned):
            return
        worker_calls.giving_up(results)()
        left = [member for member in tuned if not member.refitted_on]
        needed = [seconds_needed(member, inputs) for member in left]
        _refuse_late(sum(needed), inputs, results)
        for member, seconds in zip(left, needed, strict=True):
            _refit(member, seconds, inputs, results, fit or in_a_worker)
        _average(trial, data_of(tuned[0], inputs), results, run_here)
        results.expect()
    except GivenUpError as reason:
        _note(results, trial, str(reason))
    except Exception as error:  # noqa: BLE001 (the search is complete without it)
        _log.exception("the best trial cannot be fitted again")
        _note(results, trial, failures.cause_of(error))


def refuse_worse(
    metric: str, before: Predictions, after: Predictions, together: Groups | None = None
) -> None:
    """Refuse a model that answers pictures it has seen worse than models that had not seen them.

    Both are scored on the same pictures: all that the trial has answered for. The validation
    pictures alone would not do where there are further folds, for the trial and its epoch were
    chosen by them, so that its score on them is too high. A model that is as good as the one before
    is no worse on pictures it has seen, but for chance: it is refused if it loses more than two
    points, and more than chance explains (paired test, one-sided, 5 %).

    Args:
        metric: key of the primary metric.
        before: answers of the trial, each by a model that had not seen the picture.
        after: those of the model that was fitted to all pictures.
        together: groups of the pictures.

    Raises:
        GivenUpError: it is worse, or its score is NaN.
    """
    before, after = in_common(before, after)
    answers = [metrics.answers_for(each.probabilities, before.labels) for each in (before, after)]
    was, is_now = (metrics.value(metric, each) for each in answers)
    if is_now >= was - _MOST_LOST:
        return
    members = picture_groups.members(before.sample_ids, together)
    p_value = significance.p_value_between(metric, *answers, members=members)
    if p_value is None or p_value / 2 <= significance.LEVEL:
        raise GivenUpError(
            mark(
                "{metric} of the refitted model was {after} on {pictures} pictures, although it "
                "had seen them, and {before} of models that had not."
            ).format(
                metric=metric,
                after=f"{is_now:.3f}",
                before=f"{was:.3f}",
                pictures=len(before.labels),
            )
        )


def data_of(trial: TrialRecord, inputs: RefitInputs) -> TrialData:
    """The data that the trial was trained on.

    Raises:
        GivenUpError: the model that it started from is not there any more.
    """
    hyperparameters = resolve(trial.hyperparameters)
    run_id = hyperparameters.checkpoint_run_id
    earlier = inputs.earlier.get(run_id) if run_id else None
    if run_id and earlier is None:
        raise GivenUpError(
            mark("{model}, which it started from, is not there any more.").format(model=run_id)
        )
    return replace(inputs.data[picture_sizes(hyperparameters)], earlier=earlier)


def seconds_needed(trial: TrialRecord, inputs: RefitInputs) -> float:
    data = data_of(trial, inputs)
    return pacing.refit_seconds(trial, len(data.everything().labels) / len(data.train.labels))


def giving_up(needed: float, inputs: RefitInputs, results: Results) -> Callable[[], None]:
    """Raises GivenUpError as `worker_calls.giving_up` does, and in time for what follows."""
    kept = schedule.LEAST_FOR_END * export_seconds(inputs, results)
    return worker_calls.giving_up(results, needed, kept)


def export_seconds(
    inputs: RefitInputs, results: Results, *, frozen_networks: int | None = None
) -> float:
    """Seconds to keep for what comes after the last fit, by the speed of the trials that ran.

    frozen_networks: as of `schedule.kept_back`.
    """
    limit, data = 60 * inputs.job.limits.timeout_minutes, next(iter(inputs.data.values()))
    if inputs.costs is None:
        num_pictures = len(data.train.labels) + len(data.validation.labels)
        return schedule.kept_back(limit, num_pictures, frozen_networks=frozen_networks)
    _, factor = pacing.slowdown(inputs.costs, results.trials.values())
    return schedule.kept_of(limit, inputs.costs, factor, frozen_networks=frozen_networks)


def _refuse_late(needed: float, inputs: RefitInputs, results: Results) -> None:
    left = results.time_limit.seconds_left()
    if needed > left - export_seconds(inputs, results):
        raise GivenUpError(
            mark("{left} were left, about {needed} needed.").format(
                left=plan_text.about(max(0.0, left)), needed=plan_text.about(needed)
            )
        )


def _refit(
    trial: TrialRecord, needed: float, inputs: RefitInputs, results: Results, fit: Fit
) -> None:
    data = data_of(trial, inputs)
    results.update(
        message=mark(
            "Fitting {trial} again to all {pictures} training and validation pictures: about "
            "{time}."
        ).format(
            trial=trial.trial_id,
            pictures=f"{len(data.everything().labels):,}",
            time=plan_text.about(needed),
        )
    )
    known = store.load_predictions(store.predictions_path(results.experiment_dir, trial.trial_id))
    assignment = replace(assigned(trial, data, inputs), asked_ids=known.sample_ids)
    found = fit(assignment, giving_up(needed, inputs, results))
    together = groups.of(results.experiment_dir)
    refuse_worse(inputs.job.primary_metric, known, found.answers, together)
    with journal.scratch(results.experiment_dir) as folder:
        for name, content in found.files.items():
            Path(folder, name).write_bytes(content)
        results.refitted(trial.trial_id, found.num_pictures, Path(folder))


def assigned(trial: TrialRecord, data: TrialData, inputs: RefitInputs) -> Assignment:
    """Inputs of a worker that trains a trial again."""
    share = inputs.resources
    return Assignment(
        resolve(trial.hyperparameters),
        data,
        trial.evaluations[-1].epoch,
        share.num_cpus,
        share.num_gpus,
        share.placing,
        inputs.carried,
    )


def _average(
    trial: TrialRecord, data: TrialData, results: Results, run_here: Callable[..., Any]
) -> None:
    """Average the models, or the weights, of members that are handed out; a soup in an ensemble
    comes before it."""
    from automl.engine import trainable  # imports Ray

    weights = {member.trial_id: member.weight for member in trial.members}
    if not weights:
        return
    for name in weights:
        _average(results.trials[name], data, results, run_here)
    with journal.scratch(results.experiment_dir) as scratch:
        folder = Path(scratch) / "model"
        if trial.method == SOUP:
            models = [store.final_model_dir(results.experiment_dir, name) for name in weights]
            run_here(trainable.average_weights, models, folder)
        else:
            arguments = results.experiment_dir, weights, folder, store.final_model_dir
            run_here(trainable.average, *arguments)
        results.refitted(trial.trial_id, len(data.everything().labels), folder)


def fit_here(assignment: Assignment) -> "Refit | str":
    """Fit in this process, which needs torch; returns a sentence for the user if it fails."""
    from automl.training import refitting

    return _trained_here(assignment, partial(refitting.refit, asked_ids=assignment.asked_ids))


def answers_here(assignment: Assignment) -> Predictions | str:
    """Train in this process, and answer for the validation pictures; see `fit_here`."""
    from automl.training import refitting

    return _trained_here(assignment, refitting.answers)


def _trained_here(assignment: Assignment, train: Callable[..., _Trained]) -> _Trained | str:
    import torch

    from automl.training.process_state import ProcessState
    from automl.training.trial_training import Placement

    state = ProcessState.take()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return train(
            assignment.hyperparameters,
            assignment.carried.here(assignment.data, assignment.hyperparameters),
            Placement(device, assignment.num_threads),
            num_epochs=assignment.num_epochs,
        )
    except Exception as error:  # noqa: BLE001 (an error must not end the worker)
        return failures.explain(error).cause
    finally:
        state.put_back()


def in_a_worker(
    assignment: Assignment,
    give_up_if_over: Callable[[], None],
    train: Callable[[Assignment], Any] = fit_here,
) -> Any:
    """Train in a worker, and in another one if that dies; returns what `train` does.

    Raises:
        GivenUpError: it fails, both die, or `give_up_if_over` has raised it.
    """
    import ray
    from ray.exceptions import RayError, RayTaskError

    task = ray.remote(train).options(
        num_cpus=assignment.num_threads,
        num_gpus=assignment.num_gpus,
        max_retries=0,
        label_selector=assignment.placing,
    )
    try:
        found = worker_calls.awaited(
            lambda: task.remote(assignment), give_up_if_over, max_deaths=_MAX_DEATHS
        )
    except RayTaskError:
        raise
    except RayError:
        _log.exception("a trial is not trained again")
        said = mark("its worker process died twice, perhaps for lack of memory.")
        raise GivenUpError(said) from None
    if isinstance(found, str):
        raise GivenUpError(found)
    return found


def _note(results: Results, trial: TrialRecord, reason: str) -> None:
    sentence = mark("{trial} was not fitted again to all pictures: {reason}").format(
        trial=trial.trial_id, reason=reason
    )
    results.add_notes(sentence)
