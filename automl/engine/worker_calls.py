"""Functions that a worker computes while the engine waits, and that it may give up."""

import logging
import math
import time
from collections.abc import Callable
from typing import Any

from automl.engine.results import Results
from automl.experiments import store
from automl.texts import mark

_LOOK_SECONDS = 0.2
_PATIENCE = 10
"""A call that takes so many times as long as expected is given up, but not at once."""

_LEAST_PATIENCE_SECONDS = 600.0

_log = logging.getLogger(__name__)


class GivenUpError(Exception):
    """Says why a model that was to follow the search is not made."""


def awaited(
    begin: Callable[[], Any], give_up_if_over: Callable[[], None], *, max_deaths: int = 0
) -> Any:
    """The value that a worker computes.

    Args:
        begin: submits the call; returns Ray's reference to the value.
        give_up_if_over: called meanwhile; raises an error to give up, which ends the worker.
        max_deaths: so many workers that die are replaced.

    Raises:
        RayError: the function has failed, or the last worker has died. Errors of `give_up_if_over`
            are raised as they are.
    """
    import ray
    from ray.exceptions import RayError, RayTaskError

    for num_deaths in range(max_deaths + 1):
        pending = begin()
        while not ray.wait([pending], timeout=_LOOK_SECONDS)[0]:
            try:
                give_up_if_over()
            except Exception:
                ray.cancel(pending, force=True)  # what comes next needs its cores
                raise
        try:
            return ray.get(pending)
        except RayTaskError:
            raise
        except RayError:
            if num_deaths == max_deaths:
                raise
            _log.exception("a worker has died, and another one takes over")
    raise AssertionError("a call either has a value or raises an error")


def giving_up(results: Results, needed: float = math.inf, kept: float = 0.0) -> Callable[[], None]:
    """Raises GivenUpError at a stop, near the time limit, or once a call takes far too long.

    Args:
        results: those of the search, with its time limit.
        needed: seconds that the call is expected to take.
        kept: seconds before the limit that what follows needs.
    """
    until = time.monotonic() + max(_LEAST_PATIENCE_SECONDS, _PATIENCE * needed)

    def give_up_if_over() -> None:
        if store.stop_requested(results.experiment_dir):
            raise GivenUpError(mark("the experiment was stopped."))
        if results.time_limit.is_reached():
            raise GivenUpError(mark("the time limit was reached."))
        if results.time_limit.seconds_left() <= kept:
            raise GivenUpError(
                mark("the rest of the time limit was needed for the export of the model.")
            )
        if time.monotonic() > until:
            raise GivenUpError(
                mark("it took more than {times} times as long as expected.").format(times=_PATIENCE)
            )

    return give_up_if_over
