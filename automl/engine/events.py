"""Ray Tune's events, recorded in the results; and workers that hang or lose their GPU."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.experiment import Trial

from automl.engine import deaths, disk, failures, heartbeat, patience, ray_internals
from automl.engine.deaths import Death
from automl.engine.early_termination import EarlyTermination
from automl.engine.heartbeat import LifeSigns
from automl.engine.joining import Joining
from automl.engine.leaving import Leaving
from automl.engine.lost_gpus import LostGpus
from automl.engine.resources import Resources
from automl.engine.results import End, Results
from automl.engine.trainable import beat_key, id_of
from automl.engine.waiting import Waiting
from automl.engine.watch import Ending, Watch
from automl.experiments.records import Evaluation, Evidence, TrialError, TrialState
from automl.texts import mark

_LOOK_SECONDS = 0.5


class Events(tune.Callback):  # type: ignore[misc]
    """Called by Tune for everything that happens to a trial."""

    def __init__(
        self,
        results: Results,
        watch: Watch,
        early_termination: EarlyTermination,
        resources: Resources,
    ) -> None:
        self._results, self._watch = results, watch
        self._waiting = Waiting(resources)
        is_cluster = bool(resources.asked_nodes)
        self._joining = Joining(resources.asked_nodes, results) if is_cluster else None
        self._leaving = Leaving(results)
        self._is_elsewhere = resources.with_more_machines > 0
        self._early_termination = early_termination
        self._checkpoints: dict[str, tune.Checkpoint] = {}
        self._life_signs = LifeSigns()
        self._lost_gpus = LostGpus()
        self._next_look = self._next_beat = 0.0

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Called many times a second."""
        at = time.monotonic()
        if at < self._next_look:
            return
        self._next_look = at + _LOOK_SECONDS
        self._watch.look()
        self._lost_gpus.look()
        if at >= self._next_beat:
            self._next_beat = at + heartbeat.BEAT_SECONDS
            self._end_hanging(trials, at)
            self._results.update(message=self._waiting.look(trials, at))
            if self._joining is not None:
                self._joining.look(trials)
                self._leaving.look()

    def _end_hanging(self, trials: list[Trial], at: float) -> None:
        """End workers that hang: another goes on with the trial, unless it has hung before."""
        for trial_id in self._life_signs.expected:
            value = ray_internals.get(beat_key(self._watch.key, trial_id))
            self._life_signs.beat(trial_id, value, at)
        overdue = self._life_signs.overdue(at)
        for trial in trials if overdue else []:
            trial_id, worker = id_of(trial), ray_internals.worker_of(trial)
            if trial_id not in overdue or worker is None:
                continue
            if self._results.hung(trial_id, overdue[trial_id]):
                self._watch.cancel(trial_id)
            self._life_signs.sign(trial_id, at)
            ray.kill(worker)

    def on_trial_start(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        self._life_signs.sign(id_of(trial), time.monotonic())
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
        self._life_signs.sign(trial_id, time.monotonic())
        if "effective" in result:
            facts = (result["effective"], result["notes"], result["flags"])
            self._results.built(trial_id, *facts, Evidence.model_validate(result["evidence"]))
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
        """Record the evaluation that comes with the checkpoint.

        Not before: what is recorded is never trained again, so its state must be safe by then.
        """
        self._life_signs.sign(id_of(trial), time.monotonic())
        with ExitStack() as stack:
            folder = _patiently(checkpoint, lambda: stack.enter_context(checkpoint.as_directory()))
            self._evaluated(trial, trial.last_result, Path(folder))
        self._drop_checkpoint(trial)
        self._checkpoints[id_of(trial)] = checkpoint
        if self._is_elsewhere:  # machines of a cluster may be lost again and again
            ray_internals.forgive_deaths(trial)
        if not trial.last_result["done"]:
            self._leaving.let_go(trial)
        self._watch.look_at_score()

    def _evaluated(self, trial: Trial, result: dict[str, Any], checkpoint: Path | None) -> None:
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
        """Delete the trial's previous checkpoint: only the last one is of use.

        Ray's own `num_to_keep` would write the state of all trials with every checkpoint.
        """
        previous = self._checkpoints.pop(id_of(trial), None)
        if previous is not None:
            _patiently(previous, lambda: previous.filesystem.delete_dir(previous.path))

    def on_trial_complete(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        **info: Any,
    ) -> None:
        """Record an end that no evaluation has brought."""
        trial_id, last, ending = id_of(trial), trial.last_result, self._watch.ending
        self._life_signs.forget(trial_id)
        self._drop_checkpoint(trial)
        if "error" in last:
            self._results.failed(trial_id, TrialError.model_validate(last["error"]))
        elif ending is not None:
            self._results.cut_short(trial_id, ending.reason)
        ray_internals.forget_results(trial)

    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """The worker has ended with an error, and Tune starts another one."""
        self._life_signs.forget(id_of(trial))  # until it has started again
        self._look_at_death(trial)
        self._results.resumed(id_of(trial))

    def on_trial_error(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        **info: Any,
    ) -> None:
        """The worker has ended once too often."""
        self._life_signs.forget(id_of(trial))
        death = self._look_at_death(trial)
        if self._watch.ending is not None:
            self._results.cut_short(id_of(trial), self._watch.ending.reason)
        else:
            self._results.failed(id_of(trial), failures.lost_worker(death.history))

    def _look_at_death(self, trial: Trial) -> Death:
        """Act on a cause that would meet other trials too."""
        death = ray_internals.death_of(trial)
        if deaths.is_disk_full(death):
            self._watch.end_for_disk()
        elif deaths.is_memory_short(death):
            self._watch.end_for_memory()
        elif lost := deaths.lost_gpu(death):
            self._take_out(*lost)
        return death

    def _take_out(self, node: str, gpu: str) -> None:
        """Use the GPU no more; without any other the search ends."""
        self._lost_gpus.take_out(node, gpu)
        self._results.gpu_lost(gpu)
        if len(self._lost_gpus.all) >= ray.cluster_resources().get("GPU", 0):
            reason = mark("GPU {gpu} failed, and there is no other.").format(gpu=gpu)
            self._watch.end(Ending(reason, is_success=False))


def _patiently(checkpoint: tune.Checkpoint, function: Callable[[], Any]) -> Any:
    is_here = checkpoint.filesystem.type_name == "local"
    return patience.patiently(function, seconds=0.0 if is_here else patience.SECONDS)
