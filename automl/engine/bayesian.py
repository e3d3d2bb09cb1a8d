"""Bayesian sampling: Optuna's TPE proposes each trial from the scores of those that have ended."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import optuna
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

from automl.engine.pacing import Pacer
from automl.engine.planning import PlannedTrial, id_of_number, requested
from automl.engine.results import Results
from automl.engine.space_points import SUB_SPACE, axis, holds, moved, point_of
from automl.errors import UserError
from automl.experiments.records import TrialRecord
from automl.jobs.distributions import BOUNDED, Choice, RandInt
from automl.jobs.job import Job

_STUDY, _SCORE, _REQUESTED = "search", "score", "requested"
_MAX_RANDOM = 10


class Bayesian(Searcher):  # type: ignore[misc]
    """Numbers and records Optuna's proposals, and tells Optuna their scores.

    Optuna's study is rebuilt from our records whenever a search starts: it is told the trials that
    have ended, and proposes those that were cut short again with the same values. The random
    numbers of a proposal depend only on the seed and its number. So a resumed search with one trial
    at a time goes on as if it had never ended.
    """

    def __init__(
        self,
        job: Job,
        results: Results,
        sub_spaces: Sequence[Mapping[str, Any]],
        first: Sequence[PlannedTrial] = (),
        pacer: Pacer | None = None,
    ) -> None:
        """Rebuild the study.

        Args:
            job: the job.
            results: its records.
            sub_spaces: what to draw from.
            first: trials to begin with, those that have not ended yet; they are recorded already.
            pacer: fits trials into the time left; None runs them as they are.
        """
        super().__init__()
        self._job, self._results = job, results
        self._sub_spaces, self._pacer = sub_spaces, pacer
        self._first = {trial.number: self._of_this_space(trial) for trial in first}
        self._numbers: dict[str, int] = {}
        seed = job.sweep.sampling_algorithm.seed if job.sweep else None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        records = sorted(results.trials.values(), key=lambda trial: trial.number)
        self._next = [trial.number for trial in records if not trial.is_kept]
        self._next += range(len(records), job.limits.max_trials)
        self._storage = self._study(records)
        self._moved: set[str] = set()
        self._optuna = OptunaSearch(
            space=_Space(sub_spaces),
            metric=_SCORE,
            mode="max",
            sampler=_Repeatable(job.seed if seed is None else seed, job.limits.max_trials),
            storage=self._storage,
            study_name=_STUDY,
        )

    def suggest(self, trial_id: str) -> Any:
        """Configuration of the next trial; values that cannot be trained are a failed trial."""
        while self._next:
            first = self._first.get(self._next[0])
            if self._pacer is not None and self._pacer.ends_without_gain(is_recipe=bool(first)):
                self._next.clear()
                break
            regained = self._regained(first)
            number = self._next.pop(0) if regained is None else regained.number
            self._numbers[trial_id] = number
            if regained is not None:
                trial: PlannedTrial | None = regained
            elif first is not None and first.proposal is None:  # not a point of the space
                trial = first
            else:
                trial = self._proposed(trial_id, number)
            if trial is not None and self._pacer is not None:
                trial = self._in_time(self._pacer, trial, trial_id)
            if trial is not None:
                self._results.plan([trial])
                return {"trial": trial.to_text()}
        return Searcher.FINISHED

    def _regained(self, first: PlannedTrial | None) -> PlannedTrial | None:
        """A trial that the plan left out and that fits now, before the next one."""
        number = next((each for each in self._next if each not in self._first), None)
        if self._pacer is None or number is None:
            return None
        trial = self._pacer.regained(number, first)
        if trial is not None:
            self._next.remove(number)
        return trial

    def _proposed(self, trial_id: str, number: int) -> PlannedTrial | None:
        """Optuna's next trial; None if it cannot be trained, which is a failed trial."""
        proposal = self._optuna.suggest(trial_id)
        values = requested(self._job, proposal.pop(_REQUESTED))
        if number in self._first:
            return self._first[number]
        try:
            return PlannedTrial.of(number, values, proposal)
        except UserError as error:
            self._results.refused(number, values, proposal, error)
            self._optuna.on_trial_complete(trial_id, None, error=True)
            return None

    def _in_time(self, pacer: Pacer, trial: PlannedTrial, trial_id: str) -> PlannedTrial | None:
        """The trial as it fits into the time left, with a faster network if it has to.

        One that lags comes after all probes that fit, and is left out if it was planned.
        """
        if pacer.lags(trial):
            if trial.number in self._first:
                pacer.leave_out(trial)
                return None
            probe = self._probe_in_place_of(pacer, trial, trial_id)
            if probe is not None:
                return probe
        fitting = pacer.fit(trial) or pacer.with_faster_network(trial, self._sub_spaces)
        if fitting is None:
            return self._in_place_of(pacer, trial, trial_id)
        if fitting.requested == trial.requested:
            return fitting
        proposal = moved(trial.proposal, fitting.requested, self._sub_spaces)
        if proposal != trial.proposal:  # Optuna is told the score of the point that is tried
            self._optuna.on_trial_complete(trial_id, None, error=True)
            self._moved.add(trial_id)
        return replace(fitting, proposal=proposal)

    def _in_place_of(self, pacer: Pacer, trial: PlannedTrial, trial_id: str) -> PlannedTrial | None:
        """A probe that fills the time in which a trial does not end; without any the search ends.

        A first trial is left out, and the next one takes its place.
        """
        if trial.number in self._first:
            pacer.leave_out(trial)
            return None
        probe = self._probe_in_place_of(pacer, trial, trial_id)
        if probe is None:
            pacer.close()
            self._next.clear()
        return probe

    def _probe_in_place_of(
        self, pacer: Pacer, trial: PlannedTrial, trial_id: str
    ) -> PlannedTrial | None:
        """A probe that was not tried yet; None if none fits."""
        probe = pacer.filling(trial)
        if probe is not None and trial.proposal is not None:  # else Optuna does not know it
            self._optuna.on_trial_complete(trial_id, None, error=True)
        return probe

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        pass  # Optuna is told the best score, which is known at the end

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        record = self._results.trials[id_of_number(self._numbers[trial_id])]
        if record.proposal is None or not holds(record.proposal, self._sub_spaces):
            return
        score = self._results.score(record)
        if trial_id in self._moved:
            study = optuna.load_study(study_name=_STUDY, storage=self._storage)
            study.add_trial(self._ended(record, record.proposal))
            return
        told = None if score is None else {_SCORE: score}
        self._optuna.on_trial_complete(trial_id, told, error=score is None)

    def save(self, checkpoint_path: str) -> None:
        pass  # Ray's own state is never restored

    def restore(self, checkpoint_path: str) -> None:
        raise NotImplementedError("a search is rebuilt from its records")

    def _study(self, records: Sequence[TrialRecord]) -> optuna.storages.BaseStorage:
        storage = optuna.storages.InMemoryStorage()
        study = optuna.create_study(storage=storage, study_name=_STUDY, direction="maximize")
        for record in records:
            if record.is_kept:
                if (ended := self._told(record)) is not None:
                    study.add_trial(ended)
            elif (proposal := self._left_proposal(record)) is not None:
                study.enqueue_trial(proposal)
        return storage

    def _of_this_space(self, trial: PlannedTrial) -> PlannedTrial:
        """The trial as no proposal if it is one of a space that the search had before."""
        is_known = trial.proposal is None or holds(trial.proposal, self._sub_spaces)
        return trial if is_known else replace(trial, proposal=None)

    def _left_proposal(self, record: TrialRecord) -> Mapping[str, Any] | None:
        first = self._first.get(record.number)
        return record.proposal if first is None else first.proposal

    def _told(self, record: TrialRecord) -> optuna.trial.FrozenTrial | None:
        """A trial that has ended, for Optuna; None if it is no point of the space."""
        if record.proposal is not None and holds(record.proposal, self._sub_spaces):
            return self._ended(record, record.proposal)
        if not self._job.is_sweep or record.hyperparameters.get("checkpoint_run_id"):
            return None
        # it was tried before the space changed, or before there was one
        point = point_of({**record.effective, **record.hyperparameters}, self._sub_spaces)
        return None if point is None else self._ended(record, point)

    def _ended(self, record: TrialRecord, proposal: Mapping[str, Any]) -> optuna.trial.FrozenTrial:
        """A trial that has ended, for Optuna."""
        score, state = self._results.score(record), optuna.trial.TrialState
        return optuna.trial.create_trial(
            state=state.FAIL if score is None else state.COMPLETE,
            value=score,
            params=dict(proposal),
            distributions=_Space(self._sub_spaces).distributions(proposal),
        )


class _Space:
    """The job's search space as Optuna's define-by-run function: a sub-space, then its values.

    Optuna proposes values before they are shaped: logarithms where the bounds are logarithms, and
    without steps. Its names consist of the sub-space and the hyperparameter.
    """

    def __init__(self, sub_spaces: Sequence[Mapping[str, Any]]) -> None:
        self._sub_spaces = sub_spaces

    def __call__(self, trial: Any) -> dict[str, Any]:
        index = trial.suggest_categorical(SUB_SPACE, list(range(len(self._sub_spaces))))
        values = {
            name: _suggested(trial, axis(index, name), value)
            for name, value in self._sub_spaces[index].items()
        }
        return {_REQUESTED: values}

    def distributions(
        self, proposal: Mapping[str, Any]
    ) -> dict[str, optuna.distributions.BaseDistribution]:
        """Distribution of each value of an earlier proposal."""
        fixed = optuna.trial.FixedTrial(dict(proposal))
        self(fixed)
        return dict(fixed.distributions)


def _suggested(trial: Any, name: str, value: Any) -> Any:
    if isinstance(value, Choice):
        return trial.suggest_categorical(name, value.values)
    if isinstance(value, RandInt):
        return trial.suggest_int(name, 0, value.upper - 1)
    if isinstance(value, BOUNDED):
        return value.shaped(trial.suggest_float(name, value.min_value, value.max_value))
    return value


class _Repeatable(optuna.samplers.BaseSampler):  # type: ignore[misc]
    """TPE whose random numbers depend only on the seed and the number of the trial."""

    def __init__(self, seed: int, max_trials: int) -> None:
        self._seed = seed
        # trials with random values, before the first that TPE proposes; Optuna's default of ten
        # would be all of a short search
        self._num_random = min(_MAX_RANDOM, 2 + max_trials // 4)

    def before_trial(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._tpe = optuna.samplers.TPESampler(
                seed=(self._seed * 1_000_003 + trial.number) % 2**32,
                n_startup_trials=self._num_random,
                multivariate=True,
                group=True,  # the sub-spaces have different values
            )

    def infer_relative_search_space(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial
    ) -> dict[str, optuna.distributions.BaseDistribution]:
        space: dict[str, optuna.distributions.BaseDistribution]
        space = self._tpe.infer_relative_search_space(study, trial)
        return space

    def sample_relative(
        self,
        study: optuna.Study,
        trial: optuna.trial.FrozenTrial,
        search_space: dict[str, optuna.distributions.BaseDistribution],
    ) -> dict[str, Any]:
        values: dict[str, Any] = self._tpe.sample_relative(study, trial, search_space)
        return values

    def sample_independent(
        self,
        study: optuna.Study,
        trial: optuna.trial.FrozenTrial,
        param_name: str,
        param_distribution: optuna.distributions.BaseDistribution,
    ) -> Any:
        return self._tpe.sample_independent(study, trial, param_name, param_distribution)
