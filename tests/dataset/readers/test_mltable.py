from pathlib import Path

import pandas as pd
import pytest
import yaml

from automl.dataset import readers
from automl.dataset.readers.forms.mltable import steps
from automl.errors import DataError
from automl.jobs import untrusted_yaml
from automl.jobs.data_source import DataSource

LINES = "".join(
    f'{{"image_url": "{number}.png", "label": "{label}", "width": {number}}}\n'
    for number, label in enumerate(["cat", "dog", "cat", "dog"])
)
SHARED = Path(__file__).parents[4] / "shared" / "data" / "azure_samples" / "mltable"


@pytest.fixture
def mltable(written):
    """A folder with an MLTable of these steps, which reads `a.jsonl` unless told otherwise."""

    def make(*steps, paths=({"file": "./a.jsonl"},), content=LINES, **options) -> Path:
        written("a.jsonl", content)
        transformations = list(steps) or ["read_json_lines"]
        table = {"paths": list(paths), "transformations": transformations, **options}
        return written("MLTable", yaml.safe_dump(table)).parent

    return make


def names(listed, folder: Path) -> list[str]:
    return sorted(path for path, _, _ in listed(folder))


def test_azures_own_form_is_read(listed, mltable):
    reading = {"encoding": "utf8", "invalid_lines": "error", "include_path_column": False}
    conversion = [{"columns": "image_url", "column_type": "stream_info"}]
    folder = mltable(
        {"read_json_lines": reading},
        {"convert_column_types": conversion},
        type="mltable",
        **{"$schema": "https://azuremlschemas.azureedge.net/latest/MLTable.schema.json"},
    )
    assert listed(folder) == [
        ("0.png", "cat", None),
        ("2.png", "cat", None),
        ("1.png", "dog", None),
        ("3.png", "dog", None),
    ]
    assert listed(folder, type="mltable") == listed(folder / "MLTable")


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("utf8", "utf-8"),
        ("utf8", "utf-8-sig"),
        ("utf8bom", "utf-8-sig"),
        ("iso88591", "latin-1"),
        ("latin1", "latin-1"),
        ("utf16", "utf-16"),
        ("utf32", "utf-32"),
        ("windows1252", "cp1252"),
    ],
)
def test_every_encoding_of_azure_is_read(listed, mltable, name, encoding):
    folder = mltable({"read_json_lines": {"encoding": name}})
    (folder / "a.jsonl").write_bytes('{"image_url": "1.png", "label": "été"}'.encode(encoding))
    assert listed(folder) == [("1.png", "été", None)]


def test_text_that_is_not_in_its_encoding_is_refused(listed, mltable):
    folder = mltable({"read_json_lines": {"encoding": "ascii"}}, content='{"label": "été"}')
    with pytest.raises(DataError, match="is not text in ascii: byte 11 cannot be read"):
        listed(folder)


def test_invalid_lines_are_an_error_or_dropped(listed, mltable):
    content = LINES + "oops\n"
    with pytest.raises(DataError, match="Line 5 of .*is not a JSON object"):
        listed(mltable("read_json_lines", content=content))
    folder = mltable({"read_json_lines": {"invalid_lines": "drop"}}, content=content)
    assert len(listed(folder)) == 4


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([{"take": 2}], "01"),
        ([{"skip": 3}], "3"),
        ([{"skip": 1}, {"take": 2}], "12"),
        ([{"take": 2}, {"skip": 1}], "1"),
        ([{"filter": 'col("label") == "dog"'}], "13"),
        ([{"filter": 'col("width") >= 2 and not col("label") == "cat"'}], "3"),
        ([{"keep_columns": ["image_url", "label"]}], "0123"),
        ([{"drop_columns": "width"}], "0123"),
        ([{"take_random_sample": {"probability": 1.0, "seed": 3}}], "0123"),
        ([{"convert_column_types": [{"columns": ["label"], "column_type": "string"}]}], "0123"),
    ],
)
def test_transformations_hold_in_their_order(listed, mltable, steps, expected):
    found = names(listed, mltable("read_json_lines", *steps))
    assert found == [f"{number}.png" for number in expected]


@pytest.mark.parametrize(
    ("column_type", "condition", "expected"),
    [
        ("int", 'col("width") == 2', "2"),
        ({"int": {}}, 'col("width") > 1', "23"),
        ("float", 'col("width") == 2.0', "2"),
        ("string", 'col("width") == "2"', "2"),
        ("datetime", 'col("width") == 2', "2"),
        ({"datetime": {"formats": "%Y"}}, 'col("width") == 2', "2"),
        ("boolean", 'col("width") == 1', "1"),
        ({"boolean": {"true_values": [3], "false_values": [1]}}, 'col("width") == 1', "3"),
        (
            {"boolean": {"true_values": ["3"], "false_values": ["1"], "mismatch_as": "true"}},
            'col("width") == 1',
            "023",
        ),
    ],
)
def test_columns_take_every_type_of_azure(listed, mltable, column_type, condition, expected):
    conversion = {"columns": ["width"], "column_type": column_type}
    folder = mltable(
        "read_json_lines", {"convert_column_types": [conversion]}, {"filter": condition}
    )
    assert names(listed, folder) == [f"{number}.png" for number in expected]


def test_a_cell_that_is_no_boolean_can_be_an_error(listed, mltable):
    kind = {"boolean": {"true_values": ["3"], "false_values": ["1"], "mismatch_as": "error"}}
    conversion = {"convert_column_types": {"columns": "width", "column_type": kind}}
    with pytest.raises(DataError, match="convert_column_types"):
        listed(mltable("read_json_lines", conversion))


def test_the_first_file_may_name_the_columns_of_all(listed, mltable, written):
    written("b.csv", "2.png,dog\n")
    folder = mltable(
        {"read_delimited": {"header": "from_first_file"}},
        paths=[{"file": "a.csv"}, {"file": "b.csv"}],
    )
    written("a.csv", "image_url,label\n1.png,cat\n")
    assert names(listed, folder) == ["1.png", "2.png"]
    written("b.csv", "2.png\n")
    with pytest.raises(DataError, match="b.csv has 1 columns, and .*a.csv"):
        listed(folder)


@pytest.mark.parametrize(
    "entry",
    [
        {"folder": "azureml://datastores/photos/paths/rows"},
        {"pattern": "azureml://datastores/photos/paths/rows/**/*.jsonl"},
    ],
)
def test_rows_are_read_from_a_folder_or_pattern_in_a_mapped_datastore(mltable, tmp_path, entry):
    (tmp_path / "copied" / "rows" / "deep").mkdir(parents=True)
    (tmp_path / "copied" / "rows" / "deep" / "x.jsonl").write_text(LINES)
    source = DataSource(path=mltable(paths=[entry]), type="mltable")
    read = readers.read(
        source, target_column_name="label", datastores={"photos": str(tmp_path / "copied")}
    )
    assert len(read.pictures) == 4
    with pytest.raises(DataError, match="--datastore photos="):
        readers.read(source, target_column_name="label")


def test_a_random_sample_is_the_same_every_time(listed, mltable):
    folder = mltable("read_json_lines", {"take_random_sample": {"probability": 0.5}})
    first = names(listed, folder)
    assert 0 < len(first) < 4
    assert names(listed, folder) == first


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([{"summarize": {}}], "the transformation summarize, which is not supported.*take"),
        ([{"take": -1}], "has take with -1, which is not understood"),
        ([{"take": "two"}], "has take with 'two'"),
        ([{"skip": None}], "has skip with None"),
        ([{"keep_columns": ["size"]}], "has keep_columns on the column size, but"),
        ([{"keep_columns": 3}], "has keep_columns with 3"),
        ([{"filter": 'col("size") > 1'}], "has filter on the column size"),
        ([{"filter": 'col("label") < 1 < 2'}], "The filter .* is not understood"),
        ([{"take_random_sample": {"seed": 1}}], "has take_random_sample with .*not understood"),
        ([{"take_random_sample": {"probability": "half"}}], "has take_random_sample with .*half"),
        ([{"convert_column_types": [{"column": "label"}]}], "has convert_column_types with"),
        ([{"take_random_sample": 0.5}], "take_random_sample with 0.5"),
        (
            [{"convert_column_types": [{"columns": "label", "column_type": "colour"}]}],
            "convert_column_types with .*colour",
        ),
        ([{"convert_column_types": 3}], "convert_column_types with 3"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(listed, mltable, steps, words):
    with pytest.raises(DataError, match=words):
        listed(mltable("read_json_lines", *steps))


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        ({"read_json_lines": {"encoding": "ebcdic"}}, "encoding is 'ebcdic'; allowed is utf8"),
        ({"read_json_lines": {"invalid_lines": "keep"}}, "allowed is error, drop"),
        ({"read_json_lines": {"lines": 3}}, "lines is not supported"),
        ({"read_json_lines": [1]}, "it is not a mapping"),
        ({"read_delimited": {"delimiter": "::"}}, "it must be one character"),
        ({"read_delimited": {"header": "from_last_file"}}, "header is 'from_last_file'"),
        ({"read_delta_lake": None}, "reads a Delta table, which this program cannot. Write the"),
        ({"take": 3}, "Start them with read_json_lines, read_delimited, read_parquet"),
        (3, "does not start its transformations"),
    ],
)
def test_a_reading_step_that_does_not_hold_is_refused(listed, mltable, reading, words):
    with pytest.raises(DataError, match=words):
        listed(mltable(reading))


def test_delimited_files_are_read(listed, mltable, written):
    written("a.csv", "image_url;label\n1.png;cat\n")
    folder = mltable({"read_delimited": {"delimiter": ";"}}, paths=[{"file": "a.csv"}])
    assert listed(folder) == [("1.png", "cat", None)]


def test_delimited_files_without_header_have_numbered_columns(listed, mltable, written):
    written("a.csv", "1.png,cat\n")
    folder = mltable({"read_delimited": {"header": "no_header"}}, paths=[{"file": "a.csv"}])
    assert listed(folder, image_column="Column1", target="Column2") == [("1.png", "cat", None)]


def test_parquet_files_are_read(listed, mltable, written):
    path = written("a.parquet", b"")
    pd.DataFrame({"image_url": ["1.png"], "label": ["cat"]}).to_parquet(path)
    folder = mltable("read_parquet", paths=[{"file": "a.parquet"}])
    assert listed(folder) == [("1.png", "cat", None)]


def test_the_path_column_holds_the_file(mltable):
    folder = mltable({"read_json_lines": {"include_path_column": True}})
    assert readers.columns(DataSource(path=folder)) == ["image_url", "label", "width", "Path"]


@pytest.mark.parametrize(
    "paths", [[{"folder": "./parts"}], [{"pattern": "parts/*.jsonl"}], [{"pattern": "**/b*.jsonl"}]]
)
def test_folders_and_patterns_name_several_files(listed, mltable, written, paths):
    for name, label in (("b1", "cat"), ("b2", "dog")):
        written(f"parts/{name}.jsonl", f'{{"image_url": "{name}.png", "label": "{label}"}}')
    written("parts/.hidden.jsonl", "x")
    assert names(listed, mltable(paths=paths)) == ["b1.png", "b2.png"]


def test_a_partition_format_makes_columns_of_the_paths(listed, mltable, written):
    for label, month in (("cat", "01"), ("dog", "02")):
        written(f"parts/of={label}/2026/{month}/rows.{label}.jsonl", f'{{"image_url": "{label}"}}')
    form = "/of={label}/{day:yyyy/MM}/rows.*jsonl"
    later = {"filter": 'col("day") == "2026-02"'}
    for options in (form, {"partition_format": form}):
        step = {"extract_columns_from_partition_format": options}
        folder = mltable("read_json_lines", step, later, paths=[{"folder": "parts"}])
        assert listed(folder) == [("dog", "dog", None)]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("{label}/{day:yyyy/MM}/a.jsonl", "a.jsonl is not of the form"),
        ("{a}{b}/a.jsonl", "two without a sign between them"),
        ("rows/*.jsonl", "names no columns"),
        ("{a}/***.jsonl", "more than 2 "),
        ({"format": "{a}"}, "names no columns"),
    ],
)
def test_a_partition_format_that_does_not_fit_is_refused(listed, mltable, form, words):
    with pytest.raises(DataError, match=words):
        listed(mltable("read_json_lines", {"extract_columns_from_partition_format": form}))


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([], "names no file to read"),
        ([{"pattern": "*.nothing"}], "names no file to read"),
        ([{"file": "b.jsonl"}], "there is no file"),
        (["a.jsonl"], "Each entry is one of file, folder and pattern"),
        ([{"file": "a", "folder": "b"}], "Each entry is one of"),
        ([{"files": "a"}], "Each entry is one of"),
        ([{"pattern": "../*.jsonl"}], "is not inside"),
        ([{"folder": "/etc"}], "is not inside"),
        ([{"folder": "https://example.org/"}], "is not inside"),
        ([{"pattern": "a**"}], "which is not valid"),
    ],
)
def test_wrong_paths_are_refused(listed, mltable, paths, words):
    with pytest.raises(DataError, match=words):
        listed(mltable(paths=paths))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("paths: [", "is not valid YAML, see line 1"),
        ("- a", "not a mapping with the keys paths"),
        ("", "not a mapping with the keys paths"),
        ("path: x", "has the key path, which is not supported"),
        ("!!python/object:os.system x", "is not valid YAML"),
        ("x" * 1_000_001, "too large for an MLTable file"),
    ],
)
def test_what_is_no_mltable_is_refused(listed, written, content, words):
    with pytest.raises(DataError, match=words):
        listed(written("MLTable", content).parent)


def test_a_folder_without_the_file_is_refused(listed, tmp_path):
    with pytest.raises(DataError, match="Give the folder that holds the file MLTable"):
        listed(tmp_path, type="mltable")


@pytest.mark.skipif(not SHARED.is_dir(), reason="Azure's samples are not here")
@pytest.mark.parametrize(("part", "count"), [("training", 107), ("validation", 27)])
def test_azures_sample_is_read_where_its_datastore_is_mapped(tmp_path, part, count):
    listing = readers.read(
        DataSource(path=SHARED / "fridgeObjects" / f"{part}-mltable-folder", type="mltable"),
        datastores={"workspaceblobstore/LocalUpload/0123": str(tmp_path)},
    ).pictures
    assert len(listing) == count
    assert set(listing["label"]) == {"can", "carton", "milk_bottle", "water_bottle"}
    first = listing["path"][0]
    assert Path(first).parent == tmp_path / "fridgeObjects" / "can"


@pytest.mark.skipif(not SHARED.is_dir(), reason="Azure's samples are not here")
def test_pictures_with_several_labels_in_azures_sample_are_left_out(tmp_path):
    listing = readers.read(
        DataSource(path=SHARED / "cards_multilabel" / "training-mltable-folder", type="mltable"),
        datastores={"workspaceblobstore": str(tmp_path)},
    )
    assert len(listing.left_out.several_labels) == 108
    assert len(listing.pictures) == 291 - 108


@pytest.mark.parametrize(("word", "is_read"), [("yes", True), ("Off", False), ("true", True)])
def test_a_switch_may_be_written_in_the_words_of_yaml_1_1(mltable, word, is_read):
    folder = mltable()
    options, _ = untrusted_yaml.load(f"include_path_column: {word}")
    rows = steps.read(folder / "a.jsonl", "read_json_lines", options, where=folder)
    assert ("Path" in rows.columns) is is_read
