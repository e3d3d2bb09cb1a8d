"""The search as a Ray Tune run."""

import contextlib
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from automl.dataset.pixels import PictureSizes
from automl.engine import measuring, ray_internals, ray_settings, travelling
from automl.engine.carried import Carried
from automl.engine.early_termination import EarlyTermination
from automl.engine.events import Events
from automl.engine.pacing import Pacer
from automl.engine.planning import LeftOut, PlannedTrial, left_of
from automl.engine.resources import Resources, with_fewer_trials
from automl.engine.results import Results
from automl.engine.trainable import Assignment, TrialTrainable, beat_key, id_of
from automl.engine.watch import Ending, Watch
from automl.experiments import store
from automl.experiments.records import now
from automl.jobs import automode
from automl.jobs.job import Job
from automl.jobs.speeds import Speeds
from automl.jobs.sweep import Policy
from automl.jobs.trial_cost import Costs
from automl.model.warm_start import EarlierModel
from automl.training.resume_state import KeptState
from automl.training.trial_data import TrialData

_MAX_DEATHS = 2


@dataclass(frozen=True)
class SearchInputs:
    """All that a search is made of, except for its results."""

    job: Job
    trials: list[PlannedTrial]
    """Trials to run, or to begin with."""

    resources: Resources
    data: Mapping[PictureSizes, TrialData] = field(default_factory=dict)
    """Pictures by the sizes at which the trials read them."""

    earlier: Mapping[str, EarlierModel] = field(default_factory=dict)
    """Models that trials start from, by `checkpoint_run_id`."""

    carried: Carried = field(default_factory=Carried)
    """Files that travel to the machines of another cluster."""

    states: Mapping[str, KeptState] = field(default_factory=dict)
    """States from which trials of an earlier run go on, by trial id."""

    space: Sequence[Mapping[str, Any]] = ()
    """Sub-spaces from which a sampler proposes further trials; empty if all trials are known."""

    costs: Costs | None = None
    """Costs of trials, by which AutoMode fits them into the time left."""

    left_out: Sequence[LeftOut] = ()
    """AutoMode's first trials that were planned to have no time."""


def run(
    inputs: SearchInputs, results: Results, kind: type[tune.Trainable] = TrialTrainable
) -> Ending | None:
    """Run the trials to their end; None when nothing cut the search short.

    Ray must be connected. All that happens is in the results; Ray's own state is never read.

    Args:
        inputs: what to run, on which data, with which share of the machine.
        results: record of what happens.
        kind: class that trains a trial in a worker.
    """
    os.environ.update(ray_settings.search())
    logging.getLogger("ray.tune.analysis.experiment_analysis").setLevel(logging.ERROR)
    tune_dir = _empty_tune_dir(results.experiment_dir)
    travelling.land_in(tune_dir)
    ray_internals.treat_lost_results_as_deaths()
    watch = Watch(inputs.job, results)
    pacer = _pacer(inputs, results, watch)
    if pacer is not None:
        watch.seconds_for_end = pacer.seconds_for_end
    early_termination = EarlyTermination(
        _policy(inputs.job), results, compares_with_best=inputs.job.is_automode
    )
    tuner = tune.Tuner(
        _trainable(kind, inputs, watch),
        param_space={} if inputs.space else _all_trials(inputs.trials),
        tune_config=_tune_config(inputs, _sampler(inputs, results, pacer), early_termination),
        run_config=tune.RunConfig(
            name=f"search-{now():%Y%m%d-%H%M%S}-{os.getpid()}",  # a new one for every run
            storage_path=inputs.job.storage_path or str(tune_dir),
            stop=watch,
            # each checkpoint is saved with its report; a cancelled trial has nothing new
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            # a trial whose worker dies goes on in another from its last evaluation
            failure_config=tune.FailureConfig(max_failures=_MAX_DEATHS),
            callbacks=[Events(results, watch, early_termination, inputs.resources)],
            verbose=0,
        ),
    )
    tuner.fit()
    ray_internals.delete_all(beat_key(watch.key, ""))
    if watch.ending is None and pacer is not None and pacer.closing:
        return Ending(pacer.closing, is_success=True)
    return watch.ending


def after_shortage(inputs: SearchInputs, results: Results) -> SearchInputs:
    """The search as it goes on with fewer trials at a time, since memory was short.

    As in a resumed search, every trial that was cut short goes on as it was recorded: its epochs
    were fitted into the time left, or it was none of the plan.
    """
    planned = {trial.number: trial for trial in inputs.trials}
    trials = []
    for left in left_of(list(results.trials.values())):
        known = planned.get(left.number, left)
        trials.append(known if known.requested == left.requested else left)
    resources = with_fewer_trials(inputs.resources)
    return replace(inputs, trials=trials, resources=resources, left_out=())


def _pacer(inputs: SearchInputs, results: Results, watch: Watch) -> Pacer | None:
    if inputs.costs is None:
        return None
    resources, num_classes = inputs.resources, inputs.costs.counts.classes

    def wait() -> None:
        """Look as `Events` does, whose turn comes only when the network is measured."""
        watch.look()
        if watch.ending is not None:
            raise measuring.NotNeededError

    def measured(names: Sequence[str]) -> Speeds | None:
        with contextlib.suppress(measuring.NotNeededError):
            return measuring.settled(names, resources, num_classes, wait)
        return None

    return Pacer(
        inputs.job,
        results,
        inputs.costs,
        resources.max_concurrent_trials,
        inputs.left_out,
        measured if measuring.can_wait(resources) else None,
    )


def _trainable(kind: type[tune.Trainable], inputs: SearchInputs, watch: Watch) -> Any:
    resources = inputs.resources
    assignment = Assignment(
        data=dict(inputs.data),
        earlier=dict(inputs.earlier),
        carried=inputs.carried,
        states=dict(inputs.states),
        num_threads=resources.num_cpus,
        num_devices=int(resources.num_gpus),
        num_machines=resources.num_machines,
        primary_metric=inputs.job.primary_metric,
        key=watch.key,
        has_storage=bool(inputs.job.storage_path),
        carries_checkpoints=inputs.job.ray_address is not None and not inputs.job.storage_path,
    )
    return tune.with_resources(
        tune.with_parameters(kind, assignment=assignment),
        tune.PlacementGroupFactory(
            [{"CPU": resources.num_cpus, "GPU": resources.num_gpus}] * resources.num_machines,
            strategy="SPREAD",  # on one machine only while no other has room
            bundle_label_selector=[resources.placing] * resources.num_machines,
        ),
    )


def _tune_config(
    inputs: SearchInputs, sampler: Searcher | None, early_termination: EarlyTermination
) -> tune.TuneConfig:
    resources = inputs.resources
    return tune.TuneConfig(
        search_alg=sampler,
        scheduler=early_termination,
        num_samples=inputs.job.limits.max_trials if inputs.space else 1,
        max_concurrent_trials=resources.with_more_machines or resources.max_concurrent_trials,
        reuse_actors=True,
        trial_name_creator=id_of,
        trial_dirname_creator=id_of,
    )


def _empty_tune_dir(experiment_dir: Path) -> Path:
    """Folder for Ray's own files, without those of earlier runs."""
    folder = store.tune_dir(experiment_dir)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    return folder


def _policy(job: Job) -> Policy | None:
    if job.is_automode:
        return automode.EARLY_TERMINATION
    return job.sweep.early_termination if job.sweep and job.is_sweep else None


def _sampler(inputs: SearchInputs, results: Results, pacer: Pacer | None) -> Searcher | None:
    """Sampler that proposes trials one by one; None if they are all known."""
    if not inputs.space:
        return None
    from automl.engine.bayesian import Bayesian  # imports Optuna, which takes a second

    return Bayesian(inputs.job, results, inputs.space, inputs.trials, pacer)


def _all_trials(trials: list[PlannedTrial]) -> dict[str, Any]:
    return {"trial": tune.grid_search([trial.to_text() for trial in trials])} if trials else {}
