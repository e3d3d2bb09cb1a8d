"""First scores of data sets, computed one at a time beside the server and kept by job."""

import streamlit as st

from automl.evaluation.first_score import FirstScore
from automl.ui.side_work import SideWorks


@st.cache_resource
def looks() -> SideWorks[FirstScore]:
    """The looks of this server."""
    return SideWorks("automl.engine.first_score", FirstScore)
