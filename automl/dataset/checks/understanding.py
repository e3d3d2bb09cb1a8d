"""Guesses of the readers, each with the option that chooses the other reading."""

from collections.abc import Iterator, Sequence

from automl.dataset.checks.kind import CheckedData, FindingKind
from automl.dataset.readers import same_names
from automl.dataset.reading import TRAINING, Reading
from automl.dataset.report import Finding, Severity
from automl.texts import mark

GUESSED = FindingKind("guessed", Severity.INFO)
HELD_OUT_READING = FindingKind("held_out_reading", Severity.INFO)

_SAID = {
    TRAINING: mark("Training data: {reading}"),
    "validation_data": mark("Validation data: {reading}"),
    "test_data": mark("Test data: {reading}"),
}


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about choices that the readers made, and about validation and test data.

    How the training data is understood is a part of the report.
    """
    for section, listing in data.listings.items():
        guesses = list(listing.guesses)
        if section != TRAINING:
            guesses += same_names.said(listing.written, data.listings[TRAINING].written)
        for guess in guesses:
            sentence = f"{guess.sentence}{_or_else(guess.others, section)}"
            message = _SAID[section].format(reading=sentence)
            yield GUESSED.finding([], message, count=1)
        understood, *others = listing.readings or [Reading(sentence="")]
        others = [one for one in others if "target_column_name" not in one.options]
        if section != TRAINING and others:
            sentence = f"{understood.sentence}{_or_else(others, section)}"
            message = _SAID[section].format(reading=sentence)
            yield HELD_OUT_READING.finding([], message, count=1)


def _or_else(others: Sequence[Reading], section: str) -> str:
    other = mark("Or, with {options}: {reading}")
    said = [
        other.format(options=each.command_line(section), reading=each.sentence) for each in others
    ]
    return " ".join(["", *said])
