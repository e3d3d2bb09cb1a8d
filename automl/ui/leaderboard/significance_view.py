"""Is the best trial better than the others?"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from automl.experiments import leaderboard
from automl.figures import charts, trial_charts, wording
from automl.texts import _, ngettext
from automl.ui import cached, figure_table
from automl.ui.version_cache import for_version


def show(experiment_dir: Path, p_values: Mapping[str, float | None]) -> None:
    """Draw the scores with their intervals, and say how many trials are tied with the best one.

    Args:
        experiment_dir: directory of the experiment.
        p_values: against the best trial (see `significance.p_values_against_best`).
    """
    ranked, metric = cached.ranked(experiment_dir), cached.job(experiment_dir).primary_metric
    num_tied = leaderboard.num_tied(ranked, metric, p_values)
    if num_tied:
        sentence = ngettext(
            "{count} other trial is statistically tied with the best on these pictures.",
            "{count} other trials are statistically tied with the best on these pictures.",
            num_tied,
        )
        st.caption(sentence.format(count=wording.integer(num_tied)))
    st.plotly_chart(_figure(experiment_dir), key="intervals", config=charts.QUIET)

    def table() -> pd.DataFrame:
        shown = leaderboard.rank(ranked, metric)
        named = shown.rename(columns={"score_low": "low", "score_high": "high"})
        return named[["number", "title", "score", "low", "high"]]

    figure_table.show(table, "intervals")
    if len(ranked) > trial_charts.MAX_LINES:
        st.caption(
            _("The best {shown} of {count} trials.").format(
                shown=trial_charts.MAX_LINES, count=wording.integer(len(ranked))
            )
        )


@for_version(cached.content, max_entries=50)
def _figure(experiment_dir: Path) -> go.Figure:
    metric = cached.job(experiment_dir).primary_metric
    return trial_charts.intervals(cached.ranked(experiment_dir), metric)
