"""Records the events of the search in the experiment's directory; the only writer of trials."""

import math
import time
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from automl.engine import failures, journal, trial_notes
from automl.engine.experiment_file import ExperimentFile, TimeLimit
from automl.engine.planning import PlannedTrial, id_of_number
from automl.engine.standings import Standings
from automl.engine.trial_states import LocalStates, TrialStates
from automl.errors import UserError
from automl.evaluation import picture_groups
from automl.evaluation.intervals import bootstrap_interval
from automl.evaluation.metrics import Task
from automl.experiments import chosen_thresholds, expectation, groups, own_thresholds, store
from automl.experiments.records import (
    Evaluation,
    Evidence,
    ExperimentRecord,
    ExperimentState,
    Flag,
    TrialError,
    TrialRecord,
    TrialState,
    now,
)
from automl.texts import mark
from automl.training.resume_state import KeptState

_EXPECTING_SECONDS, _EXPECTING_REST = 1.0, 10
"""While the search runs, the expected score is found after each trial as long as it takes no more
time than this; after a longer time it rests for that many times as long."""


class End(NamedTuple):
    """End of a trial that is complete or stopped by a policy."""

    state: TrialState
    reason: str = ""


class Results:
    """The records of one experiment, in memory and on disk alike."""

    def __init__(
        self, experiment_dir: Path, primary_metric: str, states: TrialStates | None = None
    ) -> None:
        """states: the place of the trials' states; the experiment's directory if left out."""
        journal.recover(experiment_dir)
        self.experiment_dir = experiment_dir
        self.primary_metric = primary_metric
        self._file = ExperimentFile(experiment_dir)
        self.time_limit = TimeLimit(self._file)
        self._states = states or LocalStates(experiment_dir)
        self._standings = Standings(primary_metric)
        self._expecting_again = 0.0
        self.trials: dict[str, TrialRecord] = {}
        for trial in store.load_trials(experiment_dir):
            self._set(trial)
        self.scores = {
            trial_id: [evaluation.metrics[primary_metric] for evaluation in trial.evaluations]
            for trial_id, trial in self.trials.items()
            if trial.is_kept or self._state(trial) is not None
        }
        """Primary metric of every evaluation, by trial."""

        for trial in (one for one in self.trials.values() if one.is_kept):
            # an earlier engine may have died after it recorded the end and before it did this
            self._states.forget(trial.trial_id)

    def add_own_scores(self) -> None:
        """Rank trials that an earlier version has recorded as those to come are ranked."""
        if not own_thresholds.decide(store.load_job(self.experiment_dir), self.primary_metric):
            return
        for trial in list(self.trials.values()):
            path = store.predictions_path(self.experiment_dir, trial.trial_id)
            if trial.is_kept and not trial.own_scores and path.is_file():
                own = own_thresholds.scores(
                    self.experiment_dir, store.load_predictions(path), self.primary_metric
                )
                self._change(trial.trial_id, own_scores=own, comparable_scores={})

    @cached_property
    def _task(self) -> Task:
        return store.load_job(self.experiment_dir).task

    @property
    def experiment(self) -> ExperimentRecord:
        """The experiment's own record."""
        return self._file.record

    def update(self, **changes: Any) -> None:
        """Change the experiment's record; nothing is written when nothing changes."""
        self._file.update(**changes)

    def add_notes(self, *sentences: str) -> None:
        """Add sentences to the experiment's notes, each once."""
        self.update(notes=list(dict.fromkeys([*self.experiment.notes, *sentences])))

    def plan(self, planned: Iterable[PlannedTrial]) -> list[PlannedTrial]:
        """Add a pending record for every trial; returns those that are left to run."""
        left = []
        for trial in planned:
            recorded = self.trials.get(trial.trial_id)
            if recorded is None or not recorded.is_kept:
                self._save(self._pending(trial, recorded))
                left.append(trial)
        self._update_standings()
        return left

    def _pending(self, trial: PlannedTrial, recorded: TrialRecord | None) -> TrialRecord:
        """The record as it was when its state was kept, or a new one."""
        store.delete_refit(self.experiment_dir, trial.trial_id)
        if recorded and recorded.hyperparameters == trial.requested and self._state(recorded):
            changes: dict[str, Any] = {"reason": "", "was_cut_short": False, "ended_at": None}
            changes |= {
                "score_low": None,
                "score_high": None,
                "own_scores": {},
                "comparable_scores": {},
                "cost_rank": 0,
                "refitted_on": None,
            }
            if recorded.state is not TrialState.PENDING:  # otherwise the pause is counted already
                pause = (now() - recorded.evaluations[-1].finished_at).total_seconds()
                changes["paused_seconds"] = recorded.paused_seconds + max(0.0, pause)
            changes |= trial_notes.interrupted(recorded, trial_notes.WENT_ON)
            return recorded.model_copy(update={"state": TrialState.PENDING, **changes})
        self.scores.pop(trial.trial_id, None)
        self._states.forget(trial.trial_id)
        return TrialRecord(
            trial_id=trial.trial_id,
            number=trial.number,
            task=self._task,
            hyperparameters=trial.requested,
            proposal=None if trial.proposal is None else dict(trial.proposal),
        )

    def refused(
        self,
        number: int,
        requested: dict[str, Any],
        proposal: Mapping[str, Any] | None,
        error: UserError,
    ) -> None:
        """Record a drawn or proposed trial as failed whose values cannot be trained."""
        record = TrialRecord(
            trial_id=id_of_number(number),
            number=number,
            task=self._task,
            hyperparameters=requested,
            proposal=None if proposal is None else dict(proposal),
        )
        self._save(record)
        self.failed(record.trial_id, failures.explain(error))

    def states(self) -> dict[str, KeptState]:
        """States of the trials that have begun and not ended, by trial id."""
        states = {trial_id: self._state(trial) for trial_id, trial in self.trials.items()}
        return {trial_id: state for trial_id, state in states.items() if state is not None}

    def _state(self, trial: TrialRecord) -> KeptState | None:
        """State after the last evaluation of a trial that has not ended; None without one."""
        if trial.is_kept or not trial.evaluations:
            return None
        return self._states.find(trial.trial_id, trial.evaluations[-1].epoch)

    def started(self, trial_id: str) -> None:
        """The trial begins, or goes on in another worker."""
        started_at = self.trials[trial_id].started_at or now()
        self._change(trial_id, state=TrialState.RUNNING, started_at=started_at)

    def built(
        self,
        trial_id: str,
        effective: dict[str, Any],
        notes: list[str],
        flags: list[Flag],
        evidence: Evidence | None = None,
    ) -> None:
        """Record the worker's current values, notes and flags; the engine's own stay."""
        trial = self.trials[trial_id]
        flags = [*flags, *(flag for flag in trial.flags if flag is Flag.RESUMED)]
        notes = [*notes, *trial_notes.of_engine(trial)]
        changes = {"effective": effective, "notes": notes, "flags": flags, "evidence": evidence}
        self._change(trial_id, **changes)

    def resumed(self, trial_id: str) -> None:
        """The trial's worker died; another one takes over."""
        trial = self.trials[trial_id]
        self._change(trial_id, **trial_notes.interrupted(trial, trial_notes.TOOK_OVER))

    def gpu_lost(self, gpu: str) -> None:
        """A GPU has failed and is not used any more."""
        said = mark("GPU {gpu} failed and is not used any more; look at the machine's log.")
        self.add_notes(said.format(gpu=gpu))

    def hung(self, trial_id: str, seconds: float) -> bool:
        """The trial's worker did nothing for so long.

        Returns True if this has happened to the trial before: then it has failed.
        """
        trial = self.trials[trial_id]
        if trial_notes.has_hung(trial):
            self.failed(trial_id, failures.hung_again(seconds))
            return True
        self._change(trial_id, notes=trial_notes.hung(trial, seconds))
        return False

    def evaluated(
        self,
        trial_id: str,
        evaluation: Evaluation,
        checkpoint: Path | None = None,
        end: End | None = None,
    ) -> None:
        """Record an evaluation with its files: an engine that dies leaves either all or nothing.

        Args:
            trial_id: the trial; if it has ended meanwhile, nothing is recorded.
            evaluation: the scores.
            checkpoint: folder that the worker has saved: the state to go on from; if the evaluation
                is the best so far, the model and its predictions; models of certain epochs.
            end: how the trial ends with this evaluation; None if it goes on.
        """
        trial = self.trials[trial_id]
        if trial.state.is_finished:
            return
        files = {} if checkpoint is None else _model_files(checkpoint)
        # a worker that replaced a dead one may report an evaluation for the second time
        earlier = [each for each in trial.evaluations if each.epoch < evaluation.epoch]
        evaluations = [*earlier, evaluation]
        changes: dict[str, Any] = {
            "evaluations": evaluations,
            "own_scores": {},
            "comparable_scores": {},
            "cost_rank": 0,
        }
        predictions = files.get("predictions.parquet")
        if predictions is not None:
            changes["best_epoch"] = evaluation.epoch
        if end is not None:
            changes |= {"state": end.state, "reason": end.reason, "ended_at": now()}
            changes |= self._scored(trial, predictions)
        elif checkpoint is not None:
            files |= self._states.keep(trial_id, checkpoint)
        changed = trial.model_copy(update=changes)
        journal.commit(self.experiment_dir, changed, files)
        self._set(changed)
        if end is not None:
            self._states.forget(trial_id)
        self.scores[trial_id] = [each.metrics[self.primary_metric] for each in evaluations]
        self._update_standings()
        if end is not None and time.monotonic() >= self._expecting_again:
            self.expect()

    def add(self, trial: TrialRecord, files: Mapping[str, Path]) -> None:
        """Record a trial that has ended, with its files by their path in its folder."""
        changed = trial.model_copy(update=self._scored(trial, files["predictions.parquet"]))
        journal.commit(self.experiment_dir, changed, files)
        self._set(changed)
        self._update_standings()

    def answered(
        self, trial_id: str, predictions: Path, scored: Evaluation, evidence: Evidence
    ) -> None:
        """Record that a trial has answered for more pictures; the file has all its answers."""
        trial = self.trials[trial_id]
        changes = {"scored": scored, "evidence": evidence, "score_low": None, "score_high": None}
        changed = trial.model_copy(update={**changes, **self._scored(trial, predictions)})
        journal.commit(self.experiment_dir, changed, {"predictions.parquet": predictions})
        self._set(changed)
        for other in list(self.trials.values()):  # all may have answered for the same pictures now
            self._change(other.trial_id, comparable_scores={})
        self.expect()

    def refitted(self, trial_id: str, num_pictures: int, folder: Path) -> None:
        """Record that the trial was fitted again to so many pictures; the folder has its model."""
        changed = self.trials[trial_id].model_copy(update={"refitted_on": num_pictures})
        files = {f"refit/{path.name}": path for path in folder.iterdir()}
        journal.commit(self.experiment_dir, changed, files)
        self._set(changed)

    def remove(self, trial_id: str) -> None:
        """Delete a trial with its files."""
        if self.trials.pop(trial_id, None) is not None:
            self.scores.pop(trial_id, None)
            self._standings.forget(trial_id)
            store.delete_trial(self.experiment_dir, trial_id)
            chosen_thresholds.forget(self.experiment_dir, trial_id)
            self._update_standings()

    def ended(self, trial_id: str, state: TrialState, reason: str = "", **changes: Any) -> None:
        """The trial is over; only the first reason counts."""
        trial = self.trials[trial_id]
        if trial.state.is_finished:
            return
        changes |= {"state": state, "reason": reason, "ended_at": now()}
        self._change(trial_id, **changes, **self._scored(trial))
        if self.trials[trial_id].is_kept:
            self._states.forget(trial_id)
        self._update_standings()

    def cut_short(self, trial_id: str, reason: str) -> None:
        """The trial is over because the search is; a resumed experiment goes on with it."""
        self.ended(trial_id, TrialState.STOPPED, reason, was_cut_short=True)

    def failed(self, trial_id: str, error: TrialError) -> None:
        """The trial is over because of an error."""
        self.ended(trial_id, TrialState.FAILED, error.cause, error=error)

    def end_rest(self, reason: str) -> None:
        """The search is over: every unfinished trial is stopped."""
        for trial_id in self.trials:
            self.cut_short(trial_id, reason)

    def expect(self) -> None:
        """Compare the trials, choose the best one, and record what to expect of its model."""
        began = time.monotonic()
        trials = list(self.trials.values())
        found = expectation.compare(self.experiment_dir, trials, self.primary_metric)
        for trial in trials:
            is_certain = trial.trial_id in found.compared and trial.trial_id not in found.in_doubt
            if is_certain and not trial.may_be_best:
                self._change(trial.trial_id, **trial_notes.certain(trial))
        for trial_id, score in found.comparable_scores.items():
            known = {} if score is None else {self.primary_metric: score}
            self._change(trial_id, comparable_scores=known)
        for place, trial_id in enumerate(found.equally_good):
            self._change(trial_id, cost_rank=place)
        for trial_id, score_of_part in found.in_doubt.items():
            self._change(trial_id, **self._in_doubt(self.trials[trial_id], score_of_part))
        self._update_standings()
        self.update(**found.expectation._asdict())
        ended = time.monotonic()
        taken = ended - began
        rest = _EXPECTING_REST * taken if taken >= _EXPECTING_SECONDS else 0.0
        self._expecting_again = ended + rest

    def _in_doubt(self, trial: TrialRecord, score_of_part: float) -> dict[str, Any]:
        """Rank of a trial in doubt."""
        own = trial.own_scores.get(self.primary_metric, self.score(trial) or 0.0)
        return {
            "may_be_best": False,
            "comparable_scores": {self.primary_metric: min(score_of_part, own)},
            "cost_rank": len(self.trials),  # of equal ones it comes last
            "notes": list(dict.fromkeys([*trial.notes, trial_notes.LEAD_MAY_BE_CHANCE])),
        }

    def best_trial(self) -> TrialRecord | None:
        """The trial with the highest score (see `leaderboard.in_order` for equal ones)."""
        best = self._standings.best()
        return None if best is None else self.trials[best]

    def score(self, trial: TrialRecord) -> float | None:
        """The trial's best score so far; None if it has none or NaN."""
        return self._standings.score(trial)

    def _scored(self, trial: TrialRecord, new_predictions: Path | None = None) -> dict[str, Any]:
        """Confidence interval of the trial's score, and the score with its own thresholds, if any.

        Args:
            trial: the record before the change.
            new_predictions: file of a best evaluation that is still in the worker's checkpoint. The
                engine has never held them in memory: a worker may be on another machine.
        """
        if new_predictions is None and trial.best_epoch is None:
            return {}
        recorded = store.predictions_path(self.experiment_dir, trial.trial_id)
        predictions = store.load_predictions(new_predictions or recorded)
        members = picture_groups.members(predictions.sample_ids, groups.of(self.experiment_dir))
        low, high = bootstrap_interval(
            self.primary_metric, predictions.probabilities, predictions.labels, members
        )
        own = own_thresholds.scores(self.experiment_dir, predictions, self.primary_metric)
        interval = {} if math.isnan(low) else {"score_low": low, "score_high": high}
        return {"own_scores": own, **interval}

    @property
    def share_done(self) -> float:
        """Share of the search that is done; what an earlier engine did counts, too."""
        share = self._standings.progress(self.experiment.num_trials)
        # a plan fills the time, and rarely reaches its most trials
        return max(share, self.time_limit.share_used()) if self.experiment.plan else share

    def _update_standings(self) -> None:
        changes = self._standings.best_changes(self.experiment.improvements)
        if self.experiment.state is ExperimentState.RUNNING:
            changes["progress"] = self.share_done
        self.update(**changes)

    def _change(self, trial_id: str, **changes: Any) -> None:
        trial = self.trials[trial_id]
        changed = trial.model_copy(update=changes)
        if changed != trial:
            self._save(changed)

    def _save(self, trial: TrialRecord) -> None:
        store.save_trial(self.experiment_dir, trial)
        self._set(trial)

    def _set(self, trial: TrialRecord) -> None:
        self.trials[trial.trial_id] = trial
        self._standings.update(trial)


def _model_files(checkpoint: Path) -> dict[str, Path]:
    """Models and predictions that a worker has saved, by their path in the trial's folder."""
    files = {f"epochs/{folder.name}": folder for folder in checkpoint.glob("epoch-*")}
    if (checkpoint / "model.json").is_file():
        for name in ("model.safetensors", "model.json"):
            files[f"checkpoint/{name}"] = checkpoint / name
        files["predictions.parquet"] = checkpoint / "predictions.parquet"
    if (checkpoint / "out_of_fold.parquet").is_file():
        files["out_of_fold.parquet"] = checkpoint / "out_of_fold.parquet"
    return files
