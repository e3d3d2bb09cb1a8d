import math
from pathlib import Path

import pytest

from automl.job import DataSource, Job
from automl.job_errors import JobError
from automl.ui.draft import Draft, Search, fitting_side

DATA = DataSource(path=Path("/data/pets"))


def test_automatic_leaves_everything_to_the_engine():
    job = Draft(DATA, max_trials=5, minutes=3).job()
    assert job.is_automode
    assert (job.limits.max_trials, job.limits.timeout_minutes) == (5, 3)


def test_chosen_models_become_one_sub_space_each():
    job = Draft(
        DATA,
        search=Search.CHOOSE,
        models=("resnet18", "vit_tiny"),
        learning_rates=(0.001, 0.1),
        side=96,
    ).job()
    convolutional, transformer = job.search_space
    assert convolutional["training_crop_size"] == 96
    assert "training_crop_size" not in transformer
    rate = convolutional["learning_rate"]
    assert math.exp(rate.min_value) == pytest.approx(0.001)
    assert math.exp(rate.max_value) == pytest.approx(0.1)


def test_one_model_is_one_trial():
    job = Draft(
        DATA, search=Search.ONE, models=("resnet18",), learning_rates=(0.01, 0.01), epochs=3
    ).job()
    assert job.limits.max_trials == 1
    assert job.training_parameters["number_of_epochs"] == 3


def test_the_job_reads_back_from_its_yaml():
    job = Draft(DATA, search=Search.CHOOSE, models=("resnet18",)).job()
    assert Job.from_yaml(job.to_yaml()) == job


def test_a_search_needs_a_model():
    with pytest.raises(JobError, match="Choose at least one model"):
        Draft(DATA, search=Search.CHOOSE).job()


@pytest.mark.parametrize(("median", "side"), [(8, 32), (40, 32), (41, 96), (100, 96), (500, 160)])
def test_the_training_size_follows_the_pictures(median, side):
    assert fitting_side(median) == side
