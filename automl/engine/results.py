"""What happens in the search, written to the experiment directory. The only writer of trials."""

import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from automl import store
from automl.engine.planning import PlannedTrial
from automl.evaluation.metrics import bootstrap_interval
from automl.records import (
    Evaluation,
    ExperimentRecord,
    ExperimentState,
    Flag,
    TrialError,
    TrialRecord,
    TrialState,
    now,
)

_RESUMED = "Its worker died, and another went on from the last evaluation."


class Results:
    """The records of one experiment, in memory and on disk alike."""

    def __init__(self, experiment_dir: Path, primary_metric: str) -> None:
        self.experiment_dir = experiment_dir
        self.primary_metric = primary_metric
        self.experiment: ExperimentRecord = store.load_experiment(experiment_dir)
        self.trials = {trial.trial_id: trial for trial in store.load_trials(experiment_dir)}
        self.scores = {
            trial_id: [evaluation.metrics[primary_metric] for evaluation in trial.evaluations]
            for trial_id, trial in self.trials.items()
            if self.is_kept(trial)
        }
        """Primary metric of every evaluation, by trial."""

    def update(self, **changes: Any) -> None:
        """Change the experiment's record; nothing is written when nothing changes."""
        changed = self.experiment.model_copy(update=changes)
        if changed != self.experiment:
            self.experiment = changed
            store.save_experiment(self.experiment_dir, changed)

    def plan(self, planned: Iterable[PlannedTrial]) -> list[PlannedTrial]:
        """Add a pending record for every trial; returns those that are still to be run."""
        left = []
        for trial in planned:
            recorded = self.trials.get(trial.trial_id)
            if recorded is None or not self.is_kept(recorded):
                self._save(
                    TrialRecord(
                        trial_id=trial.trial_id,
                        number=trial.number,
                        hyperparameters=trial.asked,
                        proposal=trial.proposal,
                    )
                )
                left.append(trial)
        self._show_best()
        return left

    @staticmethod
    def is_kept(trial: TrialRecord) -> bool:
        """Whether a resumed search leaves the trial as it is.

        What the engine was running when it died or was stopped starts anew.
        """
        return trial.state.is_finished and not trial.was_cut_short

    def started(self, trial_id: str) -> None:
        """The trial begins, or goes on in another worker."""
        started_at = self.trials[trial_id].started_at or now()
        self._change(trial_id, state=TrialState.RUNNING, started_at=started_at)

    def built(
        self, trial_id: str, effective: dict[str, Any], notes: list[str], flags: list[Flag]
    ) -> None:
        """What is in effect, and what is to be said of the trial, as of now."""
        changes: dict[str, Any] = {"effective": effective, "notes": notes, "flags": flags}
        if Flag.RESUMED in self.trials[trial_id].flags:
            changes |= {"notes": [*notes, _RESUMED], "flags": [*flags, Flag.RESUMED]}
        if any(getattr(self.trials[trial_id], key) != value for key, value in changes.items()):
            self._change(trial_id, **changes)

    def resumed(self, trial_id: str) -> None:
        """The trial's worker died; another one takes over."""
        trial = self.trials[trial_id]
        if Flag.RESUMED not in trial.flags:
            self._change(
                trial_id, notes=[*trial.notes, _RESUMED], flags=[*trial.flags, Flag.RESUMED]
            )

    def evaluated(self, trial_id: str, evaluation: Evaluation) -> None:
        # a worker that died after it had reported, but before its state was safe, reports again
        before = [e for e in self.trials[trial_id].evaluations if e.epoch < evaluation.epoch]
        evaluations = [*before, evaluation]
        self.scores[trial_id] = [each.metrics[self.primary_metric] for each in evaluations]
        self._change(trial_id, evaluations=evaluations)
        self._show_progress()

    def kept(self, trial_id: str, checkpoint: Path) -> None:
        """Take over the models that are kept beside the best one (`checkpoint_frequency`)."""
        for folder in checkpoint.glob("epoch-*"):
            target = store.epoch_dir(self.experiment_dir, trial_id, folder.name)
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder, target)

    def improved(self, trial_id: str, epoch: int, checkpoint: Path) -> None:
        """Take over the checkpoint and the predictions of the trial's best evaluation so far."""
        target = store.checkpoint_dir(self.experiment_dir, trial_id)
        partial = target.with_name(".checkpoint.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name in ("model.safetensors", "model.json"):
            shutil.move(checkpoint / name, partial / name)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        predictions = store.predictions_path(self.experiment_dir, trial_id)
        shutil.move(checkpoint / "predictions.parquet", predictions)
        self._change(trial_id, best_epoch=epoch)
        self._show_best()

    def ended(self, trial_id: str, state: TrialState, reason: str = "", **changes: Any) -> None:
        """The trial is over; only the first reason counts."""
        trial = self.trials[trial_id]
        if trial.state.is_finished:
            return
        changes |= {"state": state, "reason": reason, "ended_at": now()}
        self._change(trial_id, **changes, **self._interval(trial))
        self._show_progress()

    def cut_short(self, trial_id: str, reason: str) -> None:
        """The trial is over because the search is; a resumed experiment runs it again."""
        self.ended(trial_id, TrialState.STOPPED, reason, was_cut_short=True)

    def failed(self, trial_id: str, error: TrialError) -> None:
        self.ended(trial_id, TrialState.FAILED, error.cause, error=error)

    def end_rest(self, reason: str) -> None:
        """The search is over: whatever is not finished is stopped."""
        for trial_id in self.trials:
            self.cut_short(trial_id, reason)

    def best_trial(self) -> TrialRecord | None:
        """Highest score; of equals the one that was sampled first."""
        scored = [trial for trial in self.trials.values() if self.score(trial) is not None]
        return max(scored, key=lambda trial: (self.score(trial), -trial.number), default=None)

    def score(self, trial: TrialRecord) -> float | None:
        """The trial's best score so far, if it has one that is a number."""
        score = trial.score(self.primary_metric)
        return None if score is None or score != score else score

    def _interval(self, trial: TrialRecord) -> dict[str, float]:
        path = store.predictions_path(self.experiment_dir, trial.trial_id)
        if trial.best_epoch is None:
            return {}
        predictions = store.load_predictions(path)
        low, high = bootstrap_interval(
            self.primary_metric, predictions.probabilities, predictions.labels
        )
        return {} if math.isnan(low) else {"score_low": low, "score_high": high}

    def _show_best(self) -> None:
        best = self.best_trial()
        score = None if best is None else self.score(best)
        self.update(best_trial=best and best.trial_id, best_score=score)

    def _show_progress(self) -> None:
        """Share of the planned epochs that are done; a finished trial counts as whole."""
        done = sum(self._share_done(trial) for trial in self.trials.values())
        if self.experiment.state is ExperimentState.RUNNING:
            self.update(progress=min(1.0, done / max(1, self.experiment.num_trials)))

    def _share_done(self, trial: TrialRecord) -> float:
        if trial.state.is_finished:
            return 1.0
        planned = trial.effective.get("number_of_epochs", 0)
        return trial.evaluations[-1].epoch / planned if trial.evaluations and planned else 0.0

    def _change(self, trial_id: str, **changes: Any) -> None:
        self._save(self.trials[trial_id].model_copy(update=changes))

    def _save(self, trial: TrialRecord) -> None:
        self.trials[trial.trial_id] = trial
        store.save_trial(self.experiment_dir, trial)
