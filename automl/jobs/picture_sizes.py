"""Picture sizes of a search: the largest that the time allows. Pure."""

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from automl.jobs import schedule
from automl.jobs.schedule import Clock, Values
from automl.jobs.trial_cost import features_of

_PROBE_SHARE = 1 / 3
"""Largest share of the time for the first probe at the size of frozen features, with decoding:
it leaves room for further networks."""

_SIZE_EPOCHS = 4
"""Epochs of the first fine-tuning for which a picture size must leave time."""


@dataclass(frozen=True)
class Sizes:
    """Picture sizes of a search, and which trials come first."""

    frozen: int
    """Side in pixels of the pictures for frozen features."""

    trained: int
    """Side in pixels of the pictures for training, at most the other."""

    probes_first: bool = False
    """All models on frozen features come before the first training."""


def sizes_within(
    clock: Clock, opening_at: Callable[[Sizes], Sequence[Values]], every: Sequence[int]
) -> Sizes:
    """The largest picture sizes that leave time for frozen features and some epochs of training.

    The size is one for all where that leaves time for the first probe and the first fine-tuning.
    Otherwise that of frozen features stays as large as it can, since a smaller one costs them more
    than training at it gains; training gets a smaller one, behind all models on frozen features
    if it fits there. Where it fits nowhere, the time belongs to frozen features.

    Args:
        clock: the time before the pictures are decoded.
        opening_at: hyperparameters of the first trials, in order, by the sizes.
        every: sides in pixels to choose from, the best first.
    """
    smallest = every[-1]
    same = next((size for size in every if _leaves_training(clock, opening_at, size)), None)
    has_weights = not schedule.is_constant(opening_at(Sizes(smallest, smallest))[0])
    if not has_weights:
        return Sizes(same or smallest, same or smallest)
    frozen = next((size for size in every if _probe_fits(clock, opening_at, size)), smallest)
    if same is not None and same >= frozen:
        return Sizes(same, same)
    for probes_first in (True, False):
        for trained in (size for size in every if size < frozen):
            sizes = Sizes(frozen, trained, probes_first)
            if _fits_training(clock, opening_at(sizes), {frozen, trained}):
                return sizes
    return Sizes(frozen, frozen)


def _leaves_training(
    clock: Clock, opening_at: Callable[[Sizes], Sequence[Values]], size: int
) -> bool:
    """True if the first probe and some epochs of the first training end at one size."""
    opening = opening_at(Sizes(size, size))
    trained = [values for values in opening if "method" not in values]
    return _fits_training(clock, [opening[0], *trained], {size})


def _probe_fits(clock: Clock, opening_at: Callable[[Sizes], Sequence[Values]], size: int) -> bool:
    """True if the first probe takes no more than its share of the time."""
    needed = clock.cost(opening_at(Sizes(size, size))[0]).seconds + _decoding(clock, {size})
    return needed <= _PROBE_SHARE * schedule.CERTAINTY * clock.seconds


def _fits_training(clock: Clock, opening: Sequence[Values], sizes: Collection[int]) -> bool:
    """True if some epochs of the first training end after the baselines before it."""
    before = list(itertools.takewhile(lambda values: "method" in values, opening))
    if len(before) == len(opening):
        return False
    left = replace(clock, seconds=clock.seconds - _decoding(clock, sizes))
    walked = schedule.walk_within(before, left, baseline_share=schedule.BASELINE_SHARE)
    known = {key for one in walked for key in features_of({**one.values, **clock.fixed})}
    values = opening[len(before)]
    tuning = clock.cost(values, known)
    num_epochs = max(_SIZE_EPOCHS, schedule.fewest_epochs(values))
    ends_at = max((one.ends_at for one in walked), default=0.0)
    return ends_at + tuning.once + num_epochs * tuning.epoch <= left.seconds * schedule.CERTAINTY


def _decoding(clock: Clock, sizes: Collection[int]) -> float:
    """Seconds to decode all pictures at these sizes."""
    return sum(clock.decode_seconds * (size / schedule.SIZES[0]) ** 2 for size in sizes)
