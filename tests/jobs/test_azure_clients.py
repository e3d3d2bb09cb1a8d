"""Job files as Azure's own clients write and show them are taken as Azure takes them."""

import pytest
import yaml

from automl.errors import UserError
from automl.jobs import job_file, job_notes
from automl.jobs.job import Job
from automl.jobs.job_errors import JobError
from automl.jobs.sweep import Bandit, MedianStopping, TruncationSelection

MINIMAL = {
    "type": "automl",
    "task": "image_classification",
    "target_column_name": "label",
    "training_data": {"type": "mltable", "path": "train"},
}
SPACE = [{"learning_rate": {"type": "uniform", "min_value": 0.001, "max_value": 0.01}}]


def job(base_dir=None, **changes):
    return Job.from_yaml(yaml.safe_dump({**MINIMAL, **changes}), base_dir=base_dir)


def with_policy(**policy):
    sweep = {"sampling_algorithm": "random", "early_termination": policy}
    return job(search_space=SPACE, sweep=sweep).sweep.early_termination


def path_of(location, base_dir, **changes):
    data = {"type": "mltable", "path": location}
    return job(base_dir, training_data=data, **changes).training_data.path


@pytest.fixture
def folder(tmp_path):
    """A folder of data beside the folder of the job."""
    (tmp_path / "jobs").mkdir()
    (tmp_path / "my data").mkdir()
    return tmp_path / "my data"


def test_a_local_folder_is_read_however_a_client_writes_it(folder):
    jobs = folder.parent / "jobs"
    (jobs / "beside").mkdir()
    for location in (
        "../my data",
        "azureml:../my data",
        "azureml:./../my data",
        f"azureml:{folder}",
        folder.as_uri(),
        folder.as_uri().replace("file://", "file://localhost"),
        f"azureml:{folder.as_uri()}",
    ):
        assert path_of(location, jobs).resolve() == folder, location
    assert path_of("azureml:beside", jobs) == jobs / "beside"


@pytest.mark.parametrize(
    "location",
    [
        "azureml:fridge:3",
        "azureml:fridge@latest",
        "azureml:fridge",
        "azureml://registries/own/data/fridge/versions/3",
        "azureml://registries/own/data/fridge/labels/latest",
        "azureml:azureml://locations/west/workspaces/w-1/data/fridge/versions/3",
        "azureml:/subscriptions/s/resourceGroups/g/providers/"
        "Microsoft.MachineLearningServices/workspaces/w/data/fridge/versions/3",
    ],
)
def test_a_data_asset_is_read_where_it_is_mapped(location, folder):
    assert path_of(location, folder.parent, data_assets={"fridge": "my data"}) == folder
    with pytest.raises(JobError, match=r"--data-asset fridge=/that/folder"):
        path_of(location, folder.parent, data_assets={"freezer": "my data"})


@pytest.mark.parametrize(
    "location",
    [
        "wasbs://pictures@account.blob.core.windows.net/pets",
        "wasb://pictures@account.blob.core.windows.net/pets",
        "https://account.blob.core.windows.net/pictures/pets",
        "abfss://pictures@account.dfs.core.windows.net/pets",
    ],
)
def test_a_folder_in_azures_storage_is_read_however_it_is_written(location):
    source = job(training_data={"type": "mltable", "path": location}).training_data
    assert source.location == "abfss://pictures@account.dfs.core.windows.net/pets"


@pytest.mark.parametrize(
    "location",
    [
        "https://account.blob.core.windows.net/pictures/pets?sv=2026&sig=x",
        "https://account.blob.core.windows.net",
        "https://account.blob.core.windows.net.example.com/pictures/pets",
        "wasbs://pictures@account.example.com/pets",
        "adl://account.azuredatalakestore.net/pets",
    ],
)
def test_no_other_address_is_taken_for_azures_storage(location):
    with pytest.raises(JobError, match="is not on this machine"):
        job(training_data={"type": "mltable", "path": location})


def test_one_version_of_an_asset_can_be_mapped():
    assets = {"fridge": "/every", "fridge:3": "/third"}
    assert str(path_of("azureml:fridge:3", None, data_assets=assets)) == "/third"
    assert str(path_of("azureml:fridge:4", None, data_assets=assets)) == "/every"


def test_an_asset_is_mapped_on_the_command_line(folder):
    path = folder.parent / "job.yml"
    asked = {**MINIMAL, "training_data": {"type": "mltable", "path": "azureml:fridge:1"}}
    path.write_text(yaml.safe_dump(asked))
    assert job_file.load(path, data_assets={"fridge": str(folder)}).training_data.path == folder


def test_a_job_that_azure_shows_is_a_job_again():
    shown = {"id": "azureml:/x", "status": "Completed", "creation_context": {"created_by": "me"}}
    assert job(**shown, log_files={}, services={"Studio": {"endpoint": "x"}}, outputs={}) == job(
        services={"Studio": {"endpoint": "x"}}, outputs={}
    )


def test_a_merge_key_yields_to_the_keys_beside_it():
    text = """
training_data: &shared
  type: mltable
  path: train
validation_data:
  <<: [*shared, {mode: direct, path: never}]
  path: other
"""
    merged = Job.from_yaml(f"target_column_name: label\n{text}").validation_data
    assert (merged.type, str(merged.path), merged.mode) == ("mltable", "other", "direct")
    twice = Job.from_yaml(f"target_column_name: label\n{text}  path: third\n")
    assert str(twice.validation_data.path) == "third"
    (note,) = job_notes.notes(twice)
    assert note.startswith("validation_data.path is there twice, in lines 8 and 9")


@pytest.mark.parametrize(
    ("key", "written", "meant"),
    [
        ("primary_metric", "NormMacroRecall", "norm_macro_recall"),
        ("primary_metric", "AUCWeighted", "auc_weighted"),
        ("primary_metric", "averagePrecisionScoreWeighted", "average_precision_score_weighted"),
        ("log_verbosity", "NotSet", "not_set"),
        ("log_verbosity", "WARNING", "warning"),
    ],
)
def test_a_word_is_read_in_every_spelling_of_azures_clients(key, written, meant):
    assert getattr(job(**{key: written}), key) == meant


def test_words_inside_of_sections_are_read_in_every_spelling():
    asked = job(
        training_data={"type": "MLTable", "path": "x", "mode": "EvalMount"},
        identity={"type": "AMLToken"},
        queue_settings={"job_tier": "Spot"},
        outputs={"best_model": {"type": "MLFlow_Model"}},
        training_parameters={"learning_rate_scheduler": "WarmupCosine", "optimizer": "ADAM"},
    )
    assert (asked.training_data.type, asked.training_data.mode) == ("mltable", "eval_mount")
    assert asked.identity.type == "aml_token"
    assert asked.outputs.best_model.type == "mlflow_model"
    assert asked.training_parameters == {
        "learning_rate_scheduler": "warmup_cosine",
        "optimizer": "adam",
    }


def test_a_policy_is_read_with_nulls_quotes_and_fractions():
    assert with_policy(type="Bandit", slack_factor=0.1, slack_amount=None) == Bandit(
        type="bandit", slack_factor=0.1
    )
    assert with_policy(type="MedianStopping", evaluation_interval=None) == MedianStopping(
        type="median_stopping"
    )
    assert with_policy(
        type="TruncationSelection", truncation_percentage="20", delay_evaluation=2.5
    ) == TruncationSelection(
        type="truncation_selection", truncation_percentage=20, delay_evaluation=2
    )


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("weighted_loss", "1", 1),
        ("number_of_epochs", 2.5, 2),
        ("training_crop_size", "128", 128),
        ("random_seed", 5.5, 5),
        ("number_of_workers", "4", 4),
        ("learning_rate", "1e-3", 0.001),
    ],
)
def test_a_number_is_read_as_azures_client_reads_it(name, written, meant):
    assert job(training_parameters={name: written}).training_parameters == {name: meant}


def test_what_azure_would_refuse_of_a_number_in_quotes_is_said(tmp_path):
    path = tmp_path / "job.yml"
    path.write_text(
        yaml.safe_dump({**MINIMAL, "training_parameters": {"early_stopping_delay": "0.0"}})
    )
    (problem,) = job_file.refused_by_azure(path)
    assert problem.message == "early_stopping_delay is 0.0. For Azure it is at least 1."


@pytest.mark.parametrize("name", ["number_of_epochs", "learning_rate", "number_of_workers"])
def test_true_is_no_number(name):
    with pytest.raises(JobError, match="true is not a number"):
        job(training_parameters={name: True})


def test_what_has_no_effect_may_be_searched():
    choice = {"type": "choice", "values": [True, False]}
    space = [{**SPACE[0], "distributed": choice}, {**SPACE[0], "number_of_workers": 4}]
    asked = job(search_space=space, sweep={"sampling_algorithm": "random"})
    assert [list(sub_space) for sub_space in asked.search_space] == [["learning_rate"]] * 2
    notes = job_notes.notes(asked)
    assert "training_parameters.distributed has no effect here." in notes
    assert "training_parameters.number_of_workers has no effect here." in notes


def test_an_option_that_maps_nothing_names_its_kind():
    from automl.jobs.datastores import places

    with pytest.raises(UserError, match="maps no data asset"):
        places([], ["fridge"])
