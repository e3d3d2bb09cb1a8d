"""AutoMode's plan while it runs: each trial is fitted into the time left before it starts."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from automl.engine import fold_rule, forecasting, lagging
from automl.engine.planning import LeftOut, PlannedTrial
from automl.engine.results import Results
from automl.engine.space_points import axis
from automl.experiments import endings, leaderboard, probe_parts
from automl.experiments.records import TrialRecord, TrialState
from automl.jobs import automode, plan_text, schedule, speeds
from automl.jobs.distributions import Choice
from automl.jobs.hyperparameters import (
    LOOKS,
    NETWORKS,
    PROBES,
    has_stages,
    is_mirrored,
    networks_of,
)
from automl.jobs.job import Job
from automl.jobs.schedule import Clock, TimedTrial
from automl.jobs.speeds import Speeds
from automl.jobs.trial_cost import Costs, Features, features_of
from automl.texts import mark

_LEAST_WORK_SECONDS = 1.0
"""Seconds of training and scoring below which a trial says nothing about the speed."""

_NUM_RECENT = 4
_WORTH_SAYING = 1.25
_BOUNDS = (0.2, 20.0)
"""Range of the factors on measured seconds; what is outside is an accident."""


@dataclass(frozen=True)
class _Work:
    """Training and scoring of one trial: seconds by the measured speed, and those it took."""

    model_name: str
    trains: bool
    is_from_scratch: bool
    expected: float
    taken: float


class Pacer:
    """Fits trials into the time left, by the speed of those that have run, and says so."""

    def __init__(  # noqa: PLR0913
        self,
        job: Job,
        results: Results,
        costs: Costs,
        num_at_a_time: int,
        left_out: Sequence[LeftOut] = (),
        measured: Callable[[Sequence[str]], Speeds | None] | None = None,
    ) -> None:
        """Begin with a plan.

        Args:
            job: the job.
            results: its records.
            costs: of trials, by the networks that are measured.
            num_at_a_time: number of trials that run at a time.
            left_out: first trials for which there was no time in the plan.
            measured: measures further networks; None if that is not possible any more.
        """
        self._job, self._results, self._costs = job, results, costs
        self._num_at_a_time, self._measured = num_at_a_time, measured
        self._left_out = list(left_out)
        self._said = 1.0
        """Factor on the measured seconds that the plan was last revised by."""

        self.closing = ""
        """Reason that no further trial starts; empty while some fit."""

        self._forecast_is_said = False
        said = plan_text.NO_TRAINING in results.experiment.plan
        self._is_said_untrained = said and not self._has_trained
        """The plan says that nothing is trained, which no later sentence has revised."""

    def clock(self, values: Mapping[str, Any] | None = None) -> Clock:
        """The time left for trials, and their costs by what has been learnt of the speed.

        values: of the trial that it is for; if left out, one that trains: the end takes longer
        with its model than with one on frozen features.
        """
        factors, other = slowdown(self._costs, self._results.trials.values())
        left = self._results.time_limit.seconds_left() - self._kept_for_end(values, other)
        costs = replace(self._costs, speeds=self._costs.speeds.times(factors, other))
        self._say_speed(other)
        most = schedule.most_for_refit(self._job, costs)
        kept = self._kept_for_refit(most)
        return Clock(
            costs,
            left - kept,
            self._num_at_a_time,
            self._job.training_parameters,
            most_for_refit=most,
            kept_for_refit=kept,
            task=self._job.task,
        )

    def _kept_for_end(self, values: Mapping[str, Any] | None, factor: float) -> float:
        limit = 60 * self._job.limits.timeout_minutes
        return max(
            schedule.kept_of(limit, self._costs, factor, frozen_networks=networks)
            for networks in self._ends(values)
        )

    def seconds_for_end(self) -> float:
        """Seconds before the limit at which trials that are late are ended.

        0 until a network has a score: without one the experiment would be of no use.
        """
        trials = self._results.trials.values()
        if not any(one.evaluations and one.method != "majority_class" for one in trials):
            return 0.0
        running: list[Mapping[str, Any] | None] = [
            one.hyperparameters for one in trials if one.state is TrialState.RUNNING
        ]
        _, factor = slowdown(self._costs, trials)
        kept = max(self._kept_for_end(values, factor) for values in running or [None])
        return schedule.LEAST_FOR_END * kept

    def _ends(self, values: Mapping[str, Any] | None) -> list[int | None]:
        """Models that may be handed out if no other trial follows this one.

        Each by its looks of networks at a picture; None: one that was trained.
        """
        frozen = [self._frozen_that_leads()]
        may_be_trained = values is None or "method" not in values
        if not may_be_trained:
            frozen.append(values)
            may_be_trained = bool(self._uncertain()) or self._may_hand_out_trained()
        looks = [probe_parts.num_looks(each) for each in frozen if each is not None]
        return [*looks, *([None] if may_be_trained else [])]

    def _frozen_that_leads(self) -> Mapping[str, Any] | None:
        """Hyperparameters of the best trial on frozen features.

        None if there is none, or if another trial is better beyond its interval.
        """
        best, metric = self._results.best_trial(), self._results.primary_metric
        trials = self._results.trials.values()
        frozen = [one for one in trials if one.method != "fine_tuning"]
        frozen = leaderboard.by_score(frozen, metric)
        if best is None or not frozen:
            return None
        high = frozen[0].score_high
        is_near = high is None or high >= (best.ranking_score(metric) or 0.0)
        return frozen[0].hyperparameters if is_near else None

    def _may_hand_out_trained(self) -> bool:
        """True if a trained trial is the best so far, may share its ensemble, or is running."""
        best = self._results.best_trial()
        tuned = [one for one in self._results.trials.values() if one.method == "fine_tuning"]
        if any(trial.state is TrialState.RUNNING for trial in tuned):
            return True  # it may become the best one
        return best is not None and any(
            trial.evaluations and _shares_size(trial, best) for trial in tuned
        )

    def _kept_for_refit(self, most: float) -> float:
        """Seconds to fit the best trial so far again; 0 if it is not, or would take too long."""
        best, counts = self._results.best_trial(), self._costs.counts
        if best is None or best.method != "fine_tuning":
            return 0.0
        needed = refit_seconds(best, self._costs.num_pictures / counts.train)
        return needed if needed <= most else 0.0

    def _clock_of_trainings(self, values: Mapping[str, Any] | None = None) -> Clock:
        """The time left without what is kept for further folds of the best training so far.

        Further trainings come after them: with few pictures they could not be told from it.
        """
        clock, trial, counts = self.clock(values), self._uncertain(), self._costs.counts
        if trial is None:
            return clock
        again = refit_seconds(trial, self._costs.num_pictures / counts.train)
        again = again if clock.most_for_refit else 0.0
        left, seconds = clock.seconds + clock.kept_for_refit - again, fold_seconds(trial)
        needed = fold_rule.num_needed(trial, self._results.primary_metric, counts.train)
        num_folds = min(needed, self._num_turns_left(trial), max(0, int(left // seconds)))
        return replace(clock, seconds=clock.seconds - num_folds * seconds)

    def _uncertain(self) -> TrialRecord | None:
        """The trial that gets further folds after the search, if there is time."""
        if self._costs.counts.validation_is_given:
            return None
        trial = fold_rule.uncertain(self._results)
        return trial if trial is not None and self._num_turns_left(trial) else None

    def _num_turns_left(self, trial: TrialRecord) -> int:
        num_done = trial.evidence.further_folds if trial.evidence else 0
        return max(0, self._costs.counts.turns - num_done)

    def fit(self, trial: PlannedTrial) -> PlannedTrial | None:
        """The trial with as many epochs as end in the time left; None if it does not fit.

        A trial that goes on from a kept state stays as it is: its schedule has begun. A probe of
        several networks takes those whose own probes are the best so far. The first trial of a
        network runs in any case.
        """
        if trial.trial_id in self._results.states():
            return trial
        self._measure(trial.requested)
        is_frozen = "method" in trial.requested
        clock = self.clock(trial.requested) if is_frozen else self._clock_of_trainings()
        trial = self._with_best_probe(self._with_best_networks(trial), clock)
        timed = self._fitted(trial.wanted or trial.requested, clock)
        if timed is None:
            return trial if self._is_first else None
        if self._is_said_untrained and not is_frozen:
            self._say_regained(trial, timed)
        before = trial.hyperparameters.complete.number_of_epochs
        if timed.values == trial.requested:
            return trial
        if trial.trial_id in self._results.trials:  # it was planned otherwise
            name, after = self._named(trial), timed.values["number_of_epochs"]
            self._say(plan_text.changed(self._seconds, name, before=before, after=after))
        return PlannedTrial.of(trial.number, timed.values, trial.proposal)

    def lags(self, trial: PlannedTrial) -> bool:
        """True if networks that were trained from scratch are far behind, and this is another one.

        A trial that goes on from a kept state has begun.
        """
        if not _is_from_scratch(trial.requested) or trial.trial_id in self._results.states():
            return False
        ended = [one for one in self._ranked("fine_tuning") if one.state.is_finished]
        tried = [one for one in ended if _is_from_scratch(one.hyperparameters)]
        return bool(tried) and self._is_far_behind(tried[0])

    def _is_far_behind(self, trial: TrialRecord) -> bool:
        score = self._results.score(trial)
        return score is not None and lagging.is_far_behind(self._results, trial, score)

    def _measure(self, values: Mapping[str, Any]) -> None:
        """Measure a network that is to be trained: the start of the search has disturbed an earlier
        measurement, and without any a network is compared by its multiply-adds."""
        if self._measured is None or "method" in values:
            return
        names = speeds.unsettled(networks_of(values), self._costs.speeds)
        if not names or self.clock().seconds <= 0:  # its end needs the time that is left
            return
        found = self._measured(names)
        if found is None:
            self._measured = None
        else:
            self._costs = replace(self._costs, speeds=found)

    @property
    def _is_first(self) -> bool:
        """True before any network is tried: without one the experiment would be of no use."""
        return all(
            trial.started_at is None or trial.method == "majority_class"
            for trial in self._results.trials.values()
        )

    @property
    def _has_trained(self) -> bool:
        """True if a training was scored."""
        return any(
            trial.method == "fine_tuning" and trial.evaluations
            for trial in self._results.trials.values()
        )

    def leave_out(self, trial: PlannedTrial) -> None:
        """Record that a planned trial does not fit, or lags; a resumed one plans it again."""
        name = self._named(trial)
        if self.lags(trial):
            self._say(plan_text.lagging(self._seconds, name))
            self._results.cut_short(trial.trial_id, endings.LAGGING)
            return
        clock = self.clock()
        needed = clock.cost(trial.requested, self._known_features()).seconds
        self._say(plan_text.left_out(self._seconds, name, needed, clock.seconds))
        reason = endings.LEFT_OUT.format(time=plan_text.about(needed))
        self._results.cut_short(trial.trial_id, reason)

    def regained(self, number: int, following: PlannedTrial | None) -> PlannedTrial | None:
        """A trial that the plan had no time for, if the machine is fast enough to have it now.

        A baseline runs before the next training. So does a training that the recipes put before it;
        any other training runs after all that are planned.

        Args:
            number: its number.
            following: the next of the planned trials; None if there is none.
        """
        if not self._left_out or (following and "method" in following.requested):
            return None
        has_training = following is not None or self._has_trained
        share = schedule.BASELINE_SHARE if has_training else 1.0
        left_out = [one for one in self._left_out if _comes_before(one, following)]
        found = self._fitting([one.values for one in left_out], share)
        if found is None:
            return None
        values, timed = found
        self._left_out = [one for one in self._left_out if one.values != values]
        left = plan_text.kinds((one.values for one in self._left_out), self.clock())
        self._results.update(left_out=left)
        trial = PlannedTrial.of(number, timed.values)
        self._say_regained(trial, timed)
        return trial

    def _say_regained(self, trial: PlannedTrial, timed: TimedTrial) -> None:
        """Record a trial that the plan has no time for."""
        self._is_said_untrained &= "method" in trial.requested
        self._say(plan_text.regained(self._seconds, self._named(trial), timed.seconds))

    def _named(self, trial: PlannedTrial) -> str:
        """`a probe of resnet18 (trial-004)`; `the majority class`, of which there is one."""
        name = plan_text.named(trial.requested, self.clock(), with_epochs=False)
        is_one = trial.requested.get("method") == "majority_class"
        return name if is_one else f"{name} ({trial.trial_id})"

    def filling(self, training: PlannedTrial) -> PlannedTrial | None:
        """A probe in place of a training that does not fit, or lags; None if none fits."""
        found = self._fitting(self._further_probes(), 1.0)
        if found is None:
            return None
        lags, clock = self.lags(training), self.clock()
        self._say(plan_text.filled(self._seconds, found[0], clock, lags=lags))
        return PlannedTrial.of(training.number, found[0])

    def _fitting(
        self, trials: Iterable[Mapping[str, Any]], share: float
    ) -> tuple[Mapping[str, Any], TimedTrial] | None:
        """The first that fits into the time left, as a baseline into a share of it."""
        known = self._known_features()
        for values in trials:
            self._measure(values)
            clock = self._clock_of_trainings(values)
            timed = schedule.within_share(share, values, clock, known)
            if timed is not None:
                return values, timed
        return None

    def _further_probes(self) -> list[dict[str, Any]]:
        """Probes that were not tried: of each network, of the best together, with all stages of
        these, and mirrored."""
        probes, trained = self._ranked("linear_probe"), self._ranked("fine_tuning")
        fixed = {"method", "checkpoint_run_id", *NETWORKS} & set(self._job.training_parameters)
        if fixed or not probes:
            return []
        names = list(dict.fromkeys(trial.model_name for trial in (*probes, *trained)))
        looks = [look for look in LOOKS if look not in self._job.training_parameters]
        values = {**probes[0].hyperparameters, **dict.fromkeys(looks, False)}
        found = [{**values, "model_name": name} for name in names]
        found += [
            automode.joined(values, names[:number]) for number in (2, 3) if names[number - 1 :]
        ]
        for look in looks:
            found += [{**probe, look: True} for probe in found]
        tried = self._tried_probes()
        return [probe for probe in found if _looks(probe) not in tried]

    def _tried_probes(self) -> list[tuple[set[str], bool, bool]]:
        """Networks and looks of the probes that have begun."""
        return [
            _looks(trial.hyperparameters)
            for trial in self._results.trials.values()
            if trial.method in PROBES and trial.started_at is not None
        ]

    def with_faster_network(
        self, trial: PlannedTrial, sub_spaces: Iterable[Mapping[str, Any]]
    ) -> PlannedTrial | None:
        """A proposed trial with the fastest of the networks of its sub-space, if that fits.

        It is not a point that the sampler has proposed any more.
        """
        for index, sub_space in enumerate(sub_spaces):
            names = sub_space.get("model_name")
            if axis(index, "model_name") in (trial.proposal or {}) and isinstance(names, Choice):
                cost = self.clock().cost
                fastest = min(
                    names.values,
                    key=lambda name: cost({**trial.requested, "model_name": name}).seconds,
                )
                values = {**trial.requested, "model_name": fastest}
                return self.fit(PlannedTrial.of(trial.number, values))
        return None

    def ends_without_gain(self, *, is_recipe: bool) -> bool:
        """True if the job wants the search to end now, since further trials would gain nothing.

        The forecast is said once, whatever the job wants.

        Args:
            is_recipe: the next trial is one of the plan's own. The scores of others say little
                about it, unless no score can be higher.
        """
        usual = forecasting.usual_seconds(self._results) or math.inf
        left = max(0.0, self.clock().seconds)
        num_left = self._job.limits.max_trials - len(self._results.trials)
        num_further = max(1, min(num_left, int(left / usual * self._num_at_a_time)))
        expected = forecasting.outlook(self._results, num_further)
        if expected is None or not expected.is_lost_in_noise:
            return False
        if is_recipe and not expected.is_perfect:
            return False
        clause = plan_text.no_gain(expected.gain, left, expected.standard_error)
        if not self._forecast_is_said:
            said = mark("Forecast at {time}: {clause}")
            self._say(said.format(time=plan_text.clock_time(self._seconds), clause=clause))
            self._forecast_is_said = True
        if self._job.limits.stop_when_no_gain:
            self.closing = mark("The search ended: {clause}").format(clause=clause)
        return bool(self.closing)

    def close(self) -> None:
        """No further trial fits."""
        left = self._results.time_limit.seconds_left()
        time, trial = plan_text.about(max(0.0, left)), self._uncertain()
        if trial and self._clock_of_trainings().seconds < self.clock().seconds:
            self.closing = endings.ROOM_FOR_FOLDS.format(time=time, trial=trial.trial_id)
        else:
            self.closing = endings.NO_ROOM_LEFT.format(time=time)

    def _fitted(self, values: Mapping[str, Any], clock: Clock) -> TimedTrial | None:
        return schedule.fitted(values, clock, self._known_features())

    def _known_features(self) -> set[Features]:
        return {
            key
            for trial in self._results.trials.values()
            if trial.best_epoch is not None
            for key in features_of(trial.hyperparameters)
        }

    def _with_best_networks(self, trial: PlannedTrial) -> PlannedTrial:
        """A probe of several networks with as many that have the best probes of their own."""
        values = trial.requested
        is_fixed = bool(set(NETWORKS) & set(self._job.training_parameters))
        if values.get("method") != "concatenated_probe" or is_fixed:
            return trial
        planned = networks_of(values)
        ranked = self._probes(values, ("linear_probe",))
        names = list(dict.fromkeys(probe.model_name for probe in ranked))[: len(planned)]
        if len(names) < len(planned) or set(names) == set(planned):
            return trial
        self._say(plan_text.other_networks(self._seconds, names))
        changed = {**values, **dict(zip(NETWORKS, names, strict=False))}
        return PlannedTrial.of(trial.number, changed, trial.proposal)

    def _with_best_probe(self, trial: PlannedTrial, clock: Clock) -> PlannedTrial:
        """A probe with all stages, or with mirror images, that is else the best one that fits.

        One that was tried before is not tried again.
        """
        values = trial.requested
        look = next((look for look in reversed(LOOKS) if values.get(look)), None)
        if look is None or "model_name" in self._job.training_parameters:
            return trial
        tried = self._tried_probes()
        for probe in self._probes(values, PROBES):
            wanted = {**probe.hyperparameters, look: True}
            if _looks(wanted) in tried:
                continue
            if wanted == values:
                return trial
            if self._fitted(wanted, clock) is not None:
                self._say(plan_text.other_probe(self._seconds, look, probe.title))
                return PlannedTrial.of(trial.number, wanted, trial.proposal)
        return trial

    def _probes(self, values: Mapping[str, Any], methods: Sequence[str]) -> list[TrialRecord]:
        """Scored probes of pictures of the same size, without mirror images, the best first."""
        size = values.get("training_crop_size")
        ranked = self._ranked(*methods)
        return [one for one in ranked if one.hyperparameters.get("training_crop_size") == size]

    def _ranked(self, *methods: str) -> list[TrialRecord]:
        """Scored trials of these methods, without mirror images, the best first."""
        trials = [
            one
            for one in self._results.trials.values()
            if one.method in methods
            and one.best_epoch is not None
            and not is_mirrored(one.hyperparameters)
        ]
        return leaderboard.by_score(trials, self._results.primary_metric)

    @property
    def _seconds(self) -> float:
        return self._results.experiment.seconds or 0.0

    def _say_speed(self, factor: float) -> None:
        """Record a factor that differs from the last one that was said."""
        if abs(math.log(factor / self._said)) > math.log(_WORTH_SAYING):
            self._said = factor
            self._say(plan_text.revised(self._seconds, factor))

    def _say(self, sentence: str) -> None:
        self._results.update(plan=[*self._results.experiment.plan, sentence])


def _comes_before(trial: LeftOut, following: PlannedTrial | None) -> bool:
    """True if a trial that the plan left out may run before the next training."""
    return following is None or "method" in trial.values or trial.place <= following.number


def _is_from_scratch(values: Mapping[str, Any]) -> bool:
    """True if a training starts from no pretrained weights although there may be some."""
    return "method" not in values and values.get("pretrained") == "never"


def _shares_size(trial: TrialRecord, other: TrialRecord) -> bool:
    """True if trials may be averaged as far as their pictures go."""
    size = "training_crop_size"
    return trial.hyperparameters.get(size) == other.hyperparameters.get(size)


def _looks(values: Mapping[str, Any]) -> tuple[set[str], bool, bool]:
    """The networks of a probe, in whatever order, and what it sees of a picture."""
    return set(networks_of(values)), has_stages(values), is_mirrored(values)


def refit_seconds(trial: TrialRecord, growth: float) -> float:
    """Seconds to fit a trial again, by those that it took.

    Args:
        trial: a fine-tuned trial that was scored.
        growth: number of all pictures as a multiple of those it was trained on.
    """
    training = sum(one.train_seconds for one in trial.evaluations)
    scoring = sum(one.evaluation_seconds for one in trial.evaluations)
    start = max(0.0, (trial.seconds or 0.0) - training - scoring)
    return start + growth * training + scoring / len(trial.evaluations)


def fold_seconds(trial: TrialRecord) -> float:
    """Seconds to train a trial again without other pictures; it then has about as many."""
    return refit_seconds(trial, 1.1)


def slowdown(costs: Costs, trials: Iterable[TrialRecord]) -> tuple[dict[str, float], float]:
    """Factors on the measured seconds of training and scoring, by network and for others.

    A network that has been trained has the factor of its last training; all others have that of
    the last trials together. Networks from scratch see pictures of another size than all others,
    and have a factor of their own.
    """
    works = [work for trial in trials if (work := _work(costs, trial)) is not None]
    works = [work for work in works if work.expected + work.taken >= 2 * _LEAST_WORK_SECONDS]
    if not works:
        return {}, 1.0
    from_scratch = [work for work in works if work.is_from_scratch]
    others = [work for work in works if not work.is_from_scratch] or from_scratch
    factors = dict.fromkeys(automode.SCRATCH, _factor(from_scratch)) if from_scratch else {}
    factors |= {work.model_name: _factor([work]) for work in works if work.trains}
    return factors, _factor(others)


def _factor(works: Sequence[_Work]) -> float:
    """Seconds that the last of them took, as a multiple of what was expected."""
    recent = works[-_NUM_RECENT:]
    return _within_bounds(sum(w.taken for w in recent) / sum(w.expected for w in recent))


def _within_bounds(factor: float) -> float:
    return min(max(factor, _BOUNDS[0]), _BOUNDS[1])


def _work(costs: Costs, trial: TrialRecord) -> _Work | None:
    """Work of a training up to its last evaluation, or of a probe that took long.

    A probe that took less than expected may have found its features in the cache.
    """
    if not trial.evaluations:
        return None
    if trial.method == "linear_probe" and trial.seconds is not None:
        cost = costs.of(trial.hyperparameters)
        taken = max(cost.seconds, trial.seconds)
        return _Work(trial.model_name, False, False, cost.seconds, taken)
    if trial.method != "fine_tuning":
        return None
    values = {**trial.effective, **trial.hyperparameters}
    training, scoring = costs.of_epoch(values)
    expected = trial.evaluations[-1].epoch * training + len(trial.evaluations) * scoring
    taken = sum(one.train_seconds + one.evaluation_seconds for one in trial.evaluations)
    is_from_scratch = _is_from_scratch(trial.hyperparameters)
    return _Work(trial.model_name, True, is_from_scratch, expected, taken)
