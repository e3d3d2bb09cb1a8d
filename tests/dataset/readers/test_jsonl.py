import json

import pytest

from automl.dataset.readers import read
from automl.errors import DataError
from automl.jobs.data_source import DataSource

LINES = '{"image_url": "1.png", "label": "cat"}\n{"image_url": "2.png", "label": "dog"}\n'
ANIMALS = [("1.png", "cat", None), ("2.png", "dog", None)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.JSONL", "a.ndjson"])
def test_one_object_a_line(listed, written, name):
    assert listed(written(name, LINES)) == ANIMALS


def test_blank_lines_and_other_line_ends_change_nothing(listed, written):
    assert listed(written("a.jsonl", "\n" + LINES.replace("\n", "\r\n\r\n"))) == ANIMALS


def test_details_of_the_picture_are_passed_over(listed, written):
    details = {"format": "jpg", "width": "400px", "height": 300}
    rows = [
        {"image_url": "1.png", "image_details": details, "label": "cat"},
        {"image_url": "2.png", "label": "dog"},
    ]
    assert listed(written("a.jsonl", "\n".join(map(json.dumps, rows)))) == ANIMALS


def test_a_line_separator_inside_of_a_string_does_not_end_the_line(listed, written):
    path = written("a.jsonl", LINES + '{"image_url": "3.png", "label": "dog", "note": "a\u2028b"}')
    assert len(listed(path)) == 3


@pytest.mark.parametrize("line", ["{", "[1]", '"x"', "[" * 100_000, "1" * 5000, "\x00"])
def test_a_line_that_is_no_object_is_named(listed, written, line):
    with pytest.raises(DataError, match=r"Line 3 of .*a\.jsonl is not a JSON object"):
        listed(written("a.jsonl", LINES + line))


@pytest.mark.parametrize(
    ("value", "label"),
    [(3, "3"), (3.0, "3"), (2.5, "2.5"), (True, "true"), (-1, "-1"), ("  cat ", "cat")],
)
def test_values_become_text(listed, written, value, label):
    path = written("a.jsonl", json.dumps({"image_url": "1.png", "label": value}))
    assert listed(path) == [("1.png", label, None)]


@pytest.mark.parametrize(("value", "label"), [(["cat"], ["cat"]), (["cat", "dog"], []), ([], [])])
def test_a_list_with_one_label_is_that_label(listed, written, value, label):
    lines = [json.dumps({"image": f"{number}.png", "label": "bird"}) for number in range(3)]
    lines.append(json.dumps({"image": "x.png", "label": value}))
    found = listed(written("a.jsonl", "\n".join(lines)))
    assert [text for path, text, _ in found if path == "x.png"] == label


def test_an_object_without_a_name_as_label_is_refused(listed, written):
    path = written("a.jsonl", '{"image_url": "1.png", "label": {"x": [1]}}')
    with pytest.raises(DataError, match=r"Line 1 of a\.jsonl has \{'x': \[1\]\} in place"):
        listed(path)


@pytest.mark.parametrize("value", [None, "", " ", float("nan")])
def test_rows_without_label_are_counted(written, value):
    path = written("a.jsonl", LINES + json.dumps({"image_url": "3.png", "label": value}))
    listing = read(DataSource(path=path))
    assert len(listing.pictures) == 2
    assert listing.left_out.unlabelled == [str(path.parent / "3.png")]


def test_half_a_character_in_a_path_is_a_file_that_is_not_there(listed, written):
    path = written("a.jsonl", '{"image_url": "a\\ud800.png", "label": "cat"}')
    assert listed(path) == [("a?.png", "cat", None)]
