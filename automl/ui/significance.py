"""Which trials cannot be told from the best one, and what the best owes to having been chosen."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl.experiments.records import TrialRecord
from automl.ui import cached_evaluation
from automl.ui.cached_evaluation import Answers

if TYPE_CHECKING:
    from automl.evaluation.comparison import Selection

LEVEL = 0.05
MAX_COMPARED = 20
_MAX_COMPARED_LARGE, _LARGE_BYTES = 4, 10_000_000
_MAX_CHOSEN_FROM = 50
_MAX_PROBABILITIES = 5_000_000
"""Of all trials together that may be in memory for one comparison."""


def with_best(
    experiment_dir: Path, ranked: Sequence[TrialRecord], metric: str
) -> dict[str, float | None]:
    """Probability, by trial, of so great a difference from the best between equally good trials.

    Of the first `MAX_COMPARED` trials; None where the trial did not answer for the same pictures,
    as one whose validation pictures were others. Without any for the best itself. Where the
    answers are many, of the first four only: reading them takes long.
    """
    best = cached_evaluation.of_trial(experiment_dir, ranked[0].trial_id) if ranked else None
    if best is None:
        return {}
    is_large = best.path.stat().st_size > _LARGE_BYTES
    compared = ranked[: _MAX_COMPARED_LARGE if is_large else MAX_COMPARED]
    given = [cached_evaluation.of_trial(experiment_dir, trial.trial_id) for trial in compared]
    found: dict[str, float | None] = {}
    for trial, of in zip(ranked[1:], given[1:], strict=False):
        found[trial.trial_id] = None if of is None else p_value(metric, best, of)
    return found


def chosen_from(
    experiment_dir: Path, ranked: Sequence[TrialRecord], metric: str
) -> "Selection | None":
    """What is to be expected of the best on other pictures; None where it cannot be computed:
    of one trial, or of more answers than fit into memory."""
    given = [
        cached_evaluation.of_trial(experiment_dir, trial.trial_id)
        for trial in ranked[:_MAX_CHOSEN_FROM]
    ]
    of = tuple(one for one in given if one)
    if len(of) < 2 or of[0].predictions.probabilities.size * len(of) > _MAX_PROBABILITIES:
        return None
    return _selection(metric, of)


@st.cache_data(max_entries=5_000, show_spinner=False)
def p_value(metric: str, best: Answers, other: Answers) -> float | None:
    """Of the difference between two trials; None where they answered for other pictures."""
    from automl.evaluation import comparison

    one, two = best.predictions, other.predictions
    if one.sample_ids.tolist() != two.sample_ids.tolist():
        return None
    return comparison.p_value_of_difference(
        metric, one.probabilities, two.probabilities, one.labels
    )


@st.cache_data(max_entries=100, show_spinner="Choosing the best again and again")
def _selection(metric: str, of: tuple[Answers, ...]) -> "Selection | None":
    from automl.evaluation import comparison

    answers = [one.predictions for one in of]
    same = [one for one in answers if one.is_about_the_same_as(answers[0])]
    if len(same) < 2:
        return None
    return comparison.selection(metric, [one.probabilities for one in same], same[0].labels)
