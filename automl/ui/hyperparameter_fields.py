"""Form fields for hyperparameters, made from the schema: type, range, default and help text."""

from typing import Any, get_args

import streamlit as st

from automl.hyperparameters import Hyperparameters

GROUPS = {
    "Training": (
        "training_batch_size",
        "gradient_accumulation_step",
        "layers_to_freeze",
        "pretrained",
        "head_init",
        "weighted_loss",
        "label_smoothing",
        "drop_path_rate",
        "model_ema",
        "model_ema_decay",
        "checkpoint_run_id",
        "checkpoint_frequency",
        "random_seed",
    ),
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
    "Computing": ("precision", "compile", "deterministic", "validation_batch_size"),
}


def show() -> dict[str, Any]:
    """Draw all groups; returns what was set to something else than the default."""
    chosen: dict[str, Any] = {}
    for tab, names in zip(st.tabs(list(GROUPS)), GROUPS.values(), strict=True):
        with tab:
            columns = st.columns(2)
            for index, name in enumerate(names):
                with columns[index % 2]:
                    value = _field(name)
                if value is not None and value != Hyperparameters.model_fields[name].default:
                    chosen[name] = value
    return chosen


def help_text(name: str) -> str | None:
    return Hyperparameters.model_fields[name].description


def title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _field(name: str) -> Any:
    """The value, or None where the model's own default is to be used."""
    field = Hyperparameters.model_fields[name]
    common: dict[str, Any] = {"key": f"field {name}", "help": field.description}
    if allowed := get_args(field.annotation):
        start = allowed.index(field.default)
        return st.selectbox(title(name), allowed, index=start, persist_state="session", **common)
    if field.annotation is bool:
        return st.toggle(title(name), value=field.default, persist_state="session", **common)
    if field.annotation is str:
        return st.text_input(title(name), persist_state="session", **common) or None
    kind: Any = field.annotation  # bounds of another type than the value are refused
    low, high = (_bound(field.metadata, side, kind) for side in ("ge", "le"))
    return st.number_input(
        title(name),
        min_value=low,
        max_value=high,
        value=None,
        step=1 if kind is int else None,
        format="%d" if kind is int else "%g",
        placeholder=f"{field.default:g}",
        persist_state="session",
        **common,
    )


def _bound(metadata: list[Any], side: str, kind: Any) -> Any:
    found = [getattr(constraint, side) for constraint in metadata if hasattr(constraint, side)]
    return kind(found[0]) if found else None
