"""Load a job into the form: its values into the fields, and the rest kept beside them."""

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.ui import data_source
from automl.ui.configure import hyperparameter_fields, machine_fields, space_editor, sweep_fields
from automl.ui.configure.draft import Effort, Search
from automl.ui.dataset import data_choice

EFFORT_IS_CHOSEN = "effort is chosen"
"""Key of the session: the user, or a loaded job, has said how many trials."""

_REST, _EXPLICIT = "rest of the job", "hyperparameters of the job"
_IN_THE_FORM = (
    "type",
    "primary_metric",
    "allowed_licences",
    "limits",
    "search_space",
    "sweep",
    *machine_fields.KEYS,
    *data_source.JOB_KEYS,
)


def rest() -> Mapping[str, Any]:
    """Sections of the loaded job that have no field in the form."""
    kept: Mapping[str, Any] = st.session_state.get(_REST, {})
    return kept


def is_any() -> bool:
    """True if this session has loaded a job."""
    return _REST in st.session_state


def explicit() -> Collection[str]:
    """Hyperparameters that the loaded job names, even those at their default."""
    kept: Collection[str] = st.session_state.get(_EXPLICIT, ())
    return kept


def load(job: Job) -> None:
    """Fill in the form; call it from a callback, before the fields are drawn."""
    content = job.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    parameters = dict(job.training_parameters)
    data_choice.take(job)
    st.session_state["primary metric"] = job.primary_metric
    st.session_state["allowed licences"] = job.allowed_licences or []
    machine_fields.load(job)
    _load_limits(job)
    _load_search(job, parameters)
    for value in (True, False):
        st.session_state[f"mirror {value}"] = parameters.get("horizontal_flip", True)
    for names in hyperparameter_fields.GROUPS.values():
        for name in names:
            unset = hyperparameter_fields.initial_value(name)
            st.session_state[hyperparameter_fields.key(name)] = parameters.get(name, unset)
    st.session_state[_EXPLICIT] = tuple(parameters)
    without_field = {
        name: value
        for name, value in parameters.items()
        if name not in Hyperparameters.model_fields
    }
    if job.search_space and "model_name" in parameters:
        without_field["model_name"] = parameters["model_name"]
    kept = {key: value for key, value in content.items() if key not in _IN_THE_FORM}
    st.session_state[_REST] = {**kept, "training_parameters": without_field}


def _load_limits(job: Job) -> None:
    limits = job.limits
    efforts = {effort.num_trials: effort for effort in Effort}
    st.session_state["minutes"] = limits.timeout_minutes
    st.session_state["max trials"] = limits.max_trials
    st.session_state[EFFORT_IS_CHOSEN] = True
    st.session_state["effort"] = efforts.get(limits.max_trials)
    st.session_state["concurrency"] = limits.max_concurrent_trials
    st.session_state["exit score"] = limits.exit_score
    st.session_state["stop when no gain"] = limits.stop_when_no_gain


def _load_search(job: Job, parameters: Mapping[str, Any]) -> None:
    if job.is_automode:
        st.session_state["search"] = Search.AUTOMATIC
        return
    if not job.search_space:
        st.session_state["search"] = Search.ONE
        st.session_state["model"] = parameters.get("model_name", Hyperparameters().model_name)
        return
    st.session_state["search"] = Search.SPACE
    space_editor.load(job.search_space)
    algorithm = job.sweep.sampling_algorithm if job.sweep else None
    st.session_state["sampler"] = algorithm.type if algorithm else "random"
    st.session_state["sampler rule"] = algorithm.rule if algorithm else "random"
    st.session_state["sampler seed"] = algorithm.seed if algorithm else None
    policy = job.sweep.early_termination if job.sweep else None
    st.session_state["policy"] = policy.type if policy else sweep_fields.NO_POLICY
    if policy:
        for name, value in policy.model_dump(exclude={"type"}).items():
            st.session_state[sweep_fields.policy_key(policy.type, name)] = value
