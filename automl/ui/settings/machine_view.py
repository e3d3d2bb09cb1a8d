"""Hardware and folders of this machine, and versions of the libraries."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automl.figures import wording
from automl.host import home, machine
from automl.host.cores import usable_cores
from automl.host.machine import Room


def show() -> None:
    st.subheader("This machine")
    gpus = _gpus()
    columns = st.columns(4)
    columns[0].metric("Cores", usable_cores(), help="Cores that experiments may use.")
    columns[1].metric("GPUs", len(gpus))
    _room(columns[2], "Free memory", machine.memory())
    _room(columns[3], "Free disk", machine.disk())
    facts = [
        *(("GPU", gpu) for gpu in gpus),
        ("Ray, which runs the trials", _head()),
        ("Folder of the app", str(home.home_dir())),
        ("Pretrained weights", _weights()),
    ]
    st.dataframe(
        pd.DataFrame(facts, columns=["Part", "Current state"]),
        hide_index=True,
        column_config={"Part": st.column_config.TextColumn(width=200)},
    )
    st.caption(" · ".join(f"{name} {text}" for name, text in _versions().items()))


def _room(column: DeltaGenerator, title: str, room: Room) -> None:
    column.metric(title, wording.gigabytes(room.free), help=f"Of {wording.gigabytes(room.total)}.")


def _head() -> str:
    if machine.head_is_running():
        return "running; it stops when no experiment has used it for a while"
    return "not running; it starts with the next experiment"


def _weights() -> str:
    folder, number = home.weights_dir(), machine.num_weights()
    if number is None:
        return f"{folder} does not exist"
    return f"{folder}, {wording.count(number, 'model')}"


@st.cache_data(ttl="10 min", show_spinner=False)
def _gpus() -> list[str]:
    return machine.gpus()


@st.cache_data(show_spinner=False)
def _versions() -> dict[str, str]:
    return machine.versions()
