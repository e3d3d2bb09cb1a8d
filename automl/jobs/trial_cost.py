"""Seconds that a trial will take, from the speed of its network. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from automl.jobs.hyperparameters import Hyperparameters, networks_of
from automl.jobs.speeds import Speeds

_START_SECONDS = 3.0
"""Building a network, loading its weights, measuring its latency, saving the end."""

_EPOCH_SECONDS = 1.0
"""Saving the state and recording an evaluation."""

_FIT_SECONDS = 2e-9
"""Fitting a linear probe, for each class, feature and picture."""

_FOLD_SECONDS = 3.5e-8
"""The same for a cross-validated probe of all strengths, for each fold."""

_CONVERTED_FROM_SECONDS = 25.0
"""Extracting features for longer than this converts the network first (`model.fast_features`)."""

_CONVERSION_SECONDS = 10.0
_CONVERTED_SHARE = 0.5
"""Time of a converted network: a third to three quarters of the original's, by its kind."""

_NUM_FEATURES = 1000
"""Of one network."""

_PROBES = ("linear_probe", "concatenated_probe")
_MAX_FITTED = 10_000


@dataclass(frozen=True)
class Counts:
    """Numbers of pictures and of classes."""

    train: int
    validation: int
    classes: int
    folds: int = 0
    """Folds by which probes are cross-validated; 0: they are scored on the validation pictures."""

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

    def of(self, values: Mapping[str, Any], *, has_features: bool = False) -> Cost:
        """Cost of a trial.

        Args:
            values: its hyperparameters; what is missing has its default.
            has_features: earlier trials have computed the same features of the pictures.
        """
        defaults = Hyperparameters.model_fields
        asked = {
            name: values.get(name, defaults[name].default)
            for name in ("model_name", "training_crop_size", "method", "number_of_epochs")
        }
        speeds = [
            self.speeds.of(name, asked["training_crop_size"])
            for name in networks_of({**values, **asked})
        ]
        forward = sum(speed.forward_seconds for speed in speeds)
        scoring = forward * self.counts.validation
        # a probe is cross-validated over the validation pictures, too
        num_fitted = self.counts.train + self.counts.validation
        features = (
            0.0
            if has_features
            else sum(_extraction(speed.forward_seconds * num_fitted) for speed in speeds)
        )
        if asked["method"] != "fine_tuning":
            # a cross-validated baseline is scored by the features it is fitted to
            once = _START_SECONDS + (0.0 if self.counts.folds else scoring)
            if asked["method"] != "majority_class":
                once += features
            if asked["method"] in _PROBES:
                once += self._fit_by_folds(len(speeds))
            return Cost(once)
        starts_from_probe = values.get("head_init") == "linear_probe"
        return Cost(
            once=_START_SECONDS + (features + self._fit() if starts_from_probe else 0.0),
            epoch=_EPOCH_SECONDS + speeds[0].step_seconds * self.counts.train + scoring,
            num_epochs=asked["number_of_epochs"],
        )

    def of_refit(self, values: Mapping[str, Any]) -> Cost:
        """Cost of fitting a fine-tuned trial again, to training and validation pictures.

        The features that it starts from are known by then, and it is scored once, at its end.
        """
        counts = replace(self.counts, train=self.num_pictures, validation=0)
        return replace(self, counts=counts).of(values, has_features=True)

    @property
    def num_pictures(self) -> int:
        """Training and validation pictures."""
        return self.counts.train + self.counts.validation

    def _fit(self) -> float:
        pictures = min(self.counts.train, _MAX_FITTED)
        return _FIT_SECONDS * pictures * _NUM_FEATURES * self.counts.classes

    def _fit_by_folds(self, num_networks: int) -> float:
        pictures = min(self.counts.train + self.counts.validation, _MAX_FITTED)
        # no more than there are principal components
        num_features = min(_NUM_FEATURES * num_networks, pictures)
        per_fold = _FOLD_SECONDS * pictures * num_features * self.counts.classes
        return per_fold * (self.counts.folds + 1)


def _extraction(seconds: float) -> float:
    """Seconds to extract features, which take these seconds with the network as it is."""
    if seconds <= _CONVERTED_FROM_SECONDS:
        return seconds
    return _CONVERSION_SECONDS + _CONVERTED_SHARE * seconds


def features_of(values: Mapping[str, Any]) -> frozenset[tuple[str, Any]]:
    """Keys of the features that a trial computes: network and picture size."""
    method = values.get("method", "fine_tuning")
    computes = method in (*_PROBES, "prototypes", "k_nearest_neighbours") or (
        method == "fine_tuning" and values.get("head_init") == "linear_probe"
    )
    names = networks_of(values) if computes else []
    return frozenset((name, values.get("training_crop_size")) for name in names)
