"""The search as a Ray Tune run, and its events on their way to the results."""

import logging
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.experimental import internal_kv
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from automl.dataset.pixels import PictureSizes
from automl.engine import disk, failures, lost_gpus
from automl.engine.early_termination import EarlyTermination, id_of
from automl.engine.lost_gpus import LostGpus
from automl.engine.planning import PlannedTrial, Resources
from automl.engine.results import End, Results
from automl.engine.stalled_trials import Silence
from automl.engine.trainable import Assignment, TrialTrainable
from automl.experiments import store
from automl.experiments.records import Evaluation, TrialError, TrialState, now
from automl.jobs import automode
from automl.jobs.job import Job
from automl.jobs.sweep import Policy
from automl.model.warm_start import EarlierModel
from automl.training.resume_state import KeptState
from automl.training.trial_data import TrialData

_POLL_SECONDS = 0.5
_MAX_DEATHS = 2
_COLOUR = re.compile(r"\x1b\[\d+m")  # Ray colours what it writes to files, too


@dataclass(frozen=True)
class Ending:
    """Why the search ends before its last trial."""

    reason: str
    is_success: bool
    is_disk_full: bool = False
    is_memory_short: bool = False
    """Of the machine: the search is to go on with fewer trials at a time."""


def run(  # noqa: PLR0913
    job: Job,
    planned: list[PlannedTrial],
    data: dict[PictureSizes, TrialData],
    earlier: dict[str, EarlierModel],
    *,
    states: Mapping[str, KeptState] | None = None,
    space: Sequence[Mapping[str, Any]] = (),
    resources: Resources,
    results: Results,
    kind: type[tune.Trainable] = TrialTrainable,
) -> Ending | None:
    """Run the trials to their end; None when nothing cut the search short.

    Ray must be connected. What happens is in the results; Ray's own state is not looked at.

    Args:
        job: what was asked for.
        planned: trials to run, or to begin with.
        space: sub-spaces of a sampler that proposes the trials after these on the way.
        data: what the trials read.
        earlier: the models that some of them go on from, by `checkpoint_run_id`.
        states: where trials go on that have begun in an earlier run, by trial id.
        resources: what each of them gets.
        results: where it is written.
        kind: what trains.
    """
    # our records are the results; Tune's loggers, signal handler and clean-up delay are not wanted
    os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
    os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"
    os.environ["TUNE_FORCE_TRIAL_CLEANUP_S"] = "20"
    os.environ["TUNE_GLOBAL_CHECKPOINT_S"] = "3600"
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    logging.getLogger("ray.tune.analysis.experiment_analysis").setLevel(logging.ERROR)
    watch = Watch(job, results)
    assignment = Assignment(
        data=data,
        earlier=earlier,
        states=dict(states or {}),
        num_threads=resources.num_cpus,
        primary_metric=job.primary_metric,
        cancel_key=watch.cancel_key,
    )
    trainable = tune.with_resources(
        tune.with_parameters(kind, assignment=assignment),
        tune.PlacementGroupFactory([{"CPU": resources.num_cpus, "GPU": resources.num_gpus}]),
    )
    early_termination = EarlyTermination(_policy(job), results)
    tuner = tune.Tuner(
        trainable,
        param_space={} if space else _trials(planned),
        tune_config=tune.TuneConfig(
            search_alg=_sampler(job, results, space, planned),
            scheduler=early_termination,
            num_samples=job.limits.max_trials if space else 1,
            max_concurrent_trials=resources.max_concurrent_trials,
            reuse_actors=True,
            trial_name_creator=id_of,
            trial_dirname_creator=id_of,
        ),
        run_config=tune.RunConfig(
            name=f"search-{now():%Y%m%d-%H%M%S}-{os.getpid()}",  # never one that was there
            storage_path=job.storage_path or str(_empty_tune_dir(results.experiment_dir)),
            stop=watch,
            # what is worth keeping is saved when it is reported; a cancelled trial has nothing new
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            # whose worker dies goes on in another from its last evaluation
            failure_config=tune.FailureConfig(max_failures=_MAX_DEATHS),
            callbacks=[_Events(results, watch, early_termination)],
            verbose=0,
        ),
    )
    tuner.fit()
    return watch.ending


class Watch(tune.Stopper):  # type: ignore[misc]
    """Ends the search, or a trial, for everything that does not come from training itself."""

    def __init__(self, job: Job, results: Results) -> None:
        self.ending: Ending | None = None
        self.cancel_key = f"automl/{results.experiment.experiment_id}/{time.time_ns()}"
        self._job, self._results = job, results

    def __call__(self, trial_id: str, result: Mapping[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self.ending is not None

    def look(self) -> None:
        """Is time up, does somebody want something stopped?"""
        self._results.correct_deadline()
        if disk.is_short(self._results.experiment_dir):
            self.end_for_disk()
        if store.stop_requested(self._results.experiment_dir):
            self.end(Ending("Stopped by the user.", is_success=False))
        elif self._results.is_time_up():
            minutes = self._job.limits.timeout_minutes
            self.end(Ending(f"The time limit of {minutes} min was reached.", is_success=True))
        self.look_at_score()  # an engine that died may have seen it and not have ended
        for trial_id in store.trials_to_stop(self._results.experiment_dir):
            if not self._results.trials[trial_id].state.is_finished:
                self.cancel(trial_id)
                self._results.ended(trial_id, TrialState.STOPPED, "Stopped by the user.")

    def look_at_score(self) -> None:
        """Is the experiment done, the best model so far being safely on disk?"""
        wanted, score = self._job.limits.exit_score, self._results.experiment.best_score
        if wanted is not None and score is not None and score >= wanted:
            metric = self._job.primary_metric
            reason = f"The exit score was reached: {metric} {score:.4g} of {wanted:.4g}."
            self.end(Ending(reason, is_success=True))

    def end(self, ending: Ending) -> None:
        if self.ending is None:
            self.ending = ending
            self.cancel("all")

    def end_for_disk(self) -> None:
        sentence = disk.sentence(self._results.experiment_dir)
        self.end(Ending(sentence, is_success=False, is_disk_full=True))

    def end_for_memory(self) -> None:
        """With one trial at a time there is nothing to be had by it."""
        if self._results.experiment.max_concurrent_trials > 1:
            self.end(Ending("The memory was short.", is_success=False, is_memory_short=True))

    def cancel(self, name: str) -> None:
        """One trial by its id, or `all`."""
        internal_kv._internal_kv_put(f"{self.cancel_key}/{name}", b"1")


class _Events(tune.Callback):  # type: ignore[misc]
    """Ray Tune's events, told to the results in our words."""

    def __init__(self, results: Results, watch: Watch, early_termination: EarlyTermination) -> None:
        self._results, self._watch = results, watch
        self._early_termination = early_termination
        self._checkpoints: dict[str, tune.Checkpoint] = {}
        self._silence = Silence()
        self._lost_gpus = LostGpus()
        self._next_look = 0.0

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        if time.monotonic() < self._next_look:  # this is called many times a second
            return
        self._next_look = time.monotonic() + _POLL_SECONDS
        self._watch.look()
        self._look_for_silence(trials)
        self._lost_gpus.look()

    def _look_for_silence(self, trials: list[Trial]) -> None:
        """End the worker of a trial that hangs; another one goes on, unless it hung before."""
        overdue = self._silence.overdue(self._results.usual_seconds, time.monotonic())
        if not overdue:
            return
        for trial in trials:
            trial_id = id_of(trial)
            if trial_id not in overdue or trial.temporary_state.ray_actor is None:
                continue
            if self._results.fell_silent(trial_id, overdue[trial_id]):
                self._watch.cancel(trial_id)
            self._silence.heard(trial_id, time.monotonic())
            ray.kill(trial.temporary_state.ray_actor)

    def on_trial_start(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        self._silence.heard(id_of(trial), time.monotonic())
        if not self._results.trials[id_of(trial)].state.is_finished:
            self._results.started(id_of(trial))

    def on_trial_result(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        result: dict[str, Any],
        **info: Any,
    ) -> None:
        trial_id = id_of(trial)
        self._silence.heard(trial_id, time.monotonic())
        if "effective" in result:
            self._results.built(trial_id, result["effective"], result["notes"], result["flags"])
        if "evaluation" in result and not result["should_checkpoint"]:
            self._evaluated(trial, result, None)

    def on_checkpoint(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        checkpoint: tune.Checkpoint,
        **info: Any,
    ) -> None:
        self._silence.heard(id_of(trial), time.monotonic())
        with checkpoint.as_directory() as folder:
            self._evaluated(trial, trial.last_result, Path(folder))
        self._drop_checkpoint(trial)
        self._checkpoints[id_of(trial)] = checkpoint
        self._watch.look_at_score()

    def _evaluated(self, trial: Trial, result: dict[str, Any], checkpoint: Path | None) -> None:
        """Only now: what is recorded as scored is never trained again."""
        evaluation, end = Evaluation.model_validate(result["evaluation"]), self._end(trial, result)
        try:
            self._results.evaluated(id_of(trial), evaluation, checkpoint, end)
        except OSError as error:  # Ray would log it and go on
            if not disk.is_cause(error):
                raise
            self._watch.end_for_disk()

    def _end(self, trial: Trial, result: dict[str, Any]) -> End | None:
        if reason := self._early_termination.reasons.get(id_of(trial)):
            return End(TrialState.STOPPED, reason)
        return End(TrialState.COMPLETED, result.get("reason", "")) if result["done"] else None

    def _drop_checkpoint(self, trial: Trial) -> None:
        """Of a trial's states only the last is of use, and none once the trial is over.

        Ray's own `num_to_keep` would write down the state of all trials with every checkpoint.
        """
        old = self._checkpoints.pop(id_of(trial), None)
        if old is not None:
            old.filesystem.delete_dir(old.path)

    def on_trial_complete(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        **info: Any,
    ) -> None:
        """Has it ended otherwise than with an evaluation?"""
        trial_id, last, ending = id_of(trial), trial.last_result, self._watch.ending
        self._silence.forget(trial_id)
        self._drop_checkpoint(trial)
        if "error" in last:
            self._results.failed(trial_id, TrialError.model_validate(last["error"]))
        elif ending is not None:
            self._results.cut_short(trial_id, ending.reason)
        _forget_results(trial)

    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        self._silence.forget(id_of(trial))  # until it has started again
        self._look_at_cause(_error_text(trial))
        self._results.resumed(id_of(trial))

    def _look_at_cause(self, details: str) -> None:
        """Is it one that would hit all trials alike?"""
        if disk.says_so(details):
            self._watch.end_for_disk()
        elif failures.is_memory_short(details):
            self._watch.end_for_memory()
        elif lost := lost_gpus.find(details):
            self._take_out(*lost)

    def _take_out(self, node: str, gpu: str) -> None:
        """The last one cannot be replaced."""
        self._lost_gpus.take_out(node, gpu)
        self._results.gpu_lost(gpu)
        if len(self._lost_gpus.all) >= ray.cluster_resources().get("GPU", 0):
            self._watch.end(Ending(f"GPU {gpu} failed, and there is no other.", is_success=False))

    def on_trial_error(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        **info: Any,
    ) -> None:
        """The worker is gone, and could not report an error of its own."""
        self._silence.forget(id_of(trial))
        details = _error_text(trial)
        self._look_at_cause(details)
        if self._watch.ending is not None:
            self._results.cut_short(id_of(trial), self._watch.ending.reason)
            return
        self._results.failed(
            id_of(trial),
            TrialError(cause=failures.LOST, next_step=failures.LOST_NEXT_STEP, traceback=details),
        )


def _empty_tune_dir(experiment_dir: Path) -> Path:
    """Ray's own files; of earlier runs nothing is of use."""
    folder = store.tune_dir(experiment_dir)
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _policy(job: Job) -> Policy | None:
    if job.is_automode:
        return automode.EARLY_TERMINATION
    return job.sweep.early_termination if job.sweep else None


def _sampler(
    job: Job,
    results: Results,
    space: Sequence[Mapping[str, Any]],
    planned: list[PlannedTrial],
) -> Searcher | None:
    """What proposes trials on the way; None where they are all known."""
    if not space:
        return None
    from automl.engine.bayesian import Bayesian  # imports Optuna, which takes a second

    return Bayesian(job, results, space, planned)


def _trials(planned: list[PlannedTrial]) -> dict[str, Any]:
    return {"trial": tune.grid_search([trial.to_text() for trial in planned])} if planned else {}


def _error_text(trial: Trial) -> str:
    return _COLOUR.sub("", Path(trial.error_file).read_text("utf-8"))


def _forget_results(trial: Trial) -> None:
    """Of a trial that is over: Ray has 200 kB of running means for each, until the search ends."""
    trial.run_metadata.metric_analysis.clear()
    trial.run_metadata.metric_n_steps.clear()
    trial.run_metadata.last_result = {"done": True}
