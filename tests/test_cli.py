import csv
import json
import math
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image
from typer.testing import CliRunner, Result

from automl.access import audit
from automl.cli import cli
from automl.cli.follow import Follower, progress_text
from automl.experiments import store
from automl.experiments.experiment import Experiment
from automl.experiments.records import ExperimentRecord, ExperimentState, now
from automl.experiments.time_left import Span, TimeLeft
from automl.jobs import data_versions
from automl.jobs.corrections import Corrections
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from tests.conftest import START, finish

JOB = """\
type: automl
task: image_classification
target_column_name: label
compute: azureml:gpu
training_data:
  path: pets
"""


def automl(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def last_line(result: Result) -> dict:
    """The object on standard output, which holds nothing else."""
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def paint(path: Path, colour: tuple[int, int, int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 12), colour).save(path)
    return path


@pytest.fixture
def pets(tmp_path) -> Path:
    """A small folder of pictures in two classes, all different."""
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        for number in range(12):
            pixels = rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
            path = tmp_path / "pets" / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return tmp_path / "pets"


@pytest.fixture
def searched(make_experiment, make_trial) -> Path:
    """An experiment with a winner, a diverged and a failed trial."""
    error = {"cause": "Out of memory [bold]now[/bold].", "traceback": "…"}
    trials = [
        make_trial("t0", [0.5, 0.8], number=0, score_low=0.7, score_high=0.9),
        make_trial("t1", [math.nan], number=1),
        make_trial("t2", number=2, state="failed", error=error, reason="[red]out of memory"),
        make_trial("t3", [0.9], number=3, model_name="mobilenetv2", notes=["From scratch."]),
    ]
    return make_experiment("pets", trials, best_trial="t3", best_score=0.9, num_trials=4)


@pytest.fixture
def colours(make_experiment) -> Path:
    """An experiment whose model names the strongest colour of a picture."""
    directory = make_experiment("colours")
    model_dir = store.best_model_dir(directory)
    model_dir.mkdir()
    nodes = [
        helper.make_node("ReduceMean", ["input1", "axes"], ["means"], keepdims=0),
        helper.make_node("Mul", ["means", "ten"], ["output1"]),
    ]
    constants = [
        helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3]),
        helper.make_tensor("ten", TensorProto.FLOAT, [1], [10.0]),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("input1", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("output1", TensorProto.FLOAT, ["n", 3])],
        constants,
    )
    opset = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), model_dir / "model.onnx")
    settings = {"trial_id": "t1", "validation_resize_size": 8, "validation_crop_size": 8}
    (model_dir / "settings.json").write_text(json.dumps(settings))
    (model_dir / "labels.json").write_text(json.dumps(["red", "green", "blue"]))
    return directory


def test_every_command_explains_itself():
    for name in [command.name for command in cli.registered_commands]:
        assert "Usage:" in automl(name, "--help").stdout


@pytest.mark.parametrize("arguments", [["fly"], ["show"], ["run"], ["app", "--port", "x"]])
def test_a_wrong_call_exits_with_2_and_says_so_on_standard_error(arguments):
    result = automl(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["limits", "--max-running", "0"], "it is 0; allowed is a whole number of 1 or more."),
        (["limits", "--max-waiting-per-user", "-1"], "it is -1; allowed is a whole number of 0"),
        (["app", "--port", "x"], "it is x; allowed is a whole number from 1 to 65535."),
        (["serve", "e", "--batch-window-ms", "2000"], "it is 2000; allowed is a number from 0 to"),
        (["serve", "e", "--keep-mb", "inf"], "it is inf; allowed is a number from 0.001 to 10000"),
        (["explain", "e", "a.png", "--n-steps", "1.5"], "it is 1.5; allowed is a whole number."),
    ],
)
def test_a_number_that_is_not_allowed_is_answered_with_those_that_are(arguments, words):
    result = automl(*arguments)
    assert result.exit_code == 2
    said = " ".join(result.stderr.replace("│", "").split())
    assert f"Invalid value for '{arguments[-2]}': {words}" in said


def test_sample_writes_digits_once(tmp_path):
    first, second = (automl("sample", "digits", tmp_path / "digits") for _ in range(2))
    assert first.exit_code == 0
    assert "1,797 pictures" in first.stdout
    assert len(list((tmp_path / "digits").glob("?/*.png"))) == 1797
    assert second.exit_code == 2
    assert "is not an empty folder" in second.stderr


def test_check_counts_the_pictures_and_says_what_it_found(pets):
    (pets / "dog" / "broken.png").write_bytes(b"not a picture")
    result = automl("check", pets, "--json")
    report = last_line(result)
    assert (report["num_images"], report["classes"]) == (24, {"cat": 12, "dog": 12})
    assert set(report["findings"][0]) == {"kind", "severity", "count", "paths", "message"}
    assert result.exit_code == 0
    in_words = automl("check", pets).stdout
    assert "24 pictures of 2 classes" in in_words
    assert "broken.png" in in_words


def test_a_look_without_weights_says_what_to_do(pets):
    result = automl("check", pets, "--look", "--set", 'allowed_licences=["bsd-3-clause"]')
    assert "24 pictures of 2 classes" in result.stdout
    assert "automl weights add FILE" in result.stderr
    assert result.exit_code == 2


def test_check_says_what_counts_of_a_key_that_is_there_twice(pets):
    path = pets.parent / "job.yml"
    path.write_text(f"training_data: {{path: none}}\ntraining_data: {{path: {pets}}}\n")
    result = automl("check", path)
    assert result.exit_code == 0
    assert "training_data is there twice, in lines 1 and 2: the last counts." in result.stderr


def test_versions_lists_what_was_corrected_and_by_whom(pets):
    assert "no versions yet" in automl("versions", str(pets)).stdout
    fixed = Corrections(exclude=["cat/0.png"])
    for corrections, content in ((Corrections(), "a" * 64), (fixed, "b" * 64)):
        data_versions.keep(pets, corrections, content, by="ann")
    said = automl("versions", str(pets)).stdout
    assert "original" in said
    assert "1 picture left out" in said
    listed = last_line(automl("versions", str(pets), "--json"))["versions"]
    assert [(one["name"], one["parent"]) for one in listed] == [
        ("original", None),
        ("v1", "original"),
    ]
    assert listed[1]["changes"]["left_out"] == 1


def test_cache_shows_what_is_kept_and_clears_it(pets, home):
    automl("check", pets)
    shown = last_line(automl("cache", "--json"))
    assert set(shown["bytes"]) == {
        *(
            "archives",
            "carried",
            "exports",
            "features",
            "maps",
            "networks",
            "pixels",
            "references",
            "remote",
            "scans",
            "speeds",
            "uploads",
        ),
        "weights",
    }
    assert shown["bytes"]["scans"] == shown["total_bytes"] > 0
    assert shown["folder"] == str(home / "cache")
    cleared = last_line(automl("cache", "--clear", "--json"))
    assert cleared["freed_bytes"] == shown["total_bytes"]
    assert cleared["total_bytes"] == 0
    in_words = automl("cache", "--clear")
    assert in_words.exit_code == 0
    assert "0.0 MB freed" in in_words.stdout
    assert [(one.action, one.via) for one in audit.read()] == [("clear_cache", "command")] * 2


def test_check_reads_tables_with_the_columns_and_datastores_that_are_named(pets):
    table = pets.parent / "a.csv"
    rows = [
        f"AmlDatastore://d/{path.relative_to(pets)},{path.parent.name}"
        for path in pets.rglob("*.png")
    ]
    table.write_text("\n".join(["where,animal", *rows]))
    options = ["--target-column", "animal", "--image-column", "where", "--datastore", f"d={pets}"]
    report = last_line(automl("check", table, *options, "--json"))
    assert report["classes"] == {"cat": 12, "dog": 12}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "no column label; its columns are image, animal. Set target_column_name"),
        (["--target-column", "animal"], "--datastore d=/that/folder"),
        (["--datastore", "d"], "Write it as name=folder"),
    ],
)
def test_check_of_a_table_says_what_is_missing(tmp_path, options, words):
    (tmp_path / "a.csv").write_text("image,animal\nAmlDatastore://d/1.png,cat\n")
    result = automl("check", tmp_path / "a.csv", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_check_exits_with_1_when_something_blocks(tmp_path):
    paint(tmp_path / "one" / "cat" / "1.png", (1, 2, 3))
    result = automl("check", tmp_path / "one", "--json")
    assert result.exit_code == 1
    assert "blocking" in {finding["severity"] for finding in last_line(result)["findings"]}


def test_check_of_nothing_exits_with_2(tmp_path):
    result = automl("check", tmp_path / "nowhere", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "does not exist" in result.stderr


def test_a_valid_job_is_accepted_with_notes(tmp_path):
    path = tmp_path / "job.yml"
    path.write_text(JOB)
    result = automl("validate", path, "--json")
    assert result.exit_code == 0
    assert last_line(result) == {
        "valid": True,
        "problems": [],
        "notes": ["compute has no effect here."],
    }
    assert "is valid" in automl("validate", path).stdout


def test_validate_says_what_azure_would_refuse(tmp_path):
    path = tmp_path / "job.yml"
    path.write_text("type: automl\ntraining_data: {path: .}\nseed: 1\ncompute: a\ncompute: b\n")
    taken = automl("validate", path, "--json")
    assert (taken.exit_code, len(json.loads(taken.stdout)["notes"])) == (0, 2)
    refused = automl("validate", path, "--azure", "--json")
    assert refused.exit_code == 2
    keys = [(one["line"], one["key"]) for one in json.loads(refused.stdout)["problems"]]
    assert keys == [(None, "task"), (None, "target_column_name"), (3, "seed")]
    assert automl("validate", path, "--azure").stdout.count("Note: ") == 2


def test_validate_takes_the_places_of_datastores_as_run_does(tmp_path):
    path = tmp_path / "job.yml"
    path.write_text("training_data: {path: azureml://datastores/store/paths/pets}\n")
    assert "--datastore store=/that/folder" in automl("validate", path).stderr
    assert automl("validate", path, "--datastore", f"store={tmp_path}").exit_code == 0
    assert "Write it as name=folder" in automl("validate", path, "--datastore", "store").stderr


def test_a_wrong_job_is_refused_with_every_problem(tmp_path):
    path = tmp_path / "job.yml"
    path.write_text(JOB + "limits:\n  max_trial: 2\n  timeout_minutes: 0\n")
    result = automl("validate", path, "--json")
    assert result.exit_code == 2
    answer = last_line(result)
    assert answer["valid"] is False
    assert [(p["line"], p["key"]) for p in answer["problems"]] == [
        (8, "limits.max_trial"),
        (9, "limits.timeout_minutes"),
    ]
    assert "Did you mean max_trials?" in result.stderr


@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_model_to_start_from_that_is_not_here_is_named_before_the_start(tmp_path, command):
    path = tmp_path / "job.yml"
    path.write_text(JOB + "training_parameters: {checkpoint_run_id: affable_tree_1_HD_0}\n")
    result = automl(command, path)
    assert result.exit_code == 2
    assert "there is no experiment affable_tree_1_HD_0 in" in result.stderr


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_job_file_that_cannot_be_read_is_refused(tmp_path, content):
    path = tmp_path / "job.yml"
    if content:
        path.write_bytes(content)
    result = automl("validate", path, "--json")
    assert result.exit_code == 2
    assert last_line(result)["problems"][0]["key"] == "job"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "limits.max_trial=3"], "Did you mean max_trials?"),
        (["--set", "limits"], "Write it as key=value"),
        (["--set", "name=["], "not valid YAML"),
        (["--set", "primary_metric.x=1", "--set", "primary_metric.x.y=2"], "there is no y in 1"),
        (["--set", "limits.max_trials=0"], "max_trials is 0"),
        (["--set", "test_data.path=/nowhere"], "/nowhere does not exist"),
        (["--name", "../up"], "path separator"),
        (["--name", "."], "no letter or digit"),
    ],
)
def test_run_refuses_what_it_cannot_use_and_leaves_nothing(pets, home, options, words):
    result = automl("run", pets, *options, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert not list((home / "experiments").glob("*"))


@pytest.mark.parametrize("source", ["nowhere", "nowhere.yml", "empty"])
def test_run_refuses_what_holds_no_data(tmp_path, home, source):
    (tmp_path / "empty").mkdir()
    result = automl("run", tmp_path / source)
    assert result.exit_code == 2
    assert source in result.stderr
    assert not list((home / "experiments").glob("*"))


def test_a_name_that_is_taken_is_refused(pets, make_experiment):
    make_experiment("pets")
    result = automl("run", pets, "--name", "pets")
    assert result.exit_code == 2
    assert "automl show pets" in result.stderr


def test_list_shows_the_newest_first_and_passes_over_what_it_cannot_read(make_experiment):
    old = make_experiment("old", expected_score=0.954, expected_low=0.92, expected_high=0.98)
    make_experiment("new", state="running")
    broken = make_experiment("broken")
    os.utime(old / "job.yml", (1, 1))
    store.experiment_path(broken).write_text("{}")
    result = automl("list", "--json")
    found = [(item["experiment"], item["state"]) for item in last_line(result)["experiments"]]
    assert found == [("new", "interrupted"), ("old", "completed")]
    assert "broken" in result.stderr
    assert "interrupted" in automl("list").stdout
    assert "0.954 (0.92 to 0.98)" in automl("list").stdout


def test_list_of_nothing_says_how_to_begin():
    assert "automl run DATA" in automl("list").stdout
    assert automl("list", "--experiments-dir", "/nowhere").exit_code == 2


@pytest.mark.parametrize("by_directory", [False, True])
def test_show_finds_an_experiment_by_id_and_by_directory(searched, by_directory):
    found = last_line(automl("show", searched if by_directory else "pets", "--json"))
    assert found.pop("recommendation")["title"] == "Use #3 mobilenetv2"
    assert found == {
        "experiment": "pets",
        "experiment_dir": str(searched),
        "damaged_trials": [],
        "state": "completed",
        "ended_at_limit": False,
        "num_trials_tried": 4,
        "num_trials_not_started": 0,
        "message": "",
        "primary_metric": "accuracy",
        "best_trial": "t3",
        "best_score": 0.9,
        "expected_score": None,
        "expected_low": None,
        "expected_high": None,
        "expected_basis": "",
        "expected_trial": None,
        "test_score": None,
        "num_trials": 4,
        "num_trials_planned": 4,
        "trial_states": {"completed": 3, "failed": 1},
        "seconds": 90.0,
        "notes": [],
        "plan": [],
        "continuations": [],
        "data_version": "",
        "parent": None,
    }


@pytest.mark.usefixtures("searched")
def test_show_says_in_words_what_was_found_and_what_to_do_next():
    shown = automl("show", "pets").stdout
    assert "pets: completed, 4 trials (3 completed, 1 failed), 1 min 30 s" in shown
    assert "Best: t3, mobilenetv2, accuracy 0.900" in shown
    assert "Note: From scratch." in shown
    assert "automl predict pets PICTURE" in shown


def test_what_to_expect_on_new_pictures_is_said_first(make_experiment, make_trial):
    expected = {"expected_score": 0.871, "expected_low": 0.8, "expected_high": 0.92}
    basis = "Each of 90 pictures was predicted by a model that has not seen it."
    trials = [make_trial("t0", [0.9])]
    make_experiment("pets", trials, best_trial="t0", expected_basis=basis, **expected)
    for command in ("show", "leaderboard"):
        shown = " ".join(automl(command, "pets").stdout.split())
        assert "On new pictures expect accuracy 0.871 (0.80 to 0.92)." in shown
        assert shown.index(basis) < shown.rindex(" t0")


def test_what_to_expect_names_its_trial_while_another_one_leads(make_experiment, make_trial):
    expected = {"expected_score": 0.871, "expected_low": 0.8, "expected_high": 0.92}
    trials = [make_trial("t0", [0.9]), make_trial("t1", [0.95], number=1)]
    make_experiment("pets", trials, best_trial="t1", expected_trial="t0", **expected)
    shown = " ".join(automl("leaderboard", "pets").stdout.split())
    assert "expect accuracy 0.871 (0.80 to 0.92) of t0, the best when this was computed." in shown


def test_a_command_stands_beside_each_sentence_of_the_recommendation(make_experiment, make_trial):
    left = make_trial("t1", number=1, state="stopped", was_cut_short=True, started_at=None)
    trials, said = [make_trial("t0", [0.9]), left], "The time limit of 1 min was reached."
    make_experiment("pets", trials, best_trial="t0", message=said)
    shown = " ".join(automl("show", "pets").stdout.split())
    assert "pets: ended at its limit: 1 of 2 tried, 1 not started, 2 trials" in shown
    assert "1 of 2 trials was not tried: resnet18. [automl resume pets --minutes 15]" in shown
    assert "Go on: automl resume pets --minutes 15" in shown
    listed = " ".join(automl("list").stdout.split())
    assert "pets ended at its limit 1 of 2 tried" in listed


def test_the_data_behind_a_recommendation_are_checked_as_the_job_reads_them(
    pets, make_experiment, make_trial, tmp_path
):
    table = tmp_path / "pets.csv"
    rows = [f"{path},{path.stem[-1]},{path.parent.name}" for path in pets.rglob("*.png")]
    table.write_text("\n".join(["file,label,species", *rows]))
    job = Job(training_data=DataSource(path=table), target_column_name="species")
    hardly_known = {"expected_score": 0.7, "expected_low": 0.5, "expected_high": 0.9}
    trials = [make_trial("t0", [0.9])]
    make_experiment("pets", trials, job=job, best_trial="t0", **hardly_known)
    (doubt,) = last_line(automl("show", "pets", "--json"))["recommendation"]["doubts"]
    _program, *arguments = shlex.split(doubt["command"])
    assert "24 pictures of 2 classes" in automl(*arguments).stdout


def test_a_note_on_the_job_and_on_the_best_trial_is_said_once(make_experiment, make_trial):
    trial = make_trial("t0", [0.5], notes=["It rises to the end.", "From scratch."])
    make_experiment("pets", [trial], best_trial="t0", notes=["It rises to the end."])
    shown = automl("show", "pets").stdout
    assert (shown.count("It rises to the end."), shown.count("From scratch.")) == (1, 1)


def test_a_score_that_is_no_number_is_null_in_json(make_experiment, make_trial):
    trial = make_trial("t0", [math.nan])
    make_experiment("pets", [trial], best_trial="t0", best_score=math.nan)
    assert last_line(automl("show", "pets", "--json"))["best_score"] is None


def test_an_unknown_experiment_is_refused_with_the_nearest(make_experiment):
    assert "automl run DATA" in automl("show", "pets").stderr
    make_experiment("pets-1")
    result = automl("show", "pet-1", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Did you mean pets-1?" in result.stderr
    assert "automl list" in automl("show", "zebra").stderr


def test_an_experiment_of_another_version_is_told_in_a_sentence(make_experiment):
    store.experiment_path(make_experiment("pets")).write_text('{"speed": 1}')
    result = automl("show", "pets")
    assert result.exit_code == 1
    assert "was written by another version" in result.stderr


@pytest.mark.usefixtures("searched")
def test_the_leaderboard_is_best_first_with_what_scripts_rely_on():
    board = last_line(automl("leaderboard", "pets", "--json"))
    assert (board["experiment"], board["primary_metric"]) == ("pets", "accuracy")
    assert [trial["trial_id"] for trial in board["trials"]] == ["t3", "t0", "t1", "t2"]
    assert [trial["score"] for trial in board["trials"]] == [0.9, 0.8, None, None]
    keys = "trial_id state reason model_name score score_low score_high hyperparameters seconds"
    assert set(keys.split()) <= set(board["trials"][0])
    assert board["trials"][0]["hyperparameters"]["model_name"] == "mobilenetv2"


def test_the_leaderboard_in_words_tells_diverged_from_not_scored(searched):
    rows = automl("leaderboard", searched).stdout.splitlines()[1:]
    assert "0.800 (0.700–0.900)" in rows[1]
    assert "not a number" in rows[2]
    assert "not a number" not in rows[3]
    assert "[red]out of memory" in rows[3]  # what is in a record is never markup


@pytest.mark.usefixtures("running")
def test_stop_waits_until_the_experiment_has_stopped():
    result = automl("stop", "pets")
    assert result.exit_code == 0
    assert "pets is stopped." in result.stdout


def test_stop_of_one_trial_leaves_the_others(running, make_trial):
    directory, _ = running
    store.save_trial(directory, make_trial("t1", state="running"))
    assert automl("stop", "pets", "--trial", "t1").exit_code == 0
    assert store.trials_to_stop(directory) == {"t1"}
    assert not store.stop_requested(directory)
    refused = automl("stop", "pets", "--trial", "t9")
    assert refused.exit_code == 2
    assert "Its trials are t1" in refused.stderr


@pytest.mark.usefixtures("searched")
def test_stop_of_what_has_ended_says_so():
    result = automl("stop", "pets")
    assert result.exit_code == 0
    assert "nothing to stop" in result.stdout


def test_resume_refuses_what_is_complete(searched):
    result = automl("resume", searched)
    assert result.exit_code == 2
    assert "nothing left to run" in result.stderr


def test_continue_needs_to_be_told_how_and_says_what_is_refused(searched):
    asked = automl("continue", "pets")
    assert asked.exit_code == 2
    assert "Say how to go on with pets: --trials 8, --minutes 15, --epochs 10" in asked.stderr
    alone = automl("continue", searched, "--trials", 3)
    assert alone.exit_code == 2
    assert "all further trials would be equal" in alone.stderr
    other = automl("continue", "pets", "--epochs", 3, "--set", "seed=4")
    assert other.exit_code == 2
    assert "seed cannot change within an experiment" in other.stderr


def test_resume_refuses_what_is_running(running):
    result = automl("resume", running[0])
    assert result.exit_code == 2
    assert "is running already" in result.stderr


def test_the_first_signal_asks_to_stop_and_the_second_gives_up(running, capsys):
    directory, _ = running
    before = signal.getsignal(signal.SIGINT)
    with Follower(Experiment(directory)):
        os.kill(os.getpid(), signal.SIGINT)
        assert store.stop_requested(directory)
        assert "Stopping cleanly" in capsys.readouterr().err
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("nobody gave up")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_follower_tells_what_is_new_and_nothing_twice(running, capsys):
    directory, engine = running
    experiment = Experiment(directory)
    with Follower(experiment) as follower:
        follower.update(experiment.record)
        follower.update(experiment.record)
        finish(engine)
        experiment.wait(follower.update)
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "Experiment pets",
        "Running: 0 trials finished, learning how fast this machine is",
        "Completed: 0 trials finished",
    ]


def test_progress_names_the_best_so_far_and_the_time_left():
    record = ExperimentRecord(
        experiment_id="e",
        state=ExperimentState.RUNNING,
        created_at=START,
        started_at=now() - timedelta(seconds=60),
        progress=0.5,
        num_trials=8,
        best_trial="t3",
        best_score=0.912,
    )
    left = TimeLeft(whole=Span(100, 150, 200), by_trial={}, at_most=None)
    text = progress_text(record, finished=4, metric="accuracy", left=left)
    said = "Running: 4 of 8 trials finished, best accuracy 0.912 (t3), "
    assert text == f"{said}2 to 3 min left"
    learning = TimeLeft(whole=None, by_trial={}, at_most=120)
    text = progress_text(record, finished=4, metric="accuracy", left=learning)
    assert text == f"{said}learning how fast this machine is; at most 2 min left"


def test_progress_names_what_follows_the_last_trial():
    record = ExperimentRecord(
        experiment_id="e",
        state=ExperimentState.RUNNING,
        created_at=START,
        started_at=START,
        progress=1.0,
        num_trials=8,
    )
    text = progress_text(record, finished=8, metric="accuracy")
    assert text == "Running: 8 of 8 trials finished"
    exporting = record.model_copy(update={"message": "Exporting t3."})
    text = progress_text(exporting, finished=8, metric="accuracy")
    assert text == "Running: 8 of 8 trials finished. Exporting t3."
    alone = record.model_copy(update={"num_trials": 0})
    assert progress_text(alone, finished=1, metric="accuracy") == "Running: 1 trial finished"


def test_who_waits_is_told_for_how_long(make_experiment):
    record = store.load_experiment(make_experiment(state="queued"))
    assert progress_text(record, finished=0, metric="accuracy") == "Starting"
    waiting = record.model_copy(update={"message": "1 experiment before it."})
    told = progress_text(waiting, finished=0, metric="accuracy")
    assert told == "Waiting: 1 experiment before it."


@pytest.mark.usefixtures("colours")
def test_predict_answers_for_pictures_and_folders_and_reports_what_it_cannot_read(tmp_path):
    red = paint(tmp_path / "red.png", (255, 0, 0))
    blue = paint(tmp_path / "more" / "deep" / "blue.jpg", (0, 0, 255))
    (tmp_path / "more" / "notes.txt").write_text("no picture")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"?")
    result = automl("predict", "colours", red, tmp_path / "more", broken, "--json")
    assert result.exit_code == 0
    first, second, third = last_line(result)["predictions"]
    assert (first["path"], first["label"]) == (str(red), "red")
    assert (second["path"], second["label"]) == (str(blue), "blue")
    assert first["probability"] == first["probabilities"]["red"] > 0.9
    assert set(third) == {"path", "error"}
    assert str(broken) in result.stderr


@pytest.mark.usefixtures("colours")
def test_predictions_go_to_a_table(tmp_path):
    green = paint(tmp_path / "green.png", (0, 255, 0))
    output = tmp_path / "answers.csv"
    result = automl("predict", "colours", green, tmp_path / "gone.png", "--output", output)
    assert result.exit_code == 0
    with output.open(newline="") as file:
        first, second = csv.DictReader(file)
    assert list(first) == ["path", "label", "probability", "error", "blue", "green", "red"]
    assert (first["label"], first["green"]) == ("green", first["probability"])
    assert second["error"]


@pytest.mark.usefixtures("colours")
def test_predictions_in_words_are_one_line_a_picture(tmp_path):
    green = paint(tmp_path / "green.png", (0, 255, 0))
    assert automl("predict", "colours", green).stdout == f"{green}\tgreen\t1.000\n"


@pytest.mark.usefixtures("colours", "searched")
def test_predict_without_a_single_answer_exits_with_2(tmp_path):
    assert automl("predict", "colours", tmp_path / "gone.png").exit_code == 2
    assert "There are no pictures" in automl("predict", "colours", tmp_path).stderr
    picture = paint(tmp_path / "a.png", (0, 0, 0))
    assert "pets has no model" in automl("predict", "pets", picture).stderr


@pytest.mark.usefixtures("colours")
def test_a_zip_is_answered_in_the_lines_of_azures_batch_endpoint(tmp_path):
    paint(tmp_path / "in" / "blue.png", (0, 0, 255))
    archive = shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "in")
    output = tmp_path / "predictions.csv"
    result = automl("predict", "colours", archive, "--output", output, "--format", "azure")
    assert result.exit_code == 0
    line = json.loads(output.read_text())
    assert line["filename"] == f"{archive}/blue.png"
    assert max(zip(line["probs"], line["labels"], strict=True))[1] == "blue"


@pytest.mark.usefixtures("colours")
def test_a_format_needs_a_file_and_a_file_an_ending(tmp_path):
    green = paint(tmp_path / "green.png", (0, 255, 0))
    assert "--output" in automl("predict", "colours", green, "--format", "azure").stderr
    result = automl("predict", "colours", green, "--output", tmp_path / "a.txt")
    assert result.exit_code == 2
    assert "--format" in result.stderr
    assert not (tmp_path / "a.txt").exists()


def test_every_picture_is_one_line_whatever_its_name(colours, tmp_path):
    green = paint(tmp_path / "a\nb\tc\u202eg\x1b.png", (0, 255, 0))
    result = automl("predict", store.best_model_dir(colours), green)
    assert result.stdout == f"{tmp_path}/a\\nb\\tc\\u202eg\\x1b.png\tgreen\t1.000\n"


def test_predict_takes_the_directory_of_an_exported_model(colours, tmp_path):
    green = paint(tmp_path / "green.png", (0, 255, 0))
    result = automl("predict", store.best_model_dir(colours), green)
    assert result.stdout == f"{green}\tgreen\t1.000\n"


def test_what_was_printed_before_a_damaged_archive_is_whole_json(colours, tmp_path):
    red = paint(tmp_path / "red.png", (255, 0, 0))
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(b"PK")
    many = [red] * 8 * 4 * (os.cpu_count() or 1)  # more than are read before the first is answered
    result = automl("predict", store.best_model_dir(colours), *many, damaged, "--json")
    assert result.exit_code == 2
    assert "damaged.zip is not a zip file" in result.stderr
    assert last_line(result)["predictions"][0]["label"] == "red"
    result = automl("predict", store.best_model_dir(colours), damaged, "--json")
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_app_names_an_address_that_a_browser_takes(monkeypatch):
    monkeypatch.setattr(os, "execv", lambda *_: None)
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
    assert f"http://[::1]:{port} " in automl("app", "--host", "::1", "--port", port).stderr


def test_the_app_refuses_a_data_root_that_is_no_folder(tmp_path):
    done = automl("app", "--data-root", tmp_path / "none")
    assert done.exit_code == 2
    assert f"--data-root {tmp_path}/none is not a folder." in done.stderr


def test_the_app_refuses_a_port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = automl("app", "--port", port)
    assert result.exit_code == 2
    assert result.stderr == (
        f"Port {port} is in use. Choose another one: automl app --port {port + 1}.\n"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "0.0.0.0"], "Everybody who can reach 0.0.0.0 could use the app. Ask people"),
        (["--host", "192.0.2.1", "--allow-anonymous"], "--host 192.0.2.1 is no address of this"),
        (["--origin", "https://a.example.com/"], "--origin 'https://a.example.com/' is no address"),
        (
            ["--origin", "https://a.example.com:0"],
            "--origin 'https://a.example.com:0' is no address",
        ),
        (
            ["--origin", "http://a.example.com:65536"],
            "--origin 'http://a.example.com:65536' is no ad",
        ),
        (["--host", "no such host", "--allow-anonymous"], "--host no such host is no address of"),
    ],
)
def test_the_app_refuses_to_listen_for_everybody_unasked_and_on_foreign_addresses(options, words):
    result = automl("app", *options)
    assert result.exit_code == 2
    assert result.stderr.startswith(words)


def test_a_disk_error_is_a_sentence_and_no_traceback(tmp_path):
    too_long = tmp_path / ("x" * 300)
    environment = {**os.environ, "AUTOML_HOME": str(too_long)}
    done = subprocess.run(
        [sys.executable, "-m", "automl.cli", "list"],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(too_long) in done.stderr


@pytest.mark.parametrize(
    "command", ["list", "show", "leaderboard", "report", "test", "compare", "delete"]
)
@pytest.mark.parametrize("content", ["{}", "[1]", '{"trial_id": ', "\0", '{"format_version": []}'])
def test_a_damaged_trial_file_ends_every_command_with_its_name_and_the_next_step(
    command, content, make_experiment, make_trial, monkeypatch
):
    trials = [make_trial("t1", [0.5])]
    directory = make_experiment("pets", trials, best_trial="t1", data_version="v1")
    monkeypatch.chdir(directory.parent)  # the report of the other trials is written there
    path = store.trial_path(directory, "t1")
    path.write_text(content)
    arguments = {"list": [], "delete": ["pets", "--yes"]}.get(command, ["pets"])
    result = automl(command, *arguments)
    if command == "delete":  # it reads no trial
        assert (result.exit_code, directory.exists()) == (0, False)
        return
    assert result.exit_code == 1
    assert result.stderr == (
        f"{path} is damaged, or was written by another version. Restore the file from a copy, or "
        "delete this one file; the rest stays.\n"
    )


@pytest.mark.parametrize("command", ["list", "show", "leaderboard", "delete", "resume"])
@pytest.mark.parametrize("content", ["{}", "", '{"experiment_id": ', "null"])
def test_a_damaged_experiment_file_ends_every_command_with_its_name_and_the_next_step(
    command, content, make_experiment
):
    path = store.experiment_path(make_experiment("pets"))
    path.write_text(content)
    result = automl(command, *([] if command == "list" else ["pets"]))
    assert result.exit_code == 1
    assert result.stderr.startswith(
        f"{path} is damaged, or was written by another version. Restore the file from a copy, or "
        f"run its job again: automl run {path.parent}/job.yml"
    )


def test_a_damaged_job_file_is_named(make_experiment):
    path = make_experiment("pets") / "job.yml"
    for content in (b"training_data: [", b"\xff\xfe", b"speed: 1"):
        path.write_bytes(content)
        result = automl("show", "pets")
        assert result.exit_code == 1
        assert result.stderr.startswith(f"{path} ")
        assert "Restore the file from a copy; the trials and their models" in result.stderr


def test_a_trial_file_of_a_later_version_says_so(make_experiment, make_trial):
    trials = [make_trial("t1", [0.5])]
    directory = make_experiment("pets", trials, best_trial="t1", data_version="v1")
    store.trial_path(directory, "t1").write_text('{"format_version": 99}')
    for command in ("leaderboard", "compare"):
        refused = automl(command, "pets")
        assert refused.exit_code == 1
        assert "has format 99" in refused.stderr


def test_an_unexpected_error_is_a_sentence_that_names_the_file_with_the_details(home):
    program = (
        "from automl import cli\n"
        "@cli.cli.command()\n"
        "def broken(name: str) -> None:\n"
        "    raise KeyError('x')\n"
        "cli.main()"
    )
    command = [sys.executable, "-c", program, "broken", b"pets\xff"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Unexpected KeyError: this is a bug in automl. Try the command again; if it fails "
        f"again, report it with the details in {home}/error.log.\n"
    )
    details = (home / "error.log").read_text()
    assert details.startswith("automl broken pets\\udcff\n\nTraceback")
    assert (home / "error.log").stat().st_mode & 0o077 == 0


@pytest.mark.engine
def test_data_that_only_the_engine_refuses_exits_with_2_and_leaves_nothing(tmp_path, head):  # noqa: ARG001
    for number in range(4):
        paint(tmp_path / "one" / "cat" / f"{number}.png", (number, 0, 0))
    experiments = tmp_path / "experiments"
    result = automl("run", tmp_path / "one", "--experiments-dir", experiments, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert list(experiments.iterdir()) == []


def test_an_experiment_is_found_by_the_name_it_was_given(make_experiment):
    make_experiment("fridge-objects")
    result = automl("show", "fridge_objects", "--json")
    assert last_line(result)["experiment"] == "fridge-objects"
