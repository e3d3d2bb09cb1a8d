"""A trial trained again: on all pictures that are not test pictures, or without some. No Ray."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automl.evaluation.predictions import Predictions
from automl.jobs.hyperparameters import Hyperparameters
from automl.training.trial_data import TrialData
from automl.training.trial_training import Placement, TrialTraining


@dataclass(frozen=True)
class Refit:
    """A model that has seen all pictures."""

    files: dict[str, bytes]
    """Its checkpoint by the names of the files: Ray carries them from another machine."""

    num_pictures: int
    """Pictures that it was fitted to."""

    answers: Predictions
    """For pictures that it has seen: they only tell if something went wrong."""


def refit(
    hyperparameters: Hyperparameters,
    data: TrialData,
    placement: Placement,
    *,
    num_epochs: int,
    asked_ids: NDArray[np.int64] | None = None,
) -> Refit:
    """Train the trial again, for as many epochs, with a schedule that ends with them.

    An epoch has more updates, by as much as there are more pictures. The epoch that was the best
    one by a few validation pictures is not taken over: before the end of the schedule the learning
    rate is high, and the weights of one epoch are better than those of another by chance.

    Args:
        hyperparameters: of the trial.
        data: its pictures.
        placement: where it runs.
        num_epochs: epochs that the trial was trained; fewer than it had planned if it was ended.
        asked_ids: the pictures that it answers for; the validation pictures if left out.

    Raises:
        DivergedError, OutOfMemoryError: see `TrialTraining.advance`.
    """
    asked = hyperparameters.model_copy(update={"number_of_epochs": num_epochs})
    training = TrialTraining(asked, data, placement, on_everything=True)
    training.train(num_epochs)
    fitted, seen = training.fitted, data.validation
    if asked_ids is not None:
        seen = fitted.take(np.flatnonzero(np.isin(fitted.sample_ids, asked_ids)))
    answered = training.predict(seen)
    with tempfile.TemporaryDirectory() as folder:
        training.save_model(Path(folder))
        files = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    return Refit(files, len(fitted.labels), answered)


def answers(
    hyperparameters: Hyperparameters,
    data: TrialData,
    placement: Placement,
    *,
    num_epochs: int,
) -> Predictions:
    """Train the trial again, as `refit` does; returns its answers for the validation pictures.

    They come from the end of the schedule: no epoch is chosen by them.
    """
    asked = hyperparameters.model_copy(update={"number_of_epochs": num_epochs})
    training = TrialTraining(asked, data, placement)
    training.train(num_epochs)
    return training.predict()
