"""Form of a new experiment. Its values survive a change of page."""

from typing import Any

import streamlit as st

from automl.dataset.preview import fitting_side
from automl.figures import wording
from automl.host.cores import usable_cores
from automl.jobs import model_catalog
from automl.jobs.data_source import DataSource
from automl.jobs.hyperparameters import FIELDS
from automl.jobs.job import Job, Limits
from automl.texts import _, mark
from automl.ui import schema_fields
from automl.ui.configure import (
    field_faults,
    hyperparameter_fields,
    loaded_job,
    machine_fields,
    model_places,
    space_editor,
    sweep_fields,
)
from automl.ui.configure.draft import Draft, Effort, Search, fitting_size
from automl.ui.configure.hyperparameter_fields import help_text
from automl.ui.dataset import data_choice
from automl.ui.schema_fields import KEPT

_RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
_EXPLAINED = {
    Search.AUTOMATIC: mark(
        "Tries a documented list of models that suit this machine, with settings that suit "
        "each of them."
    ),
    Search.CHOOSE: mark(
        "Draws every trial at random: one of your models, and a learning rate between your bounds."
    ),
    Search.SPACE: mark("You fix each hyperparameter, or choose how it is drawn."),
    Search.ONE: mark("Trains a single model once."),
}
_FROM_THE_SPACE = mark("The search space sets this hyperparameter.")


def show(data: DataSource, median_side: float, *, mirror: bool) -> Draft:
    """Draw the form.

    Args:
        data: location of the pictures.
        median_side: median short side of the pictures in pixels; sets the size offered first.
        mirror: initial value of the switch for mirrored pictures.
    """
    model_places.ask_the_hub()
    side = fitting_side(median_side)
    with st.container(border=True):
        primary_metric, limits = _basics()
        if st.session_state.get("search") != Search.ONE:
            _effort()
    chosen: dict[str, Any] = {}
    with st.container(border=True):
        st.session_state.setdefault("search", Search.AUTOMATIC)
        search = Search(
            st.segmented_control(
                _("Search"), list(Search), format_func=_, required=True, key="search", **KEPT
            )
        )
        st.caption(_(_EXPLAINED[search]))
        if search is Search.CHOOSE:
            chosen = _models(side)
        elif search is Search.SPACE:
            chosen["sampling_algorithm"] = sweep_fields.sampler()
            space = space_editor.show(chosen["sampling_algorithm"]["type"])
            chosen |= {"search_space": tuple(space)}
        elif search is Search.ONE:
            shared = _one_model(side)
        if search in (Search.CHOOSE, Search.SPACE):
            chosen["early_termination"] = sweep_fields.policy()
        limits |= _how_many(search)
        machines = machine_fields.show()
        allowed = _licences()
    parameters = shared if search is Search.ONE else {}
    searched = {name for sub_space in chosen.get("search_space", ()) for name in sub_space}
    parameters = _shared(mirror, searched) | parameters
    return Draft(
        data=data,
        primary_metric=primary_metric,
        limits=limits,
        search=search,
        training_parameters=parameters,
        allowed_licences=allowed,
        machines=machines,
        rest=loaded_job.rest(),
        **chosen,
    )


def _basics() -> tuple[str, dict[str, Any]]:
    metric, minutes = st.columns(2)
    st.session_state.setdefault("minutes", 15)
    task = data_choice.task()
    if st.session_state.get("primary metric") not in task.primary_metrics:  # of the other task
        st.session_state["primary metric"] = task.default_metric
    primary_metric = metric.selectbox(
        _("Primary metric"),
        task.primary_metrics,
        format_func=wording.metric_heading,
        help=schema_fields.help_text(Job, "primary_metric"),
        key="primary metric",
        **KEPT,
    )
    limits = {
        "timeout_minutes": minutes.number_input(
            _("Minutes at most"),
            min_value=1,
            max_value=60 * 24 * 60,
            help=schema_fields.help_text(Limits, "timeout_minutes"),
            key="minutes",
            on_change=_take_minutes,
            **KEPT,
        ),
    }
    return primary_metric, limits


def _effort() -> None:
    st.session_state.setdefault("effort", Effort.BALANCED)
    st.segmented_control(
        _("Effort"),
        list(Effort),
        key="effort",
        format_func=lambda effort: Effort(effort).caption,
        help=_("Largest number of trials; the limits below take any other number."),
        on_change=_take_effort,
        **KEPT,
    )


def _how_many(search: Search) -> dict[str, Any]:
    """Draw the limits that depend on the kind of search, and return them."""
    limits: dict[str, Any] = {"max_trials": 1}
    st.session_state.setdefault("max trials", Effort.BALANCED.num_trials)
    st.session_state.setdefault("concurrency", 2 if usable_cores() >= 4 else 1)
    with st.expander(_("Limits")):
        if search is not Search.ONE:
            limits = _trials(search)
        score = schema_fields.draw(Limits, "exit_score", "exit score")
        field_faults.place("limits", _("Limits"))
        if search is Search.AUTOMATIC and schema_fields.draw(
            Limits, "stop_when_no_gain", "stop when no gain"
        ):
            limits["stop_when_no_gain"] = True
    if score is not None:
        limits["exit_score"] = score
    return limits


def _trials(search: Search) -> dict[str, Any]:
    trials, at_a_time = st.columns(2)
    low = 2 if search is Search.AUTOMATIC else 1
    st.session_state["max trials"] = max(low, st.session_state["max trials"])
    return {
        "max_trials": trials.number_input(
            _("Trials at most"),
            min_value=low,
            max_value=1000,
            help=schema_fields.help_text(Limits, "max_trials"),
            key="max trials",
            on_change=_forget_effort,
            **KEPT,
        ),
        "max_concurrent_trials": at_a_time.number_input(
            _("Trials at a time"),
            min_value=1,
            max_value=100,
            help=schema_fields.help_text(Limits, "max_concurrent_trials"),
            key="concurrency",
            **KEPT,
        ),
    }


def _licences() -> tuple[str, ...]:
    with st.expander(_("Licences")):
        chosen = st.multiselect(
            _("Allowed licences of pretrained weights"),
            model_catalog.LICENCES,
            key="allowed licences",
            placeholder=_("all"),
            help=schema_fields.help_text(Job, "allowed_licences"),
            accept_new_options=True,
            **KEPT,
        )
    field_faults.place("allowed_licences", _("Licences"))
    return tuple(chosen)


def _take_minutes() -> None:
    """Let a time limit that the user sets decide how many trials run, if no number was chosen."""
    is_automatic = st.session_state.get("search", Search.AUTOMATIC) == Search.AUTOMATIC
    if is_automatic and not st.session_state.get(loaded_job.EFFORT_IS_CHOSEN):
        st.session_state["effort"] = Effort.TIME
        st.session_state["max trials"] = Effort.TIME.num_trials


def _take_effort() -> None:
    st.session_state[loaded_job.EFFORT_IS_CHOSEN] = True
    effort = st.session_state["effort"]
    if effort is not None:
        st.session_state["max trials"] = Effort(effort).num_trials


def _forget_effort() -> None:
    st.session_state[loaded_job.EFFORT_IS_CHOSEN] = True
    efforts = {effort.num_trials: effort for effort in Effort}
    st.session_state["effort"] = efforts.get(st.session_state["max trials"])


def _models(side: int) -> dict[str, Any]:
    models = st.multiselect(
        _("Models"),
        list(model_catalog.MODELS),
        model_places.preferred(2),
        format_func=model_places.describe,
        help=help_text("model_name"),
        key="models",
        **KEPT,
    )
    for key in ("models", "search_space"):
        field_faults.place(key, _("Models"))
    rates = st.select_slider(
        _("Learning rate between"),
        _RATES,
        (0.001, 0.03),
        help=help_text("learning_rate"),
        key="rates",
        **KEPT,
    )
    epochs, size = st.columns(2)
    return {
        "models": tuple(models),
        "learning_rates": rates,
        "epochs": epochs.number_input(
            _("Epochs"),
            min_value=1,
            max_value=1000,
            value=15,
            help=help_text("number_of_epochs"),
            key="epochs",
            **KEPT,
        ),
        "side": size.number_input(
            _("Picture size (pixels)"),
            min_value=8,
            max_value=1024,
            value=side,
            help=help_text("training_crop_size")
            + " "
            + _("{side} suits these pictures.").format(side=side),
            key=f"side from {side}",
            **KEPT,
        ),
    }


def _one_model(side: int) -> dict[str, Any]:
    """Draw the choice of a model; its picture size suits the pictures unless the user sets one."""
    st.session_state.setdefault("model", model_places.preferred(1)[0])
    model = st.selectbox(
        _("Model"),
        list(model_catalog.MODELS),
        format_func=model_places.describe,
        help=help_text("model_name"),
        key="model",
        accept_new_options=True,
        **KEPT,
    )
    field_faults.place("training_parameters.model_name", _("Model"))
    parameters: dict[str, Any] = {"model_name": model}
    size = st.session_state.get(hyperparameter_fields.key("training_crop_size"))
    if size is None and "training_crop_size" not in loaded_job.explicit():
        parameters |= fitting_size(model, side)
    return parameters


def _without_effect() -> dict[str, str]:
    """Hyperparameters that the task does not have."""
    if data_choice.task().has_label_sets:
        return {}
    names = ("loss", *(name for name in FIELDS if name.startswith("asymmetric_loss_")))
    return dict.fromkeys(names, _("Has an effect only where pictures have any number of labels."))


def _shared(mirror: bool, searched: set[str]) -> dict[str, Any]:
    """Draw the hyperparameters of every trial and return those that were set."""
    key = f"mirror {mirror}"
    st.session_state.setdefault(key, mirror)
    mirrored = st.toggle(
        _("Mirrored pictures mean the same"),
        help=help_text("horizontal_flip"),
        key=key,
        **KEPT,
    )
    with st.expander(_(hyperparameter_fields.FOLD)):
        shared = hyperparameter_fields.show(
            explicit=loaded_job.explicit(),
            blocked=dict.fromkeys(searched, _(_FROM_THE_SPACE)) | _without_effect(),
        )
    field_faults.place("training_parameters", _(hyperparameter_fields.FOLD))
    if not mirrored:
        shared["horizontal_flip"] = False
    return shared
