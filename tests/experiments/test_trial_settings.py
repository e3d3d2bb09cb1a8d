import math

import pandas as pd

from automl.experiments import trial_settings


def test_only_hyperparameters_that_differ_are_listed(make_trial):
    def trial(number, score, **hyperparameters):
        settings = {"model_name": "resnet18", "optimizer": "sgd", **hyperparameters}
        return make_trial(f"t{number}", [score], number=number, hyperparameters=settings)

    trials = [
        trial(0, 0.5, learning_rate=0.1),
        trial(1, 0.6, learning_rate=0.2, momentum=0.9),
        trial(2, math.nan, learning_rate=0.3),
    ]
    table = trial_settings.varying(trials, "accuracy")
    assert trial_settings.names(table) == ["learning_rate"]
    assert table["trial"].tolist() == [0, 1]  # one that diverged has no score


def test_numbers_of_different_sizes_want_a_logarithmic_axis():
    assert trial_settings.is_logarithmic(pd.Series([0.001, 0.1]))
    assert not trial_settings.is_logarithmic(pd.Series([0.5, 0.9]))
    assert not trial_settings.is_logarithmic(pd.Series(["a", "b"]))
    assert not trial_settings.is_number(pd.Series([True, False]))
