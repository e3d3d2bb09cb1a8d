"""The best trial fitted again to all pictures that are not test pictures, before it is handed out.

Its scores stay those of the model before, which had not seen the validation pictures. Whatever goes
wrong, that model is handed out, and a note says why.
"""

import logging
import math
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from automl.dataset.pixels import PictureSizes, picture_sizes
from automl.engine import cluster, failures, pacing
from automl.engine.carried import Carried
from automl.engine.resources import Resources
from automl.engine.results import Results
from automl.experiments import store
from automl.experiments.records import SOUP, TrialRecord
from automl.jobs import plan_text, schedule
from automl.jobs.compatibility import resolve
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.jobs.trial_cost import Costs
from automl.model.warm_start import EarlierModel
from automl.texts import mark
from automl.training.trial_data import TrialData

if TYPE_CHECKING:
    from automl.evaluation.predictions import Predictions
    from automl.training.refitting import Refit

_LOOK_SECONDS = 0.5
_MAX_DEATHS = 1
_PATIENCE = 10
"""A refit that takes so many times as long as expected is given up, but not at once."""

_LEAST_PATIENCE_SECONDS = 600.0
_MOST_LOST = 0.02
"""A model has failed if it scores so much less on pictures it has seen than the one before."""

_log = logging.getLogger(__name__)
_Trained = TypeVar("_Trained")


class NotRefittedError(Exception):
    """Says why the model before is handed out."""


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


Fit = Callable[[Assignment, Callable[[], None]], "Refit"]
"""Fits again, and calls the second argument meanwhile, which raises NotRefittedError to give up."""


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
        members = [results.trials[one.trial_id] for one in trial.members] or [trial]
        tuned = [member for member in members if member.method == "fine_tuning"]
        if not tuned or not all(data_of(one, inputs).is_cross_validated for one in tuned):
            return
        _give_up_if_over(results, math.inf)
        left = [member for member in tuned if not member.refitted_on]
        needed = [seconds_needed(member, inputs) for member in left]
        _refuse_late(sum(needed), inputs, results)
        for member, seconds in zip(left, needed, strict=True):
            _refit(member, seconds, inputs, results, fit or in_a_worker)
        if trial.members:
            _average(trial, data_of(tuned[0], inputs), results, run_here)
        results.expect()
    except NotRefittedError as reason:
        _note(results, trial, str(reason))
    except Exception as error:  # noqa: BLE001 (the search is complete without it)
        _log.exception("the best trial cannot be fitted again")
        _note(results, trial, f"{type(error).__name__}: {error}")


def refuse_worse(metric: str, before: float, after: float, num_pictures: int) -> None:
    """Refuse a model that answers validation pictures worse than the one that had not seen them.

    Args:
        metric: name of the primary metric.
        before, after: score of the model before and of this one.
        num_pictures: number of validation pictures: one more error may be chance.

    Raises:
        NotRefittedError: it is worse, or its score is NaN.
    """
    if not after >= before - max(_MOST_LOST, 1.5 / num_pictures):
        raise NotRefittedError(
            mark(
                "{metric} of the refitted model was {after} on the validation pictures, although "
                "it had seen them, and {before} before."
            ).format(metric=metric, after=f"{after:.3f}", before=f"{before:.3f}")
        )


def data_of(trial: TrialRecord, inputs: RefitInputs) -> TrialData:
    hyperparameters = resolve(trial.hyperparameters)
    earlier = inputs.earlier.get(hyperparameters.checkpoint_run_id or "")
    return replace(inputs.data[picture_sizes(hyperparameters)], earlier=earlier)


def seconds_needed(trial: TrialRecord, inputs: RefitInputs) -> float:
    data = data_of(trial, inputs)
    return pacing.refit_seconds(trial, len(data.everything().labels) / len(data.train.labels))


def export_seconds(inputs: RefitInputs, results: Results) -> float:
    """Seconds to keep for what comes after the last fit, by the speed of the trials that ran."""
    data, factor = next(iter(inputs.data.values())), 1.0
    num_pictures = len(data.train.labels) + len(data.validation.labels)
    if inputs.costs is not None:
        _, factor = pacing.slowdown(inputs.costs, results.trials.values())
        factor *= inputs.costs.speeds.slowness
    return schedule.kept_back(60 * inputs.job.limits.timeout_minutes, num_pictures, factor)


def _refuse_late(needed: float, inputs: RefitInputs, results: Results) -> None:
    left = results.time_limit.seconds_left()
    if needed > left - export_seconds(inputs, results):
        raise NotRefittedError(
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
    found = fit(assigned(trial, data, inputs), giving_up(results, needed))
    metric = inputs.job.primary_metric
    before = trial.validated()
    assert before is not None
    num_validation = len(data.validation.labels)
    refuse_worse(metric, before.metrics[metric], found.metrics[metric], num_validation)
    with tempfile.TemporaryDirectory(dir=results.experiment_dir) as folder:
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


def giving_up(results: Results, needed: float) -> Callable[[], None]:
    """Raises NotRefittedError once a worker that needs so many seconds should end."""
    until = time.monotonic() + max(_LEAST_PATIENCE_SECONDS, _PATIENCE * needed)
    return lambda: _give_up_if_over(results, until)


def _average(
    ensemble: TrialRecord, data: TrialData, results: Results, run_here: Callable[..., Any]
) -> None:
    """Average the models, or the weights, of the members that are handed out."""
    from automl.engine import trainable  # imports Ray

    weights = {member.trial_id: member.weight for member in ensemble.members}
    with tempfile.TemporaryDirectory(dir=results.experiment_dir) as scratch:
        folder = Path(scratch) / "model"
        if ensemble.method == SOUP:
            models = [store.final_model_dir(results.experiment_dir, name) for name in weights]
            run_here(trainable.average_weights, models, folder)
        else:
            arguments = results.experiment_dir, weights, folder, store.final_model_dir
            run_here(trainable.average, *arguments)
        results.refitted(ensemble.trial_id, len(data.everything().labels), folder)


def fit_here(assignment: Assignment) -> "Refit | str":
    """Fit in this process, which needs torch; returns a sentence for the user if it fails."""
    from automl.training import refitting

    return _trained_here(assignment, refitting.refit)


def answers_here(assignment: Assignment) -> "Predictions | str":
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
        NotRefittedError: it fails, both die, or `give_up_if_over` has raised it.
    """
    import ray
    from ray.exceptions import RayError

    task = ray.remote(train).options(
        num_cpus=assignment.num_threads,
        num_gpus=assignment.num_gpus,
        max_retries=0,
        label_selector=assignment.placing,
    )
    for _ in range(_MAX_DEATHS + 1):
        pending = task.remote(assignment)
        while not ray.wait([pending], timeout=_LOOK_SECONDS)[0]:
            try:
                give_up_if_over()
            except NotRefittedError:
                ray.cancel(pending, force=True)  # the export needs its cores
                raise
        try:
            found = ray.get(pending)
        except RayError:
            _log.exception("the worker that trained a trial again has died")
            continue
        if isinstance(found, str):
            raise NotRefittedError(found)
        return found
    raise NotRefittedError(mark("its worker process died twice, perhaps for lack of memory."))


def _give_up_if_over(results: Results, until: float) -> None:
    if store.stop_requested(results.experiment_dir):
        raise NotRefittedError(mark("the experiment was stopped."))
    if results.time_limit.is_reached():
        raise NotRefittedError(mark("the time limit was reached."))
    if time.monotonic() > until:
        raise NotRefittedError(
            mark("it took more than {times} times as long as expected.").format(times=_PATIENCE)
        )


def _note(results: Results, trial: TrialRecord, reason: str) -> None:
    sentence = mark("{trial} was not fitted again to all pictures: {reason}").format(
        trial=trial.trial_id, reason=reason
    )
    results.add_notes(sentence)
