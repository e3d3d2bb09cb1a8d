"""AutoMode's plan beside the form: what will be tried in the time, before Start."""

import streamlit as st

from automl.dataset.manifest import Manifest
from automl.engine import measuring, preview
from automl.errors import UserError
from automl.figures import wording
from automl.jobs.job import Job
from automl.texts import _


def show(job: Job, data: Manifest) -> None:
    """Draw the plan by the speed of this machine, which the estimate measures."""
    try:
        first, *rest = preview.sentences(job, data, lambda: _decode_seconds(data))
        is_measured = preview.is_measured(job, data)
    except (UserError, OSError) as error:
        st.error(wording.of_error(error))
        return
    st.markdown(wording.as_list(first))
    for sentence in rest:
        st.caption(wording.plain(sentence))
    if is_measured:
        trials = wording.most_trials(job.limits.max_trials)
        st.caption(_("{trials}. The plan is revised while the trials run.").format(trials=trials))


def _decode_seconds(data: Manifest) -> float:
    """Measured once for the pictures; the plan is drawn again with every change of the form."""
    key = f"decoding {data.report.data_hash}"
    if key not in st.session_state:
        st.session_state[key] = measuring.decode_seconds(data)
    seconds: float = st.session_state[key]
    return seconds
