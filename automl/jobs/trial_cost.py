"""Seconds that a trial will take, from the speed of its network. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

from automl.jobs.hyperparameters import (
    PROBES,
    Hyperparameters,
    has_stages,
    is_mirrored,
    networks_of,
)
from automl.jobs.speeds import Speeds

_START_SECONDS = 3.0
"""Building a network, loading its weights, measuring its latency, saving the end."""

_EPOCH_SECONDS = 1.0
"""Saving the state and recording an evaluation."""

_FIT_SECONDS = 2e-9
"""Fitting a linear probe, for each class, feature and picture."""

_FOLD_SECONDS = 3.5e-8
"""The same for a cross-validated probe of all strengths, for each fold."""

WORTH_CONVERTING_SECONDS = 5.0
"""Extracting features for longer than this on a CPU begins with a conversion of the network, which
saves more time than it takes."""

_CONVERSION_SECONDS = 2.5
_CONVERTED_SHARE = 0.5
"""Time of a converted network: a third to three quarters of the original's, by its kind."""

_DECISIVE = (
    *("model_name", "training_crop_size", "method"),
    *("number_of_epochs", "training_batch_size"),
)
"""Hyperparameters that every trial has and that decide what it costs."""

_NUM_FEATURES = 1000
"""Number of features of one network."""

_MAX_FITTED = 10_000


@dataclass(frozen=True)
class Counts:
    """Numbers of pictures and of classes."""

    train: int
    validation: int
    classes: int
    folds: int = 0
    """Folds by which probes are cross-validated; 0: they are scored on the validation pictures."""

    turns: int = 5
    """Parts of the training pictures that further folds can hold out."""

    validation_is_given: bool = False
    """The data name the validation pictures, so no model is fitted to them."""

    @classmethod
    def guess(cls, num_pictures: int, num_classes: int, validation_share: float) -> Self:
        """The counts before the split is made."""
        validation = round(num_pictures * validation_share)
        return cls(num_pictures - validation, validation, num_classes)


@dataclass(frozen=True)
class Cost:
    """Seconds of a trial: once, and for each of its epochs; a baseline has none."""

    once: float
    epoch: float = 0.0
    num_epochs: int = 0

    @property
    def seconds(self) -> float:
        """The whole trial."""
        return self.once + self.epoch * self.num_epochs

    def epochs_within(self, seconds: float) -> int:
        """Number of epochs that end in this time; 0 or less if not even the start does."""
        return int((seconds - self.once) // self.epoch)


@dataclass(frozen=True)
class Costs:
    """The costs of all trials of a search."""

    speeds: Speeds
    counts: Counts
    on_gpu: bool = False

    def of(self, values: Mapping[str, Any], known: "Collection[Features]" = ()) -> Cost:
        """Cost of a trial.

        Args:
            values: its hyperparameters; what is missing has its default.
            known: features of the pictures that earlier trials have computed.
        """
        asked = _completed(values)
        size = asked["training_crop_size"]
        # of all pictures: a model is fitted to those for validation as well, or scored by them
        features = sum(
            self._extraction(self.speeds.of(each.model_name, size).forward_seconds)
            for each in features_of(asked) - set(known)
        )
        if asked["method"] != "fine_tuning":
            once = _START_SECONDS + features
            if asked["method"] in PROBES:
                once += self._fit_by_folds(asked)
            return Cost(once)
        starts_from_probe = values.get("head_init") == "linear_probe"
        training, scoring = self.of_epoch(asked)
        return Cost(
            once=_START_SECONDS + (features + self._fit() if starts_from_probe else 0.0),
            epoch=_EPOCH_SECONDS + training + scoring,
            num_epochs=asked["number_of_epochs"],
        )

    def of_epoch(self, values: Mapping[str, Any]) -> tuple[float, float]:
        """Seconds to train on all training pictures, and to score those for validation."""
        asked = _completed(values)
        speed = self.speeds.of(asked["model_name"], asked["training_crop_size"])
        training = speed.training(self.counts.train, asked["training_batch_size"])
        return training, speed.forward_seconds * self.counts.validation

    def of_refit(self, values: Mapping[str, Any]) -> Cost:
        """Cost of fitting a fine-tuned trial again, to training and validation pictures.

        The features that it starts from are known by then, and it is scored once, at its end.
        """
        counts = replace(self.counts, train=self.num_pictures, validation=0)
        return replace(self, counts=counts).of(values, features_of(values))

    def of_fold(self, values: Mapping[str, Any]) -> Cost:
        """Cost of training a fine-tuned trial again without a fifth of its training pictures.

        Those for validation take their place.
        """
        held_out = self.counts.train // 5
        train = self.num_pictures - held_out
        counts = replace(self.counts, train=train, validation=held_out)
        return replace(self, counts=counts).of(values, features_of(values))

    @property
    def num_pictures(self) -> int:
        """Training and validation pictures."""
        return self.counts.train + self.counts.validation

    def _extraction(self, forward_seconds: float) -> float:
        """Seconds to extract the features of all pictures with a network."""
        seconds = forward_seconds * self.num_pictures
        if self.on_gpu or seconds <= WORTH_CONVERTING_SECONDS:
            return seconds
        return _CONVERSION_SECONDS + _CONVERTED_SHARE * seconds

    def _fit(self) -> float:
        pictures = min(self.counts.train, _MAX_FITTED)
        return _FIT_SECONDS * pictures * _NUM_FEATURES * self.counts.classes

    def _fit_by_folds(self, values: Mapping[str, Any]) -> float:
        copies = 2 if is_mirrored(values) else 1
        pictures = min(copies * self.num_pictures, _MAX_FITTED)
        # those of all stages are twice as many, and are fitted with the last ones and without
        factor = 2 if has_stages(values) else 1
        # no more than there are principal components, which mirror images do not add to
        num_features = factor * _NUM_FEATURES * len(networks_of(values))
        num_features = min(num_features, self.num_pictures, _MAX_FITTED)
        per_fold = _FOLD_SECONDS * pictures * num_features * self.counts.classes
        return factor * per_fold * (self.counts.folds + 1)


def _completed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters of a trial with the defaults of those that decide its cost."""
    fields = Hyperparameters.model_fields
    return {**{name: fields[name].default for name in _DECISIVE}, **values}


class Features(NamedTuple):
    """Features that a trial computes of all pictures: those before the last layer of a network and
    those of all its stages, in one pass."""

    model_name: str
    side: Any
    """Side of the pictures in pixels; None is the default."""

    is_mirrored: bool = False


def features_of(values: Mapping[str, Any]) -> frozenset[Features]:
    """The features that a trial computes."""
    method = values.get("method", "fine_tuning")
    computes = method in (*PROBES, "prototypes", "k_nearest_neighbours") or (
        method == "fine_tuning" and values.get("head_init") == "linear_probe"
    )
    names = networks_of(values) if computes else []
    copies = (False, True) if is_mirrored(values) else (False,)
    side = values.get("training_crop_size")
    return frozenset(Features(name, side, each) for name in names for each in copies)
