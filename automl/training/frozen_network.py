"""Heads that are fitted to the features of a network as it comes, before it is trained, if ever."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from automl.errors import UserError
from automl.evaluation.predictions import Predictions
from automl.host import quiet
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import baselines, feature_cache, imprinting, linear_head, several_networks
from automl.model.building import BuiltModel
from automl.model.linear_head import HeadNotLinearError
from automl.model.network import Normalised
from automl.model.several_networks import SeveralNetworks
from automl.texts import mark
from automl.training.batches import scored_batches
from automl.training.cancellation import until_cancelled
from automl.training.task import Task
from automl.training.trial_data import LabelledPictures, TrialData, opened


class BaselineAnswers(NamedTuple):
    """Answers of a baseline, each by a head that has not seen the picture."""

    scored: Predictions
    """For the pictures that it is scored on."""

    out_of_fold: Predictions | None
    """For the training pictures, where the data name others to score it on."""


@dataclass(frozen=True)
class FrozenNetwork:
    """The network of a trial with the pictures that a head of it is fitted to.

    It sees no picture again whose features are known from an earlier trial.
    """

    network: Normalised
    built: BuiltModel
    hyperparameters: Hyperparameters
    data: TrialData
    fitted: LabelledPictures
    """The pictures that the head is fitted to: those for training, or these and validation's."""

    device: torch.device
    is_cancelled: Callable[[], bool]
    """Asked before each batch; a CancelledError ends the look at the pictures."""

    def starts_from_probe(self) -> bool:
        """True if fine-tuning starts from a linear probe, which is then the head."""
        notes = self.built.notes
        if self.hyperparameters.head_init != "linear_probe":
            return False
        if not self.built.has_new_head:
            notes.append(mark("head_init linear_probe has no effect: the head is not new."))
            return False
        try:
            linear_head.fit(self.network, self._features_of_fitted(), self.fitted.labels)
        except HeadNotLinearError as error:
            instead = mark("head_init is zero instead of linear_probe: {error}.")
            notes.append(instead.format(error=error))
            return False
        return True

    def imprint(self) -> None:
        """Set the rows of the head of classes that an earlier model does not know."""
        features, labels = self._features_of_fitted(), self.fitted.labels
        imprinting.imprint(self.network, features, labels, self.built.new_rows)

    def fit_baseline(self, task: Task) -> BaselineAnswers:
        """Fit the head; returns answers for pictures that it, or its like of a fold, has not seen.

        Raises:
            UserError: the last layer of the network is not linear.
        """
        method, data, fitted = self.hyperparameters.method, self.data, self.fitted
        is_mirrored = self.hyperparameters.is_mirrored
        pictures = baselines.FrozenPictures(
            self._features_of_fitted,
            fitted.labels,
            fitted.folds,
            (lambda: self._features_of_fitted(is_mirrored=True)) if is_mirrored else None,
            several_networks.is_spare(self.network),
        )
        try:
            asked = None if data.is_cross_validated else self._asked()
            probabilities = baselines.fit_head(method, self.network, pictures)
        except HeadNotLinearError as error:
            raise UserError(
                f"method is {method}, but {error}. Set method to fine_tuning, or choose another "
                "model."
            ) from error
        out_of_fold = None if probabilities is None else _with_folds(fitted, probabilities)
        if asked is not None:
            validation, logits = data.validation, baselines.logits(self.network, asked)
            given = task.probabilities(logits).cpu().numpy()
            scored = Predictions(validation.sample_ids, validation.labels, given)
            return BaselineAnswers(scored, out_of_fold)
        assert out_of_fold is not None
        return BaselineAnswers(out_of_fold, None)

    def _asked(self) -> NDArray[np.float32]:
        """Features (N, D) by which a baseline answers for the validation pictures.

        They are taken while the network still has a last layer that tells where they are.
        """
        pictures = self.data.validation
        if self.hyperparameters.method == "majority_class":  # answers without a look
            head = linear_head.of(self.network.network)
            return np.zeros((len(pictures.labels), head.weight[0].numel()), np.float32)
        looks = (False, True) if self.hyperparameters.is_mirrored else (False,)
        found = [self._features(pictures, is_mirrored) for is_mirrored in looks]
        return np.asarray(sum(found) / len(found), np.float32)

    def _features_of_fitted(self, *, is_mirrored: bool = False) -> NDArray[np.float32]:
        """Features (N, D) of all pictures that the head is fitted to; they are kept by split."""
        data = self.data
        parts = [data.train] if self.fitted is data.train else [data.train, data.validation]
        return np.concatenate([self._features(part, is_mirrored) for part in parts])

    def _features(self, labelled: LabelledPictures, is_mirrored: bool) -> NDArray[np.float32]:
        """Features (N, D) of the pictures as they are scored, those of all parts side by side."""
        if not self.built.parts:
            return self._features_of(self.network, self.built, labelled, is_mirrored)
        several = self.network.network
        assert isinstance(several, SeveralNetworks)
        pairs = zip(several.networks, self.built.parts, strict=True)
        found = [self._features_of(*pair, labelled, is_mirrored) for pair in pairs]
        return np.concatenate(found, axis=1)

    def _features_of(
        self,
        network: Normalised,
        built: BuiltModel,
        labelled: LabelledPictures,
        is_mirrored: bool,
    ) -> NDArray[np.float32]:
        side = self.hyperparameters.validation_crop_size
        size = self.hyperparameters.validation_batch_size
        with quiet.Work() as work:

            def batches(rows: feature_cache.Rows) -> Iterator[torch.Tensor]:
                pictures = opened(labelled.pictures.take(rows))
                found = scored_batches(pictures, side, batch_size=size, device=self.device)
                found = until_cancelled(found, self.is_cancelled)
                return work.steps(pixels.flip(-1) if is_mirrored else pixels for pixels in found)

            return feature_cache.features(
                network, built, side, labelled.contents, batches, is_mirrored=is_mirrored
            )


def _with_folds(pictures: LabelledPictures, probabilities: NDArray[np.float32]) -> Predictions:
    """Answers (N, K) for those of the pictures that have a fold."""
    rows = np.flatnonzero(pictures.folds >= 0)
    rows = rows[np.argsort(pictures.sample_ids[rows])]
    return Predictions(pictures.sample_ids[rows], pictures.labels[rows], probabilities[rows])
