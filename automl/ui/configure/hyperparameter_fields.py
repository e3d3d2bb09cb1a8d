"""Form fields for hyperparameters, made from the schema."""

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from automl.jobs.hyperparameters import Hyperparameters
from automl.ui import schema_fields

FIELDS = Hyperparameters.model_fields
_GROUPS = {
    "Augmentation": (
        "augmentation",
        "vertical_flip",
        "crop_scale_min",
        "colour_jitter",
        "mixup",
        "cutmix",
    ),
    "Optimizer": (
        "optimizer",
        "weight_decay",
        "momentum",
        "nesterov",
        "beta1",
        "beta2",
        "ams_gradient",
        "layer_decay",
    ),
    "Learning rate": (
        "learning_rate",
        "learning_rate_scheduler",
        "warmup_cosine_lr_warmup_epochs",
        "warmup_cosine_lr_cycles",
        "step_lr_step_size",
        "step_lr_gamma",
    ),
    "Early stopping": (
        "early_stopping",
        "early_stopping_patience",
        "early_stopping_delay",
        "evaluation_frequency",
    ),
    "Pictures": (
        "training_crop_size",
        "validation_crop_size",
        "validation_resize_size",
    ),
    "Computing": (
        "precision",
        "compile",
        "deterministic",
        "validation_batch_size",
        "enable_onnx_normalization",
    ),
}
_ELSEWHERE = ("model_name", "horizontal_flip")
_GROUPED = {name for names in _GROUPS.values() for name in names}
GROUPS = {
    "Training": tuple(name for name in FIELDS if name not in (*_GROUPED, *_ELSEWHERE)),
    **_GROUPS,
}
"""Every hyperparameter but those that the form asks for elsewhere."""

_ADAM = ("adam", "adamw")
_ONLY_WITH: dict[str, tuple[str, tuple[Any, ...]]] = {
    "momentum": ("optimizer", ("sgd",)),
    "nesterov": ("optimizer", ("sgd",)),
    "beta1": ("optimizer", _ADAM),
    "beta2": ("optimizer", _ADAM),
    "ams_gradient": ("optimizer", _ADAM),
    "warmup_cosine_lr_warmup_epochs": ("learning_rate_scheduler", ("warmup_cosine",)),
    "warmup_cosine_lr_cycles": ("learning_rate_scheduler", ("warmup_cosine",)),
    "step_lr_step_size": ("learning_rate_scheduler", ("step",)),
    "step_lr_gamma": ("learning_rate_scheduler", ("step",)),
    "model_ema_decay": ("model_ema", (True,)),
    "early_stopping_patience": ("early_stopping", (True,)),
    "early_stopping_delay": ("early_stopping", (True,)),
}


def show(
    *, explicit: Collection[str] = (), blocked: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Draw all groups; returns what was set to something else than the default.

    Args:
        explicit: hyperparameters that are returned even when they are at the default.
        blocked: those that cannot be set now, and why.
    """
    chosen: dict[str, Any] = {}
    for tab, names in zip(st.tabs(list(GROUPS)), GROUPS.values(), strict=True):
        with tab:
            columns = st.columns(2)
            for index, name in enumerate(names):
                with columns[index % 2]:
                    unless = (blocked or {}).get(name) or _unless(name)
                    value = field(name, unless=unless)
                is_number = not schema_fields.options(FIELDS[name])
                differs = is_number or value != FIELDS[name].default
                if value is not None and not unless and (differs or name in explicit):
                    chosen[name] = value
    return chosen


def field(name: str, *, unless: str = "") -> Any:
    """One field; None where the model's own default is to be used."""
    return schema_fields.draw(name, FIELDS[name], key(name), unless=unless)


def start(name: str) -> Any:
    """What the field of a hyperparameter holds before anybody has set it."""
    return FIELDS[name].default if schema_fields.options(FIELDS[name]) else None


def key(name: str) -> str:
    """Of the widget of a hyperparameter."""
    return f"field {name}"


def help_text(name: str) -> str | None:
    return FIELDS[name].description


def _unless(name: str) -> str:
    """Why the hyperparameter has no effect beside the others as they are now."""
    if name not in _ONLY_WITH:
        return ""
    other, allowed = _ONLY_WITH[name]
    if st.session_state.get(key(other), FIELDS[other].default) in allowed:
        return ""
    words = " or ".join("on" if value is True else str(value) for value in allowed)
    return f"Has an effect only when {schema_fields.title(other).lower()} is {words}."
