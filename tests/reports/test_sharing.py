import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.errors import DamagedFileError, UserError
from automl.experiments import launcher, store
from automl.host import home
from automl.reports import sharing, test_data
from automl.ui import cached


@pytest.fixture
def shared(with_test_data, tmp_path):
    """A zip file of an experiment that knows its answers on the test data."""
    test_data.open_for(with_test_data)
    (with_test_data / "engine.log").write_text("/home/somebody/secret")
    (with_test_data / "trials" / "notes.pkl").write_bytes(b"pickled")
    return sharing.pack(with_test_data, tmp_path / "shared.zip")


def test_it_holds_records_and_thumbnails_and_nothing_of_the_machine(shared):
    names = zipfile.ZipFile(shared).namelist()
    assert {"job.yml", "experiment.json", "trials/t1.json", "best_model/model.onnx"} <= set(names)
    assert "test/opening.json" in names
    assert sum(name.startswith("thumbnails/") for name in names) >= 10
    assert not any(name.endswith((".log", ".pkl", ".lock")) for name in names)


def test_it_does_not_tell_the_home_of_its_author(with_test_data, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(tmp_path) in str(store.load_samples(with_test_data)["path"].iloc[0])
    directory = sharing.unpack(
        sharing.pack(with_test_data, tmp_path / "shared.zip"), home.experiments_dir()
    )
    texts = [path.read_text() for path in directory.rglob("*") if path.suffix in (".yml", ".json")]
    assert not any(str(tmp_path) in text for text in texts)
    assert store.load_samples(directory)["path"].str.startswith("~/").all()


def test_of_refitted_models_only_that_of_the_best_trial_is_in_it(with_test_data, tmp_path):
    best = store.load_experiment(with_test_data).best_trial
    for name in (best, "other"):
        folder = with_test_data / "trials" / name / "refit"
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"weights")
    shared = sharing.pack(with_test_data, tmp_path / "shared.zip")
    directory = sharing.unpack(shared, home.experiments_dir())
    found = directory.glob("trials/*/refit/model.safetensors")
    assert [path.relative_to(directory).parts[1] for path in found] == [best]


def test_it_opens_read_only_with_the_pictures(shared, with_test_data):
    directory = sharing.unpack(shared, home.experiments_dir())
    assert directory.name == "pets-2"  # its own name is taken
    assert store.load_experiment(directory).experiment_id == "pets-2"
    assert store.load_trials(directory) == store.load_trials(with_test_data)
    with pytest.raises(UserError, match="was imported and can only be read"):
        launcher.resume(directory)
    samples = cached.samples(directory)
    held_out = samples[samples["split"] == "test"]
    assert all(Path(path).is_file() for path in held_out["path"])
    assert not any("data" in Path(path).parts for path in samples["path"])


def test_it_can_be_shared_again(shared, tmp_path):
    directory = sharing.unpack(shared, home.experiments_dir())
    again = sharing.pack(directory, tmp_path / "again.zip")
    names = zipfile.ZipFile(again).namelist()
    assert sorted(set(names)) == sorted(names)
    assert any(name.startswith("thumbnails/") for name in names)


def test_what_does_not_belong_is_left_out(shared, tmp_path):
    with zipfile.ZipFile(shared, "a") as file:
        file.writestr("trials/t1/checkpoint/model.pkl", b"pickled")
        file.writestr("best_model/run.py", "print()")
        file.writestr("control/stop", "")
    directory = sharing.unpack(shared, tmp_path / "theirs")
    found = [path.name for path in directory.rglob("*")]
    assert not {"model.pkl", "run.py", "stop"} & set(found)


def test_a_path_that_leads_out_is_refused(shared, tmp_path):
    with zipfile.ZipFile(shared, "a") as file:
        file.writestr("../outside.json", "{}")
    with pytest.raises(UserError, match="leads out of it"):
        sharing.unpack(shared, tmp_path / "theirs")
    assert not (tmp_path / "outside.json").exists()


def test_a_zip_of_something_else_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "pets.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("cat/1.txt", "x")
    with pytest.raises(UserError, match="pets.zip contains no experiment"):
        sharing.unpack(path, tmp_path / "theirs")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("trials/t1.json", {"number": "x"}),
        ("trials/t1.json", {"effective": {"learning_rate": "abc"}}),
        ("experiment.json", {"num_trials": -1}),
        ("experiment.json", {"best_score": float("inf")}),
    ],
)
def test_a_damaged_experiment_is_refused_and_leaves_nothing(shared, tmp_path, name, changes):
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(shared) as whole, zipfile.ZipFile(broken, "w") as file:
        for each in whole.namelist():
            data = whole.read(each)
            file.writestr(
                each, json.dumps({**json.loads(data), **changes}) if each == name else data
            )
    with pytest.raises(UserError, match="cannot be read"):
        sharing.unpack(broken, tmp_path / "theirs")
    assert list((tmp_path / "theirs").iterdir()) == []


def test_more_trials_than_a_search_can_have_are_refused(shared, tmp_path):
    with zipfile.ZipFile(shared, "a") as file:
        for number in range(2_001):
            file.writestr(f"trials/more-{number}.json", "{}")
    with pytest.raises(UserError, match="trials; allowed are 2,000"):
        sharing.unpack(shared, tmp_path / "theirs")


def test_a_damaged_file_is_not_shared(with_test_data, tmp_path):
    labels = with_test_data / "best_model" / "labels.json"
    labels.parent.mkdir(exist_ok=True)
    for content in (b"\xff\x00[", b"[" * 100_000):
        labels.write_bytes(content)
        with pytest.raises(DamagedFileError, match="labels.json is damaged. Restore it from a"):
            sharing.pack(with_test_data, tmp_path / "shared.zip")
    assert not (tmp_path / "shared.zip").exists()


def test_a_file_that_no_reader_expects_is_damaged_whatever_it_raises(shared, tmp_path):
    table = pa.table({"id": [1], "label": [0], "probabilities": [[1.0]]})
    pq.write_table(table, tmp_path / "predictions.parquet")  # a list of any size
    again = tmp_path / "again.zip"
    with zipfile.ZipFile(shared) as old, zipfile.ZipFile(again, "w") as new:
        for name in old.namelist():
            if not name.startswith("test/predictions"):
                new.writestr(name, old.read(name))
        new.write(tmp_path / "predictions.parquet", "test/predictions.parquet")
    with pytest.raises(UserError, match="cannot be read \\(DamagedFileError\\): it is damaged"):
        sharing.unpack(again, tmp_path / "theirs")
    assert list((tmp_path / "theirs").iterdir()) == []
