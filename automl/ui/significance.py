"""Tests between trials, computed once for every set of answers."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from automl.experiments import groups, own_thresholds, ties
from automl.experiments.across import Comparison
from automl.experiments.records import TrialRecord
from automl.texts import _
from automl.ui import cached, cached_evaluation
from automl.ui.cached_evaluation import Answers, in_key
from automl.ui.version_cache import for_version


def p_values_against_best(
    experiment_dir: Path, ranked: Sequence[TrialRecord], metric: str
) -> dict[str, float | None]:
    """P-value of each trial against the best one, by trial id; see `ties.against_best`.

    Args:
        experiment_dir: directory of the experiment.
        ranked: trials with a score, best first; only the first `ties.MAX_COMPARED` are compared.
        metric: key of the primary metric.
    """
    trial_ids = [trial.trial_id for trial in ties.compared(experiment_dir, ranked)]
    answers = [cached_evaluation.of_trial(experiment_dir, trial_id) for trial_id in trial_ids]
    by_own = tuple(trial.trial_id for trial in ranked if metric in trial.own_scores)
    with st.spinner(_("Comparing the trials with the best one")):
        return _p_values(metric, tuple(each for each in answers if each), by_own)


def p_value(metric: str, first: Answers, second: Answers) -> float | None:
    """P-value of the difference between two trials of an experiment, chosen by the user.

    See `evaluation.significance.p_value_of_trials`.
    """
    return _p_value(metric, first, second)


def across(metric: str, first: Answers, second: Answers) -> Comparison | None:
    """Two trials of two experiments on the pictures that both answered for; None without any."""
    return _across(metric, first, second)


@for_version(in_key, max_entries=500)
def _p_values(
    metric: str, answers: tuple[Answers, ...], by_own: tuple[str, ...]
) -> dict[str, float | None]:
    """by_own: ids of the trials that are ranked with thresholds of their own."""
    ranked = {
        each.trial_id: own_thresholds.tested(each.experiment_dir, each.predictions, metric)
        if each.trial_id in by_own
        else each.predictions
        for each in answers
    }
    together = groups.of(answers[0].experiment_dir) if answers else {}
    return ties.against_best(ranked, metric, together)


@for_version(in_key, max_entries=5_000)
def _p_value(metric: str, first: Answers, second: Answers) -> float | None:
    from automl.evaluation import significance

    together = groups.of(first.experiment_dir)
    return significance.p_value_of_trials(metric, first.predictions, second.predictions, together)


@for_version(in_key, max_entries=1_000)
def _across(metric: str, first: Answers, second: Answers) -> Comparison | None:
    from automl.experiments import across

    sides = [
        across.Side.of(
            each.predictions,
            each.samples,
            cached.job(each.experiment_dir),
            cached.experiment(each.experiment_dir),
        )
        for each in (first, second)
    ]
    return across.compare(sides[0], sides[1], metric)
