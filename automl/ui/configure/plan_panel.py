"""AutoMode's plan beside the form: what will be tried in the time, before Start."""

from contextlib import closing

import streamlit as st

from automl.dataset.manifest import Manifest
from automl.engine import measuring, preview
from automl.errors import UserError
from automl.figures import wording
from automl.jobs import estimate
from automl.jobs.job import Job
from automl.ui.dataset import first_scores

_MEASURING = "measures the speed"


def show(job: Job, data: Manifest) -> None:
    """Draw the plan by the measured speed of this machine, which is measured at the first look.

    Whatever one clicks ends the measurement; a button then begins it again.
    """
    try:
        first, *rest = preview.sentences(job, data, lambda: _decode_seconds(data))
        is_measured = preview.is_measured(job, data)
    except (UserError, OSError) as error:
        st.error(wording.plain(str(error)))
        return
    st.markdown(wording.plain(first))
    for sentence in rest:
        st.caption(wording.plain(sentence))
    if is_measured:
        trials = wording.count(job.limits.max_trials, "trial")
        st.caption(f"At most {trials}. The plan is revised while the trials run.")
    elif st.session_state.get(_MEASURING, first_scores.is_automatic()):
        _measure(job)
    else:
        st.button(
            "Measure this machine",
            icon=":material/speed:",
            help="Takes about ten seconds; the plan then says what will be tried.",
            on_click=_set_measuring,
            args=(True,),
        )


def _set_measuring(value: bool) -> None:
    st.session_state[_MEASURING] = value


def _measure(job: Job) -> None:
    """Measure with a progress bar; a click on Cancel, or on anything else, ends it."""
    st.session_state[_MEASURING] = False
    bar = st.progress(0.0, "Starting")
    st.button("Cancel", icon=":material/close:")
    try:
        with closing(estimate.measure_speed(job)) as counts:
            for done, total in counts:
                text = f"Measuring: {done} of {wording.count(total, 'network')}"
                bar.progress(done / max(1, total), text if total else "Starting")
    except UserError as error:
        st.error(wording.plain(str(error)))
        return
    st.rerun()


def _decode_seconds(data: Manifest) -> float:
    """Measured once for the pictures; the plan is drawn again with every change of the form."""
    key = f"decoding {data.report.data_hash}"
    if key not in st.session_state:
        st.session_state[key] = measuring.decode_seconds(data)
    seconds: float = st.session_state[key]
    return seconds
