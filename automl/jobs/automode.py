"""AutoMode: the plan of a search for which the job gives nothing but a number of trials.

The plan starts with baselines that take seconds, continues with recipes that are known to work,
the most promising first, and then searches around them until no trials or no time are left.
`automl.jobs.schedule` chooses what fits into the time. docs/automode.md gives the reasons.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from automl.jobs import model_catalog, picture_sizes, schedule
from automl.jobs.distributions import Choice, LogUniform
from automl.jobs.hyperparameters import EFFECTIVE_WITHOUT_TRAINING, NETWORKS, PROBES
from automl.jobs.picture_sizes import Sizes
from automl.jobs.schedule import Clock
from automl.jobs.sweep import Asha

BudgetClass = Literal["cpu", "gpu"]

EARLY_TERMINATION = Asha(type="asha", delay_evaluation=4, reduction_factor=3)
"""Policy that ends trials of AutoMode."""

_SMALL_PICTURE = 48
"""Short side in pixels up to which pictures count as small, as digits and icons are."""

_MOST_ENLARGED = 5
"""Largest factor by which pictures are enlarged for pretrained networks."""

_BACKBONES: Mapping[BudgetClass, tuple[str, ...]] = {
    "cpu": (
        *("efficientnet_lite0", "hgnetv2_b1", "mobilenetv3_large_100", "mobilenetv1_100"),
        *("mobilenetv2", "efficientnet_b0", "resnet18"),
    ),
    "gpu": (
        *("convnext_tiny", "tiny_vit_21m", "hgnetv2_b2", "vits16r224", "resnet50"),
        *("efficientnet_b0", "mobilenetv1_100"),
    ),
}
"""Models by the accuracy that is expected for their training time, the best first."""

FIRST_ON_CPU = _BACKBONES["cpu"][0]

_FROZEN_ONLY = (("dinov2_small", "dinov3_small"), ("siglip2_base",))
"""Networks that give features and are not trained: of each kind of pretraining other than with
labels the first with weights. Which kind is best differs with the pictures."""

SCRATCH = ("resnet10t", "resnet18", "resnet14t")
"""Networks that small pictures are trained on from scratch, the best first."""

_NUM_TUNED = 3

_FEW_PICTURES = 5
"""Pictures of a class up to which its mean is tried instead of its nearest pictures: with more, a
probe is better."""

_PLACES_TO_JOIN = 4
"""Baselines from which a probe of two networks joins them: it costs no more than a fit."""

_TRIALS_FOR_THREE = 16
"""Trials from which one of them is a probe of three networks."""

_LARGEST_BATCH, _SMALLEST_BATCH = 32, 8
_UPDATES_PER_EPOCH = 100
"""Updates of the weights that an epoch of fine-tuning should have, for there are few epochs."""

_SCHEDULED: Mapping[str, Any] = {"optimizer": "adamw", "early_stopping": False}
"""Values of each training: a schedule gains most at its end, which noise of few pictures would cut
off. What stays far behind is stopped all the same."""

_TRIALS_FOR_LOOKS = 10
"""Trials from which some of them are probes with all stages, and one with mirror images."""


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters of one trial, and the sub-space of the search they are a point of."""

    values: dict[str, Any]
    sub_space: int | None = None


@dataclass(frozen=True)
class Plan:
    """Trials of AutoMode."""

    opening: list[Recipe]
    """First trials in order: the baselines, then the recipes."""

    space: list[dict[str, Any]]
    """Sub-spaces from which further trials are drawn."""


@dataclass(frozen=True)
class Situation:
    """Facts about the pictures and the machine that the plan depends on."""

    budget_class: BudgetClass
    median_side: int
    """Median short side of the pictures, in pixels."""

    has_weights: Callable[[str], bool]
    """Tells if pretrained weights of a model are available; it may download them."""

    is_here: Callable[[str], bool] = bool
    """Tells if pretrained weights of a model are on this machine; downloads nothing."""

    pretrained_sizes: Sizes | None = None
    """Sides in pixels at which pretrained networks see the pictures, unless these are smaller than
    a fifth; few, since each is decoded. None: the largest, of small pictures the smallest."""

    pictures_per_class: float = 100.0
    """Median number of pictures of a class, test pictures left out."""

    num_pictures: float = math.inf
    """Number of training pictures."""

    @property
    def is_small(self) -> bool:
        """True if the pictures count as small."""
        return self.median_side <= _SMALL_PICTURE

    @property
    def pretrained(self) -> list[str]:
        """Backbones to train, with weights, the best first; no further ones are looked for."""
        trainable = (
            name
            for name in _BACKBONES[self.budget_class]
            if model_catalog.takes(name, self.training_size)
        )
        usable = filter(self._can_use, trainable)
        return list(itertools.islice(usable, _NUM_TUNED))

    def frozen(self, number: int) -> list[str]:
        """At most so many networks whose frozen features are tried, the most important first.

        They are pretrained in different ways where there are weights: with labels, on pictures
        alone, with captions; then the second with labels. Without a GPU those that are large
        would rarely fit into the time, so they are not downloaded.
        """

        def names() -> Iterator[str]:
            trained = self.pretrained
            yield from trained[:1]
            for kind in _FROZEN_ONLY:
                usable = filter(self._can_use, filter(self._may_fetch, kind))
                yield from itertools.islice(usable, 1)
            yield from trained[1:2]

        return list(itertools.islice(names(), number))

    def _may_fetch(self, name: str) -> bool:
        return self.budget_class == "gpu" or self.is_here(name)

    def _can_use(self, name: str) -> bool:
        return model_catalog.takes(name, self.size) and self.has_weights(name)

    @property
    def candidates(self) -> list[str]:
        """Networks whose speed decides the plan, the most important first."""
        names = self.pretrained
        return [*names, *SCRATCH] if self.is_small or not names else names

    @property
    def first_candidates(self) -> list[str]:
        """Those of the first probe and the first training."""
        from_scratch = SCRATCH[:1] if self.is_small else ()
        return list(dict.fromkeys([*self.candidates[:1], *from_scratch]))

    @property
    def sides(self) -> tuple[int, ...]:
        """Sides in pixels at which a pretrained network may see the pictures, the best first.

        The smallest is among them in any case, since networks halve it five times.
        """
        *larger, smallest = schedule.SIZES
        most = _MOST_ENLARGED * self.median_side
        return *(side for side in larger if side <= most), smallest

    @property
    def _sizes(self) -> Sizes:
        side = self.sides[-1 if self.is_small else 0]
        return self.pretrained_sizes or Sizes(side, side)

    @property
    def size(self) -> int:
        """Side in pixels of the pictures for frozen features."""
        return min(self._sizes.frozen, self.sides[0])

    @property
    def training_size(self) -> int:
        """Side in pixels of the pictures for pretrained models that are trained."""
        return min(self._sizes.trained, self.sides[0])

    @property
    def probes_first(self) -> bool:
        """True if all models on frozen features come before the first training."""
        return self._sizes.probes_first or self.is_small


def plan(situation: Situation, num_trials: int) -> Plan:
    """Return at most `num_trials` first trials, and the space of the trials after them."""
    names, space = situation.pretrained, _space(situation)
    tuned = [_fine_tuned(situation, name) for name in names]
    scratch = [_from_scratch(situation, name) for name in SCRATCH]
    # pretrained weights help more than anything else, except on small pictures
    recipes = [*scratch[:1], *tuned[:2], *scratch[1:]] if situation.is_small else tuned or scratch
    opening = [Recipe(values) for values in _baselines(situation, num_trials)]
    probes = [recipe for recipe in opening if recipe.values.get("method") in PROBES]
    # after the first training, which should not wait for further features, if it has a good start
    later = _three_networks(situation, opening, num_trials)
    later += _looking("stage_features", later[-1:], num_trials)
    later += _looking("mirrored_features", probes[:1], num_trials)
    opening += _looking("stage_features", probes[-1:], num_trials)  # which are there already
    trained = [Recipe(values, 0 if values in tuned else len(space) - 1) for values in recipes]
    if situation.probes_first:
        opening += [*later, *trained]
    else:
        opening += [*trained[:1], *later, *trained[1:]]
    return Plan(opening[:num_trials], space)


def sized(situation: Situation, clock: Clock, num_trials: int) -> Situation:
    """The situation with the largest picture sizes that the time allows.

    Args:
        situation: how large the pictures are, and which networks have weights.
        clock: the time before the pictures are decoded.
        num_trials: largest number of trials.
    """

    def opening_at(sizes: Sizes) -> list[dict[str, Any]]:
        opening = plan(replace(situation, pretrained_sizes=sizes), num_trials).opening
        # networks from scratch see small pictures as they are
        values = (recipe.values for recipe in opening)
        return [one for one in values if "method" in one or one["pretrained"] != "never"]

    sizes = picture_sizes.sizes_within(clock, opening_at, situation.sides)
    return replace(situation, pretrained_sizes=sizes)


def _baselines(situation: Situation, num_trials: int) -> list[dict[str, Any]]:
    """Return the trials that any training must beat: half of all trials, and at most one more."""
    names = situation.pretrained
    constants = _constants(situation, is_pretrained=bool(names)).items()
    untrained = {key: value for key, value in constants if key in EFFECTIVE_WITHOUT_TRAINING}
    if names:
        untrained["training_crop_size"] = situation.size
    majority = {
        **untrained,
        "method": "majority_class",
        "model_name": names[0] if names else SCRATCH[0],
    }
    places = num_trials // 2
    joins = places >= _PLACES_TO_JOIN
    # no weights are looked for in vain
    frozen = situation.frozen(max(1, places - 2 - (places > _PLACES_TO_JOIN)))
    probes = [{**untrained, "method": "linear_probe", "model_name": name} for name in frozen]
    has_few = situation.pictures_per_class <= _FEW_PICTURES
    method = "prototypes" if has_few else "k_nearest_neighbours"
    similar = [{**probe, "method": method} for probe in probes[:1]]
    # a probe first: its score is the first that says something
    single = [*probes[:1], majority, *similar, *probes[1:]][:places]
    if not joins or len(frozen) < 2:
        return single
    # last, when the features of all networks are there, and their probes tell which are the best
    return [*single, joined(untrained, frozen[:2])]


def joined(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The values of a probe, on the features of these networks side by side."""
    named = dict(zip(NETWORKS, names, strict=False))
    return {**values, **named, "method": "concatenated_probe"}


def _three_networks(
    situation: Situation, opening: Sequence[Recipe], num_trials: int
) -> list[Recipe]:
    """A probe of three networks, after that of the third where it is not in the opening yet."""
    probes = [one.values for one in opening if one.values.get("method") == "linear_probe"]
    probed = [probe["model_name"] for probe in probes]
    names = list(dict.fromkeys([*probed, *situation.pretrained]))[: len(NETWORKS)]
    if num_trials < _TRIALS_FOR_THREE or len(names) < len(NETWORKS):
        return []
    further = [{**probes[0], "model_name": name} for name in names if name not in probed]
    return [Recipe(values) for values in (*further, joined(probes[0], names))]


def _looking(look: str, probes: Iterable[Recipe], num_trials: int) -> list[Recipe]:
    """Probes with further features; where they run the best probe so far takes their place."""
    if num_trials < _TRIALS_FOR_LOOKS:
        return []
    return [Recipe({**probe.values, look: True}) for probe in probes]


def _fine_tuned(situation: Situation, model_name: str) -> dict[str, Any]:
    return {
        **_constants(situation, is_pretrained=True),
        "model_name": model_name,
        "learning_rate": 2e-4,
        "layer_decay": 0.9,
        "weight_decay": 0.05,
        "label_smoothing": 0.0,  # it would first undo the confidence of the probe
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
        # small pictures are mostly digits, letters and icons, which mirroring changes
        "horizontal_flip": not situation.is_small,
        "number_of_epochs": 20,
    }


def _constants(situation: Situation, *, is_pretrained: bool) -> dict[str, Any]:
    """Return the values that all trials of a sub-space share."""
    if is_pretrained:
        return {
            **_SCHEDULED,
            "head_init": "linear_probe",
            "pretrained": "auto",
            "training_crop_size": situation.training_size,
            "training_batch_size": _batch_size(situation.num_pictures),
            "validation_batch_size": 64,
            "warmup_cosine_lr_warmup_epochs": 1,
        }
    is_small = situation.is_small
    return {
        **_SCHEDULED,
        "head_init": "auto",
        "pretrained": "never" if is_small else "auto",
        "training_crop_size": 32 if is_small else situation.training_size,
        "training_batch_size": 64 if is_small else 32,
        "validation_batch_size": 256 if is_small else 64,
        "warmup_cosine_lr_warmup_epochs": 2,
    }


def _batch_size(num_pictures: float) -> int:
    """The largest batch with enough updates in an epoch; few pictures are given small ones."""
    size = _LARGEST_BATCH
    while size > _SMALLEST_BATCH and num_pictures < _UPDATES_PER_EPOCH * size:
        size //= 2
    return size


def _space(situation: Situation) -> list[dict[str, Any]]:
    """Return sub-spaces around the recipes: fine-tuning if there are weights, and from scratch
    where it can win."""
    tuned = {
        **_constants(situation, is_pretrained=True),
        "model_name": _choice(situation.pretrained),
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
        "model_name": _choice(SCRATCH),
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
    """Return a choice, or a constant if there is only one value."""
    return Choice(type="choice", values=list(values)) if len(values) > 1 else next(iter(values), "")


def _rates(low: float, high: float) -> LogUniform:
    return LogUniform(type="loguniform", min_value=math.log(low), max_value=math.log(high))
