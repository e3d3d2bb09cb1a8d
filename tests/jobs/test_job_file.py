from pathlib import Path

import pytest

from automl.jobs import job_file
from automl.jobs.job_errors import JobError
from automl.jobs.trial_numbers import MOST_TRIALS

SWEEP = """\
type: automl
task: image_classification
target_column_name: label
training_data: {path: cats}
limits: {max_trials: 3}
search_space:
  - learning_rate: 0.1
"""


@pytest.fixture
def job_path(tmp_path) -> Path:
    path = tmp_path / "jobs" / "job.yml"
    path.parent.mkdir()
    path.write_text(SWEEP)
    return path


def test_data_alone_is_automode_with_eight_trials(tmp_path):
    job = job_file.load(tmp_path)
    assert job.is_automode
    assert job.limits.max_trials == 8
    assert job.training_data.path == tmp_path


def test_a_time_limit_without_a_number_decides_how_many_trials_run(tmp_path):
    in_time = ["limits.timeout_minutes=5"]
    assert job_file.load(tmp_path, in_time).limits.max_trials == MOST_TRIALS
    assert job_file.load(tmp_path, ["limits.max_trials=4", *in_time]).limits.max_trials == 4


def test_paths_in_a_job_file_are_relative_to_it(job_path):
    assert job_file.load(job_path).training_data.path == job_path.parent / "cats"


def test_paths_on_the_command_line_are_relative_to_the_working_directory(job_path, monkeypatch):
    monkeypatch.chdir("/")
    job = job_file.load(job_path, ["training_data.path=dogs", "test_data.path=held_out"])
    assert job.training_data.path == Path("/dogs")
    assert job.test_data.path == Path("/held_out")


def test_places_of_datastores_on_the_command_line_are_added(job_path, monkeypatch):
    monkeypatch.chdir("/")
    job_path.write_text(SWEEP + "datastores: {a: photos, b: x}\n")
    job = job_file.load(job_path, ["datastores.c=y"], {"b": "/mine"})
    assert job.datastores == {"a": str(job_path.parent / "photos"), "b": "/mine", "c": "/y"}


@pytest.mark.parametrize(
    ("overrides", "value"),
    [(["limits.max_trials=5"], 5), (["limits.max_trials=5"] * 2 + ["limits.max_trials=6"], 6)],
)
def test_the_later_override_wins(job_path, overrides, value):
    assert job_file.load(job_path, overrides).limits.max_trials == value


def test_values_are_yaml_and_sections_are_made(tmp_path):
    overrides = [
        "training_parameters.learning_rate=1e-3",
        "training_parameters.horizontal_flip=false",
        "tags={who: ann}",
        "seed=7",
    ]
    job = job_file.load(tmp_path, overrides)
    assert job.training_parameters == {"learning_rate": 0.001, "horizontal_flip": False}
    assert (job.tags, job.seed) == ({"who": "ann"}, 7)


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("training_parameters.compile=off", "off"),
        ("training_parameters.augmentation=none", "none"),
        ("training_parameters.nesterov=no", False),
        ("corrections.relabel={a.jpg: no}", {"a.jpg": "no"}),
        ("corrections.rename_labels.on=012", {"on": "012"}),
        ("corrections={exclude: [1.50]}", ["1.50"]),
    ],
)
def test_a_word_in_an_override_means_what_its_key_says(tmp_path, override, value):
    job = job_file.load(tmp_path, [override])
    corrections = job.corrections.model_dump(exclude_defaults=True)
    assert [*job.training_parameters.values(), *corrections.values()] == [value]


def test_a_sub_space_is_reached_by_its_position(job_path):
    job = job_file.load(job_path, ["search_space.0.momentum=0.5"])
    assert job.search_space == [{"learning_rate": 0.1, "momentum": 0.5}]
    with pytest.raises(ValueError, match=r"search_space\.1\.momentum cannot be set: there is no 1"):
        job_file.load(job_path, ["search_space.1.momentum=0.5"])


def test_an_empty_value_takes_a_key_away(job_path):
    assert job_file.load(job_path, ["search_space="]).search_space is None


def test_a_problem_of_an_override_is_not_blamed_on_the_line_it_replaced(job_path):
    with pytest.raises(JobError) as caught:
        job_file.load(job_path, ["target_column_name=3"])
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == ("target_column_name", None)


def test_a_byte_order_mark_is_no_problem(job_path):
    job_path.write_bytes(b"\xef\xbb\xbf" + SWEEP.encode())
    assert job_file.load(job_path).limits.max_trials == 3


def test_a_key_of_the_file_needs_a_value_and_one_on_the_command_line_is_left_out_by_null(job_path):
    job_path.write_text(SWEEP + "compute:\ntest_data: {path: x, mode: null}\ntags: {a: null}\n")
    with pytest.raises(JobError) as caught:
        job_file.load(job_path)
    places = [(problem.line, problem.key) for problem in caught.value.problems]
    assert places == [(8, "compute"), (9, "test_data.mode")]
    assert "Write one, or leave the key out" in str(caught.value)
    assert job_file.load(job_path, ["compute=null", "test_data=null"]).test_data is None
