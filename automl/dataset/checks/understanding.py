"""Guesses of the readers, each with the option that chooses the other reading."""

from collections.abc import Iterator, Sequence

from automl.dataset.checks.kind import CheckedData, FindingKind
from automl.dataset.reading import TRAINING, Reading
from automl.dataset.report import Finding, Severity

GUESSED = FindingKind("guessed", Severity.INFO)
HELD_OUT_READING = FindingKind("held_out_reading", Severity.INFO)

_NAMES = {
    TRAINING: "Training data",
    "validation_data": "Validation data",
    "test_data": "Test data",
}


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about choices that the readers made, and about validation and test data.

    How the training data is understood is a part of the report.
    """
    for section, listing in data.listings.items():
        for guess in listing.guesses:
            message = f"{_NAMES[section]}: {guess.sentence}{_or_else(guess.others, section)}"
            yield GUESSED.finding([], message, count=1)
        understood, *others = listing.readings or [Reading(sentence="")]
        others = [one for one in others if "target_column_name" not in one.options]
        if section != TRAINING and others:
            message = f"{_NAMES[section]}: {understood.sentence}{_or_else(others, section)}"
            yield HELD_OUT_READING.finding([], message, count=1)


def _or_else(others: Sequence[Reading], section: str) -> str:
    return "".join(f" Or, with {each.command_line(section)}: {each.sentence}" for each in others)
