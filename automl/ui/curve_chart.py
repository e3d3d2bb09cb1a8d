"""Learning curves on a page."""

import plotly.graph_objects as go
import streamlit as st

from automl.figures import charts
from automl.texts import _
from automl.ui import phone


def show(figure: go.Figure, key: str) -> None:
    """Draw learning curves; a sentence if all of their trials are baselines, which have none."""
    if figure.data:
        st.plotly_chart(phone.fitted(figure), key=key, config=charts.QUIET)
    else:
        st.info(_("Curves are of trained models. Baselines are fitted at once, without epochs."))
