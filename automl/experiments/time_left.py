"""How long a search will still take, as a range, from what its trials have taken so far. Pure.

An epoch of a network takes what its last epochs took, on a machine that is as busy as it is now; an
epoch of a network that has not been trained yet is compared by its multiply-adds. Baselines take
what those before them took. The places for trials are filled in the order of the trials, and the
end takes about as long as the start: both import libraries and read weights.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any, NamedTuple

from automl.experiments.records import ExperimentRecord, ExperimentState, TrialRecord, TrialState
from automl.jobs import model_catalog
from automl.texts import _, ngettext

_NUM_RECENT = 3
"""Epochs, of one trial or of one network, that say how fast the machine is now."""

_OWN, _SAME_NETWORK, _OTHER_NETWORK = (0.85, 1.25), (0.75, 1.4), (0.5, 2.0)
"""Lowest and highest factor on an epoch that is expected by the trial itself, by another trial of
its network, and by other networks."""

_POWER = 0.6

_BASELINE = (0.3, 2.5)
_UNKNOWN_BASELINE_SECONDS = 10.0
_LEAST_SHARE = 0.8
"""Share of its epochs after which a trial may stop early though none has yet."""

_END = (0.5, 2.5)
"""Factors on the seconds before the first trial that the end takes: export and verification."""

_MOST_START_SECONDS = 90.0
"""Seconds before the first trial that say something about the end; the rest is the data's."""

_WORTH_SAYING, _WORTH_SAYING_SECONDS = 0.15, 15.0
LOOK_BACK_SECONDS = 60.0


class Span(NamedTuple):
    """Seconds: a range and what lies in it most likely."""

    low: float
    likely: float
    high: float

    def without(self, seconds: float) -> "Span":
        """The rest after some of it has passed."""
        return Span(*(max(0.0, each - seconds) for each in self))

    def plus(self, other: "Span") -> "Span":
        """Both, one after the other."""
        return Span(*(one + two for one, two in zip(self, other, strict=True)))

    def at_most(self, seconds: float) -> "Span":
        """The range up to this number."""
        return Span(*(min(each, seconds) for each in self))


NOTHING = Span(0.0, 0.0, 0.0)


class Pace(NamedTuple):
    """Seconds of an epoch, and the factors of its range."""

    seconds: float
    factors: tuple[float, float]


@dataclass(frozen=True)
class TimeLeft:
    """Forecast of the rest of a search that runs."""

    whole: Span | None
    """Until the experiment has ended; None while the speed of the machine is being learnt."""

    by_trial: Mapping[str, Span]
    """Time until the end of each trial that runs, and the whole time of each that waits."""

    at_most: float | None
    """Seconds until the time limit ends the search; None without one."""

    paces: Mapping[str, Pace] = field(default_factory=dict)
    """Pace of each trial that is trained."""


def estimate(record: ExperimentRecord, trials: Sequence[TrialRecord], now: datetime) -> TimeLeft:
    """Estimate the rest of a search.

    Args:
        record: of an experiment that runs.
        trials: all of its trials; their times may lie before `now`, none after.
        now: the moment.
    """
    speed = _Speed(trials)
    open_trials = [t for t in trials if not t.state.is_finished]
    spans = {trial.trial_id: speed.rest(trial, now) for trial in open_trials}
    known = {trial_id: span for trial_id, span in spans.items() if span is not None}
    paces = {t.trial_id: pace for t in open_trials if (pace := speed.pace(t)) is not None}
    at_most = (record.deadline - now).total_seconds() if record.deadline else None
    is_known = len(known) == len(spans) and any(t.evaluations for t in trials)
    if record.state is not ExperimentState.RUNNING or not is_known:
        return TimeLeft(None, known, at_most, paces)
    whole = _search(record, open_trials, known, speed, max(0, record.num_trials - len(trials)))
    if record.plan:  # AutoMode need not find further trials that fit
        whole = whole._replace(low=_search(record, open_trials, known, speed, 0).low)
    end = _end(record, trials, now)
    if at_most is not None:
        known = {trial_id: span.at_most(max(0.0, at_most)) for trial_id, span in known.items()}
        # AutoMode keeps time for the end within the limit, others begin it then
        is_within = bool(record.plan) and whole.low + end.low <= at_most
        whole = whole.at_most(max(0.0, at_most)).plus(end)
        whole = whole.at_most(at_most) if is_within else whole
    else:
        whole = whole.plus(end)
    return TimeLeft(whole, known, at_most, paces)


def why_later(record: ExperimentRecord, trials: Sequence[TrialRecord], now: datetime) -> str:
    """Say why the end is expected later than a minute ago; empty if it is not.

    Nothing is remembered: the search is looked at as it was then.
    """
    elapsed = (now - record.started_at).total_seconds() if record.started_at else 0.0
    then = now - timedelta(seconds=max(LOOK_BACK_SECONDS, elapsed / 10))
    before_trials = as_of(record, trials, then)
    before, after = estimate(record, before_trials, then), estimate(record, trials, now)
    if before.whole is None or after.whole is None:
        return ""
    later = after.whole.likely + (now - then).total_seconds() - before.whole.likely
    if later < max(_WORTH_SAYING_SECONDS, _WORTH_SAYING * before.whole.likely):
        return ""
    slower = {
        trial_id: pace.seconds / before.paces[trial_id].seconds
        for trial_id, pace in after.paces.items()
        if trial_id in before.paces
    }
    worst = max(slower, key=slower.__getitem__, default=None)
    if worst is not None and slower[worst] > 1 + _WORTH_SAYING:
        trial = next(each for each in trials if each.trial_id == worst)
        old, new = before.paces[worst].seconds, after.paces[worst].seconds
        return _(
            "Later than expected: an epoch of {trial} takes {time} instead of {before}."
        ).format(trial=f"#{trial.number} {trial.title}", time=_seconds(new), before=_seconds(old))
    known = {trial.trial_id for trial in before_trials}
    added = [trial for trial in trials if trial.trial_id not in known]
    if added:
        return ngettext(
            "Later than expected: {count} more trial is known now.",
            "Later than expected: {count} more trials are known now.",
            len(added),
        ).format(count=len(added))
    return _("Later than expected: the machine is busier than a minute ago.")


def as_of(
    record: ExperimentRecord, trials: Iterable[TrialRecord], moment: datetime
) -> list[TrialRecord]:
    """The trials of an experiment that were known at a moment, as they were recorded then."""
    return [
        _as_of(trial, moment)
        for trial in trials
        if (trial.started_at and trial.started_at <= moment) or _is_first(record, trial)
    ]


def _is_first(record: ExperimentRecord, trial: TrialRecord) -> bool:
    """True if a trial was known before any trial started."""
    if record.num_first_trials is None:
        return trial.proposal is None and not trial.members
    return trial.number < record.num_first_trials


def _as_of(trial: TrialRecord, moment: datetime) -> TrialRecord:
    if trial.ended_at is not None and trial.ended_at <= moment:
        return trial
    unfinished: dict[str, Any] = {"state": TrialState.RUNNING}
    if trial.started_at is None or trial.started_at > moment:
        unfinished = {"state": TrialState.PENDING, "started_at": None, "effective": {}}
    evaluations = [each for each in trial.evaluations if each.finished_at <= moment]
    return trial.model_copy(update={"ended_at": None, "evaluations": evaluations, **unfinished})


class _Speed:
    """Times that trials have taken."""

    def __init__(self, trials: Sequence[TrialRecord]) -> None:
        self._by_network: dict[tuple[str, int], list[tuple[datetime, float]]] = {}
        self._baselines: dict[str, list[float]] = {}
        self._shares: list[float] = []
        self._overheads: list[float] = []
        for trial in trials:
            self._learn(trial)
        for epochs in self._by_network.values():
            epochs.sort()
        latest = [
            (moment, seconds / _work(name, side))
            for (name, side), epochs in self._by_network.items()
            for moment, seconds in epochs[-_NUM_RECENT:]
        ]
        self._by_work = [seconds for _, seconds in sorted(latest)[-2 * _NUM_RECENT :]]

    def _learn(self, trial: TrialRecord) -> None:
        has_ended = trial.is_kept
        if trial.method != "fine_tuning":
            if has_ended and trial.evaluations and trial.seconds is not None and not trial.members:
                self._baselines.setdefault(trial.method, []).append(trial.seconds)
            return
        if not trial.evaluations:
            return
        epochs = self._by_network.setdefault(_network(trial), [])
        paces = _paces(trial)
        recent = trial.evaluations[-len(paces) :]
        epochs += list(zip([each.finished_at for each in recent], paces, strict=True))
        if trial.started_at is not None:
            first = trial.evaluations[0]
            start = (first.finished_at - trial.started_at).total_seconds() - trial.paused_seconds
            self._overheads.append(max(0.0, start - first.train_seconds - first.evaluation_seconds))
        planned = planned_epochs(trial)
        if has_ended and planned:
            self._shares.append(min(1.0, trial.evaluations[-1].epoch / planned))

    def pace(self, trial: TrialRecord) -> Pace | None:
        """Seconds of an epoch; None for a baseline, and while nothing is known."""
        if trial.method != "fine_tuning":
            return None
        if trial.evaluations:
            return Pace(fmean(_paces(trial)[-_NUM_RECENT:]), _OWN)
        if epochs := self._by_network.get(_network(trial)):
            seconds = [each for _, each in epochs[-_NUM_RECENT:]]
            return Pace(fmean(seconds), _SAME_NETWORK)
        if self._by_work:
            return Pace(fmean(self._by_work) * _work(*_network(trial)), _OTHER_NETWORK)
        return None

    def rest(self, trial: TrialRecord, now: datetime) -> Span | None:
        """Seconds until a trial ends that runs, or the whole time of one that waits."""
        running = trial.started_at is not None
        so_far = (now - trial.started_at).total_seconds() if trial.started_at else 0.0
        so_far = max(0.0, so_far - trial.paused_seconds)
        if trial.method != "fine_tuning":
            return self._baseline(trial.method).without(so_far if running else 0.0)
        pace, planned = self.pace(trial), planned_epochs(trial)
        if pace is None or not planned:
            return None
        done = trial.evaluations[-1].epoch if trial.evaluations else 0
        if done:
            passed, start = (now - trial.evaluations[-1].finished_at).total_seconds(), 0.0
        else:
            passed, start = so_far, fmean(self._overheads or [3.0])
        epochs = (
            max(0.0, share * planned - done)
            for share in (min([_LEAST_SHARE, *self._shares]), fmean([1.0, *self._shares]), 1.0)
        )
        low, likely, high = epochs
        # an epoch that takes longer than those before it says that the others will, too
        slower = max(pace.seconds, passed - start)
        rest = Span(
            start + low * pace.factors[0] * pace.seconds,
            start + likely * slower,
            start + high * pace.factors[1] * slower,
        )
        return rest.without(max(0.0, passed))

    def usual(self) -> Span:
        """The whole time of a trial of which nothing is known."""
        baselines = [seconds for one in self._baselines.values() for seconds in one]
        usual = fmean(self._by_work or baselines or [0.0])
        return Span(*(usual * factor for factor in (0.2, 1.0, 3.0)))

    def _baseline(self, method: str) -> Span:
        taken = self._baselines.get(method) or [s for one in self._baselines.values() for s in one]
        usual = fmean(taken) if taken else _UNKNOWN_BASELINE_SECONDS
        return Span(usual * _BASELINE[0], usual, usual * _BASELINE[1])


def planned_epochs(trial: TrialRecord) -> int | None:
    """The number of epochs if nothing ends the trial early; None if it is not known."""
    asked = trial.effective.get("number_of_epochs") or trial.hyperparameters.get("number_of_epochs")
    return int(asked) if asked else None


def _paces(trial: TrialRecord) -> list[float]:
    """Seconds of an epoch at each of the last evaluations, what is written after it included."""
    recent = trial.evaluations[-_NUM_RECENT - 1 :]
    before = [None, *recent] if len(recent) == len(trial.evaluations) else recent
    paces = []
    for previous, each in zip(before, before[1:], strict=False):
        assert each is not None
        worked = each.train_seconds + each.evaluation_seconds
        taken = worked
        if previous is not None:  # no longer than work explains: the engine may have been away
            gap = (each.finished_at - previous.finished_at).total_seconds()
            taken = min(max(worked, gap), 3 * worked + 5)
        paces.append(taken / max(1, each.epoch - (previous.epoch if previous else 0)))
    return paces


def _network(trial: TrialRecord) -> tuple[str, int]:
    values = {**trial.hyperparameters, **trial.effective}
    return trial.model_name, int(values.get("training_crop_size") or 0)


def _work(model_name: str, side: int) -> float:
    """Multiply-adds for a picture, to a power: networks with few of them use a machine worse."""
    known = model_catalog.MODELS.get(model_name)
    if known is None:
        return 1.0
    gmacs = known.gmacs * ((side or known.input_size) / known.input_size) ** 2
    return float(gmacs**_POWER)


def _search(
    record: ExperimentRecord,
    open_trials: Sequence[TrialRecord],
    spans: Mapping[str, Span],
    speed: _Speed,
    num_to_come: int,
) -> Span:
    """Seconds until the last trial has ended, with the places for trials filled in order."""
    ordered = sorted(open_trials, key=lambda trial: (trial.started_at is None, trial.number))
    rests = [spans[trial.trial_id] for trial in ordered]
    rests += [_mean(rests) or speed.usual()] * num_to_come
    places = record.max_concurrent_trials
    return Span(*(_filled([span[each] for span in rests], places) for each in range(3)))


def _mean(spans: Sequence[Span]) -> Span | None:
    if not spans:
        return None
    return Span(*(fmean(span[each] for span in spans) for each in range(3)))


def _filled(seconds: Sequence[float], num_places: int) -> float:
    places = [0.0] * max(1, num_places)
    for each in seconds:
        heapq.heapreplace(places, places[0] + each)
    return max(places)


def _end(record: ExperimentRecord, trials: Sequence[TrialRecord], now: datetime) -> Span:
    """Seconds after the last trial: the best model is compared, exported and verified."""
    started = [trial.started_at for trial in trials if trial.started_at]
    if record.started_at is None or not started:
        return NOTHING
    before = (min(started) - record.started_at).total_seconds() - record.paused_seconds
    before = min(max(before, 1.0), _MOST_START_SECONDS)
    ended = [trial.ended_at for trial in trials if trial.ended_at and trial.started_at]
    is_over = all(trial.state.is_finished for trial in trials) and ended
    passed = (now - max(ended)).total_seconds() if is_over else 0.0
    usual = Span(before * _END[0], before, before * _END[1])
    late = passed - usual.high
    # an end that takes longer than expected may take as long again
    return usual.without(passed) if late <= 0 else Span(0.0, late / 2, late)


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
