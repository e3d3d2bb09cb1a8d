"""Trials that fit into a time: picture size, which of them, and how many epochs each. Pure.

What starts is meant to end: a trial gets as many epochs as end in the time that is left, so that
its schedule ends with it, and is left out if that would be too few.
"""

import heapq
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from automl.evaluation.metrics import Task
from automl.jobs.job import Job
from automl.jobs.trial_cost import Cost, Costs, Features, features_of

SIZES = (224, 192, 160, 128, 96)
"""Sides of the pictures for pretrained networks, the best first."""

CERTAINTY = 0.95
"""Share of the time that is planned; the rest makes up for what takes longer."""

_MOST_KEPT_SHARE = 0.4
"""Largest share of a limit that is kept for the end."""

LEAST_FOR_END = 0.8
"""Share of what is kept for the end that nothing may use which is late: a quiet machine on which
networks took 3 times as long has spent 0.8 of it."""

_END_SECONDS = 19.0
"""Choosing an ensemble, converting a trained model and comparing it with its file."""

_FROZEN_SECONDS, _NETWORK_SECONDS = 10.0, 6.0
"""The same for a model on frozen features: with none, and for each of its networks."""

_END_EXPONENT = 2 / 3
"""An end is given this power of the time that networks take: less of it is work for all cores. On a
machine with ten programs for each core networks took 5 to 10 times as long, an end 2 to 2.5: it is
given 2.9 to 4.6, which is on the safe side."""

_LOOK_SECONDS, _MOST_LOOKED_AT = 15.0, 1000
"""Passing the most training pictures through a model that was trained, for `export.reference`."""

_REFIT_SHARE = 0.2
"""Largest share of the time limit that is kept to fit the best trial again."""

BASELINE_SHARE = 0.25
"""Largest share of the time left for any baseline after the first probe, if training follows."""

_FEWEST_EPOCHS = {True: 2, False: 5}
"""Fewest epochs worth training, from pretrained weights and from scratch."""

_LONGEST = 2
"""Largest factor on a trial's epochs that fills time in which no other trial would end."""

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Clock:
    """The time there is, and what trials cost."""

    costs: Costs
    seconds: float
    """Seconds left for trials."""

    num_at_a_time: int = 1
    fixed: Values = field(default_factory=dict)
    """Values of the job, which take precedence over those of a recipe."""

    decode_seconds: float = 0.0
    """Decoding all pictures at the largest of `SIZES`."""

    most_for_refit: float = 0.0
    """Most seconds that are kept to fit the best trial again; 0: it is not fitted again."""

    kept_for_refit: float = 0.0
    """Seconds after those for trials that are kept to fit an earlier trial again."""

    task: Task = "image_classification"

    def cost(self, values: Values, known: Collection[Features] = ()) -> Cost:
        """Cost of a trial with the job's values, if some features are known."""
        return self.costs.of({**values, **self.fixed}, known)


@dataclass(frozen=True)
class TimedTrial:
    """A trial that fits."""

    index: int
    """Position in the list it was chosen from."""

    values: dict[str, Any]
    """Hyperparameters, with the number of epochs that fits."""

    seconds: float
    starts_at: float
    """Seconds after the first of them starts."""

    refit_seconds: float = 0.0
    """Time that is kept to fit it again, should it be the best; 0 if there is none."""

    @property
    def ends_at(self) -> float:
        """Seconds after the first of them starts."""
        return self.starts_at + self.seconds


def kept_back(
    limit_seconds: float,
    num_pictures: int,
    slowdown: float = 1.0,
    *,
    frozen_networks: int | None = None,
    measured: float = 1.0,
) -> float:
    """Seconds of a time limit in which no trial is planned: for what comes after the last one.

    Args:
        limit_seconds: the whole limit, of which at most two fifths are kept.
        num_pictures: training and validation pictures.
        slowdown: how many times as long networks take as on a usual, quiet machine.
        frozen_networks: number of networks of a model on frozen features, which need not look at
            the pictures again, each twice if it looks at mirror images, too; None: the model that
            is handed out may be a trained one.
        measured: what ends have taken here, as a multiple of what is expected of them.
    """
    if frozen_networks is None:
        seconds = _END_SECONDS + _LOOK_SECONDS * min(1.0, num_pictures / _MOST_LOOKED_AT)
    else:
        seconds = _FROZEN_SECONDS + _NETWORK_SECONDS * frozen_networks
    longer = math.pow(max(1.0, slowdown), _END_EXPONENT)
    return min(_MOST_KEPT_SHARE * limit_seconds, seconds * longer * measured)


def kept_of(
    limit_seconds: float, costs: Costs, factor: float = 1.0, *, frozen_networks: int | None = None
) -> float:
    """Seconds of a time limit that are kept for its end, by what ends have taken here.

    The arguments are those of `kept_back`; factor: how many times as long as measured trials take.
    """
    return kept_back(
        limit_seconds,
        costs.num_pictures,
        costs.speeds.slowness * factor,
        frozen_networks=frozen_networks,
        measured=costs.speeds.end_factor(is_frozen=frozen_networks is not None),
    )


def most_for_refit(job: Job, costs: Costs) -> float:
    """Most seconds that are kept to fit the best trial again; 0: it is not fitted again."""
    if job.refit == "never" or costs.counts.validation_is_given:
        return 0.0
    return _REFIT_SHARE * 60 * job.limits.timeout_minutes


def fitted(values: Values, clock: Clock, known: Collection[Features] = ()) -> TimedTrial | None:
    """The trial with as many epochs as end in the time left; None if it does not fit.

    It keeps its number of epochs if another trial of its kind fits after it, or if the job fixes
    the number: then one epoch has to fit. Time to fit it again is kept if that costs none of the
    epochs of its recipe.
    """
    cost = clock.cost(values, known)
    left = clock.seconds * CERTAINTY
    if cost.num_epochs == 0:
        return TimedTrial(0, dict(values), cost.seconds, 0.0) if cost.seconds <= left else None
    possible = cost.epochs_within(left)
    wanted = cost.num_epochs
    if "number_of_epochs" in clock.fixed:
        return _with_refit(values, cost, clock) if possible >= 1 else None
    fewest = min(wanted, fewest_epochs(values))
    if possible < fewest:
        return None
    another = replace(cost, num_epochs=fewest).seconds
    if possible > wanted and left - cost.seconds >= another:
        possible = wanted  # another one fits after it
    possible = _leaving_refit(values, cost, clock, min(possible, _LONGEST * wanted))
    cost = replace(cost, num_epochs=possible)
    return _with_refit({**values, "number_of_epochs": possible}, cost, clock)


def _leaving_refit(values: Values, cost: Cost, clock: Clock, possible: int) -> int:
    """Epochs that leave time to fit the trial again, if they are as many as its recipe wants."""
    again = clock.costs.of_refit({**values, **clock.fixed})
    both = Cost(cost.once + again.once, cost.epoch + again.epoch)
    leaving = min(
        possible,
        both.epochs_within((clock.seconds + clock.kept_for_refit) * CERTAINTY),
        again.epochs_within(clock.most_for_refit),
    )
    return leaving if leaving >= cost.num_epochs else possible


def _with_refit(values: Values, cost: Cost, clock: Clock) -> TimedTrial:
    """The trial with the time that is kept to fit it again."""
    again = clock.costs.of_refit({**values, **clock.fixed}).seconds
    left = (clock.seconds + clock.kept_for_refit) * CERTAINTY - cost.seconds
    has_time = again <= min(left, clock.most_for_refit)
    return TimedTrial(0, dict(values), cost.seconds, 0.0, again if has_time else 0.0)


def walk(trials: Sequence[Values], clock: Clock) -> list[TimedTrial]:
    """Those of the trials that fit, one after the other, in the places for trials.

    The first is kept in any case, since an experiment without a trial is of no use; if it may not
    end in time, the majority class goes before it, which takes no time and always has a score.
    Where there is no time for training, it is for more baselines.
    """
    chosen = walk_within(trials, clock, baseline_share=BASELINE_SHARE)
    if any(one.values.get("number_of_epochs") for one in chosen):
        return chosen
    return walk_within(trials, clock, baseline_share=1.0)


def walk_within(
    trials: Sequence[Values], clock: Clock, *, baseline_share: float
) -> list[TimedTrial]:
    places = [0.0] * clock.num_at_a_time
    chosen: list[TimedTrial] = []
    kept = 0.0
    known: set[Features] = set()
    for index in _order(trials, clock):
        values = trials[index]
        starts_at = places[0]
        left = replace(clock, seconds=clock.seconds - starts_at - kept, kept_for_refit=kept)
        is_first = all(is_constant(one.values) for one in chosen)
        share = math.inf if is_first else baseline_share
        trial = within_share(share, values, left, known)
        if trial is None:
            continue
        trial = replace(trial, index=index, starts_at=starts_at)
        heapq.heapreplace(places, trial.ends_at)
        chosen.append(trial)
        known |= features_of({**values, **clock.fixed})
        kept = max(kept, trial.refit_seconds)
    return chosen


def _order(trials: Sequence[Values], clock: Clock) -> list[int]:
    order = list(range(len(trials)))
    if trials and clock.cost(trials[0]).seconds > clock.seconds:
        quick = [
            index
            for index in order
            if is_constant(trials[index]) and fitted(trials[index], clock) is not None
        ]
        order.sort(key=lambda index: index not in quick)
    return order


def is_constant(values: Values) -> bool:
    return bool(values.get("method") == "majority_class")


def within_share(
    share: float, values: Values, clock: Clock, known: Collection[Features]
) -> TimedTrial | None:
    """The trial, if it fits and, as a baseline, into a share of the time; with inf in any case."""
    cost = clock.cost(values, known)
    is_bounded = cost.num_epochs == 0 and math.isfinite(share)
    if is_bounded and cost.seconds > share * clock.seconds:
        return None
    trial = fitted(values, clock, known)
    if trial is None and math.isinf(share):
        return _shortest(values, cost, clock)
    return trial


def _shortest(values: Values, cost: Cost, clock: Clock) -> TimedTrial:
    """The trial with the fewest epochs worth training, whether they end in time or not."""
    if cost.num_epochs == 0 or "number_of_epochs" in clock.fixed:
        return TimedTrial(0, dict(values), cost.seconds, 0.0)
    fewest = min(cost.num_epochs, fewest_epochs(values))
    seconds = replace(cost, num_epochs=fewest).seconds
    return TimedTrial(0, {**values, "number_of_epochs": fewest}, seconds, 0.0)


def fewest_epochs(values: Values) -> int:
    return _FEWEST_EPOCHS[values.get("head_init") == "linear_probe"]
