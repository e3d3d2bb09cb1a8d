"""Label page: pictures without a label, those that a model would learn most from first."""

import streamlit as st

from automl.access.permissions import Action
from automl.dataset.corrections import MissingPicturesError
from automl.errors import UserError
from automl.figures import wording
from automl.jobs.corrections import Corrections
from automl.texts import _
from automl.ui import cached, data_source, frame, links
from automl.ui.dataset import corrections_view, data_choice, labelling, labelling_view

begun = frame.begin(_("Label pictures"), frame.DATA, Action.LABEL)
data = data_choice.require(_("Here you label the pictures that a model would learn most from."))
with begun:
    st.caption(wording.plain(data_source.named(str(data.path))))
    if st.button(_("Back to the data"), icon=":material/arrow_back:"):
        links.switch_page(frame.DATA, query_params=data_choice.link())
try:
    job = data_choice.job(data)
    corrected = cached.inspection(job)
    original = cached.inspection(job.model_copy(update={"corrections": Corrections()}))
except (UserError, OSError) as error:  # an OSError if the path is gone
    st.error(wording.plain(wording.stored(data_source.named(str(error)))))
    if isinstance(error, MissingPicturesError):
        corrections_view.forget_missing(error)
    corrections_view.summary()
    st.stop()
corrections_view.summary()
place = labelling_view.choose_place()
if place is not None:
    names = labelling.in_order_of_keys(corrected.class_names, original.class_names)
    labelling_view.show(job, place, names, corrected.rendering)
