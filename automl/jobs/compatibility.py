"""Rules between hyperparameters: defaults that follow from others, refusals, and no effect."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ValidationError

from automl.errors import UserError
from automl.frozen_model import FrozenModel
from automl.jobs import model_catalog
from automl.jobs.distributions import Constant
from automl.jobs.hyperparameter_metadata import conditions, in_words
from automl.jobs.hyperparameters import FIELDS, NETWORKS, Hyperparameters
from automl.jobs.job_errors import explain
from automl.texts import mark

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
_CROP_SHARE = 224 / 256
"""Side of the centre crop divided by the short side of the picture it is cut from."""


class TrialHyperparameters(FrozenModel):
    """Hyperparameters of one trial: the complete set, and the values that were requested.

    Make it once, when the trial is planned, and hand it on; nothing resolves hyperparameters
    again after that:

        planned = TrialHyperparameters.of({"model_name": "resnet18", "learning_rate": 0.1})
        planned.complete.number_of_epochs    # 15, the default
        planned.requested["learning_rate"]   # 0.1; this is what the record of the trial stores
        planned.notes()                      # requested values that have no effect
        text = planned.model_dump_json()     # on the way to the worker …
        TrialHyperparameters.model_validate_json(text)  # … where it equals the original
    """

    complete: Hyperparameters
    """The values that the trial trains with."""

    requested: dict[str, Constant]
    """Values from the job and from the sampler, including keys of Azure's without effect here."""

    @classmethod
    def of(cls, requested: Mapping[str, Constant]) -> Self:
        """Complete the requested values; see `resolve`.

        Raises:
            UserError: the values do not go together.
        """
        return cls(complete=resolve(requested), requested=dict(requested))

    @property
    def requested_names(self) -> frozenset[str]:
        """Names of the hyperparameters that were requested."""
        return frozenset(self.requested)

    def notes(self) -> list[str]:
        """Return a sentence for every requested hyperparameter that has no effect."""
        said = notes(self.requested_names, self.complete)
        asked = self.requested.get("validation_resize_size")
        if asked is not None and asked != self.complete.validation_resize_size:
            said.append(
                mark(
                    "validation_resize_size is {asked} and counts as {side}, as the crop would be "
                    "larger than the picture."
                ).format(asked=asked, side=self.complete.validation_resize_size)
            )
        return said


def resolve(requested: Mapping[str, Any]) -> Hyperparameters:
    """Return the complete set: unset values follow from the model, the sizes and the augmentation.

    Keys without effect here are left out.

    Raises:
        UserError: the values do not go together; says which and what to do.
    """
    known = {name: value for name, value in requested.items() if name in FIELDS}
    try:
        hyperparameters = Hyperparameters(**_with_defaults(known))
    except ValidationError as error:  # a distribution without bounds can leave the range
        raise UserError(" ".join(explain(detail) for detail in error.errors())) from None
    _check(hyperparameters)
    return hyperparameters


def notes(requested: frozenset[str], hyperparameters: Hyperparameters) -> list[str]:
    """Return a sentence for every requested hyperparameter that has no effect beside the others.

    Args:
        requested: names of the hyperparameters that were requested.
        hyperparameters: the complete set.
    """
    reasons = {
        name: why_without_effect(name, hyperparameters) for name in FIELDS if name in requested
    }
    without = mark("{name} has no effect: {reason}.")
    said = [without.format(name=name, reason=why) for name, why in reasons.items() if why]
    warmup = hyperparameters.warmup_cosine_lr_warmup_epochs
    epochs = hyperparameters.number_of_epochs
    has_warmup = not why_without_effect("warmup_cosine_lr_warmup_epochs", hyperparameters)
    if has_warmup and warmup >= epochs:
        said.append(
            mark(
                "warmup_cosine_lr_warmup_epochs is {warmup} and number_of_epochs is {epochs}: the "
                "learning rate rises until the end."
            ).format(warmup=warmup, epochs=epochs)
        )
    return said


def why_without_effect(name: str, hyperparameters: Hyperparameters) -> str | None:
    """Return why a hyperparameter has no effect beside the others; None if it has one."""
    for condition in conditions(FIELDS[name]):
        value = getattr(hyperparameters, condition.name)
        if not condition.holds(value):
            return f"{condition.name} is {in_words(value)}"
    return None


def _with_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values and those that follow from them.

    An unset validation size follows the training size, so that both see the same scale.
    """
    model_name = values.get("model_name", FIELDS["model_name"].default)
    filled = {**_MODEL_DEFAULTS.get(model_name, {}), **values}
    size = model_catalog.fixed_input_size(model_name)
    if size is not None:
        filled.setdefault("training_crop_size", size)
    if "training_crop_size" in filled:
        filled.setdefault("validation_crop_size", filled["training_crop_size"])
    if "validation_crop_size" in filled:
        resize_size = round(filled["validation_crop_size"] / _CROP_SHARE)
        filled.setdefault("validation_resize_size", resize_size)
    crop_size = filled.get("validation_crop_size", FIELDS["validation_crop_size"].default)
    if filled.get("validation_resize_size", crop_size) < crop_size:
        filled["validation_resize_size"] = crop_size
    for name, value in _AUGMENTATIONS.get(values.get("augmentation", ""), {}).items():
        filled.setdefault(name, value)
    return filled


def _check(hyperparameters: Hyperparameters) -> None:
    """Refuse values that cannot work together.

    Raises:
        UserError: says what does not go together and what to do.
    """
    _check_networks(hyperparameters)
    for model_name in hyperparameters.networks:
        _check_sizes(hyperparameters, model_name)
    blocks = model_catalog.num_blocks(hyperparameters.model_name)
    if blocks is not None and hyperparameters.layers_to_freeze > blocks:
        raise UserError(
            f"layers_to_freeze is {hyperparameters.layers_to_freeze}, but "
            f"{hyperparameters.model_name} has {blocks} blocks before its last layer. "
            f"Set it to {blocks} or less."
        )
    if hyperparameters.optimizer != "sgd":
        for name in ("beta1", "beta2"):
            if getattr(hyperparameters, name) == 1:
                raise UserError(
                    f"{name} is 1: the running mean would never change. Set it below 1."
                )


def _check_networks(hyperparameters: Hyperparameters) -> None:
    if hyperparameters.is_mirrored and hyperparameters.checkpoint_run_id:
        raise UserError(
            "mirrored_features is on, but checkpoint_run_id names a model to start from, which "
            "does not look at mirror images. Leave one of the two out."
        )
    if hyperparameters.has_stages and hyperparameters.checkpoint_run_id:
        raise UserError(
            "stage_features is on, but checkpoint_run_id names a model to start from, which does "
            "not use the features of all stages. Leave one of the two out."
        )
    if hyperparameters.method != "concatenated_probe":
        return
    named: list[str] = []
    for key in NETWORKS:
        name = getattr(hyperparameters, key)
        if name in named or (len(named) == 1 and not name):
            raise UserError(
                "method is concatenated_probe, which puts the features of several models side by "
                f"side, but {key} is {name or 'not set'}. Set it to another model than "
                f"{' and '.join(named)}."
            )
        named.append(name)
    if hyperparameters.checkpoint_run_id:
        raise UserError(
            "method is concatenated_probe, but checkpoint_run_id names the one model to start "
            "from. Leave checkpoint_run_id out, or set method to linear_probe."
        )


def _check_sizes(hyperparameters: Hyperparameters, model_name: str) -> None:
    size = model_catalog.fixed_input_size(model_name)
    for name in ("training_crop_size", "validation_crop_size"):
        value = getattr(hyperparameters, name)
        if size is not None and value != size:
            raise UserError(
                f"{name} is {value}, but {model_name} takes {size} only. "
                f"Set it to {size} or choose a convolutional model such as resnet18."
            )
        patch = model_catalog.patch_size(model_name)
        if patch and value % patch:
            raise UserError(
                f"{name} is {value}, but {model_name} takes multiples of {patch}. "
                f"Set it to {round(value / patch) * patch or patch}."
            )
