"""Schema of all hyperparameters: type, range, default, and what is known of each of them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from automl.frozen_model import FrozenModel
from automl.jobs import model_catalog
from automl.jobs.azure_values import AnySpelling
from automl.jobs.hyperparameter_metadata import Group, Trait, has_trait, only_with, unless

_ADAM = ("adam", "adamw")
PROBES = ("linear_probe", "concatenated_probe")
"""Methods that fit a linear layer to features; they can take those of the mirror image, too."""

LOOKS = ("stage_features", "mirrored_features")
"""Hyperparameters that give a probe more to see of a picture, the cheapest first."""

NETWORKS = ("model_name", "second_model_name", "third_model_name")
"""Hyperparameters that name networks; those after the first only with concatenated_probe."""


def _optimizer(value: object) -> object:
    """Azure's client also knows `none`, which stands for the default."""
    return "sgd" if isinstance(value, str) and value.lower() == "none" else value


def networks_of(values: Mapping[str, Any]) -> list[str]:
    """Names of the networks that a trial with these hyperparameters is made of."""
    if values.get("method") != "concatenated_probe":
        return [values["model_name"]]
    return [name for key in NETWORKS if (name := values.get(key))]


def is_mirrored(values: Mapping[str, Any]) -> bool:
    """True if the model of a trial looks at a picture and at its mirror image."""
    return bool(values.get("mirrored_features")) and values.get("method") in PROBES


def has_stages(values: Mapping[str, Any]) -> bool:
    """True if the model of a trial uses the features of all stages of its networks."""
    return bool(values.get("stage_features")) and values.get("method") in PROBES


def _name_or_none(model_name: str) -> str:
    return model_catalog.check_name(model_name) if model_name else ""


_FurtherNetwork = Annotated[
    str,
    AfterValidator(_name_or_none),
    Group.TRAINING,
    Trait.EFFECTIVE_WITHOUT_TRAINING,
    Trait.NOT_SEARCHABLE,
    only_with("method", "concatenated_probe"),
]
"""Name of a network beside `model_name`; empty if there is none."""


class Hyperparameters(FrozenModel):
    """Complete set that a trial trains with. Defaults are Azure's where Azure has the key."""

    model_name: Annotated[
        str,
        AfterValidator(model_catalog.check_name),
        Group.TRAINING,
        Trait.EFFECTIVE_WITHOUT_TRAINING,
    ] = Field(
        "resnet18",
        description=f"One of the {len(model_catalog.MODELS)} built-in names, or any timm model "
        "name.",
    )

    method: Annotated[
        Literal[
            "fine_tuning",
            "linear_probe",
            "concatenated_probe",
            "prototypes",
            "k_nearest_neighbours",
            "majority_class",
        ],
        Group.TRAINING,
        Trait.EFFECTIVE_WITHOUT_TRAINING,
    ] = "fine_tuning"
    """fine_tuning trains the model. The others take seconds: linear_probe fits a linear layer to
    the features of the model, concatenated_probe to those of two or three side by side, prototypes
    compares a picture with the mean of each class, k_nearest_neighbours lets the most similar
    training pictures vote, and majority_class always answers the most frequent class, or with the
    frequency of each label, which any model must beat."""

    second_model_name: _FurtherNetwork = ""
    """Model whose features stand beside those of model_name. Only with concatenated_probe."""

    third_model_name: _FurtherNetwork = ""
    """A third model whose features stand beside those of the two; empty: there is none. Only with
    concatenated_probe."""

    mirrored_features: Annotated[
        bool,
        Group.TRAINING,
        Trait.EFFECTIVE_WITHOUT_TRAINING,
        only_with("method", *PROBES),
    ] = False
    """Fit to pictures and to their mirror images, and answer by the mean of the features of both:
    usually a point or two more, at twice the time for a picture. Only with linear_probe and
    concatenated_probe."""

    stage_features: Annotated[
        bool,
        Group.TRAINING,
        Trait.EFFECTIVE_WITHOUT_TRAINING,
        only_with("method", *PROBES),
    ] = False
    """Fit to the features of all stages of a model, too: its first layers see small things and fine
    patterns that its last ones have lost, and they cost no time. Only with linear_probe and
    concatenated_probe."""

    pretrained: Annotated[
        Literal["auto", "required", "never"], Group.TRAINING, Trait.EFFECTIVE_WITHOUT_TRAINING
    ] = "auto"
    """auto: start from ImageNet weights if they can be loaded; required: fail without them; never:
    start from random weights."""

    checkpoint_run_id: Annotated[
        str, Group.TRAINING, Trait.EFFECTIVE_WITHOUT_TRAINING, Trait.NOT_SEARCHABLE
    ] = ""
    """Start from the best model of an earlier trial, written as experiment/trial, or of an earlier
    experiment. If the classes differ, the model gets a new last layer."""

    head_init: Annotated[Literal["auto", "random", "zero", "linear_probe"], Group.TRAINING] = "auto"
    """Start of the new last layer on pretrained weights: as the model draws it, at zero, or fitted
    to the features of the frozen model. auto: zero; without pretrained weights always random."""

    number_of_epochs: Annotated[int, Group.TRAINING] = Field(15, ge=1)
    """Passes over the training pictures."""

    training_batch_size: Annotated[int, Group.TRAINING] = Field(78, ge=1)
    """Pictures per optimizer step, before gradient accumulation."""

    validation_batch_size: Annotated[int, Group.COMPUTING, Trait.EFFECTIVE_WITHOUT_TRAINING] = (
        Field(78, ge=1)
    )
    """Pictures scored at once; changes speed only."""

    gradient_accumulation_step: Annotated[int, Group.TRAINING] = Field(1, ge=1)
    """Batches whose gradients are added up for one weight update."""

    learning_rate: Annotated[float, Group.LEARNING_RATE] = Field(0.01, ge=0, le=1)
    """Highest learning rate of the schedule."""

    learning_rate_scheduler: Annotated[
        Literal["warmup_cosine", "step", "none"],
        AnySpelling(),
        Group.LEARNING_RATE,
    ] = "warmup_cosine"
    """Change of the learning rate during training."""

    warmup_cosine_lr_cycles: Annotated[
        float, Group.LEARNING_RATE, only_with("learning_rate_scheduler", "warmup_cosine")
    ] = Field(0.45, ge=0, le=1)
    """Cosine cycles after the warm-up; 0.5 ends at zero. Only with warmup_cosine."""

    warmup_cosine_lr_warmup_epochs: Annotated[
        int, Group.LEARNING_RATE, only_with("learning_rate_scheduler", "warmup_cosine")
    ] = Field(2, ge=0)
    """Epochs in which the learning rate rises from zero. Only with warmup_cosine."""

    step_lr_gamma: Annotated[
        float, Group.LEARNING_RATE, only_with("learning_rate_scheduler", "step")
    ] = Field(0.5, ge=0, le=1)
    """Factor on the learning rate at every step. Only with step."""

    step_lr_step_size: Annotated[
        int, Group.LEARNING_RATE, only_with("learning_rate_scheduler", "step")
    ] = Field(5, ge=1)
    """Epochs between two steps. Only with step."""

    optimizer: Annotated[
        Literal["sgd", "adam", "adamw"],
        AnySpelling(),
        BeforeValidator(_optimizer),
        Group.OPTIMIZER,
    ] = "sgd"
    """Method that turns gradients into weight updates."""

    momentum: Annotated[float, Group.OPTIMIZER, only_with("optimizer", "sgd")] = Field(
        0.9, ge=0, le=1
    )
    """Momentum, sgd only."""

    nesterov: Annotated[
        bool, Group.OPTIMIZER, only_with("optimizer", "sgd"), unless("momentum", 0)
    ] = True
    """Nesterov's momentum, sgd only."""

    weight_decay: Annotated[float, Group.OPTIMIZER] = Field(1e-4, ge=0, le=1)
    """Pull of the weights towards zero; not applied to biases and normalisation layers."""

    beta1: Annotated[float, Group.OPTIMIZER, only_with("optimizer", *_ADAM)] = Field(
        0.9, ge=0, le=1
    )
    """Decay of the gradient's running mean, adam and adamw only."""

    beta2: Annotated[float, Group.OPTIMIZER, only_with("optimizer", *_ADAM)] = Field(
        0.999, ge=0, le=1
    )
    """Decay of the squared gradient's running mean, adam and adamw only."""

    ams_gradient: Annotated[bool, Group.OPTIMIZER, only_with("optimizer", *_ADAM)] = False
    """The AMSGrad variant, adam and adamw only."""

    layer_decay: Annotated[float, Group.OPTIMIZER] = Field(1.0, gt=0, le=1)
    """Factor on the learning rate from each block to the block before it; 1: all are equal."""

    early_stopping: Annotated[bool, Group.EARLY_STOPPING] = True
    """End the trial when the primary metric has stopped improving."""

    early_stopping_patience: Annotated[
        int, Group.EARLY_STOPPING, only_with("early_stopping", True)
    ] = Field(5, ge=1)
    """Evaluations without improvement before the trial ends."""

    early_stopping_delay: Annotated[
        int, Group.EARLY_STOPPING, only_with("early_stopping", True)
    ] = Field(5, ge=0)
    """Evaluations before improvement is tracked."""

    evaluation_frequency: Annotated[int, Group.EARLY_STOPPING] = Field(1, ge=1)
    """Epochs from one evaluation on the validation pictures to the next."""

    checkpoint_frequency: Annotated[int, Group.TRAINING, Trait.NOT_SEARCHABLE] = Field(0, ge=0)
    """Epochs between two checkpoints that are kept beside the best one; 0 keeps the best only."""

    layers_to_freeze: Annotated[int, Group.TRAINING] = Field(0, ge=0)
    """Blocks of the model, counted from the input, that are not trained."""

    training_crop_size: Annotated[int, Group.PICTURES, Trait.EFFECTIVE_WITHOUT_TRAINING] = Field(
        224, ge=8
    )
    """Side in pixels of the pictures that the model is trained on."""

    validation_crop_size: Annotated[int, Group.PICTURES, Trait.EFFECTIVE_WITHOUT_TRAINING] = Field(
        224, ge=8
    )
    """Side in pixels of the centre crop that is scored."""

    validation_resize_size: Annotated[int, Group.PICTURES, Trait.EFFECTIVE_WITHOUT_TRAINING] = (
        Field(256, ge=8)
    )
    """Short side in pixels to which a picture is resized before the centre crop."""

    weighted_loss: Annotated[Literal[0, 1, 2], Group.TRAINING] = 0
    """0: all pictures count the same; 2: a class counts by its inverse frequency; 1: by the square
    root of it."""

    loss: Annotated[Literal["cross_entropy", "asymmetric"], Group.TRAINING] = "cross_entropy"
    """asymmetric: where pictures have any number of labels, those that a picture does not have
    count less the surer the model is of that (Ridnik et al., Asymmetric Loss, 2021)."""

    asymmetric_loss_gamma_positive: Annotated[
        float, Group.TRAINING, only_with("loss", "asymmetric")
    ] = Field(0.0, ge=0, le=10)
    """Power by which a label that is there counts less the surer the model is of it."""

    asymmetric_loss_gamma_negative: Annotated[
        float, Group.TRAINING, only_with("loss", "asymmetric")
    ] = Field(4.0, ge=0, le=10)
    """The same power for a label that is not there."""

    asymmetric_loss_margin: Annotated[float, Group.TRAINING, only_with("loss", "asymmetric")] = (
        Field(0.05, ge=0, le=0.5)
    )
    """Probability up to which a label that is not there does not count at all."""

    label_smoothing: Annotated[float, Group.TRAINING] = Field(0.0, ge=0, lt=1)
    """Share of the target that is spread evenly over all classes."""

    mixup: Annotated[float, Group.AUGMENTATION] = Field(0.0, ge=0)
    """Pairs of pictures are blended, by a share drawn from Beta(mixup, mixup); 0 is off."""

    cutmix: Annotated[float, Group.AUGMENTATION] = Field(0.0, ge=0)
    """Part of one picture is pasted into another, its area drawn from Beta(cutmix, cutmix); 0 is
    off. With mixup as well, each batch draws one of the two with equal chance."""

    drop_path_rate: Annotated[float, Group.TRAINING] = Field(0.0, ge=0, lt=1)
    """Share of residual branches left out at random in training, in models that support it."""

    model_ema: Annotated[bool, Group.TRAINING] = False
    """Score and keep a running mean of the weights instead of the weights themselves."""

    model_ema_decay: Annotated[float, Group.TRAINING, only_with("model_ema", True)] = Field(
        0.9998, ge=0, lt=1
    )
    """Decay of that running mean; the first updates use a smaller one."""

    augmentation: Annotated[Literal["none", "light", "standard", "strong"], Group.AUGMENTATION] = (
        "standard"
    )
    """Strength of random crops, flips and colour changes; none: the centre crop only."""

    horizontal_flip: Annotated[bool, Group.AUGMENTATION, unless("augmentation", "none")] = True
    """Mirror half of the training pictures; switch it off for text, digits and hands."""

    vertical_flip: Annotated[bool, Group.AUGMENTATION, unless("augmentation", "none")] = False
    """Turn half of the training pictures upside down; for pictures taken from above."""

    crop_scale_min: Annotated[float, Group.AUGMENTATION, unless("augmentation", "none")] = Field(
        0.35, gt=0, le=1
    )
    """Smallest share of a picture's area that a training crop shows. Set by augmentation: light
    0.7, standard 0.35, strong 0.08."""

    colour_jitter: Annotated[float, Group.AUGMENTATION, unless("augmentation", "none")] = Field(
        0.2, ge=0, lt=1
    )
    """Largest relative change of brightness and of contrast. Set by augmentation: light 0.1,
    standard 0.2, strong 0.4."""

    precision: Annotated[Literal["auto", "fp32", "bf16", "fp16"], Group.COMPUTING] = "auto"
    """Number format of the forward pass in training; auto takes the fastest that the device
    supports well. Scores are always computed in fp32, as in the exported model."""

    compile: Annotated[Literal["auto", "on", "off"], Group.COMPUTING] = "auto"
    """Compile the model, which takes a minute; auto: on a GPU, if training is long."""

    random_seed: Annotated[int, Group.TRAINING, Trait.EFFECTIVE_WITHOUT_TRAINING] = Field(0, ge=0)
    """Seed of the weights, the order of the pictures and the augmentation."""

    deterministic: Annotated[bool, Group.COMPUTING, Trait.EFFECTIVE_WITHOUT_TRAINING] = False
    """Give the same result every time on a GPU too, which costs time; on a CPU results are always
    the same."""

    enable_onnx_normalization: Annotated[
        bool, Group.COMPUTING, Trait.EFFECTIVE_WITHOUT_TRAINING
    ] = True
    """On: the exported ONNX model normalises its pixels. Off: the caller normalises, with the mean
    and standard deviation in settings.json."""

    @property
    def networks(self) -> list[str]:
        """Names of the networks that the trial is made of, in the order of their features."""
        return networks_of(vars(self))

    @property
    def is_mirrored(self) -> bool:
        """True if the model looks at a picture and at its mirror image."""
        return is_mirrored(vars(self))

    @property
    def has_stages(self) -> bool:
        """True if the model uses the features of all stages of its networks."""
        return has_stages(vars(self))


FIELDS = Hyperparameters.model_fields
"""Fields of all hyperparameters by name."""

EFFECTIVE_WITHOUT_TRAINING = tuple(
    name for name, field in FIELDS.items() if has_trait(field, Trait.EFFECTIVE_WITHOUT_TRAINING)
)
"""Hyperparameters that also have an effect on a model that is not trained."""

NO_EFFECT_HERE = {
    "number_of_workers": int,
    "distributed": bool,
    "advanced_settings": str,
}
"""Azure's keys that are accepted in `training_parameters` and reported to have no effect."""

RENAMED = {
    "grad_accumulation_step": "gradient_accumulation_step",
    "lr_scheduler": "learning_rate_scheduler",
    "amsgrad": "ams_gradient",
    "valid_resize_size": "validation_resize_size",
    "valid_crop_size": "validation_crop_size",
    "train_crop_size": "training_crop_size",
}
"""Earlier key -> the key of today."""


def is_searchable(name: str) -> bool:
    """Return True if a search space may hold the hyperparameter."""
    return name in FIELDS and not has_trait(FIELDS[name], Trait.NOT_SEARCHABLE)
