"""Dataset page: choice of the pictures of a new experiment, and their health report."""

from pathlib import Path

import streamlit as st

from automl.dataset.corrections import MissingPicturesError
from automl.dataset.reading import UnclearDataError
from automl.errors import UserError
from automl.experiments import launcher
from automl.figures import wording
from automl.jobs.corrections import Corrections
from automl.texts import _
from automl.ui import cached, data_source, frame, links
from automl.ui.dataset import (
    conflicts_view,
    corrections_view,
    data_choice,
    data_options,
    dataset_gallery,
    dataset_view,
    first_score_view,
    label_sets_view,
    picture_map_view,
    pictures_choice,
    reading_view,
    recorded_view,
    versions_view,
)

_EXPECTED = """\
pictures
├── cat
│   ├── 1.jpg
│   └── 2.jpg
└── dog
    └── 3.jpg"""

begun = frame.begin_first_steps(frame.DATA)
if isinstance(begun, Path):
    recorded_view.data(begun)
    st.stop()


def show_refusal(error: Exception) -> None:
    data_choice.note_reading(is_refused=True)
    st.error(wording.plain(wording.stored(data_source.named(str(error)))))
    if isinstance(error, UnclearDataError):
        reading_view.choices(error.readings)
    elif isinstance(error, MissingPicturesError):
        corrections_view.forget_missing(error)
    elif data is not None and data_source.is_within_reach(data):
        st.caption(_("Expected is a folder for each class, or a table with labels:"))
        st.code(_EXPECTED, language=None)
    corrections_view.summary()
    st.markdown(_("Choose other pictures, or make classes of loose pictures below:"))
    pictures_choice.show(data)
    if data is not None and data_source.is_within_reach(data):
        data_options.show(data, [], None)
    st.stop()


def choose_target_column(names: list[str]) -> None:
    """Draw the choice of the column that holds the labels, if the data is a table."""
    chosen = data_choice.target_column()
    if not names:
        return
    index = names.index(chosen) if chosen in names else None
    picked = st.selectbox(
        _("Column of the labels"),
        names,
        index=index,
        format_func=lambda name: _("Labels in {column}").format(column=name),
        key=f"target column instead of {chosen}",
        placeholder=_("Labels in the column found"),
        label_visibility="collapsed",  # each choice says it
        width=250,
    )
    if picked is not None and picked != chosen:
        data_choice.choose_target_column(picked)
        st.rerun()  # the field has another key from now on, and would lose the next choice


data = data_choice.chosen()
if data is None:
    st.info(_("Which pictures should the model learn from? Each class is a folder of pictures."))
    pictures_choice.show()
    st.stop()
facts = st.container(horizontal=True, vertical_alignment="center", gap="small")
try:
    columns = cached.columns(data)
    with facts:
        choose_target_column(columns)
        label_sets_view.choose_task(is_table=bool(columns))
    job = data_choice.job(data)
    data_choice.seal_by_default(job)
    original = cached.inspection(job.model_copy(update={"corrections": Corrections()}))
    corrected = cached.inspection(job)
except (UserError, OSError) as error:  # an OSError if the path is gone
    show_refusal(error)

data_choice.note_reading(is_refused=False)
launcher.warm_up()
blocking = ", ".join(wording.kind(finding.kind) for finding in corrected.report.blocking)
can_be_looked_at = len(corrected.readable) > 1
with begun:
    st.caption(wording.plain(data_source.named(str(data.path))))
    if st.button(_("Use other pictures"), icon=":material/swap_horiz:"):
        data_choice.choose(None)
        st.rerun()
    if st.button(_("Label more"), icon=":material/label:"):
        links.switch_page("pages/label.py", query_params=data_choice.link())
    if st.button(
        _("Set up"),
        type="primary",
        icon=":material/arrow_forward:",
        disabled=bool(blocking),
        help=_("Settle first: {findings}.").format(findings=blocking) if blocking else None,
    ):
        links.switch_page("pages/configure.py", query_params=data_choice.link())
with facts:
    dataset_view.summary(corrected)
    reading_view.show(corrected.report)
reading_view.ask_about_parents(corrected.report)
corrections_view.summary()
left, right = st.columns([3, 2], gap="medium")
with left:
    dataset_gallery.show(corrected, original)
    versions_view.show(job, corrected)
    data_options.show(data, columns, corrected.report)
    if can_be_looked_at:
        picture_map_view.show(job, corrected, original)
    dataset_view.as_the_model_sees(corrected)
    dataset_view.class_sizes(corrected)
    label_sets_view.show(corrected)
    corrections_view.rename(corrected.class_names, original)
    dataset_view.shapes(corrected.report)
with right:
    if can_be_looked_at:
        first_score_view.show(job, corrected, original)
    predicted = first_score_view.predicted(job, corrected, original)
    conflicts_view.show(corrected, original, predicted)
    corrections_view.settle_at_once(corrected, original)
    dataset_view.findings(corrected, original, predicted)
