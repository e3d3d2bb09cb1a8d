"""Which hyperparameters go together: defaults that follow from others, refusals, no effect."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automl.jobs import model_catalog

if TYPE_CHECKING:
    from automl.jobs.hyperparameters import Hyperparameters

_MODEL_DEFAULTS: dict[str, dict[str, int | float]] = {
    "vits16r224": {
        "training_batch_size": 128,
        "validation_batch_size": 128,
        "learning_rate": 0.0125,
    },
    "vitb16r224": {"training_batch_size": 48, "validation_batch_size": 48, "learning_rate": 0.0125},
    "vitl16r224": {"training_batch_size": 10, "validation_batch_size": 10, "learning_rate": 0.001},
}
_AUGMENTATIONS: dict[str, dict[str, bool | float]] = {
    "none": {
        "crop_scale_min": 1.0,
        "colour_jitter": 0.0,
        "horizontal_flip": False,
        "vertical_flip": False,
    },
    "light": {"crop_scale_min": 0.7, "colour_jitter": 0.1},
    "standard": {"crop_scale_min": 0.35, "colour_jitter": 0.2},
    "strong": {"crop_scale_min": 0.08, "colour_jitter": 0.4},
}
OF_TRAINING = (
    *("number_of_epochs", "training_batch_size", "learning_rate", "optimizer", "weight_decay"),
    *("layer_decay", "label_smoothing", "mixup", "cutmix", "augmentation", "head_init"),
    "warmup_cosine_lr_warmup_epochs",
)
"""What has no effect on a model that is not trained."""

_CROP_SHARE = 224 / 256
"""Side of the centre crop over the short side it is cut from."""


def fill_in(given: Mapping[str, Any], *, default_model: str) -> dict[str, Any]:
    """The values given, and those that follow from them: from the model, the sizes, the strength.

    An unset validation size follows the training size, so that both see the same scale.
    """
    name = given.get("model_name", default_model)
    values = {**_MODEL_DEFAULTS.get(name, {}), **given}
    size = model_catalog.fixed_input_size(name)
    if size is not None:
        values.setdefault("training_crop_size", size)
    if "training_crop_size" in values:
        values.setdefault("validation_crop_size", values["training_crop_size"])
    if "validation_crop_size" in values:
        resize_size = round(values["validation_crop_size"] / _CROP_SHARE)
        values.setdefault("validation_resize_size", resize_size)
    for key, value in _AUGMENTATIONS.get(given.get("augmentation", ""), {}).items():
        values.setdefault(key, value)
    return values


def check(hyperparameters: "Hyperparameters") -> None:
    """Refuse what cannot work together.

    Raises:
        ValueError: says what does not go together and what to do.
    """
    if hyperparameters.validation_resize_size < hyperparameters.validation_crop_size:
        raise ValueError(
            f"validation_resize_size is {hyperparameters.validation_resize_size} but "
            f"validation_crop_size is {hyperparameters.validation_crop_size}: the crop does "
            "not fit. Raise validation_resize_size or lower validation_crop_size."
        )
    size = model_catalog.fixed_input_size(hyperparameters.model_name)
    for key in ("training_crop_size", "validation_crop_size"):
        value = getattr(hyperparameters, key)
        if size is not None and value != size:
            raise ValueError(
                f"{key} is {value}, but {hyperparameters.model_name} takes {size} only. "
                f"Set it to {size} or choose a convolutional model such as resnet18."
            )
    if hyperparameters.optimizer != "sgd":
        for key in ("beta1", "beta2"):
            if getattr(hyperparameters, key) == 1:
                raise ValueError(
                    f"{key} is 1: the running mean would never change. Set it below 1."
                )


def ignored(asked: Mapping[str, Any], hyperparameters: "Hyperparameters") -> list[str]:
    """A sentence for every key that was asked for and has no effect beside the others."""
    h = hyperparameters
    without: list[tuple[bool, tuple[str, ...], str]] = [
        (h.method != "fine_tuning", OF_TRAINING, f"method is {h.method}, which trains nothing"),
        (h.optimizer != "sgd", ("momentum", "nesterov"), f"optimizer is {h.optimizer}"),
        (h.optimizer == "sgd", ("beta1", "beta2", "ams_gradient"), "optimizer is sgd"),
        (h.momentum == 0, ("nesterov",), "momentum is 0"),
        (
            h.learning_rate_scheduler != "warmup_cosine",
            ("warmup_cosine_lr_cycles", "warmup_cosine_lr_warmup_epochs"),
            f"learning_rate_scheduler is {h.learning_rate_scheduler}",
        ),
        (
            h.learning_rate_scheduler != "step",
            ("step_lr_gamma", "step_lr_step_size"),
            f"learning_rate_scheduler is {h.learning_rate_scheduler}",
        ),
        (
            not h.early_stopping,
            ("early_stopping_patience", "early_stopping_delay"),
            "early_stopping is off",
        ),
        (not h.model_ema, ("model_ema_decay",), "model_ema is off"),
        (
            h.augmentation == "none",
            ("crop_scale_min", "colour_jitter", "horizontal_flip", "vertical_flip"),
            "augmentation is none",
        ),
    ]
    notes = [
        f"{key} has no effect: {reason}."
        for is_so, keys, reason in without
        for key in keys
        if is_so and key in asked
    ]
    warmup, epochs = h.warmup_cosine_lr_warmup_epochs, h.number_of_epochs
    if h.learning_rate_scheduler == "warmup_cosine" and warmup >= epochs:
        notes.append(
            f"warmup_cosine_lr_warmup_epochs is {warmup} and number_of_epochs {epochs}: the "
            "learning rate rises to the end."
        )
    return notes
