"""Is the best trial better than the others, and as good as it looks?"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from automl.experiments import leaderboard
from automl.experiments.records import TrialRecord
from automl.figures import charts, wording
from automl.ui import figure_table, significance


def show(
    ranked: Sequence[TrialRecord],
    metric: str,
    experiment_dir: Path,
    p_values: Mapping[str, float | None],
) -> None:
    """ranked: trials with a score, best first; p_values: see `ties.with_best`."""
    table = leaderboard.rank(ranked, metric)
    known = [value for value in p_values.values() if value is not None]
    if known:
        num_tied = sum(value > significance.LEVEL for value in known)
    else:  # without the answers the intervals are all there is
        num_tied = int(table["tied_with_best"].sum()) - 1
    if num_tied > 0:
        st.caption(
            f"{wording.count(num_tied, 'other trial')} cannot be told from the best with the "
            "validation pictures there are."
        )
    if known:
        _flattery(ranked, metric, experiment_dir)
    figure = charts.intervals(list(ranked), metric)
    st.plotly_chart(figure, key="intervals", config=charts.QUIET)
    shown = ["number", "title", "score", "score_low", "score_high"]
    figure_table.show(table[shown], "intervals")
    if len(ranked) > charts.MAX_LINES:
        st.caption(f"The best {charts.MAX_LINES} of {len(ranked):,} trials.")


def _flattery(ranked: Sequence[TrialRecord], metric: str, experiment_dir: Path) -> None:
    """What choosing the best of many does to its score; seconds of work unless it is accuracy."""
    if len(ranked) < 2:
        return
    if metric != "accuracy" and not st.toggle(
        "How much is the best flattered by having been chosen?", key="ask for flattery"
    ):
        return
    found = significance.chosen_from(experiment_dir, ranked, metric)
    if found is not None and wording.score(found.score) != wording.score(found.corrected_score):
        st.caption(
            f"The best of {len(ranked):,} looks a little better than it is, because it was chosen: "
            f"on other pictures expect about {found.corrected_score:.3f}, not {found.score:.3f}."
        )
