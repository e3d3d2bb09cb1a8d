"""Hardware and folders of this machine, and versions of the libraries."""

import os

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automl.engine import notice
from automl.figures import wording
from automl.host import home, machine
from automl.host.cores import usable_cores
from automl.host.machine import Room
from automl.texts import _


def show() -> None:
    st.subheader(_("This machine"))
    gpus = _gpus()
    columns = st.columns(4)
    columns[0].metric(_("Cores"), usable_cores(), help=_("Cores that experiments may use."))
    columns[1].metric("GPUs", len(gpus))
    _room(columns[2], _("Free memory"), machine.memory())
    _room(columns[3], _("Free disk"), machine.disk())
    facts = [
        *(("GPU", gpu) for gpu in gpus),
        (_("Ray, which runs the trials"), _head()),
        (_("Folder of the app"), str(home.home_dir())),
        (_("Pretrained weights"), _weights()),
        (_("Message at the end"), _messages()),
    ]
    st.dataframe(
        pd.DataFrame(facts, columns=[_("Part"), _("Current state")]),
        hide_index=True,
        column_config={_("Part"): st.column_config.TextColumn(width=200)},
    )
    st.caption(" · ".join(f"{name} {text}" for name, text in _versions().items()))


def _messages() -> str:
    """Say to whom the end of an experiment is told; the addresses may hold secrets."""
    ways = {notice.VARIABLE: _("to a webhook"), notice.MAIL_SERVER: _("by mail")}
    told = [way for variable, way in ways.items() if os.environ.get(variable)]
    nowhere = _("none; {webhook} or {mail} in the environment of the app changes that")
    return ", ".join(told) or nowhere.format(webhook=notice.VARIABLE, mail=notice.MAIL_SERVER)


def _room(column: DeltaGenerator, title: str, room: Room) -> None:
    column.metric(
        title,
        wording.gigabytes(room.free),
        help=_("Of {total}.").format(total=wording.gigabytes(room.total)),
    )


def _head() -> str:
    if machine.head_is_running():
        return _("running; it stops when no experiment has used it for a while")
    return _("not running; it starts with the next experiment")


def _weights() -> str:
    folder, number = home.weights_dir(), machine.num_weights()
    if number is None:
        return _("{folder} does not exist").format(folder=folder)
    return f"{folder}, {wording.count(number, 'model')}"


@st.cache_data(ttl="10 min", show_spinner=False)
def _gpus() -> list[str]:
    return machine.gpus()


@st.cache_data(show_spinner=False)
def _versions() -> dict[str, str]:
    return machine.versions()
