from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from automl.errors import UserError
from automl.experiments import store
from automl.jobs.compatibility import resolve
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.model import warm_start
from automl.training import effective
from automl.training.trial_data import TrialData
from automl.training.trial_training import TrialTraining
from tests.small_training import TINY
from tests.training.test_trial_training import CPU, run, train


@pytest.fixture
def trained(tiny_data: TrialData) -> TrialTraining:
    training = train(tiny_data, number_of_epochs=4)
    run(training)
    return training


@pytest.fixture
def experiment(make_experiment: Callable[..., Path], trained: TrialTraining) -> Path:
    directory = make_experiment("first", best_trial="trial-003")
    folder = store.checkpoint_dir(directory, "trial-003")
    folder.mkdir(parents=True)
    trained.save_scored_model(folder, trained.predict())
    return directory


def found_for(run_id: str, experiment: Path, **keys: object) -> warm_start.EarlierModel:
    wanted = [resolve({**TINY, "checkpoint_run_id": run_id, **keys})]
    return warm_start.find_all(wanted, experiment.parent, for_other_machines=False)[run_id]


@pytest.mark.parametrize("run_id", ["first/trial-003", "first"])
def test_a_trial_goes_on_from_the_model_of_an_earlier_one(
    run_id: str, experiment: Path, trained: TrialTraining, tiny_data: TrialData
) -> None:
    data = replace(tiny_data, earlier=found_for(run_id, experiment))
    training = TrialTraining(trained.hyperparameters, data, CPU)
    before = trained.predict().probabilities
    assert training.predict().probabilities == pytest.approx(before, abs=1e-6)
    assert effective.notes(training) == ["Started from the model of first/trial-003 after epoch 4."]


def with_classes(data: TrialData, names: list[str], indices: list[int]) -> TrialData:
    """The data with other classes: `indices` by the index that each class has had."""
    parts = {
        name: replace(part, labels=np.array(indices)[part.labels])
        for name in ("train", "validation")
        if (part := getattr(data, name))
    }
    return replace(data, class_names=names, **parts)


def test_rows_of_classes_that_stay_are_kept_and_new_ones_know_their_pictures(
    experiment: Path, trained: TrialTraining, tiny_data: TrialData
) -> None:
    # red is called cyan from now on
    data = with_classes(tiny_data, ["blue", "cyan", "green"], [0, 2, 1])
    data = replace(data, earlier=found_for("first", experiment))
    training = TrialTraining(trained.hyperparameters, data, CPU)
    network, old = training.built.network, trained.built.network
    assert effective.notes(training)[0].endswith(
        "The last layer keeps the rows of the others. New classes (1): cyan. "
        "Classes that are gone (1): red."
    )
    rows, old_rows = (each.get_parameter("fc.weight") for each in (network, old))
    assert torch.equal(rows[[0, 2]], old_rows[[0, 1]])
    predictions = training.predict()
    is_new = predictions.labels == 1
    assert (predictions.predicted[is_new] == 1).mean() > 0.5


def test_new_classes_know_their_pictures_where_one_class_stays(
    experiment: Path, trained: TrialTraining, tiny_data: TrialData
) -> None:
    # green is called lime, and red is called pink
    data = with_classes(tiny_data, ["blue", "lime", "pink"], [0, 1, 2])
    data = replace(data, earlier=found_for("first", experiment))
    predictions = TrialTraining(trained.hyperparameters, data, CPU).predict()
    assert (predictions.predicted == predictions.labels).mean() > 0.5


def test_other_classes_get_a_new_head_and_that_is_said(
    experiment: Path, trained: TrialTraining, tiny_data: TrialData
) -> None:
    names = ["x", "y", "z"]
    data = replace(tiny_data, earlier=found_for("first", experiment), class_names=names)
    training = TrialTraining(trained.hyperparameters, data, CPU)
    network, old = training.built.network, trained.built.network
    assert "Its classes are others: the last layer is new." in effective.notes(training)[0]
    assert not network.get_parameter("fc.weight").any()
    assert torch.equal(
        network.get_parameter("layer4.0.conv1.weight"),
        old.get_parameter("layer4.0.conv1.weight"),
    )


@pytest.mark.parametrize("names", [["blue", "green", "red"], ["w", "x", "y", "z"]])
@pytest.mark.parametrize(
    ("method", "is_new"), [("k_nearest_neighbours", True), ("majority_class", False)]
)
def test_a_trial_goes_on_from_a_baseline(
    make_experiment: Callable[..., Path],
    tiny_data: TrialData,
    names: list[str],
    method: str,
    is_new: bool,
) -> None:
    """Its layers are those of the baseline; a vote of neighbours cannot be trained further."""
    alone = np.full(len(tiny_data.validation.labels), -1)
    given = replace(tiny_data, validation=replace(tiny_data.validation, folds=alone))
    baseline = train(given, method=method)
    directory = make_experiment("baseline", best_trial="trial-000")
    folder = store.checkpoint_dir(directory, "trial-000")
    folder.mkdir(parents=True)
    baseline.save_scored_model(folder, baseline.predict())
    earlier = found_for("baseline", directory)
    data = replace(tiny_data, earlier=earlier, class_names=names)
    training = train(data, number_of_epochs=1)
    layer = "layer4.0.conv1.weight"
    before = baseline.built.network.get_parameter(layer)
    assert torch.equal(training.built.network.get_parameter(layer), before)
    is_new = is_new or len(names) == 4
    assert training.built.has_new_head is is_new
    assert ("the last layer is new." in effective.notes(training)[0]) is is_new
    if is_new:
        assert not training.built.network.get_parameter("fc.weight").any()
    else:
        assert training.predict().probabilities == pytest.approx(
            baseline.predict().probabilities, abs=1e-6
        )
    run(training)


def test_a_head_that_was_fitted_to_the_validation_pictures_is_not_taken_over(
    make_experiment: Callable[..., Path], tiny_data: TrialData
) -> None:
    baseline = train(tiny_data, method="linear_probe")
    directory = make_experiment("baseline", best_trial="trial-000")
    folder = store.checkpoint_dir(directory, "trial-000")
    folder.mkdir(parents=True)
    baseline.save_scored_model(folder, baseline.predict())
    training = train(replace(tiny_data, earlier=found_for("baseline", directory)))
    assert not training.built.network.get_parameter("fc.weight").any()
    assert "was fitted to the validation pictures" in effective.notes(training)[0]


def test_weights_travel_as_bytes_to_other_machines(
    experiment: Path, trained: TrialTraining, tiny_data: TrialData
) -> None:
    asked = resolve({**TINY, "checkpoint_run_id": "first"})
    carried = warm_start.find_all([asked], experiment.parent, for_other_machines=True)["first"]
    assert isinstance(carried.weights, bytes)
    training = TrialTraining(asked, replace(tiny_data, earlier=carried), CPU)
    before = trained.predict().probabilities
    assert training.predict().probabilities == pytest.approx(before, abs=1e-6)


def test_what_cannot_be_gone_on_from_is_refused_with_what_to_do(experiment: Path) -> None:
    def refused(run_id: str, words: str, **keys: object) -> None:
        with pytest.raises(UserError, match=words):
            found_for(run_id, experiment, **keys)
        asked = {**keys, "checkpoint_run_id": run_id}
        job = Job(training_data=DataSource(path=experiment), training_parameters=asked)
        with pytest.raises(UserError, match=words):  # before anything starts
            warm_start.check(job, experiment.parent)

    refused("affable_tree_1_HD_0", "there is no experiment affable_tree_1_HD_0 in .*Give exp")
    refused("first/trial-009", "trial-009 of first has no model")
    other = "is a test_resnet, but model_name is resnet10t"
    refused("first", other, model_name="resnet10t")
    for name in ("model.safetensors", "model.json"):
        (store.checkpoint_dir(experiment, "trial-003") / name).write_bytes(b"")
        refused("first", "the model of trial-003 of first is damaged. Choose another trial")
