"""Training again on training and validation pictures together."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from automl.jobs.compatibility import resolve
from automl.model.description import ModelDescription
from automl.training import refitting
from automl.training.trial_data import TrialData
from automl.training.trial_training import Placement, TrialTraining
from tests.small_training import TINY

CPU = Placement(torch.device("cpu"), num_threads=1)
ASKED = resolve({**TINY, "number_of_epochs": 6})


def test_a_model_is_fitted_to_all_pictures_for_as_many_epochs(tiny_data: TrialData) -> None:
    found = refitting.refit(ASKED, tiny_data, CPU, num_epochs=4)
    assert found.num_pictures == 60
    assert sorted(found.files) == ["model.json", "model.safetensors"]
    described = ModelDescription.model_validate_json(found.files["model.json"])
    assert (described.epoch, described.has_seen_all) == (4, True)
    assert found.answers.is_about_the_same_as(
        TrialTraining(ASKED, tiny_data, CPU, on_everything=True).predict()
    )
    assert (found.answers.predicted == found.answers.labels).mean() > 0.5


def test_a_model_answers_for_the_pictures_that_are_asked(tiny_data: TrialData) -> None:
    asked = np.sort(tiny_data.everything().sample_ids[::7])
    found = refitting.refit(ASKED, tiny_data, CPU, num_epochs=1, asked_ids=asked)
    assert np.sort(found.answers.sample_ids).tolist() == asked.tolist()


def test_an_epoch_has_more_updates_at_the_same_rates(tiny_data: TrialData) -> None:
    before = TrialTraining(ASKED, tiny_data, CPU)
    after = TrialTraining(ASKED, tiny_data, CPU, on_everything=True)
    num_updates = [one.learner.updates_per_epoch for one in (before, after)]
    assert num_updates == [3, 4]
    rates = [
        one.learner.schedule.lr_lambdas[0](4 * number - 1)
        for one, number in zip((before, after), num_updates, strict=True)
    ]
    assert rates[0] == pytest.approx(rates[1])


def test_validation_pictures_that_the_data_name_stay_apart(tiny_data: TrialData) -> None:
    folds = np.full(len(tiny_data.validation.labels), -1)
    given = replace(tiny_data, validation=replace(tiny_data.validation, folds=folds))
    training = TrialTraining(ASKED, given, CPU, on_everything=True)
    assert training.fitted is given.train
    assert not training.has_seen_all
