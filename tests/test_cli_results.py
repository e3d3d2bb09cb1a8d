"""`automl test`, `report`, `share` and `import` on an experiment that has ended."""

import json
import shlex
import shutil
import zipfile

import pytest

from automl.experiments import store
from tests.test_cli import automl, last_line


def test_opening_the_test_data_puts_both_scores_side_by_side(with_test_data):
    said = last_line(automl("test", with_test_data, "--json"))
    assert (said["trial_id"], said["validation_score"]) == ("t1", 0.9)
    assert said["test_score"] == pytest.approx(9 / 10)  # one picture has the wrong label
    assert said["num_pictures"] == 10
    (probe,) = [each for each in store.load_trials(with_test_data) if each.trial_id == "t1"]
    values = {**probe.hyperparameters, "method": "linear_probe"}
    store.save_trial(with_test_data, probe.model_copy(update={"hyperparameters": values}))
    again = automl("test", with_test_data)
    assert again.stdout.splitlines()[0].endswith(f"{probe.model_name}, linear probe")
    assert again.exit_code == 0
    assert "accuracy 0.900" in again.stdout
    assert "On the test data: accuracy 0.900" in again.stdout
    assert "Opened on " in again.stdout


def test_test_data_are_not_opened_for_a_second_trial(with_test_data):
    automl("test", with_test_data)
    result = automl("test", with_test_data, "--trial", "t2")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "t1" in result.stderr


def test_test_data_that_are_not_there_are_refused(with_test_data):
    samples = store.load_samples(with_test_data)
    samples.loc[samples["split"] == "test", "split"] = "train"
    store.save_dataset(with_test_data, samples, store.load_report(with_test_data))
    result = automl("test", with_test_data, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "test_data" in result.stderr


def test_the_report_is_written_here_or_where_one_wants_it(with_test_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = last_line(automl("report", with_test_data, "--json"))
    written = tmp_path / "pets.html"
    assert said == {
        "experiment": "pets",
        "path": str(written),
        "num_bytes": written.stat().st_size,
    }
    assert "<html" in written.read_text()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert str(elsewhere / "pets.html") in automl("report", "pets", "--output", elsewhere).stdout
    assert automl("report", "pets", "--output", elsewhere / "a.html").exit_code == 0
    assert sorted(path.name for path in elsewhere.iterdir()) == ["a.html", "pets.html"]


@pytest.mark.parametrize("command", ["report", "share"])
def test_a_folder_that_is_not_there_is_named(with_test_data, tmp_path, command):
    result = automl(command, with_test_data, "--output", tmp_path / "no" / "file")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"There is no folder {tmp_path / 'no'}. Create it" in result.stderr


def test_what_was_shared_is_imported_under_another_name_and_read_only(with_test_data, tmp_path):
    file = tmp_path / "shared.zip"
    shared = last_line(automl("share", with_test_data, "--output", file, "--json"))
    assert shared == {"experiment": "pets", "path": str(file), "num_bytes": file.stat().st_size}
    assert "job.yml" in zipfile.ZipFile(file).namelist()
    imported = last_line(automl("import", file, "--json"))
    assert imported["experiment"] == "pets-2"
    assert last_line(automl("show", "pets-2", "--json"))["best_score"] == 0.9
    resumed = automl("resume", "pets-2")
    assert resumed.exit_code == 2
    assert "was imported and can only be read" in resumed.stderr


def test_an_import_goes_where_one_wants_it(with_test_data, tmp_path):
    automl("share", with_test_data, "--output", tmp_path / "shared.zip")
    folder = tmp_path / "others of mine"
    result = automl("import", tmp_path / "shared.zip", "--experiments-dir", folder)
    command = result.stdout.partition("Next: automl ")[2]
    assert automl(*shlex.split(command)).exit_code == 0  # as copied into a shell
    assert store.is_experiment(folder / "pets")


@pytest.mark.parametrize("content", [None, b"no zip file"])
def test_what_is_no_shared_experiment_is_refused(tmp_path, home, content):
    file = tmp_path / "file.zip"
    if content is not None:
        file.write_bytes(content)
    result = automl("import", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "file.zip" in result.stderr
    assert not list((home / "experiments").glob("*"))


def test_the_test_score_of_an_experiment_is_null_until_it_is_opened(with_test_data):
    assert last_line(automl("show", with_test_data, "--json"))["test_score"] is None
    automl("test", with_test_data)
    opened = json.loads((with_test_data / "test" / "opening.json").read_text())
    shown = last_line(automl("show", with_test_data, "--json"))
    assert shown["test_score"] == opened["metrics"]["accuracy"]


def test_two_experiments_are_compared_on_the_pictures_that_both_answered_for(
    with_test_data, with_answers
):
    with_answers(with_test_data)
    copy = shutil.copytree(with_test_data, with_test_data.parent / "copy")
    (row,) = last_line(automl("compare", "pets:t1", copy, "--json"))["comparisons"]
    assert (row["first"], row["second"]) == ("pets/t1", "pets/t1")
    assert row["on_shared_pictures"]["p_value"] == 1
    said = automl("compare", "pets", "copy").stdout
    assert "versions unknown and unknown of the data" in said
    assert "The difference may be chance" in said
    alone = automl("compare", "pets", "--json")
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert "The version of the data of pets is not known" in alone.stderr
    assert automl("compare", "pets", "pets:t9").exit_code == 2
    assert automl("compare", "pets:", "copy").stderr.startswith("pets: names no trial. Write pets:")
    itself = automl("compare", "copy:t1", "copy")
    assert (itself.exit_code, itself.stdout) == (2, "")
    assert itself.stderr.startswith("pets/t1 is there twice. Name another trial")
    store.trial_path(copy, "t3").write_text("{")
    answers = [store.predictions_path(copy, trial_id) for trial_id in ("t1", "t2")]
    answers[1].parent.mkdir(exist_ok=True)
    shutil.copy(*answers)
    twice = automl("compare", "copy:t1", "copy:t2")
    assert (twice.exit_code, twice.stderr.count("t3.json is damaged")) == (1, 1)
