"""Part of the form: the machines that run the trials, and what each trial gets of them."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from automl.access.permissions import Action
from automl.host import machine
from automl.host.cores import usable_cores
from automl.jobs import machine_share
from automl.jobs.job import Job
from automl.jobs.job_errors import Problem
from automl.jobs.machine_share import ResourcesPerTrial
from automl.texts import _
from automl.ui import schema_fields, sign_in
from automl.ui.configure import field_faults
from automl.ui.schema_fields import KEPT

KEYS = ("resources_per_trial", "ray_address", "storage_path")
"""Keys of the job that have their fields here."""

_CPU, _GPU = "cores per trial", "gpus per trial"
_ADDRESS, _STORAGE = "ray address", "storage path"


def load(job: Job) -> None:
    """Fill in the fields; call it before they are drawn."""
    share = job.resources_per_trial
    st.session_state[_CPU], st.session_state[_GPU] = share.cpu, share.gpu
    st.session_state[_ADDRESS] = job.ray_address or ""
    st.session_state[_STORAGE] = job.storage_path or ""


def show() -> Mapping[str, Any]:
    """Draw the fields; returns the keys of the job that were set."""
    with st.expander(_("Machines")):
        share = _share()
        if sign_in.may(Action.CHOOSE_CLUSTER):
            places = _cluster()
        else:
            places = {}
            if st.session_state.get(_ADDRESS) or st.session_state.get(_STORAGE):
                st.caption(_("The trials run on this machine: only admins choose a cluster."))
    found = {"resources_per_trial": share, **places}
    return {key: value for key, value in found.items() if value}


def problems(job: Job) -> list[Problem]:
    """Problems with resources that this machine lacks; another cluster is asked by the engine."""
    if job.ray_address:
        return []
    found = machine_share.too_much(
        job.resources_per_trial,
        cores=usable_cores(),
        gpus=machine.num_gpus(),
        place=_("this machine"),
    )
    return [Problem(key=key, line=None, message=message) for key, message in found.items()]


def _share() -> dict[str, float]:
    cores, gpus = st.columns(2)
    for key in (_CPU, _GPU):
        st.session_state.setdefault(key, None)
    with cores:
        cpu = st.number_input(
            _("Cores per trial"),
            min_value=1,
            value=None,
            step=1,
            placeholder=_("chosen"),
            help=schema_fields.help_text(ResourcesPerTrial, "cpu"),
            key=_CPU,
            **KEPT,
        )
        field_faults.place("resources_per_trial.cpu", _("Cores per trial"))
    with gpus:
        gpu = st.number_input(
            _("GPUs per trial"),
            min_value=0.0,
            value=None,
            format="%g",
            placeholder=_("chosen"),
            help=schema_fields.help_text(ResourcesPerTrial, "gpu"),
            key=_GPU,
            **KEPT,
        )
        field_faults.place("resources_per_trial.gpu", _("GPUs per trial"))
    asked = {"cpu": cpu, "gpu": gpu}
    return {name: value for name, value in asked.items() if value is not None}


def _cluster() -> dict[str, str]:
    address, storage = _("Address of a Ray cluster"), _("Storage of the cluster")
    return {
        "ray_address": _place("ray_address", address, "10.0.0.1:6379", _ADDRESS),
        "storage_path": _place("storage_path", storage, "s3://bucket/folder", _STORAGE),
    }


def _place(name: str, title: str, example: str, key: str) -> str:
    """Draw the field for a key of the job, with its faults below."""
    place: str = st.text_input(
        title, placeholder=example, help=schema_fields.help_text(Job, name), key=key, **KEPT
    )
    field_faults.place(name, title)
    return place.strip()
