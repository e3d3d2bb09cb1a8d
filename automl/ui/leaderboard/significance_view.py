"""Is the best trial better than the others?"""

from collections.abc import Mapping, Sequence

import streamlit as st

from automl.experiments import leaderboard
from automl.experiments.records import TrialRecord
from automl.figures import charts, trial_charts, wording
from automl.texts import _, ngettext
from automl.ui import figure_table


def show(
    ranked: Sequence[TrialRecord],
    metric: str,
    p_values: Mapping[str, float | None],
) -> None:
    """Draw the scores with their intervals, and say how many trials are tied with the best one.

    Args:
        ranked: trials with a score, best first.
        metric: key of the primary metric.
        p_values: against the best trial (see `significance.p_values_against_best`).
    """
    table = leaderboard.rank(ranked, metric, p_values)
    num_tied = int(table["tied_with_best"].iloc[1:].sum())
    if num_tied:
        sentence = ngettext(
            "{count} other trial is statistically tied with the best on these pictures.",
            "{count} other trials are statistically tied with the best on these pictures.",
            num_tied,
        )
        st.caption(sentence.format(count=wording.integer(num_tied)))
    figure = trial_charts.intervals(list(ranked), metric)
    st.plotly_chart(figure, key="intervals", config=charts.QUIET)
    shown = ["number", "title", "score", "score_low", "score_high"]
    figure_table.show(table[shown], "intervals")
    if len(ranked) > trial_charts.MAX_LINES:
        st.caption(
            _("The best {shown} of {count} trials.").format(
                shown=trial_charts.MAX_LINES, count=wording.integer(len(ranked))
            )
        )
