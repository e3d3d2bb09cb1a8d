"""Further folds of a fine-tuned trial: their number until enough pictures speak for it. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from automl.jobs.schedule import Clock, TimedTrial

WIDEST = 0.04
"""Half of the 95 % interval of a score, up to which its pictures are enough."""

NUM_TURNS = 5
"""Parts of the training pictures that may be held out in turn. The number of folds is a multiple of
it, so that the parts are about equal."""

_LARGEST_SHARE = 2 / NUM_TURNS
"""Largest share of the training pictures in a part."""

_USUAL_SCORE = 0.9
"""Score by which the needs of a trial are told before it has run."""


def num_needed(half_width: float, num_answered: int, num_train: int) -> int:
    """Number of folds by which the interval of a score gets narrow enough, about.

    Args:
        half_width: half of its 95 % interval; infinite if it has none.
        num_answered: pictures that the trial has answered for.
        num_train: number of training pictures, a fifth of which is in a fold.
    """
    if math.isinf(half_width):
        return NUM_TURNS
    missing = ((half_width / WIDEST) ** 2 - 1) * num_answered
    return min(NUM_TURNS, max(0, math.ceil(missing * NUM_TURNS / num_train)))


def largest_part(num_train: int) -> int:
    """Largest number of training pictures that are held out at a time."""
    return math.floor(_LARGEST_SHARE * num_train)


def num_turns(folds: Iterable[int], num_train: int) -> int:
    """Number of parts that can be held out.

    Args:
        folds: fold of each training picture that has one.
        num_train: number of training pictures.
    """
    sizes = Counter(fold % NUM_TURNS for fold in folds)
    return sum(size <= largest_part(num_train) for size in sizes.values())


def likely(trials: Sequence[TimedTrial], clock: Clock) -> tuple[int, float]:
    """Number of folds of the best training for which time is likely to be kept, and their seconds.

    The longest training is taken for the best one. None where the data name the validation
    pictures, or where the trials start from an earlier model.

    Args:
        trials: those that are planned.
        clock: the time for them.
    """
    from automl.evaluation.expected_score import wilson_interval  # slow to import

    counts = clock.costs.counts
    tuned = [one for one in trials if clock.cost(one.values).num_epochs]
    is_given = counts.validation_is_given or not counts.validation
    if not tuned or is_given or clock.fixed.get("checkpoint_run_id"):
        return 0, 0.0
    low, high = wilson_interval(_USUAL_SCORE, counts.validation)
    needed = num_needed((high - low) / 2, counts.validation, counts.train)
    each = max(clock.costs.of_fold({**one.values, **clock.fixed}).seconds for one in tuned)
    again = max(one.refit_seconds for one in tuned)
    left = clock.seconds - again - min(one.ends_at for one in tuned)
    number = min(needed, counts.turns, max(0, int(left // each)))
    return number, number * each
