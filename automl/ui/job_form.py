"""The form of a new experiment. Its values survive a change of page."""

from typing import Any, get_args

import streamlit as st

from automl import model_catalog
from automl.cores import usable_cores
from automl.job import DataSource, Job, Limits, PrimaryMetric
from automl.ui import hyperparameter_fields, wording
from automl.ui.draft import Draft, Search, fitting_side

_RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
_KEPT: dict[str, Any] = {"persist_state": "session"}
_EXPLAINED = {
    Search.AUTOMATIC: "Tries a documented list of models that suits this machine, with "
    "settings that suit each of them.",
    Search.CHOOSE: "Draws every trial at random: one of your models, and a learning rate between "
    "your bounds.",
    Search.ONE: "Trains a single model once.",
}


def show(data: DataSource, median_side: float, *, mirror: bool) -> Draft:
    """Draw the form.

    Args:
        data: the pictures.
        median_side: of them, in pixels; decides the picture size offered.
        mirror: whether mirroring pictures is switched on to begin with.
    """
    with st.container(border=True):
        basics = _basics()
    with st.container(border=True):
        search = st.segmented_control(
            "Search", list(Search), default=Search.AUTOMATIC, required=True, key="search", **_KEPT
        )
        st.caption(_EXPLAINED[search])
        chosen = {} if search is Search.AUTOMATIC else _models(search, fitting_side(median_side))
        if search is not Search.ONE:
            basics |= _how_many(search)
    mirrored = st.toggle(
        "Mirrored pictures mean the same",
        value=mirror,
        help=hyperparameter_fields.help_text("horizontal_flip"),
        key=f"mirror {mirror}",
        **_KEPT,
    )
    with st.expander("More"):
        shared = hyperparameter_fields.show()
    if not mirrored:
        shared["horizontal_flip"] = False
    return Draft(data=data, search=search, training_parameters=shared, **basics, **chosen)


def _basics() -> dict[str, Any]:
    metric, minutes = st.columns(2)
    return {
        "primary_metric": metric.selectbox(
            "Primary metric",
            get_args(PrimaryMetric),
            format_func=wording.metric,
            help=Job.model_fields["primary_metric"].description,
            key="primary metric",
            **_KEPT,
        ),
        "minutes": minutes.number_input(
            "Minutes at most",
            min_value=1,
            max_value=60 * 24 * 60,
            value=15,
            help=Limits.model_fields["timeout_minutes"].description,
            key="minutes",
            **_KEPT,
        ),
    }


def _how_many(search: Search) -> dict[str, Any]:
    trials, at_a_time = st.columns(2)
    return {
        "max_trials": trials.number_input(
            "Trials at most",
            min_value=2 if search is Search.AUTOMATIC else 1,
            max_value=1000,
            value=8,
            help=Limits.model_fields["max_trials"].description,
            key=f"trials {search}",
            **_KEPT,
        ),
        "max_concurrent_trials": at_a_time.number_input(
            "Trials at a time",
            min_value=1,
            max_value=100,
            value=2 if usable_cores() >= 4 else 1,
            help=Limits.model_fields["max_concurrent_trials"].description,
            key="concurrency",
            **_KEPT,
        ),
    }


def _models(search: Search, side: int) -> dict[str, Any]:
    names = list(model_catalog.MODELS)
    if search is Search.ONE:
        models = [_one_model(names)]
        high = st.select_slider(
            "Learning rate", _RATES, 0.01, key="rate", help=_help("learning_rate"), **_KEPT
        )
        rates = (high, high)
    else:
        models = st.multiselect(
            "Models",
            names,
            ["mobilenetv3_small_100", "resnet18"],
            format_func=_describe,
            help=_help("model_name"),
            key="models",
            **_KEPT,
        )
        rates = st.select_slider(
            "Learning rate between",
            _RATES,
            (0.001, 0.03),
            help=_help("learning_rate"),
            key="rates",
            **_KEPT,
        )
    return {"models": tuple(models), "learning_rates": rates, **_length_and_size(side)}


def _one_model(names: list[str]) -> str:
    chosen: str = st.selectbox(
        "Model",
        names,
        names.index("resnet18"),
        format_func=_describe,
        help=_help("model_name"),
        key="model",
        **_KEPT,
    )
    return chosen


def _length_and_size(side: int) -> dict[str, Any]:
    epochs, size = st.columns(2)
    return {
        "epochs": epochs.number_input(
            "Epochs",
            min_value=1,
            max_value=1000,
            value=15,
            help=_help("number_of_epochs"),
            key="epochs",
            **_KEPT,
        ),
        "side": size.number_input(
            "Picture size (pixels)",
            min_value=8,
            max_value=1024,
            value=side,
            help=f"{_help('training_crop_size')} {side} suits these pictures.",
            key=f"side from {side}",
            **_KEPT,
        ),
    }


def _help(name: str) -> str:
    return hyperparameter_fields.help_text(name) or ""


def _describe(name: str) -> str:
    model = model_catalog.MODELS[name]
    return f"{name} ({wording.number(model.parameters)} M parameters)"
