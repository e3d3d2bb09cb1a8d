"""The seconds that the end of a search takes here, kept for the plans of later searches."""

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from automl.engine import measuring, pacing, refit
from automl.engine.refit import RefitInputs
from automl.engine.results import Results
from automl.experiments import probe_parts
from automl.experiments.records import TrialRecord, singles
from automl.jobs import schedule


class EndTime:
    """Adds up the parts of an end that every search has; fits are planned for themselves."""

    def __init__(self) -> None:
        self._seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """A part of the end."""
        began = time.monotonic()
        yield  # an end that fails says nothing about others
        self._seconds += time.monotonic() - began

    def keep(self, inputs: RefitInputs, results: Results, best: TrialRecord) -> None:
        """Keep the sum beside the speeds of this machine, by the kind of the model.

        Nothing is kept of a search without a plan: it has no speeds to compare with.
        """
        if inputs.costs is None:
            return
        networks = frozen_networks(best, results.trials)
        _, factor = pacing.slowdown(inputs.costs, results.trials.values())
        expected = schedule.kept_back(
            math.inf,
            inputs.costs.num_pictures,
            inputs.costs.speeds.slowness * factor,
            frozen_networks=networks,
        )
        taken, is_frozen = self._seconds / expected, networks is not None
        with contextlib.suppress(OSError):  # the search is complete without it
            measuring.keep_end(taken, inputs.resources, is_frozen=is_frozen)


def least_seconds(trial: TrialRecord, inputs: RefitInputs, results: Results) -> float:
    """Seconds without which the end does not come before the limit if it hands out a trial."""
    networks = frozen_networks(trial, results.trials)
    kept = refit.export_seconds(inputs, results, frozen_networks=networks)
    return schedule.LEAST_FOR_END * kept


def frozen_networks(trial: TrialRecord, trials: Mapping[str, TrialRecord]) -> int | None:
    """Looks of networks in a model on frozen features; None if one of them was trained.

    trials: have its members, by id.
    """
    parts = singles(trial, trials.__getitem__)
    if any(part.method == "fine_tuning" for part in parts):
        return None
    return sum(probe_parts.num_looks(part.hyperparameters) for part in parts)
