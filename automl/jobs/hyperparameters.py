"""Every hyperparameter: type, range, default per model, and what may be searched over."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from automl.frozen_model import FrozenModel
from automl.jobs import compatibility, model_catalog
from automl.jobs.job_errors import explain
from automl.jobs.search_space import Choice, Distribution, RandInt, from_text


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _optimizer(value: object) -> object:
    """Azure's client knows `none` as well, for whatever the default is."""
    return "sgd" if _lower(value) == "none" else _lower(value)


class Hyperparameters(FrozenModel):
    """One complete set: what a trial trains with. Defaults are Azure's where Azure has the key."""

    model_name: Annotated[str, AfterValidator(model_catalog.check_name)] = "resnet18"
    """One of the twelve built-in names or any timm model name."""

    method: Literal["fine_tuning", "linear_probe", "k_nearest_neighbours", "majority_class"] = (
        "fine_tuning"
    )
    """Train the model, or only fit something small to its features, which takes seconds: a linear
    layer, or a vote of the most alike training pictures. majority_class always gives the most
    frequent class: what any model must beat."""

    pretrained: Literal["auto", "required", "never"] = "auto"
    """Start from ImageNet weights: if they can be had, or fail without them, or from scratch."""

    checkpoint_run_id: str = ""
    """Start from the best model of an earlier trial, given as experiment/trial, or of an earlier
    experiment. Other classes get a new head."""

    head_init: Literal["auto", "random", "zero", "linear_probe"] = "auto"
    """How the new last layer starts on pretrained weights: as the model draws it, at zero, or
    fitted to the frozen model's features. auto: zero; from scratch it is random."""

    number_of_epochs: int = Field(15, ge=1)
    """Passes over the training images."""

    training_batch_size: int = Field(78, ge=1)
    """Images per optimizer step, before gradient accumulation."""

    validation_batch_size: int = Field(78, ge=1)
    """Images scored at once; changes speed only."""

    gradient_accumulation_step: int = Field(1, ge=1)
    """Batches whose gradients make up one weight update."""

    learning_rate: float = Field(0.01, ge=0, le=1)
    """Highest learning rate of the schedule."""

    learning_rate_scheduler: Annotated[
        Literal["warmup_cosine", "step", "none"], BeforeValidator(_lower)
    ] = "warmup_cosine"
    """How the learning rate changes during training."""

    warmup_cosine_lr_cycles: float = Field(0.45, ge=0, le=1)
    """Cosine cycles after the warm-up; 0.5 ends at zero. Only with warmup_cosine."""

    warmup_cosine_lr_warmup_epochs: int = Field(2, ge=0)
    """Epochs in which the rate rises from zero. Only with warmup_cosine."""

    step_lr_gamma: float = Field(0.5, ge=0, le=1)
    """Factor on the rate at every step. Only with step."""

    step_lr_step_size: int = Field(5, ge=1)
    """Epochs between two steps. Only with step."""

    optimizer: Annotated[Literal["sgd", "adam", "adamw"], BeforeValidator(_optimizer)] = "sgd"
    """What turns gradients into weight updates."""

    momentum: float = Field(0.9, ge=0, le=1)
    """Momentum of sgd."""

    nesterov: bool = True
    """Nesterov's momentum, sgd only."""

    weight_decay: float = Field(1e-4, ge=0, le=1)
    """Pull of the weights towards zero; not applied to biases and norms."""

    beta1: float = Field(0.9, ge=0, le=1)
    """Decay of the gradient's running mean, adam and adamw only."""

    beta2: float = Field(0.999, ge=0, le=1)
    """Decay of the squared gradient's running mean, adam and adamw only."""

    ams_gradient: bool = False
    """The AMSGrad variant, adam and adamw only."""

    layer_decay: float = Field(1.0, gt=0, le=1)
    """Factor on the learning rate from each block to the one before it; 1 is the same for all."""

    early_stopping: bool = True
    """End the trial when the primary metric has stopped improving."""

    early_stopping_patience: int = Field(5, ge=1)
    """Evaluations without improvement before the trial ends."""

    early_stopping_delay: int = Field(5, ge=0)
    """Evaluations before improvement is tracked."""

    evaluation_frequency: int = Field(1, ge=1)
    """Epochs between two scorings on the validation data."""

    checkpoint_frequency: int = Field(0, ge=0)
    """Epochs between two models that are kept beside the best one; 0 keeps the best alone."""

    layers_to_freeze: int = Field(0, ge=0)
    """Blocks of the model, counted from the input, that are not trained."""

    training_crop_size: int = Field(224, ge=8)
    """Side in pixels of the pictures the model is trained on."""

    validation_crop_size: int = Field(224, ge=8)
    """Side in pixels of the centre crop that is scored."""

    validation_resize_size: int = Field(256, ge=8)
    """Short side in pixels a picture is resized to before the centre crop."""

    weighted_loss: Literal[0, 1, 2] = 0
    """0: all pictures count the same; 2: rare classes count more, by weight; 1: by its root."""

    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share of the target spread evenly over all classes."""

    mixup: float = Field(0.0, ge=0)
    """Pairs of pictures are blended, by a share drawn from Beta(mixup, mixup); 0 is off."""

    cutmix: float = Field(0.0, ge=0)
    """A part of one picture is pasted into another, its area from Beta(cutmix, cutmix); 0 is off.
    With mixup as well, a coin decides for every batch."""

    drop_path_rate: float = Field(0.0, ge=0, lt=1)
    """Share of residual branches left out at random in training, in models that know it."""

    model_ema: bool = False
    """Score and keep a running mean of the weights in place of the weights themselves."""

    model_ema_decay: float = Field(0.9998, ge=0, lt=1)
    """Decay of that running mean; the first updates use less."""

    augmentation: Literal["none", "light", "standard", "strong"] = "standard"
    """Random crops, flips and colour, and how much of them; none: the centre crop only."""

    horizontal_flip: bool = True
    """Mirror half of the training pictures; switch it off for text, digits and hands."""

    vertical_flip: bool = False
    """Turn half of the training pictures upside down; for pictures taken from above."""

    crop_scale_min: float = Field(0.35, gt=0, le=1)
    """Smallest share of a picture's area that a training crop shows; by augmentation: none 1,
    light 0.7, standard 0.35, strong 0.08."""

    colour_jitter: float = Field(0.2, ge=0, lt=1)
    """Largest relative change of brightness and of contrast; by augmentation: none 0, light 0.1,
    standard 0.2, strong 0.4."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Number format of the forward pass in training; auto takes what the device is fast at. Scores
    are always in fp32, as the exported model answers."""

    compile: Literal["auto", "on", "off"] = "auto"
    """Compile the model, which takes a minute; auto: on a GPU, when training is long."""

    random_seed: int = Field(0, ge=0)
    """Seed of weights, order and augmentation."""

    deterministic: bool = False
    """The same result every time on a GPU as well, at some cost; on a CPU it is so anyway."""

    enable_onnx_normalization: bool = True
    """The exported ONNX model normalises its pixels itself; off: who calls it does, with the mean
    and standard deviation of its settings."""


NO_EFFECT_HERE = {
    "number_of_workers": int,
    "distributed": bool,
    "advanced_settings": str,
}
"""Azure's keys that are accepted in `training_parameters` and reported as without effect."""

_NOT_SEARCHED = ("checkpoint_frequency", "checkpoint_run_id")
"""Azure allows these under `training_parameters` only."""

RENAMED = {
    "grad_accumulation_step": "gradient_accumulation_step",
    "lr_scheduler": "learning_rate_scheduler",
    "amsgrad": "ams_gradient",
    "valid_resize_size": "validation_resize_size",
    "valid_crop_size": "validation_crop_size",
    "train_crop_size": "training_crop_size",
}
"""Old key -> today's."""

_FIELDS = Hyperparameters.model_fields
# the same fields, all optional: what a user may give of them
_Partial = create_model(
    "TrainingParameters",
    __base__=FrozenModel,
    **{  # type: ignore[call-overload]
        name: (Annotated[(field.annotation, *field.metadata, "optional")], None)
        for name, field in _FIELDS.items()
    },
    **{name: (kind, None) for name, kind in NO_EFFECT_HERE.items()},
)

_DISTRIBUTION: TypeAdapter[Any] = TypeAdapter(Distribution)


def check_fixed(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Typed values of `training_parameters`.

    Raises:
        pydantic.ValidationError: one error for every key that is unknown or out of range.
    """
    try:
        return dict(_Partial.model_validate(asked).model_dump(exclude_unset=True))
    except ValidationError as error:
        problems = [
            _problem(
                unknown_key(str(detail["loc"][-1]))
                if detail["type"] == "extra_forbidden"
                else explain(detail),
                detail["loc"],
                detail["input"],
            )
            for detail in error.errors()
        ]
        raise ValidationError.from_exception_data("training_parameters", problems) from None


def check_search_space(asked: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The entries of `search_space`, their values constants or distributions.

    Raises:
        pydantic.ValidationError: one error for everything that is unknown or not searchable so.
    """
    problems: list[InitErrorDetails] = []
    sub_spaces: list[dict[str, Any]] = []
    for index, entry in enumerate(asked):
        sub_space: dict[str, Any] = {}
        for name, value in entry.items():
            try:
                sub_space[name] = _check_searched(name, value)
            except ValueError as error:
                problems += _problems(error, (index, name), value)
        sub_spaces.append(sub_space)
    if problems:
        raise ValidationError.from_exception_data("search_space", problems)
    return sub_spaces


def resolve(asked: Mapping[str, Any]) -> Hyperparameters:
    """The complete set for the values asked for: what is unset takes the model's default.

    Raises:
        ValueError: the values do not go together; says which and what to do.
    """
    given = {name: value for name, value in asked.items() if name in _FIELDS}
    default_model = _FIELDS["model_name"].default
    hyperparameters = Hyperparameters(**compatibility.fill_in(given, default_model=default_model))
    compatibility.check(hyperparameters)
    return hyperparameters


def _check_searched(name: str, value: Any) -> Any:
    if not searchable(name):
        raise ValueError(unknown_key(name))
    if isinstance(value, str):
        value = from_text(value)
    if not isinstance(value, Mapping):
        return _check_constant(name, value)
    if isinstance(value.get("type"), str):
        value = {**value, "type": value["type"].lower()}
    distribution: Any = _DISTRIBUTION.validate_python(value)
    _check_kind(name, distribution)
    checked = _check_constants(name, distribution.examples())
    return Choice(type="choice", values=checked) if value["type"] == "choice" else distribution


def _check_constants(name: str, values: Sequence[Any]) -> list[Any]:
    """The values, typed; what is wrong with any of them is said of all at once."""
    checked, problems = [], []
    for value in values:
        try:
            checked.append(_check_constant(name, value))
        except ValidationError as error:
            problems += _problems(error, (), value)
    if problems:
        raise ValidationError.from_exception_data(name, problems)
    return checked


def _check_kind(name: str, distribution: Any) -> None:
    kind = type(_FIELDS[name].default)
    if isinstance(distribution, Choice) or kind is float:
        return
    if kind is not int:
        raise ValueError(f"{name} cannot be {distribution.type}; use choice with a list of values.")
    steps = [getattr(distribution, key, 0.0) for key in ("q", "min_value", "max_value")]
    whole = isinstance(distribution, RandInt) or (
        distribution.type.startswith("q") and all(float(step).is_integer() for step in steps)
    )
    if not whole:
        raise ValueError(
            f"{name} is a whole number, which {distribution.type} does not give here. "
            "Use choice, randint, or quniform with whole min_value, max_value and q."
        )


def _check_constant(name: str, value: Any) -> Any:
    return _Partial.model_validate({name: value}).model_dump()[name]


def searchable(name: str) -> bool:
    """Whether a search space may hold it."""
    return name in _FIELDS and name not in _NOT_SEARCHED


def unknown_key(name: str) -> str:
    """A sentence about a hyperparameter that does not exist."""
    if name in RENAMED:
        return f"{name} is now called {RENAMED[name]}."
    if name in NO_EFFECT_HERE or name in _NOT_SEARCHED:
        return f"{name} cannot be searched over; put it under training_parameters."
    nearest = difflib.get_close_matches(name, _FIELDS, n=1)
    hint = f"Did you mean {nearest[0]}?" if nearest else f"There are {', '.join(_FIELDS)}."
    return f"{name} is not a hyperparameter. {hint}"


def _problems(
    error: ValueError, place: tuple[int | str, ...], value: Any
) -> list[InitErrorDetails]:
    """Everything an error says, below its place in the search space."""
    if not isinstance(error, ValidationError):
        return [_problem(str(error), place, value)]
    found = []
    for detail in error.errors():
        key = detail["loc"][-1:] if detail["type"] in ("missing", "extra_forbidden") else ()
        named = detail["loc"] or place[-1:]
        text = explain({**detail, "loc": named})
        found.append(_problem(text, (*place, *key), detail["input"]))
    return found


def _problem(text: str, place: tuple[int | str, ...], value: Any) -> InitErrorDetails:
    kind = PydanticCustomError("value_error", "{text}", {"text": text})
    return {"type": kind, "loc": place, "input": value}
