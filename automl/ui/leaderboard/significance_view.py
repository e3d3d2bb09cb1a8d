"""Is the best trial better than the others, and as good as it looks?"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from automl.experiments import leaderboard
from automl.experiments.records import TrialRecord
from automl.figures import charts, trial_charts, wording
from automl.ui import figure_table, significance


def show(
    ranked: Sequence[TrialRecord],
    metric: str,
    experiment_dir: Path,
    p_values: Mapping[str, float | None],
) -> None:
    """Draw the scores with their intervals, and say how many trials are tied with the best one.

    Args:
        ranked: trials with a score, best first.
        metric: key of the primary metric.
        experiment_dir: directory of the experiment.
        p_values: against the best trial (see `significance.p_values_against_best`).
    """
    table = leaderboard.rank(ranked, metric, p_values)
    num_compared = sum(value is not None for value in p_values.values())
    num_tied = int(table["tied_with_best"].iloc[1:].sum())
    if num_tied:
        verb = "is" if num_tied == 1 else "are"
        st.caption(
            f"{wording.count(num_tied, 'other trial')} {verb} statistically tied with the best on "
            "these validation pictures."
        )
    if num_compared:
        _selection_bias(ranked, metric, experiment_dir)
    figure = trial_charts.intervals(list(ranked), metric)
    st.plotly_chart(figure, key="intervals", config=charts.QUIET)
    shown = ["number", "title", "score", "score_low", "score_high"]
    figure_table.show(table[shown], "intervals")
    if len(ranked) > trial_charts.MAX_LINES:
        st.caption(f"The best {trial_charts.MAX_LINES} of {len(ranked):,} trials.")


def _selection_bias(ranked: Sequence[TrialRecord], metric: str, experiment_dir: Path) -> None:
    """Say how much the best score owes to having been chosen; slow unless it is accuracy."""
    if len(ranked) < 2:
        return
    if metric != "accuracy" and not st.toggle(
        "Estimate the best trial's score on other pictures", key="estimate selection bias"
    ):
        return
    selection = significance.selection(experiment_dir, ranked, metric)
    if selection is None:
        return
    score, expected = (wording.score(each) for each in selection)
    if score != expected:
        st.caption(
            f"The score of the best of {len(ranked):,} trials is too high, because the trial was "
            f"chosen by it: on other pictures expect about {expected}, not {score}."
        )
