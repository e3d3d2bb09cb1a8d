"""Test page: score of one trial on the sealed test data."""

import streamlit as st

from automl.experiments import store
from automl.texts import _
from automl.ui import cached, frame
from automl.ui.test_data import test_data_view

experiment_dir, state = frame.begin_with_experiment("pages/test.py")
samples = cached.samples(experiment_dir)
num_pictures = 0 if samples is None else int((samples["split"] == "test").sum())
opening = store.load_test_opening(experiment_dir)
trials = {trial.trial_id: trial for trial in cached.trials(experiment_dir)}

if opening is not None and opening.trial_id in trials:
    test_data_view.opened(experiment_dir, opening, trials[opening.trial_id])
elif not state.is_finished:
    st.info(_("The test data can be opened when the experiment has ended."))
elif store.is_imported(experiment_dir):
    st.info(_("This experiment was imported. Its test data can only be opened where it ran."))
elif not num_pictures:
    st.info(
        _(
            "This experiment has no test data. For the next one hold out pictures in step 1, give "
            "`test_data` in the job, or put pictures into a folder `test` beside `train`: they "
            "stay sealed until you open them here, once."
        )
    )
else:
    test_data_view.sealed(experiment_dir, num_pictures)
