"""How much of a search was tried when it ended. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from automl.experiments.records import ExperimentRecord, ExperimentState, TrialRecord
from automl.texts import mark

STOPPED_BY_USER = mark("Stopped by the user.")
LIMIT_REACHED = mark("The time limit of {minutes} min was reached.")
LIMIT_NEAR = mark(
    "The time limit of {minutes} min was near, and the rest of it was needed for the export of the "
    "model."
)
TIME_LIMIT = LIMIT_REACHED.partition(" {")[0]
"""First words of the message of an experiment that the time limit has ended."""

NO_ROOM_LEFT = mark(
    "The search ended: in the {time} left before the time limit no further trial would end early "
    "enough for the export of the model."
)
NO_ROOM_LEFT_BEFORE = mark(
    "The search ended: in the {time} left before the time limit no further trial would end."
)
"""The sentence in records of earlier versions, so that it is still said in any language."""

ROOM_FOR_FOLDS = mark(
    "The search ended: in the {time} left before the time limit {trial} is tried on further "
    "pictures, and no further trial would end."
)
NO_ROOM = NO_ROOM_LEFT.partition(" {")[0]
"""First words of the message if the time left was too short for another trial."""

LEFT_OUT = mark("There was no time for it: it would have taken about {time}.")
"""Reason of a planned trial that is left out because the machine is slower than expected."""

LAGGING = mark("Another network that was trained from scratch was far behind the best trial.")
"""Reason of a planned training from scratch that is left out."""


@dataclass(frozen=True)
class Extent:
    """Numbers of trials of an experiment that has ended."""

    num_tried: int
    num_unstarted: int
    """Planned trials that the end of the search kept from starting."""

    num_cut: int
    """Trials that the end of the search cut short after they had started."""

    is_at_limit: bool
    """The time limit ended the search before all of its trials had ended."""

    @property
    def num_planned(self) -> int:
        """Trials that were to be tried."""
        return self.num_tried + self.num_unstarted

    @property
    def is_whole(self) -> bool:
        """True if every planned trial ran to its end."""
        return not (self.num_unstarted or self.num_cut)


def missed(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Planned trials that the end of the search kept from starting, and more time would try.

    One that lags behind what was tried is left out whatever the time.
    """
    return [
        trial
        for trial in trials
        if trial.was_cut_short and trial.started_at is None and trial.reason != LAGGING
    ]


def extent(record: ExperimentRecord, trials: Sequence[TrialRecord]) -> Extent:
    """Count the trials of an experiment that has ended.

    An ensemble is no trial of the search, and a plan by the clock has no number of trials but a
    limit, which it need not reach.
    """
    searched = [trial for trial in trials if not trial.members and trial.reason != LAGGING]
    cut = [trial for trial in searched if trial.was_cut_short]
    num_waiting = len(missed(searched))
    num_unknown = 0 if record.plan else max(0, record.num_trials - len(searched))
    if record.state is not ExperimentState.COMPLETED and not searched:
        num_unknown = 0  # it ended before its trials were planned
    no_time = LEFT_OUT.partition(":")[0]
    says_so = record.message.startswith((TIME_LIMIT, NO_ROOM))
    says_so |= any(trial.reason.startswith(no_time) for trial in cut)
    return Extent(
        num_tried=len(searched) - num_waiting,
        num_unstarted=num_waiting + num_unknown,
        num_cut=len(cut) - num_waiting,
        is_at_limit=record.state is ExperimentState.COMPLETED
        and says_so
        and bool(cut or num_unknown),
    )


def num_ended(trials: Sequence[TrialRecord]) -> int:
    """Number of trials that are over, without those that never started."""
    return sum(trial.state.is_finished and trial.started_at is not None for trial in trials)


def ended_at_limit(record: ExperimentRecord, trials: Sequence[TrialRecord]) -> bool:
    """True if the time limit kept trials from starting or from ending: it can go on."""
    return record.state is ExperimentState.COMPLETED and extent(record, trials).is_at_limit
