"""The engine's own notes on a trial, among those that its worker reports."""

from collections.abc import Sequence
from typing import Any, TypeVar

from automl.experiments.records import Flag, TrialRecord
from automl.texts import mark

T = TypeVar("T")

TOOK_OVER = mark("Its worker died, and another went on from the last evaluation.")
WENT_ON = mark("The search ended before the trial did; it went on from its last evaluation.")
_HUNG_FOR = mark(
    "Its worker did nothing for {seconds} seconds; it was started again from its last evaluation."
)
_HUNG = _HUNG_FOR.rpartition(" seconds")[2]
LEAD_MAY_BE_CHANCE = mark(
    "Its lead over a probe of fewer networks, or without mirror images, may be chance, and it "
    "takes longer: it is not the best model."
)
_ENDS = (TOOK_OVER, WENT_ON, _HUNG)
"""Ends of the engine's notes, including those of earlier versions."""


def of_engine(trial: TrialRecord) -> list[str]:
    """The engine's notes on the trial, which stay when the worker reports others."""
    return [note for note in trial.notes if note.endswith(_ENDS)]


def interrupted(trial: TrialRecord, note: str) -> dict[str, Any]:
    """Changes of a record whose trial did not run through; they say so once."""
    return {"flags": _with(trial.flags, Flag.RESUMED), "notes": _with(trial.notes, note)}


def certain(trial: TrialRecord) -> dict[str, Any]:
    """Changes of a record whose trial was in doubt, and is not any more."""
    notes = [note for note in trial.notes if note != LEAD_MAY_BE_CHANCE]
    return {"may_be_best": True, "comparable_scores": {}, "cost_rank": 0, "notes": notes}


def hung(trial: TrialRecord, seconds: float) -> list[str]:
    """Notes of a trial whose worker was ended because it did nothing for so many seconds."""
    return [*trial.notes, _HUNG_FOR.format(seconds=f"{seconds:.0f}")]


def has_hung(trial: TrialRecord) -> bool:
    """True if a worker of the trial was ended because it did nothing."""
    return any(note.endswith(_HUNG) for note in trial.notes)


def _with(items: Sequence[T], item: T) -> list[T]:
    return list(items) if item in items else [*items, item]
