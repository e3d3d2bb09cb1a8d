"""Scores over the versions of a data set: did the cleaning help?"""

import itertools
from pathlib import Path

import pandas as pd
import streamlit as st

from automl.errors import UserError
from automl.experiments import across
from automl.experiments.across import Readers, VersionScore
from automl.figures import charts, version_text, versions_chart, wording
from automl.host import home
from automl.texts import _
from automl.ui import cached, cached_evaluation, figure_table, selection, significance

_CACHED = Readers(cached.job, cached.experiment, cached.trials)


def show(experiment_dir: Path) -> None:
    """Draw the best score on each version, and test each version against the one before it."""
    metric = cached.job(experiment_dir).primary_metric
    every = [home.experiments_dir() / name for name in selection.experiment_names()]
    try:
        found = across.over_versions(every, experiment_dir, _CACHED)
    except UserError as error:
        st.error(wording.of_error(error))
        return
    if not found:
        st.info(_("No experiment on these pictures has a score and a known version of the data."))
        return
    st.plotly_chart(versions_chart.scores(found, metric), key="versions", config=charts.QUIET)
    st.caption(
        _(
            "Each point is the best trial on a version, scored on the pictures of its own "
            "experiment."
        )
    )
    for before, after in itertools.pairwise(found):
        st.markdown(wording.plain(f"{before.version} → {after.version}: {_test(before, after)}"))
    figure_table.show(lambda: _table(found, metric), "scores-over-versions")


def _test(before: VersionScore, after: VersionScore) -> str:
    sides = [
        cached_evaluation.of_trial(one.experiment_dir, one.trial_id) for one in (before, after)
    ]
    if sides[0] is None or sides[1] is None:
        return _(version_text.NOT_COMPARABLE)
    metric = cached.job(after.experiment_dir).primary_metric
    found = significance.across(metric, sides[0], sides[1])
    return version_text.verdict(found) if found else _(version_text.NOT_COMPARABLE)


def _table(found: list[VersionScore], metric: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "version": [each.version for each in found],
            "experiment": [each.experiment_dir.name for each in found],
            "trial": [each.trial_id for each in found],
            metric: [each.score for each in found],
            "low": [each.low for each in found],
            "high": [each.high for each in found],
        }
    )
