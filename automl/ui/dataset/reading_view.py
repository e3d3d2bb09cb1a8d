"""Draw how a data set was understood, with the other ways to read it one click away."""

from collections.abc import Sequence

import streamlit as st

from automl.dataset.reading import TRAINING, Reading
from automl.dataset.report import DatasetReport
from automl.figures import wording
from automl.texts import _, mark
from automl.ui.dataset import data_choice

_NAMES = {"validation_data": mark("Validation data"), "test_data": mark("Test data")}


def show(report: DatasetReport) -> None:
    """Draw the reading of each data source, as wide as its sentence, with a fold of the others."""
    for section, readings in _readings(report):
        understood, *others = readings
        sentence = wording.stored(understood.sentence)
        if section in _NAMES:
            sentence = f"{_(_NAMES[section])}: {sentence}"
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", width="content"
        ):
            st.markdown(f":material/folder_eye: {wording.plain(sentence)}", width="content")
            if others:
                with st.popover(
                    _("Read it in another way ({count})").format(count=len(others)),
                    key=f"others of {section}",
                ):
                    choices(others, section)


def ask_about_parents(report: DatasetReport) -> None:
    """Draw the question whether a folder is the parent of several data sets, and the answers."""
    for section, readings in _readings(report):
        if not any("path" in other.options for other in readings[1:]):
            continue
        st.warning(
            _(
                "Each of these folders has folders or a table of its own. Is this the parent of "
                "several data sets? Choose one of them, or the folders that are the classes."
            )
        )
        alone = [each for each in readings if each.options.keys() == {"path"}]
        levels = [each for each in readings if each.options.keys() == {"label_level"}]
        with st.container(horizontal=True, gap="small"):
            for position, reading in enumerate([*alone, *levels]):
                label = wording.plain(wording.stored(reading.sentence))
                _button(label, reading, section, f"likely {section} {position}")


def _readings(report: DatasetReport) -> list[tuple[str, Sequence[Reading]]]:
    """Readings of each data source that has any, the one in use first."""
    every = {TRAINING: report.readings, **report.held_out_readings}
    return [(section, readings) for section, readings in every.items() if readings]


def choices(readings: Sequence[Reading], section: str = TRAINING) -> None:
    """Draw a button for each reading of a data source."""
    for position, reading in enumerate(readings):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _button(_("Read it so"), reading, section, f"reading {section} {position}")
            st.markdown(wording.plain(wording.stored(reading.sentence)), width="stretch")


def _button(label: str, reading: Reading, section: str, key: str) -> None:
    st.button(
        label,
        key=f"{key} {reading.sentence}",
        on_click=data_choice.understand,
        args=(reading.options, section),
    )
