import contextlib
import csv
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from typing import get_args

import numpy as np
import pyarrow.parquet as pq
import pytest

from automl.cli.predictions import AnswerFormat
from automl.errors import PredictionError
from automl.host import process_lock
from automl.prediction import answer_formats
from automl.prediction.answer_files import AnswerFile
from automl.prediction.inference import Answer, Failure, Predictor
from tests.serving.conftest import picture, write_model

ROW = Answer(np.array([0.25, 0.5, 0.25], np.float32), distance=0.5)  # red, green, blue
FORMS = {"csv": "a.csv", "jsonl": "a.jsonl", "azure": "predictions.csv", "parquet": "a.parquet"}


@pytest.fixture
def predictor(tmp_path):
    return Predictor(write_model(tmp_path / "model"))


@pytest.fixture(params=FORMS)
def target(request, tmp_path):
    """Path and form of an answer file."""
    return tmp_path / FORMS[request.param], request.param


class Killed(BaseException):
    """In the place of a kill: nothing is finished."""


def begin(path, form, predictor, names):
    with contextlib.suppress(Killed), AnswerFile(path, form, predictor) as file:
        for name in names:
            file.add(name, ROW)
        raise Killed


def finish(path, form, predictor, names):
    with AnswerFile(path, form, predictor) as file:
        for name in names:
            if name not in file:
                file.add(name, ROW)
    return file


def written(path, form):
    if form == "parquet":
        return pq.read_table(path)["path"].to_pylist()
    if form == "csv":
        with path.open(newline="") as file:
            return [row["path"] for row in csv.DictReader(file)]
    key = "filename" if form == "azure" else "path"
    return [json.loads(line)[key] for line in path.read_text().splitlines()]


def test_a_table_has_a_column_for_every_label_by_its_name(tmp_path, predictor):
    for path, form in ((tmp_path / "a.csv", "csv"), (tmp_path / "a.parquet", "parquet")):
        with AnswerFile(path, form, predictor) as file:
            file.add("x.png", ROW)
            file.add("y.png", Failure("It is empty."))
    with (tmp_path / "a.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert list(first) == ["path", "label", "probability", "error", "blue", "green", "red"]
    assert (first["label"], first["probability"], first["green"]) == ("green", "0.5", "0.5")
    assert (second["label"], second["error"], second["red"]) == ("", "It is empty.", "")
    table = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert table[0] == {
        **{"path": "x.png", "label": "green", "probability": 0.5, "error": None},
        **{"blue": 0.25, "green": 0.5, "red": 0.25},
    }
    assert table[1]["error"] == "It is empty."


def test_lines_are_those_of_the_command_or_of_azures_batch_endpoint(tmp_path, predictor):
    for path, form in ((tmp_path / "a.jsonl", "jsonl"), (tmp_path / "b.csv", "azure")):
        with AnswerFile(path, form, predictor) as file:
            file.add("x.png", ROW)
            file.add("y.png", Failure("It is empty."))
    ours, failed = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert set(ours) == {"path", "label", "probability", "probabilities"}
    assert failed == {"path": "y.png", "error": "It is empty."}
    theirs, failed = map(json.loads, (tmp_path / "b.csv").read_text().splitlines())
    assert theirs == {
        "filename": "x.png",
        "probs": [0.25, 0.5, 0.25],
        "labels": ["red", "green", "blue"],
    }
    assert failed == {"filename": "y.png", "error": "It is empty."}


def test_any_number_of_labels_stand_in_one_text_beside_every_probability(tmp_path):
    model = write_model(tmp_path / "sets", has_label_sets=True, thresholds=[0.2, 0.5, 0.9])
    predictor = Predictor(model)
    rows = [
        Answer(np.array(row, np.float32), distance=None)
        for row in ([0.25, 0.75, 0.5], [0.125, 0.25, 0.5])
    ]
    for name, form in FORMS.items():
        with AnswerFile(tmp_path / form, name, predictor) as file:
            for picture_name, row in zip("xy", rows, strict=True):
                file.add(picture_name, row)
    with (tmp_path / "a.csv").open(newline="") as file:
        some, none = csv.DictReader(file)
    assert (some["label"], some["probability"], some["blue"]) == ("green, red", "", "0.5")
    assert (none["label"], none["green"]) == ("", "0.25")
    table = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert [row["label"] for row in table] == ["green, red", ""]
    some, none = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert (some["labels"], none["labels"]) == (["green", "red"], [])
    assert some["probabilities"] == {"red": 0.25, "green": 0.75, "blue": 0.5}
    azure, _ = map(json.loads, (tmp_path / "predictions.csv").read_text().splitlines())
    names = ["red", "green", "blue"]
    assert azure == {"filename": "x", "probs": [0.25, 0.75, 0.5], "labels": names}


def test_what_was_killed_is_carried_on_with(target, predictor):
    path, form = target
    begin(path, form, predictor, ["a", 'b "quoted", \n with a line', "c"])
    file = finish(path, form, predictor, ["a", 'b "quoted", \n with a line', "c", "d"])
    assert file.num_continued == 3
    assert written(path, form) == ["a", 'b "quoted", \n with a line', "c", "d"]
    assert sorted(each.name for each in path.parent.iterdir()) == sorted([path.name, "model"])


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_row_that_was_torn_is_written_again(tmp_path, predictor, cut):
    for form in ("csv", "jsonl", "azure"):
        path = tmp_path / FORMS[form]
        begin(path, form, predictor, ["a", 'b "\n', "c, \n"])
        with path.open("rb+") as file:
            file.truncate(path.stat().st_size - cut)
        finish(path, form, predictor, ["a", 'b "\n', "c, \n"])
        assert written(path, form) == ["a", 'b "\n', "c, \n"]
        path.unlink()


def test_a_part_that_was_torn_is_written_again(tmp_path, predictor):
    path = tmp_path / "a.parquet"
    begin(path, "parquet", predictor, ["a"])
    (tmp_path / ".a.parquet.parts" / "000001.partial").write_bytes(b"PAR1 torn")
    finish(path, "parquet", predictor, ["a", "b"])
    assert written(path, "parquet") == ["a", "b"]


def test_a_finished_file_is_written_anew(target, predictor):
    path, form = target
    finish(path, form, predictor, ["a", "b"])
    assert finish(path, form, predictor, ["c"]).num_continued == 0
    assert written(path, form) == ["c"]


def test_answers_of_two_models_are_never_mixed(target, predictor, tmp_path):
    path, form = target
    begin(path, form, predictor, ["a"])
    other = Predictor(write_model(tmp_path / "other", ("blue", "green", "red")))
    with pytest.raises(
        PredictionError, match="was begun with another model, format, coverage or share"
    ):
        AnswerFile(path, form, other)
    assert finish(path, form, predictor, ["a"]).num_continued == 1


def test_two_processes_do_not_write_the_same_file(tmp_path, predictor):
    with (
        AnswerFile(tmp_path / "a.csv", "csv", predictor),
        pytest.raises(PredictionError, match="is being written by another process"),
    ):
        AnswerFile(tmp_path / "a.csv", "csv", predictor)


def test_a_label_called_as_another_column_is_told_apart(tmp_path):
    predictor = Predictor(write_model(tmp_path / "model", ("path", "error", "cat")))
    with AnswerFile(tmp_path / "a.parquet", "parquet", predictor) as file:
        file.add("x.png", ROW)
    names = pq.read_table(tmp_path / "a.parquet").column_names
    assert names[4:] == ["cat", "class error", "class path"]


def test_no_two_columns_have_one_name():
    labels = ["path", "class path", "class class path", "cat"]
    names = answer_formats.columns(labels, ("path", "label", "probability", "error"))
    assert len(set(names)) == len(names) == 8
    assert {"path", "class path", "class class path", "cat"} < set(names)


def test_the_command_offers_every_format():
    assert get_args(AnswerFormat) == tuple(answer_formats.FORMATS)


def test_an_unknown_format_and_a_missing_folder_are_refused(tmp_path, predictor):
    with pytest.raises(PredictionError, match="'xml' is not a format. Choose from csv, parquet"):
        AnswerFile(tmp_path / "a.xml", "xml", predictor)
    with pytest.raises(PredictionError, match="There is no folder .*gone. Make it first"):
        AnswerFile(tmp_path / "gone" / "a.csv", "csv", predictor)


def test_the_rows_of_a_format_that_was_given_up_do_not_stay(tmp_path, predictor):
    path = tmp_path / "a.parquet"
    begin(path, "parquet", predictor, ["a"])
    (tmp_path / ".a.parquet.unfinished").unlink()
    finish(path, "csv", predictor, ["b"])
    assert written(path, "csv") == ["b"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.parquet", "model"]


def test_a_lock_on_a_marker_that_is_gone_protects_nothing(tmp_path, predictor, monkeypatch):
    """Another process finishes between the moments in which this one opens and locks the marker."""
    marker = tmp_path / ".a.csv.unfinished"
    flock, locked = fcntl.flock, []

    def flock_late(descriptor, operation):
        if not locked:
            marker.unlink()
        locked.append(descriptor)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock_late)
    with AnswerFile(tmp_path / "a.csv", "csv", predictor):
        assert len(locked) == 2
        assert process_lock.is_held(marker)


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(PredictionError, match="does not end with .csv or .parquet or .jsonl"):
        answer_formats.format_of(tmp_path / "a.xlsx")
    assert answer_formats.format_of(tmp_path / "A.CSV") == "csv"


def test_a_command_that_was_killed_is_carried_on_with(tmp_path, home):
    """With a real kill, while pictures are being answered."""
    model = write_model(tmp_path / "model")
    folder = tmp_path / "in"
    folder.mkdir()
    content = picture("green", side=500)
    for number in range(400):
        (folder / f"{number:03}.png").write_bytes(content)
    output = tmp_path / "a.csv"
    command = [sys.executable, "-m", "automl.cli", "predict", model, folder, "--output", output]
    environment = {**os.environ, "AUTOML_HOME": str(home)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        while not (output.is_file() and output.stat().st_size > 1000):
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    before = output.read_bytes()
    assert (tmp_path / ".a.csv.unfinished").is_file()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "400 answers are in" in done.stderr
    assert "of them from an earlier run" in done.stderr
    whole = output.read_bytes()
    assert whole.startswith(before[: before.rfind(b"\n")])
    assert written(output, "csv") == [str(folder / f"{number:03}.png") for number in range(400)]


def test_what_a_model_says_beside_the_label_has_columns(tmp_path):
    unlike = {"threshold": 0.3, "false_alarm_rate": 0.01}
    folder = write_model(tmp_path / "model", unlike=unlike, right_probabilities=[0.9] * 10 + [0.2])
    model = Predictor(folder, coverage=0.75)
    written = []
    for name in ("a.csv", "a.parquet"):
        with AnswerFile(tmp_path / name, answer_formats.format_of(tmp_path / name), model) as file:
            file.add("far.png", ROW)
            file.add("broken.png", Failure("It is empty."))
        written.append(tmp_path / name)
    with written[0].open(newline="") as text:
        far, broken = csv.DictReader(text)
    assert (far["unlike"], far["answer_set"]) == ("True", '["green", "red", "blue"]')
    assert (broken["unlike"], broken["answer_set"], broken["error"]) == ("", "", "It is empty.")
    table = pq.read_table(written[1]).to_pydict()
    assert table["unlike"] == [True, None]
    assert table["answer_set"] == ['["green", "red", "blue"]', None]
