from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from automl.jobs import job_notes
from automl.jobs.job import Job
from automl.jobs.job_errors import JobError

MINIMAL = {
    "type": "automl",
    "task": "image_classification",
    "target_column_name": "label",
    "training_data": {"type": "mltable", "path": "./tables/train"},
}

AZURE = """\
$schema: https://azuremlschemas.azureedge.net/latest/autoMLImageClassificationJob.schema.json
type: automl
task: image_classification
experiment_name: parts-inspection
description: Which part is it?
compute: azureml:gpu-cluster
target_column_name: label
primary_metric: Accuracy
log_verbosity: debug
training_data:
  type: mltable
  path: ./tables/train
validation_data:
  type: mltable
  path: ./tables/val
limits:
  max_trials: 8
  max_concurrent_trials: 2
  timeout_minutes: 45
training_parameters:
  early_stopping: true
  evaluation_frequency: 1
  number_of_workers: 4
sweep:
  sampling_algorithm: random
  early_termination:
    type: median_stopping
    delay_evaluation: 5
    evaluation_interval: 1
search_space:
  - model_name:
      type: choice
      values: [resnet18, mobilenetv2]
    learning_rate:
      type: loguniform
      min_value: -7.0
      max_value: -4.0
  - model_name: vits16r224
    number_of_epochs:
      type: quniform
      min_value: 5
      max_value: 20
      q: 5
"""

ACCEPTED = [
    {},
    {"primary_metric": "AUC_weighted"},
    {"primary_metric": "norm_macro_recall"},
    {"training_parameters": {"early_stopping": 1}},
    {"training_parameters": {"optimizer": "SGD", "model_name": "resnet50.a1_in1k"}},
    {"limits": {"max_trials": "5"}},
    {"limits": {"exit_score": 0.9}},
    {"limits": {"timeout_minutes": 86_400}},
    {"properties": {"node_count_per_trial": "2"}},
    {"validation_data_size": 0.3},
    {"search_space": [{"learning_rate": 0.1}]},
    {"search_space": [{"x": 1}][:0]},
    {
        "search_space": [{"learning_rate": 0.1}],
        "sweep": {"sampling_algorithm": {"type": "Random", "seed": 3}},
    },
    {"search_space": [{"learning_rate": 0.1}], "sweep": {"sampling_algorithm": "Grid"}},
    {"resources_per_trial": {"cpu": 2, "gpu": 0.5}},
    {"queue_settings": {"job_tier": "spot"}, "identity": {"type": "managed"}},
]

REFUSED = [
    ({"target_column_name": 3}, "target_column_name"),
    ({"primary_metric": "iou"}, "primary_metric"),
    ({"primary_metric": "f1_score_macro"}, "primary_metric"),
    ({"image_model": "x"}, "image_model"),
    ({"training_parameters": {"learning_rate": 5}}, "training_parameters.learning_rate"),
    (
        {"training_parameters": {"learning_rate_scheduler": "linear"}},
        "training_parameters.learning_rate_scheduler",
    ),
    ({"training_parameters": {"augmentations": "x"}}, "training_parameters.augmentations"),
    ({"limits": {"trial_timeout_minutes": 5}}, "limits.trial_timeout_minutes"),
    ({"limits": {"max_trials": 0}}, "limits.max_trials"),
    ({"limits": {"max_trials": 5000}}, "limits.max_trials"),
    ({"limits": {"max_trials": float("inf")}}, "limits.max_trials"),
    ({"limits": {"max_concurrent_trials": 0}}, "limits.max_concurrent_trials"),
    ({"limits": {"enable_early_termination": True}}, "limits.enable_early_termination"),
    ({"limits": {"max_concurrent_trials": 101}}, "limits.max_concurrent_trials"),
    ({"limits": {"timeout_minutes": 86_401}}, "limits.timeout_minutes"),
    ({"search_space": [{}], "sweep": {}}, "sweep.sampling_algorithm"),
    (
        {"search_space": [{"momentum": 0.5}], "sweep": {"sampling_algorithm": "foo"}},
        "sweep.sampling_algorithm.type",
    ),
    ({"search_space": {"learning_rate": 0.1}}, "search_space"),
    ({"search_space": [{"checkpoint_frequency": 1}]}, "search_space.0.checkpoint_frequency"),
    ({"properties": {"node_count_per_trial": 2}}, "properties.node_count_per_trial"),
    ({"properties": {"node_count_per_trial": "0"}}, "properties"),
    ({"tags": {"a": 1}}, "tags.a"),
    ({"training_data": {"type": "uri_folder", "path": "x"}}, "training_data.type"),
    ({"training_data": "x"}, "training_data"),
    ({"training_data": {"path": "azureml:cats:1"}}, "training_data.path"),
    ({"training_data": {"path": "https://example.org/cats"}}, "training_data.path"),
    ({"training_data": {"path": "azureml://datastores/d/paths/x"}}, "training_data.path"),
    ({"training_data": {"path": "x", "type": "uri_file"}}, "training_data.type"),
    ({"training_data": {"path": "x", "image_columns": "y"}}, "training_data.image_columns"),
    ({"training_data": {"path": "x", "split_values": "0=learn"}}, "training_data.split_values"),
    (
        {"training_data": {"path": "x", "split_values": "A=train,a=test"}},
        "training_data.split_values",
    ),
    (
        {"training_data": {"path": "x", "split_values": "0=train;1=test"}},
        "training_data.split_values",
    ),
    ({"datastores": {"d": 3}}, "datastores.d"),
    ({"datastores": ["d"]}, "datastores"),
    ({"log_verbosity": "loud"}, "log_verbosity"),
    ({"task": "image_cls"}, "task"),
    ({"task": "Image_Classification"}, "task"),
    ({"validation_data_size": 1.5}, "validation_data_size"),
    ({"validation_data_size": 0}, "validation_data_size"),
    ({"seed": -1}, "seed"),
]


def problems(text, **options):
    with pytest.raises(JobError) as caught:
        Job.from_yaml(text, **options)
    return caught.value.problems


@pytest.mark.parametrize("change", ACCEPTED, ids=str)
def test_a_job_is_accepted_with(change):
    assert Job.from_yaml(yaml.safe_dump({**MINIMAL, **change}))


@pytest.mark.parametrize(("change", "key"), REFUSED, ids=str)
def test_a_job_is_refused_naming_the_key(change, key):
    found = problems(yaml.safe_dump({**MINIMAL, **change}))
    assert [problem.key for problem in found] == [key]
    assert found[0].line is not None
    assert found[0].message


def test_a_number_in_place_of_text_is_to_be_quoted():
    (found,) = problems(yaml.safe_dump({**MINIMAL, "tags": {"year": 2026}}))
    assert found.message == "year is the number 2026. It should be text: write '2026', in quotes."


def test_a_job_of_azure_loads():
    job = Job.from_yaml(AZURE)
    assert job.primary_metric == "accuracy"
    assert (job.limits.max_trials, job.limits.timeout_minutes) == (8, 45)
    assert job.sweep.sampling_algorithm.type == "random"
    assert job.search_space[0]["learning_rate"].max_value == -4
    assert job.search_space[1]["model_name"] == "vits16r224"


def test_what_has_no_effect_is_said():
    notes = job_notes.notes(Job.from_yaml(AZURE))
    assert "compute has no effect here." in notes
    assert "training_parameters.number_of_workers has no effect here." in notes
    assert not any("early_termination" in note for note in notes)


@pytest.mark.parametrize(("max_trials", "is_cut_off"), [(999, True), (1000, False)])
def test_a_grid_that_is_cut_off_says_how_large_it_is(max_trials, is_cut_off):
    axis = {"type": "choice", "values": list(range(1, 11))}
    names = ("training_batch_size", "warmup_cosine_lr_warmup_epochs", "number_of_epochs")
    asked = {
        "search_space": [dict.fromkeys(names, axis)],
        "sweep": {"sampling_algorithm": "grid"},
        "limits": {"max_trials": max_trials},
    }
    notes = job_notes.notes(Job.from_dict({**MINIMAL, **asked}))
    told = "The grid has 1,000 combinations: only the first 999 are tried"
    assert any(note.startswith(told) for note in notes) == is_cut_off


def test_a_key_in_both_places_is_said_to_come_from_the_search_space():
    shared = {"training_parameters": {"momentum": 0.5}, "search_space": [{"momentum": 0.9}]}
    notes = job_notes.notes(Job.from_dict({**MINIMAL, **shared}))
    assert any(note.startswith("momentum is in training_parameters") for note in notes)


def test_every_problem_is_reported_in_the_order_of_the_file():
    text = """\
type: automl
task: image_classification
target_column_name: label
training_data: {path: x}
limits:
  max_trial: 3
  timeout_minutes: 0
training_parameters:
  learning_rate: 7
"""
    found = problems(text)
    assert [(problem.line, problem.key) for problem in found] == [
        (6, "limits.max_trial"),
        (7, "limits.timeout_minutes"),
        (9, "training_parameters.learning_rate"),
    ]


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"limits": {"max_trial": 3}}, "Did you mean max_trials?"),
        ({"limit": {"max_trials": 3}}, "Did you mean limits?"),
        ({"max_trials": 3}, "Write it under limits."),
        ({"sweep": {"sampling_algorithm": "random", "seed": 3}}, "Write it at the top level of"),
        ({"learning_rate": 0.1}, "Write it under training_parameters."),
        ({"training_parameters": {"learning_rates": 0.1}}, "Did you mean learning_rate?"),
        ({"training_parameters": {"lr_scheduler": "step"}}, "now called learning_rate_scheduler"),
        ({"sweep": {"sampling_algoritm": "random"}}, "Did you mean sampling_algorithm?"),
        ({"test_data": {"paths": "x"}}, "Did you mean path?"),
        (
            {
                "search_space": [{"momentum": 0.5}],
                "sweep": {"sampling_algorithm": {"type": "random", "seeds": 1}},
            },
            "Did you mean seed?",
        ),
        ({"search_space": [{"learning_rat": 0.1}]}, "Did you mean learning_rate?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(change, hint):
    messages = [problem.message for problem in problems(yaml.safe_dump({**MINIMAL, **change}))]
    assert any(hint in message for message in messages), messages


def test_a_key_like_no_other_is_refused_with_what_is_allowed():
    (problem,) = problems(yaml.safe_dump({**MINIMAL, "limits": {"zzz": 1}}))
    assert "Allowed are max_trials, max_concurrent_trials" in problem.message


def test_a_missing_section_is_named():
    (problem,) = problems("type: automl\n")
    assert problem.message == "training_data is missing. Add it."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "mapping"),
        ("- a\n- b\n", "mapping"),
        ("type: automl\n  task: [", "not valid YAML"),
        ("training_data: {path: x}\ntype: !!python/object:os.system x\n", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_job_is_refused(text, words):
    (problem,) = problems(text)
    assert words in problem.message


@pytest.mark.parametrize(
    "text", ["&a [*a]", "<<: 3\ntype: automl", "? [1, 2]\n: 3", "1: 2", "a: &x {b: *x}"]
)
def test_odd_yaml_is_refused_with_a_sentence(text):
    assert all(problem.message for problem in problems(text))


def test_the_error_reads_as_sentences_with_lines():
    with pytest.raises(JobError, match=r"^Line 5, limits\.max_trials: max_trials is 0\. It should"):
        Job.from_yaml(
            "type: automl\ntask: image_classification\ntraining_data: {path: x}\n"
            "limits:\n  max_trials: 0\n"
        )


@pytest.mark.parametrize(
    ("trials", "note"), [(4, "AutoMode chooses the hyperparameters"), (1, "without search_space.")]
)
def test_a_sweep_without_search_space_is_none(trials, note):
    sweep = {
        "sampling_algorithm": "bayesian",
        "early_termination": {"type": "bandit", "slack_factor": 0.1},
    }
    job = Job.from_dict({**MINIMAL, "sweep": sweep, "limits": {"max_trials": trials}})
    assert (job.is_automode, job.is_sweep, job.learns) == (trials > 1, False, False)
    (said,) = job_notes.notes(job)
    assert said.startswith("sweep has no effect")
    assert said.endswith(note if trials == 1 else f"{note}.")


def test_a_sweep_without_effect_hides_no_other_note():
    limits = {"max_trials": 1, "stop_when_no_gain": True}
    sweep, without = {"sampling_algorithm": "random"}, Job.from_dict({**MINIMAL, "limits": limits})
    notes = job_notes.notes(Job.from_dict({**MINIMAL, "limits": limits, "sweep": sweep}))
    assert notes[0].startswith("sweep has no effect")
    assert notes[1:] == job_notes.notes(without) != []


def test_hyperparameters_that_do_not_go_together_are_refused_at_once():
    parameters = {"model_name": "vitb16r224", "training_crop_size": 100}
    (problem,) = problems(yaml.safe_dump({**MINIMAL, "training_parameters": parameters}))
    assert "takes 224 only" in problem.message


def test_more_than_one_trial_without_search_space_is_automode():
    assert Job.from_dict({**MINIMAL, "limits": {"max_trials": 2}}).is_automode
    assert not Job.from_dict(MINIMAL).is_automode
    sweep = {"limits": {"max_trials": 2}, "search_space": [{"momentum": 0.5}]}
    assert not Job.from_dict({**MINIMAL, **sweep}).is_automode


def test_relative_data_paths_are_relative_to_the_job_file():
    job = Job.from_dict(MINIMAL, base_dir=Path("/jobs"))
    assert job.training_data.path == Path("/jobs/tables/train")


def test_absolute_data_paths_and_the_users_home_stay(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    given = {"training_data": {"path": "~/cats"}, "test_data": {"path": "/data/test"}}
    job = Job.from_dict({**MINIMAL, **given}, base_dir=Path("/jobs"))
    assert job.training_data.path == Path("/home/ann/cats")
    assert job.test_data.path == Path("/data/test")


def test_places_of_datastores_are_relative_to_the_job_file():
    places = {"here": "photos", "there": "s3://bucket/photos", "home": "/photos"}
    job = Job.from_dict({**MINIMAL, "datastores": places}, base_dir=Path("/jobs"))
    assert job.datastores == {**places, "here": "/jobs/photos"}
    assert Job.from_yaml(job.to_yaml()) == job


def test_a_data_path_in_a_mapped_datastore_is_the_local_folder():
    path = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/d/paths/a/train"
    given = {"training_data": {"path": path, "type": "mltable"}, "datastores": {"d": "photos"}}
    job = Job.from_dict({**MINIMAL, **given}, base_dir=Path("/jobs"))
    assert job.training_data.path == Path("/jobs/photos/a/train")
    assert Job.from_dict({**MINIMAL, **given}).training_data.path == Path("photos/a/train")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "add datastores: {d: /that/folder}"),
        ({"datastores": {"e": "/photos"}}, "add datastores: {d: /that/folder}"),
        ({"datastores": {"d": "ftp://server"}}, "ftp://server/a is not on this machine"),
    ],
)
def test_a_data_path_in_another_datastore_says_what_to_do(given, words):
    data = {"training_data": {"path": "azureml://datastores/d/paths/a"}}
    (problem,) = problems(yaml.safe_dump({**MINIMAL, **data, **given}))
    assert words in problem.message
    assert problem.line is not None


def test_a_datastore_may_be_mapped_to_a_bucket():
    data = {"training_data": {"path": "azureml://datastores/d/paths/a"}}
    job = Job.from_dict({**MINIMAL, **data, "datastores": {"d": "s3://bucket"}})
    assert job.training_data.location == "s3://bucket/a"


def test_a_data_asset_is_refused_with_what_to_do():
    (problem,) = problems(yaml.safe_dump({**MINIMAL, "training_data": {"path": "azureml:cats:1"}}))
    assert "data asset of Azure Machine Learning" in problem.message
    assert "--data-asset cats=/that/folder" in problem.message


def test_a_missing_data_path_is_still_called_missing():
    given = {"training_data": {"type": "mltable"}, "datastores": {"d": "/photos"}}
    (problem,) = problems(yaml.safe_dump({**MINIMAL, **given}))
    assert problem.message == "path is missing. Add it."


def test_a_job_of_azure_reads_back_as_the_same_job():
    job = Job.from_yaml(AZURE)
    assert Job.from_yaml(job.to_yaml()) == job


@pytest.mark.parametrize("path", ["3", "null", "[a]", "~nobody-of-this-name/x", "{}"])
def test_a_data_path_that_is_no_path_is_refused(path):
    text = f"training_data:\n  path: {path}\n"
    (problem,) = problems(text, base_dir=Path("/jobs"))
    assert (problem.key, problem.line) == ("training_data.path", 2)


def test_what_was_left_out_is_not_written():
    assert set(yaml.safe_load(Job.from_dict(MINIMAL).to_yaml())) == set(MINIMAL)


def test_corrections_survive_the_round_trip():
    wanted = {
        "rename_labels": {"Cat": "cat"},
        "relabel": {"cat/1.jpg": "dog"},
        "exclude": ["cat/2.jpg"],
        "leaked": "drop",
    }
    job = Job.from_dict({**MINIMAL, "corrections": wanted})
    assert Job.from_yaml(job.to_yaml()) == job
    assert yaml.safe_load(job.to_yaml())["corrections"] == wanted


@pytest.mark.parametrize(
    ("corrections", "words"),
    [
        ({"leaked": "remove"}, "leaked is 'remove'; allowed is 'keep', 'drop' or 'move'"),
        ({"exlude": ["a.jpg"]}, "Did you mean exclude?"),
        ({"exclude": "a.jpg"}, "exclude is 'a.jpg'"),
    ],
)
def test_corrections_that_make_no_sense_are_refused(corrections, words):
    with pytest.raises(JobError) as refusal:
        Job.from_dict({**MINIMAL, "corrections": corrections})
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("compile", "off", "off"),
        ("compile", "on", "on"),
        ("augmentation", "none", "none"),
        ("learning_rate_scheduler", "None", "none"),
        ("optimizer", "none", "sgd"),
        ("nesterov", "off", False),
        ("early_stopping", "Yes", True),
        ("early_stopping", "no", False),
        ("random_seed", "012", 12),
        ("training_batch_size", "1_000", 1000),
        ("weight_decay", "1e-3", 0.001),
    ],
)
def test_a_word_or_a_number_means_what_its_key_says(key, written, value):
    job = Job.from_yaml(f"training_data: {{path: x}}\ntraining_parameters: {{{key}: {written}}}\n")
    assert job.training_parameters == {key: value}
    assert type(job.training_parameters[key]) is type(value)
    assert Job.from_yaml(job.to_yaml()) == job


def test_words_are_choices_of_a_search_space():
    text = """\
training_data: {path: x}
search_space:
  - compile: {type: choice, values: [off, on]}
    nesterov: {type: choice, values: [yes, off]}
    augmentation: none
"""
    (sub_space,) = Job.from_yaml(text).search_space
    assert sub_space["compile"].values == ["off", "on"]
    assert sub_space["nesterov"].values == [True, False]
    assert sub_space["augmentation"] == "none"


@pytest.mark.parametrize(
    "label",
    ["no", "on", "Y", "true", "null", "~", "012", "7", "1:30", "2024-01-01", "1.50", "1e3", "0x1F"]
    + [".5", "1_000", ".inf", "+3"],
)
def test_a_label_is_the_text_that_was_written(label):
    text = f"""\
training_data: {{path: x}}
corrections:
  rename_labels: {{{label}: a, b: {label}}}
  relabel: {{a.jpg: {label}, {label}: cat}}
  exclude: [{label}]
"""
    job = Job.from_yaml(text)
    assert job.corrections.rename_labels == {label: "a", "b": label}
    assert job.corrections.relabel == {"a.jpg": label, label: "cat"}
    assert job.corrections.exclude == [label]
    assert Job.from_yaml(job.to_yaml()) == job


def test_names_and_columns_are_the_text_that_was_written():
    text = "training_data: {path: x, image_column: on}\ntarget_column_name: no\nname: 2024-01-01\n"
    job = Job.from_yaml(text + "tags: {when: 1:30, flag: off}\n")
    assert (job.training_data.image_column, job.target_column_name) == ("on", "no")
    assert (job.name, job.tags) == ("2024-01-01", {"when": "1:30", "flag": "off"})


numbers = st.floats(0.001, 0.4, allow_nan=False)
ranges = st.tuples(numbers, numbers).map(sorted)
distributions = st.one_of(
    numbers,
    st.lists(numbers, min_size=1, max_size=4).map(lambda v: {"type": "choice", "values": v}),
    ranges.map(lambda r: {"type": "uniform", "min_value": r[0], "max_value": r[1]}),
    ranges.map(lambda r: {"type": "loguniform", "min_value": -9 * r[1], "max_value": -r[0]}),
    st.tuples(ranges, st.sampled_from([0.001, 0.1])).map(
        lambda a: {"type": "quniform", "min_value": a[0][0], "max_value": a[0][1], "q": a[1]}
    ),
    numbers.map(lambda sigma: {"type": "normal", "mu": 0.3, "sigma": sigma}),
)
sub_spaces = st.dictionaries(
    st.sampled_from(["learning_rate", "momentum", "weight_decay", "beta1"]), distributions
)


@given(st.lists(sub_spaces, min_size=1, max_size=3))
def test_any_search_space_reads_back_as_the_same(search_space):
    job = Job.from_dict({**MINIMAL, "search_space": search_space})
    assert Job.from_yaml(job.to_yaml()) == job


@given(st.text(max_size=40))
def test_any_text_survives_in_a_description(text):
    job = Job.from_dict({**MINIMAL, "description": text})
    assert Job.from_yaml(job.to_yaml()).description == text


def test_a_loss_of_label_sets_is_refused_for_one_label_a_picture():
    job = {"training_data": {"path": "x"}, "training_parameters": {"loss": "asymmetric"}}
    with pytest.raises(
        JobError, match="loss is asymmetric, and in task image_classification every"
    ):
        Job.from_dict(job)
    searched = {"loss": {"type": "choice", "values": ["cross_entropy", "asymmetric"]}}
    with pytest.raises(JobError, match="loss is asymmetric"):
        Job.from_dict({"training_data": {"path": "x"}, "search_space": [searched]})
    sets = Job.from_dict({**job, "task": "image_classification_multilabel"})
    assert sets.training_parameters["loss"] == "asymmetric"
