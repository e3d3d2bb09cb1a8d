"""docs/azure.md names every kind of job that this program and Azure's client answer differently.

The answers of Azure are those of `load_job` and the REST object of azure-ai-ml 1.35.2.
"""

from pathlib import Path

import pytest
import yaml

from automl.jobs.job import Job
from automl.jobs.job_errors import JobError

PAGE = (Path(__file__).parents[2] / "docs" / "azure.md").read_text("utf-8")
ROWS = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| ")]
MINIMAL = {
    "type": "automl",
    "task": "image_classification",
    "target_column_name": "label",
    "training_data": {"type": "mltable", "path": "train"},
}
RANDOM, GRID = {"sampling_algorithm": "random"}, {"sampling_algorithm": "grid"}
ONE = [{"learning_rate": {"type": "choice", "values": [0.1, 0.2]}}]


def searched(name, value, **sweep):
    return {"search_space": [{name: value}], "sweep": {**RANDOM, **sweep}}


ONLY_AZURE = [
    ("out of range", {"training_parameters": {"learning_rate": 5}}),
    ("out of range", {"validation_data_size": 1}),
    ("out of range", searched("number_of_epochs", {"type": "randint", "upper": 5})),
    ("training_data.path", {"training_data": {"type": "mltable", "path": "azureml:fridge:1"}}),
    ("training_data.path", {"training_data": {"type": "mltable", "path": "https://x.net/t"}}),
    ("sweep", {"search_space": [], "sweep": RANDOM}),
    ("outputs", {"outputs": {"model": {"type": "mlflow_model"}}}),
    ("model_name", {"training_parameters": {"model_name": "any/text"}}),
    ("tasks other than", {"task": "image_object_detection"}),
    ("grid", searched("momentum", {"type": "normal", "mu": 0.5, "sigma": 0.1}, **GRID)),
]
ONLY_HERE = [
    ("key that is null", {"compute": None}),
    ("key that is null", {"validation_data": None}),
    ("key that is null", searched("learning_rate", 0.1, early_termination=None)),
    ("exit_score", {"limits": {"exit_score": 0.9}}),
    ("as text", searched("learning_rate", "uniform(0.001,0.01)")),
    ("asha", {"search_space": ONE, "sweep": {**RANDOM, "early_termination": {"type": "asha"}}}),
    ("limits` inside", {"search_space": ONE, "sweep": {**RANDOM, "limits": {"max_trials": 2}}}),
    ("adamw", {"training_parameters": {"optimizer": "AdamW"}}),
    ("numbers in quotes", searched("number_of_epochs", {"type": "choice", "values": ["5"]})),
    ("type` or `task", {"type": None, "task": None}),
]


def text_of(changes):
    job = {**MINIMAL, **changes}
    left_out = [key for key in ("type", "task") if job[key] is None]
    return yaml.safe_dump({key: value for key, value in job.items() if key not in left_out})


@pytest.mark.parametrize(("row", "changes"), ONLY_AZURE, ids=str)
def test_what_only_azure_takes_is_on_the_page(row, changes):
    with pytest.raises(JobError):
        Job.from_yaml(text_of(changes))
    assert any(row in first for first in ROWS), row


@pytest.mark.parametrize(("row", "changes"), ONLY_HERE, ids=str)
def test_what_is_only_taken_here_is_on_the_page(row, changes):
    assert Job.from_yaml(text_of(changes))
    assert any(row in first for first in ROWS), row


def test_a_key_that_occurs_twice_is_on_the_page():
    with pytest.raises(JobError, match="there twice"):
        Job.from_yaml(f"{text_of({})}target_column_name: x\n")
    assert any("occurs twice" in first for first in ROWS)
