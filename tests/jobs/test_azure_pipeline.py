"""A pipeline's AutoML step is a job: its inputs and outputs are those of the pipeline."""

from pathlib import Path

import pytest
import yaml

from automl.jobs import job_file, job_notes
from automl.jobs.job import Job
from automl.jobs.job_errors import JobError

STEP = {
    "type": "automl",
    "task": "image_classification",
    "target_column_name": "label",
    "training_data": "${{parent.inputs.pictures}}",
    "validation_data": {"type": "mltable", "path": "${{ parent.inputs.checked.path }}"},
    "limits": {"max_trials": "${{parent.inputs.trials}}"},
    "outputs": {"best_model": "${{parent.outputs.winner}}"},
}
PIPELINE = {
    "$schema": "https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json",
    "type": "pipeline",
    "experiment_name": "fridge",
    "settings": {"default_compute": "azureml:gpu"},
    "inputs": {
        "pictures": {"type": "mltable", "path": "data/train"},
        "checked": {"type": "mltable", "path": "azureml:../validation"},
        "trials": {"type": "integer", "default": 3},
    },
    "outputs": {"winner": {"type": "mlflow_model", "path": "./model"}},
    "jobs": {
        "find": STEP,
        "register": {
            "type": "command",
            "inputs": {"model": "${{parent.jobs.find.outputs.best_model}}"},
        },
    },
}


def written(folder, **changes):
    path = folder / "pipeline.yml"
    path.write_text(yaml.safe_dump({**PIPELINE, **changes}, sort_keys=False))
    return path


def test_the_step_gets_what_the_pipeline_says(tmp_path):
    job = job_file.load(written(tmp_path))
    assert job.training_data.path == tmp_path / "data/train"
    assert job.training_data.type == "mltable"
    assert job.validation_data.path.resolve() == tmp_path.parent / "validation"
    assert (job.limits.max_trials, job.experiment_name) == (3, "fridge")
    assert job.model_folder == tmp_path / "model"
    assert "outputs has no effect here." not in job_notes.notes(job)
    assert Job.from_yaml(job.to_yaml()) == job


def test_an_override_is_one_of_the_step(tmp_path):
    job = job_file.load(written(tmp_path), ["limits.max_trials=7"])
    assert job.limits.max_trials == 7


def test_what_azure_would_refuse_has_its_line_in_the_step_and_in_the_rest_of_the_file(tmp_path):
    path = written(tmp_path, jobs={"find": {**STEP, "seed": 1}})
    path.write_text(f"tags: {{shot: 2024-01-01}}\n{path.read_text()}")
    shot, seed = job_file.refused_by_azure(path)
    assert (shot.key, shot.line) == ("tags.shot", 1)
    assert (seed.key, seed.line) == ("seed", path.read_text().split("\n").index("    seed: 1") + 1)


def test_of_several_steps_one_is_named(tmp_path):
    other = {**STEP, "limits": {"max_trials": 9}}
    path = written(tmp_path, jobs={"find": STEP, "again": other})
    assert job_file.load(path, node="again").limits.max_trials == 9
    with pytest.raises(JobError, match="steps of this pipeline are find, again. Name one: --node"):
        job_file.load(path)
    with pytest.raises(JobError, match="thrice is none of them"):
        job_file.load(path, node="thrice")
    with pytest.raises(JobError, match="no step with type: automl"):
        job_file.load(written(tmp_path, jobs={"x": {"type": "command"}}))


def test_data_of_another_step_are_named_and_can_be_replaced(tmp_path):
    step = {**STEP, "training_data": {"type": "mltable", "path": "${{parent.jobs.a.outputs.b}}"}}
    path = written(tmp_path, jobs={"find": step})
    with pytest.raises(JobError, match="comes from another step") as refusal:
        job_file.load(path)
    (problem,) = refusal.value.problems
    line = path.read_text().splitlines()[problem.line - 1]
    assert problem.key == "training_data.path"
    assert "parent.jobs.a.outputs.b" in line
    overridden = job_file.load(path, [f"training_data.path={tmp_path}"])
    assert overridden.training_data.path == tmp_path


def test_an_input_that_the_pipeline_lacks_is_named(tmp_path):
    step = {**STEP, "training_data": "${{parent.inputs.none}}"}
    with pytest.raises(JobError, match=r"inputs.none}} names an input that the pipeline does not"):
        job_file.load(written(tmp_path, jobs={"find": step}))


def test_a_place_elsewhere_receives_no_model():
    best = {"type": "mlflow_model", "path": "azureml://datastores/d/paths/x"}
    job = Job.from_dict({"training_data": {"path": "x"}, "outputs": {"best_model": best}})
    assert job.model_folder is None
    assert "outputs has no effect here." in job_notes.notes(job)


SAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "azure_samples"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="Azure's samples are not here")
def test_azures_sample_pipeline_is_a_job():
    (path,) = SAMPLES.glob("cli/jobs/pipelines/automl/*multiclass*/pipeline.yml")
    job = job_file.load(path)
    assert job.training_data.path == path.parent / "data/training-mltable-folder"
    assert (job.limits.max_trials, len(job.search_space)) == (10, 2)
