import json
from pathlib import Path

import pytest

from automl.dataset.readers import columns, read
from automl.errors import DataError
from automl.jobs.data_source import DataSource


def choice(*labels: str, question: str = "choice", **options: object) -> dict:
    value = {"choices": list(labels)}
    result = {"type": "choices", "from_name": question, "to_name": "image", "value": value}
    return {"result": [result], **options}


def task(image: str, *annotations: dict, number: int = 1) -> dict:
    return {"id": number, "data": {"image": image}, "annotations": list(annotations)}


@pytest.fixture
def export(written):
    return lambda *tasks: written("export.json", json.dumps(tasks))


def test_choices_are_the_labels(listed, export):
    path = export(task("1.png", choice("cat")), task("2.png", choice("dog")))
    assert listed(path) == [("1.png", "cat", None), ("2.png", "dog", None)]
    assert listed(path, target="choice") == listed(path)


def test_annotators_who_agree_are_one_row_and_others_two(listed, export):
    path = export(
        task("1.png", choice("cat"), choice("cat")), task("2.png", choice("cat"), choice("dog"))
    )
    assert listed(path) == [
        ("1.png", "cat", None),
        ("2.png", "cat", None),
        ("2.png", "dog", None),
    ]


def test_cancelled_annotations_do_not_count_and_the_truth_outdoes_the_others(listed, export):
    path = export(
        task("1.png", choice("dog", was_cancelled=True), choice("cat")),
        task("2.png", choice("cat"), choice("dog", ground_truth=True)),
    )
    assert listed(path) == [("1.png", "cat", None), ("2.png", "dog", None)]


def test_tasks_without_annotation_are_unlabelled(export):
    empty = task("3.png", {"result": []})
    data = DataSource(path=export(task("1.png", choice("cat", "dog")), task("2.png"), empty))
    listing = read(data, has_sets=True)
    assert listing.pictures["label"].tolist() == ["", "cat, dog"]
    assert [Path(path).name for path in listing.left_out.unlabelled] == ["2.png"]
    data = DataSource(path=export(task("1.png", choice("cat")), task("2.png"), empty))
    assert len(read(data).left_out.unlabelled) == 2


def test_several_choices_are_refused(listed, export):
    path = export(task("1.png", choice("cat", "dog"), number=7))
    with pytest.raises(DataError, match="several labels a picture: .*Task 7 of"):
        listed(path)


def test_one_of_several_questions_is_chosen_by_its_name(listed, export):
    both = choice("cat")
    both["result"] += choice("night", question="time")["result"]
    path = export(task("1.png", both))
    assert listed(path, target="time") == [("1.png", "night", None)]
    with pytest.raises(DataError, match="no column label; its columns are image, choice, time"):
        listed(path)
    assert columns(DataSource(path=path)) == ["image", "choice", "time"]


def test_the_short_export_is_read(listed, export):
    meta = {"annotator": 1, "annotation_id": 3, "created_at": "x", "lead_time": 2.5}
    path = export(
        {"id": 1, "image": "1.png", "animal": "cat", **meta},
        {"id": 2, "image": "2.png", "animal": "dog", **meta},
    )
    assert listed(path) == [("1.png", "cat", None), ("2.png", "dog", None)]


def test_several_choices_in_the_short_export_are_refused(listed, export):
    with pytest.raises(DataError, match="several labels a picture"):
        listed(export({"id": 1, "image": "1.png", "animal": {"choices": ["cat", "dog"]}}))


@pytest.mark.parametrize(
    "place",
    [
        *("upload/3/0a1b2c3d-cat.png", "3/0a1b2c3d-cat.png", "images/0a1b2c3d-cat.png"),
        *("0a1b2c3d-cat.png", "images/cat.png", "cat.png"),
    ],
)
def test_uploads_are_found_beside_the_export(listed, export, written, place):
    written(place, b"x")
    path = export(task("/data/upload/3/0a1b2c3d-cat.png", choice("cat")))
    assert listed(path) == [(place, "cat", None)]


def test_local_files_are_relative_to_the_export(listed, export):
    path = export(task("/data/local-files/?d=pets/a%20b.png", choice("cat")))
    assert listed(path) == [("pets/a b.png", "cat", None)]


@pytest.mark.parametrize("content", ["{", "[" * 100_000, "oops"])
def test_what_is_no_json_is_refused(listed, written, content):
    with pytest.raises(DataError, match="is not JSON"):
        listed(written("a.json", content))


@pytest.mark.parametrize("content", ["{}", "3", "[1]", '{"images": []}'])
def test_json_of_other_programs_is_refused(listed, written, content):
    with pytest.raises(DataError, match="not a list of tasks.*JSON-MIN"):
        listed(written("a.json", content))


@pytest.mark.parametrize(
    "odd",
    [
        {"data": None},
        {"data": {"image": "2.png"}, "annotations": [3]},
        {"data": {"image": "2.png"}, "annotations": [{"result": [3, {"type": "choices"}]}]},
        {"data": {"image": "2.png"}, "annotations": None, "completions": []},
        {"data": {"image": "2.png"}, "annotations": 3},
        {"data": {"image": "2.png"}, "annotations": {"result": []}},
        {"data": {"image": "2.png"}, "annotations": [{"result": 3}]},
    ],
)
def test_odd_tasks_are_unlabelled(export, odd):
    listing = read(DataSource(path=export(task("1.png", choice("cat")), odd)))
    assert listing.pictures["label"].tolist() == ["cat"]
    assert len(listing.left_out.unlabelled) == 1
