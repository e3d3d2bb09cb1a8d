import math
from pathlib import Path

import pytest

from automl.dataset.preview import fitting_side
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.jobs.job_errors import JobError
from automl.ui.configure.draft import Draft, Search

DATA = DataSource(path=Path("/data/pets"))


def test_automatic_leaves_everything_to_the_engine():
    job = Draft(DATA, limits={"max_trials": 5, "timeout_minutes": 3}).job()
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
    parameters = {"model_name": "resnet18", "number_of_epochs": 3}
    job = Draft(DATA, search=Search.ONE, training_parameters=parameters).job()
    assert job.limits.max_trials == 1
    assert job.search_space is None
    assert job.training_parameters == parameters


def test_what_the_form_has_no_fields_for_is_kept():
    rest = {"training_data": {"path": str(DATA.path), "type": "image_folder"}, "tags": {"a": "b"}}
    job = Draft(DATA, rest=rest).job()
    assert (job.training_data.type, job.tags) == ("image_folder", {"a": "b"})


def test_what_a_file_says_of_other_pictures_is_not():
    rest = {"training_data": {"path": "/data/others", "type": "csv"}}
    assert Draft(DATA, rest=rest).job().training_data == DATA


def test_the_job_reads_back_from_its_yaml():
    job = Draft(DATA, search=Search.CHOOSE, models=("resnet18",)).job()
    assert Job.from_yaml(job.to_yaml()) == job


def test_a_search_needs_a_model():
    with pytest.raises(JobError, match="Choose at least one model"):
        Draft(DATA, search=Search.CHOOSE).job()


@pytest.mark.parametrize(("median", "side"), [(8, 32), (40, 32), (41, 96), (100, 96), (500, 224)])
def test_the_training_size_follows_the_pictures(median, side):
    assert fitting_side(median) == side
