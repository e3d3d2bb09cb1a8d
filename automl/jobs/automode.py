"""AutoMode: what to try when the user says only how much. A documented plan, no magic.

It opens with a floor that takes seconds, goes on with a list of recipes that are known to work,
the most promising first, and searches around them for as long as there are trials left. See
docs/automode.md for the reasons.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from automl.jobs.distributions import Choice, LogUniform
from automl.jobs.hyperparameters import EFFECTIVE_WITHOUT_TRAINING
from automl.jobs.sweep import Asha

BudgetClass = Literal["cpu", "gpu"]

EARLY_TERMINATION = Asha(type="asha", delay_evaluation=4, reduction_factor=3)
"""Between the recipes of AutoMode."""

_SMALL_PICTURE = 48
"""Short side in pixels up to which pictures count as small, like digits and icons."""

_MANY_PICTURES = 5_000
"""From here on a CPU looks at smaller pictures."""

_BACKBONES: Mapping[BudgetClass, tuple[str, ...]] = {
    "cpu": (
        *("mobilenetv1_100", "mobilenetv2", "mobilenetv3_large_100"),
        *("resnet18", "efficientnet_b0"),
    ),
    "gpu": ("convnext_tiny", "vits16r224", "resnet50", "efficientnet_b0", "mobilenetv1_100"),
}
"""By what they are expected to give for their time."""

_SCRATCH = ("resnet10t", "resnet18", "resnet14t")


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters of one trial, and the sub-space of the search they are a point of."""

    asked: dict[str, Any]
    sub_space: int | None = None


@dataclass(frozen=True)
class Plan:
    """What AutoMode does."""

    opening: list[Recipe]
    """The first trials in order: the floor, then the recipes."""

    space: list[dict[str, Any]]
    """Sub-spaces that further trials are drawn from."""


@dataclass(frozen=True)
class Situation:
    """What the plan depends on."""

    budget_class: BudgetClass
    median_side: int
    """Median short side of the pictures, in pixels."""

    num_pictures: int
    has_weights: Callable[[str], bool]
    """Whether pretrained weights of a model can be had."""

    @property
    def is_small(self) -> bool:
        return self.median_side <= _SMALL_PICTURE

    @property
    def pretrained(self) -> list[str]:
        """Backbones with weights, the best first."""
        return [name for name in _BACKBONES[self.budget_class] if self.has_weights(name)]

    @property
    def size(self) -> int:
        """Side of the pictures that a pretrained model sees, in pixels; one for all trials, as
        each size has to be decoded."""
        if self.is_small:
            return 96  # enlarged: at their own size nothing would be left after five halvings
        if self.budget_class == "gpu":
            return 224
        return 192 if self.num_pictures <= _MANY_PICTURES else 160


def plan(situation: Situation, num_trials: int) -> Plan:
    """The opening, of at most so many trials, and the space of the trials after it."""
    names, space = situation.pretrained, _space(situation)
    tuned = [_fine_tuned(situation, name) for name in names[:3]]
    scratch = [_from_scratch(situation, name) for name in _SCRATCH]
    # starting from weights gives more than anything else; small pictures have little to gain
    recipes = [*scratch[:1], *tuned[:2], *scratch[1:]] if situation.is_small else tuned or scratch
    opening = [Recipe(asked) for asked in _floor(situation, num_trials)]
    opening += [Recipe(asked, 0 if asked in tuned else len(space) - 1) for asked in recipes]
    return Plan(opening[:num_trials], space)


def _floor(situation: Situation, num_trials: int) -> list[dict[str, Any]]:
    """What any training must beat; never more than half of the trials."""
    names = situation.pretrained
    constants = _constants(situation, is_pretrained=bool(names)).items()
    untrained = {key: value for key, value in constants if key in EFFECTIVE_WITHOUT_TRAINING}
    majority = {
        **untrained,
        "method": "majority_class",
        "model_name": names[0] if names else _SCRATCH[0],
    }
    probes = [{**untrained, "method": "linear_probe", "model_name": name} for name in names[:2]]
    neighbours = [{**probe, "method": "k_nearest_neighbours"} for probe in probes[:1]]
    wanted = [*probes[:1], majority, *neighbours, *probes[1:]][: num_trials // 2]
    # the majority is known at once
    return sorted(wanted, key=lambda asked: asked is not majority)


def _fine_tuned(situation: Situation, model_name: str) -> dict[str, Any]:
    return {
        **_constants(situation, is_pretrained=True),
        "model_name": model_name,
        "learning_rate": 2e-4,
        "layer_decay": 0.9,
        "weight_decay": 0.05,
        "label_smoothing": 0.0,  # it would first undo what the probe is sure of
        "mixup": 0.0,
        "augmentation": "standard",
        "horizontal_flip": not situation.is_small,
        "number_of_epochs": 6,
    }


def _from_scratch(situation: Situation, model_name: str) -> dict[str, Any]:
    return {
        **_constants(situation, is_pretrained=False),
        "model_name": model_name,
        "learning_rate": 2e-3,
        "layer_decay": 1.0,
        "weight_decay": 0.05,
        "label_smoothing": 0.0,
        "mixup": 0.0,
        "augmentation": "standard",
        # small pictures are mostly digits, letters and icons, which have a left and a right
        "horizontal_flip": not situation.is_small,
        "number_of_epochs": 20,
    }


def _constants(situation: Situation, *, is_pretrained: bool) -> dict[str, Any]:
    """What all trials of a sub-space share."""
    if is_pretrained:
        return {
            "optimizer": "adamw",
            "head_init": "linear_probe",
            "pretrained": "auto",
            "training_crop_size": situation.size,
            "training_batch_size": 32,
            "validation_batch_size": 64,
            "warmup_cosine_lr_warmup_epochs": 1,
        }
    is_small = situation.is_small
    return {
        "optimizer": "adamw",
        "head_init": "auto",
        "pretrained": "never" if is_small else "auto",
        "training_crop_size": 32 if is_small else situation.size,
        "training_batch_size": 64 if is_small else 32,
        "validation_batch_size": 256 if is_small else 64,
        "warmup_cosine_lr_warmup_epochs": 2,
    }


def _space(situation: Situation) -> list[dict[str, Any]]:
    """Around the recipes: fine-tuning where there are weights, from scratch where it can win."""
    tuned = {
        **_constants(situation, is_pretrained=True),
        "model_name": _choice(situation.pretrained[:3]),
        "learning_rate": _rates(5e-5, 1e-3),
        "layer_decay": _choice([0.75, 0.9, 1.0]),
        "weight_decay": _rates(1e-3, 0.2),
        "label_smoothing": _choice([0.0, 0.1]),
        "mixup": _choice([0.0, 0.2]),
        "augmentation": _choice(["light", "standard", "strong"]),
        "horizontal_flip": _choice([False, True]),
        "number_of_epochs": _choice([6, 10, 16]),
    }
    scratch = {
        **_constants(situation, is_pretrained=False),
        "model_name": _choice(_SCRATCH),
        "learning_rate": _rates(3e-4, 1e-2),
        "layer_decay": 1.0,
        "weight_decay": _rates(1e-3, 0.2),
        "label_smoothing": _choice([0.0, 0.1]),
        "mixup": _choice([0.0, 0.2]),
        "augmentation": _choice(["light", "standard", "strong"]),
        "horizontal_flip": _choice([False, True]),
        "number_of_epochs": _choice([20, 30, 40]),
    }
    if not situation.pretrained:
        return [scratch]
    return [tuned, scratch] if situation.is_small else [tuned]


def _choice(values: Sequence[Any]) -> Any:
    """What cannot vary is a constant."""
    return Choice(type="choice", values=list(values)) if len(values) > 1 else next(iter(values), "")


def _rates(low: float, high: float) -> LogUniform:
    return LogUniform(type="loguniform", min_value=math.log(low), max_value=math.log(high))
