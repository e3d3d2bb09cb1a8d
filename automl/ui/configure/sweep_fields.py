"""Form fields for the sampling algorithm and the early-termination policy."""

from typing import Any

import streamlit as st

from automl.jobs.sweep import Asha, Bandit, MedianStopping, SamplingAlgorithm, TruncationSelection
from automl.texts import _
from automl.ui import schema_fields
from automl.ui.configure import field_faults
from automl.ui.schema_fields import KEPT

POLICIES: dict[str, Any] = {
    "bandit": Bandit,
    "median_stopping": MedianStopping,
    "truncation_selection": TruncationSelection,
    "asha": Asha,
}
NO_POLICY = "none"
_BANDIT = {"slack_factor": 0.1, "delay_evaluation": 3}
_SAMPLERS = ("random", "grid", "bayesian")


def sampler() -> dict[str, Any]:
    """Draw the fields of the sampling algorithm and return it as the job has it."""
    name, rule, seed = st.columns(3)
    st.session_state.setdefault("sampler", "random")
    help_text = schema_fields.help_text(SamplingAlgorithm, "type")
    kind = name.selectbox(_("Sampling algorithm"), _SAMPLERS, key="sampler", help=help_text, **KEPT)
    with rule:
        reason = "" if kind == "random" else _("Has no effect with {kind}.").format(kind=kind)
        chosen_rule = schema_fields.draw(SamplingAlgorithm, "rule", "sampler rule", disabled=reason)
    with seed:
        reason = (
            _("A grid tries every combination, without random draws.") if kind == "grid" else ""
        )
        chosen_seed = schema_fields.draw(SamplingAlgorithm, "seed", "sampler seed", disabled=reason)
    field_faults.place("sweep.sampling_algorithm", _("Sampling algorithm"))
    settings: dict[str, Any] = {"type": kind}
    if kind == "random" and chosen_rule != "random":
        settings["rule"] = chosen_rule
    if kind != "grid" and chosen_seed is not None:
        settings["seed"] = chosen_seed
    return settings


def policy() -> dict[str, Any] | None:
    """Draw the fields of the policy and return it as the job has it; None for no policy."""
    st.session_state.setdefault("policy", NO_POLICY)
    kind = st.selectbox(
        _("Early termination"),
        [NO_POLICY, *POLICIES],
        key="policy",
        format_func=schema_fields.title,
        help=_("Ends trials that look worse than the others, which saves time."),
        on_change=_propose,
        **KEPT,
    )
    if kind == NO_POLICY:
        return None
    model = POLICIES[kind]
    st.caption(_(schema_fields.plain(str(model.__doc__).split("\n\n")[0])))
    names = [name for name in model.model_fields if name != "type"]
    settings = {"type": kind}
    for column, name in zip(st.columns(len(names)), names, strict=True):
        with column:
            value = schema_fields.draw(model, name, policy_key(kind, name))
            field_faults.place(f"sweep.early_termination.{name}", schema_fields.title(name))
        if value is not None:
            settings[name] = value
    field_faults.place("sweep.early_termination", _("Early termination"))
    if kind == "bandit" and not (settings.get("slack_factor") or settings.get("slack_amount")):
        st.caption(_("With a slack of 0, every trial behind the best one ends at once."))
    return settings


def _propose() -> None:
    """Fill in the fields of the policy just chosen where its own defaults, Azure's, are harsh."""
    if st.session_state["policy"] != "bandit":
        return
    for name, value in _BANDIT.items():
        key = policy_key("bandit", name)
        st.session_state[key] = st.session_state.get(key) or value


def policy_key(kind: str, name: str) -> str:
    """Key of the widget of a field of a policy."""
    return f"policy {kind} {name}"
