"""What happens in the search, written to the experiment directory. The only writer of trials."""

import math
import shutil
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from automl.engine import failures, journal, stalled_trials
from automl.engine.planning import PlannedTrial
from automl.evaluation.metrics import bootstrap_interval
from automl.experiments import store
from automl.experiments.records import (
    FORMAT_VERSION,
    Evaluation,
    ExperimentRecord,
    ExperimentState,
    Flag,
    TrialError,
    TrialRecord,
    TrialState,
    now,
)
from automl.training import resume_state
from automl.training.resume_state import KeptState

_TOOK_OVER = "Its worker died, and another went on from the last evaluation."
_WENT_ON = "The search ended before the trial did; it went on from its last evaluation."
_SILENT = "; it was started again from its last evaluation."
_CLOCK_TOLERANCE = 60.0
_OURS = (_TOOK_OVER, _WENT_ON, _SILENT)
"""How the notes end that are not the worker's."""


class End(NamedTuple):
    """How a trial ends by itself or by a policy."""

    state: TrialState
    reason: str = ""


class Results:
    """The records of one experiment, in memory and on disk alike."""

    def __init__(self, experiment_dir: Path, primary_metric: str) -> None:
        journal.recover(experiment_dir)
        self.experiment_dir = experiment_dir
        self.primary_metric = primary_metric
        self.experiment: ExperimentRecord = store.load_experiment(experiment_dir)
        self.trials: dict[str, TrialRecord] = {}
        # asked of all trials at every evaluation
        self._ranks: dict[str, tuple[float, int]] = {}
        self._shares_done: dict[str, float] = {}
        for trial in store.load_trials(experiment_dir):
            self._know(trial)
        self.scores = {
            trial_id: [evaluation.metrics[primary_metric] for evaluation in trial.evaluations]
            for trial_id, trial in self.trials.items()
            if self.is_kept(trial) or self._state(trial) is not None
        }
        """Primary metric of every evaluation, by trial."""
        self._until = math.inf  # on the monotonic clock
        for trial in filter(self.is_kept, self.trials.values()):
            self._forget_state(trial.trial_id)  # an engine may have died just before it did

    def begin(self, minutes: float) -> None:
        """The experiment's time runs, for the first time or again.

        The limit is kept on a clock that nobody sets and that stands still while the machine
        sleeps.
        """
        self._until = time.monotonic() + 60 * minutes
        self.update(
            format_version=FORMAT_VERSION,
            started_at=self.experiment.started_at or now(),
            paused_seconds=self.experiment.paused_seconds + self._seconds_since_last_sign(),
            ended_at=None,
            deadline=now() + timedelta(minutes=minutes),
        )

    def is_time_up(self) -> bool:
        return time.monotonic() >= self._until

    def correct_deadline(self) -> None:
        """When the clock was set, or the machine slept, the limit is reached at another time."""
        known = self.experiment.deadline
        if known is None or math.isinf(self._until):
            return
        deadline = now() + timedelta(seconds=self._until - time.monotonic())
        if abs((deadline - known).total_seconds()) > _CLOCK_TOLERANCE:
            self.update(deadline=deadline)

    def _seconds_since_last_sign(self) -> float:
        """Of an engine before this one; 0 if there was none."""
        if self.experiment.started_at is None:
            return 0.0
        files = [*store.trial_paths(self.experiment_dir), store.samples_path(self.experiment_dir)]
        signs = [path.stat().st_mtime for path in files if path.exists()]
        ends = (self.experiment.started_at, self.experiment.ended_at)
        signs += [moment.timestamp() for moment in ends if moment is not None]
        return max(0.0, now().timestamp() - max(signs))

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
                self._save(self._to_run(trial, recorded))
                left.append(trial)
        self.update(**self._best())
        return left

    def _to_run(self, trial: PlannedTrial, recorded: TrialRecord | None) -> TrialRecord:
        """As it was when its state was kept, or new."""
        if recorded and recorded.hyperparameters == trial.asked and self._state(recorded):
            changes: dict[str, Any] = {"reason": "", "was_cut_short": False, "ended_at": None}
            changes |= {"score_low": None, "score_high": None}
            if recorded.state is not TrialState.PENDING:  # or it is counted already
                pause = (now() - recorded.evaluations[-1].finished_at).total_seconds()
                changes["paused_seconds"] = recorded.paused_seconds + max(0.0, pause)
            went_on = _interrupted(recorded, _WENT_ON)
            return recorded.model_copy(update={"state": TrialState.PENDING, **changes, **went_on})
        self.scores.pop(trial.trial_id, None)
        self._forget_state(trial.trial_id)
        return TrialRecord(
            trial_id=trial.trial_id,
            number=trial.number,
            hyperparameters=trial.asked,
            proposal=trial.proposal,
        )

    def states(self) -> dict[str, KeptState]:
        """Where trials that have begun go on."""
        there = {trial_id: self._state(trial) for trial_id, trial in self.trials.items()}
        return {trial_id: state for trial_id, state in there.items() if state is not None}

    def _state(self, trial: TrialRecord) -> KeptState | None:
        """After the last evaluation of a trial that has not ended; None without one."""
        if self.is_kept(trial) or not trial.evaluations:
            return None
        state = resume_state.find(store.state_dir(self.experiment_dir, trial.trial_id))
        return state if state and state.epoch == trial.evaluations[-1].epoch else None

    def _forget_state(self, trial_id: str) -> None:
        folder = store.state_dir(self.experiment_dir, trial_id)
        if folder.exists():
            shutil.rmtree(folder)

    @staticmethod
    def is_kept(trial: TrialRecord) -> bool:
        """Whether a resumed search leaves the trial as it is.

        What the engine was running when it died or was stopped goes on from its last evaluation.
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
        trial = self.trials[trial_id]
        ours = [note for note in trial.notes if note.endswith(_OURS)]
        flags = [*flags, *(flag for flag in trial.flags if flag is Flag.RESUMED)]
        changes: dict[str, Any] = {
            "effective": effective,
            "notes": [*notes, *ours],
            "flags": flags,
        }
        if any(getattr(trial, key) != value for key, value in changes.items()):
            self._change(trial_id, **changes)

    def resumed(self, trial_id: str) -> None:
        """The trial's worker died; another one takes over."""
        self._change(trial_id, **_interrupted(self.trials[trial_id], _TOOK_OVER))

    def usual_seconds(self) -> dict[str, list[float]]:
        """What the evaluations of every trial have taken, training included."""
        return {
            trial_id: [each.train_seconds + each.evaluation_seconds for each in trial.evaluations]
            for trial_id, trial in self.trials.items()
            if trial.method == "fine_tuning"
        }

    def gpu_lost(self, gpu: str) -> None:
        note = f"GPU {gpu} failed and is not used any more; look at the machine's log."
        if note not in self.experiment.notes:
            self.update(notes=[*self.experiment.notes, note])

    def fell_silent(self, trial_id: str, seconds: float) -> bool:
        """The trial has not reported for so long; whether it had done so before and now failed."""
        trial = self.trials[trial_id]
        note = (
            f"It had not reported for {seconds:.0f} seconds, {stalled_trials.FACTOR} times what is "
            "usual"
        )
        if not any(_SILENT in known for known in trial.notes):
            self._change(trial_id, notes=[*trial.notes, f"{note}{_SILENT}"])
            return False
        self.failed(
            trial_id,
            TrialError(
                cause=f"{note}, although it had been started again after the same.",
                next_step=failures.SILENT_NEXT_STEP,
                traceback="",
            ),
        )
        return True

    def evaluated(
        self,
        trial_id: str,
        evaluation: Evaluation,
        checkpoint: Path | None = None,
        end: End | None = None,
    ) -> None:
        """Record an evaluation with all that belongs to it: an engine that dies has either.

        Args:
            trial_id: whose it is; of a trial that has ended meanwhile nothing is recorded.
            evaluation: what was scored.
            checkpoint: what the worker has saved with it: the state to go on from; if it is the
                best so far, the model and its predictions; models of certain epochs.
            end: how the trial ends with it.
        """
        trial = self.trials[trial_id]
        if trial.state.is_finished:
            return
        files = {} if checkpoint is None else _files(checkpoint)
        # a worker that died after it had reported may report again
        before = [each for each in trial.evaluations if each.epoch < evaluation.epoch]
        evaluations = [*before, evaluation]
        changes: dict[str, Any] = {"evaluations": evaluations}
        predictions = files.get("predictions.parquet")
        if predictions is not None:
            changes["best_epoch"] = evaluation.epoch
        if end is not None:
            changes |= {"state": end.state, "reason": end.reason, "ended_at": now()}
            changes |= self._interval(trial, predictions)
            files = {name: path for name, path in files.items() if not name.startswith("state/")}
        changed = trial.model_copy(update=changes)
        journal.commit(self.experiment_dir, changed, files)
        self._know(changed)
        if end is not None:
            self._forget_state(trial_id)
        self.scores[trial_id] = [each.metrics[self.primary_metric] for each in evaluations]
        self.update(**self._best(), **self._progress())

    def ended(self, trial_id: str, state: TrialState, reason: str = "", **changes: Any) -> None:
        """The trial is over; only the first reason counts."""
        trial = self.trials[trial_id]
        if trial.state.is_finished:
            return
        changes |= {"state": state, "reason": reason, "ended_at": now()}
        self._change(trial_id, **changes, **self._interval(trial))
        if self.is_kept(self.trials[trial_id]):
            self._forget_state(trial_id)
        self.update(**self._progress())

    def cut_short(self, trial_id: str, reason: str) -> None:
        """The trial is over because the search is; a resumed experiment goes on with it."""
        self.ended(trial_id, TrialState.STOPPED, reason, was_cut_short=True)

    def failed(self, trial_id: str, error: TrialError) -> None:
        self.ended(trial_id, TrialState.FAILED, error.cause, error=error)

    def end_rest(self, reason: str) -> None:
        """The search is over: whatever is not finished is stopped."""
        for trial_id in self.trials:
            self.cut_short(trial_id, reason)

    def best_trial(self) -> TrialRecord | None:
        """Highest score; of equals the one that was sampled first."""
        best = max(self._ranks, key=self._ranks.__getitem__, default=None)
        return None if best is None else self.trials[best]

    def score(self, trial: TrialRecord) -> float | None:
        """The trial's best score so far, if it has one that is a number."""
        score = trial.score(self.primary_metric)
        return None if score is None or score != score else score

    def _interval(self, trial: TrialRecord, path: Path | None = None) -> dict[str, float]:
        """path: predictions of a best evaluation that is not in its place yet."""
        if path is None and trial.best_epoch is None:
            return {}
        placed = store.predictions_path(self.experiment_dir, trial.trial_id)
        predictions = store.load_predictions(path or placed)
        low, high = bootstrap_interval(
            self.primary_metric, predictions.probabilities, predictions.labels
        )
        return {} if math.isnan(low) else {"score_low": low, "score_high": high}

    def _best(self) -> dict[str, Any]:
        best = self.best_trial()
        score = None if best is None else self.score(best)
        improvements = []
        if score is not None:  # of a trial that is run anew, earlier ones may not count any more
            improvements = [each for each in self.experiment.improvements if each < score]
            improvements.append(score)
        return {
            "best_trial": best and best.trial_id,
            "best_score": score,
            "improvements": improvements,
        }

    def _progress(self) -> dict[str, float]:
        """Share of the planned epochs that are done; a finished trial counts as whole."""
        if self.experiment.state is not ExperimentState.RUNNING:
            return {}
        done = sum(self._shares_done.values())
        return {"progress": min(1.0, done / max(1, self.experiment.num_trials))}

    def _change(self, trial_id: str, **changes: Any) -> None:
        self._save(self.trials[trial_id].model_copy(update=changes))

    def _save(self, trial: TrialRecord) -> None:
        store.save_trial(self.experiment_dir, trial)
        self._know(trial)

    def _know(self, trial: TrialRecord) -> None:
        self.trials[trial.trial_id] = trial
        self._shares_done[trial.trial_id] = _share_done(trial)
        score = self.score(trial)
        if score is None:
            self._ranks.pop(trial.trial_id, None)
        else:
            self._ranks[trial.trial_id] = (score, -trial.number)


def _share_done(trial: TrialRecord) -> float:
    """Of its planned epochs."""
    if trial.state.is_finished:
        return 1.0
    planned = trial.effective.get("number_of_epochs", 0)
    return trial.evaluations[-1].epoch / planned if trial.evaluations and planned else 0.0


def _files(checkpoint: Path) -> dict[str, Path]:
    """What a worker has saved, by its path in the trial's folder."""
    found = {f"state/{name}": checkpoint / name for name in resume_state.NAMES}
    found |= {f"epochs/{folder.name}": folder for folder in checkpoint.glob("epoch-*")}
    if (checkpoint / "model.json").is_file():
        for name in ("model.safetensors", "model.json"):
            found[f"checkpoint/{name}"] = checkpoint / name
        found["predictions.parquet"] = checkpoint / "predictions.parquet"
    return found


def _interrupted(trial: TrialRecord, note: str) -> dict[str, Any]:
    """Changes that say once that the trial did not run through."""
    flags = trial.flags if Flag.RESUMED in trial.flags else [*trial.flags, Flag.RESUMED]
    notes = trial.notes if note in trial.notes else [*trial.notes, note]
    return {"flags": flags, "notes": notes}
