import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.dataset import readers
from automl.dataset.scan import scan
from automl.errors import DataError
from automl.jobs.data_source import DataSource


def described(**features: object) -> dict[str, str]:
    return {"huggingface": json.dumps({"info": {"features": features}})}


CLASSES = {"_type": "ClassLabel", "names": ["cat", "dog"]}


@pytest.fixture
def table(make_picture, tmp_path):
    """A table as Hugging Face's, with as many pictures as labels."""

    def make(labels: list[object], name: str = "label", **more: list[object]) -> pa.Table:
        files = [make_picture(tmp_path / f"{n}.png", n) for n in range(len(labels))]
        cells = [{"bytes": file.read_bytes(), "path": file.name} for file in files]
        columns = {"image": cells, name: labels, **more}
        features = dict.fromkeys((name, *more), CLASSES)
        return pa.table(columns).replace_schema_metadata(described(**features))

    return make


def written(table: pa.Table, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=2)
    return path


def test_labels_have_the_names_of_the_schema(listed, table, tmp_path):
    path = written(table([0, 1, -1]), tmp_path / "data" / "a.parquet")
    rows = listed(path)
    assert rows == [("a.parquet::image/0", "cat", None), ("a.parquet::image/1", "dog", None)]
    listing = readers.read(DataSource(path=path))
    assert scan(listing.pictures)["problem"].isna().all()
    assert [Path(p).name for p in listing.left_out.unlabelled] == ["2"]


def test_two_indices_with_the_same_name_stay_two_classes(listed, table, tmp_path):
    twice = described(label={**CLASSES, "names": ["cat", "cat"]})
    path = written(table([0, 1]).replace_schema_metadata(twice), tmp_path / "data" / "a.parquet")
    assert [label for _, label, _ in listed(path)] == ["cat (0)", "cat (1)"]


def test_an_index_without_a_name_is_refused(listed, table, tmp_path):
    path = written(table([0, 2]), tmp_path / "data" / "a.parquet")
    with pytest.raises(DataError, match=r"Row 2 of a\.parquet has the class 2.*only 2 classes"):
        listed(path)


def test_the_only_column_of_classes_is_that_of_the_labels(listed, table, tmp_path):
    path = written(table([0, 1], name="breed"), tmp_path / "data" / "a.parquet")
    assert [label for _, label, _ in listed(path)] == ["cat", "dog"]


def test_two_columns_of_classes_are_a_question(listed, table, tmp_path):
    path = written(table([0, 1], name="fine", coarse=[1, 0]), tmp_path / "data" / "a.parquet")
    with pytest.raises(DataError, match=r"fine, coarse\. Set target_column_name"):
        listed(path)
    rows = listed(path, target="coarse")
    assert [(Path(name).name, label) for name, label, _ in rows] == [("1", "cat"), ("0", "dog")]


def test_plain_bytes_that_start_like_a_picture_are_one(make_picture, tmp_path):
    content = make_picture(tmp_path / "1.png").read_bytes()
    path = tmp_path / "data.parquet"
    rows = {"image": [content, b"x"], "other": [b"abc", b"def"], "label": ["a", "b"]}
    pq.write_table(pa.table(rows), path)
    found = [f"{path}::image/0", f"{path}::image/1"]
    assert readers.read(DataSource(path=path)).pictures["path"].tolist() == found
    assert "other" not in readers.columns(DataSource(path=path))


def test_a_struct_without_bytes_names_files(listed, make_picture, tmp_path):
    make_picture(tmp_path / "data" / "1.png")
    cells = pa.array([{"bytes": None, "path": "1.png"}], _STRUCT)
    path = written(pa.table({"image": cells, "label": ["a"]}), tmp_path / "data" / "a.parquet")
    assert listed(path) == [("1.png", "a", None)]


_STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["data/train-00000-of-00002", "data/train-00001-of-00002", "data/test-0"], "ttttee"),
        (["train/0000", "validation/0000"], "ttvv"),
        (["train", "valid"], "ttvv"),
        (["part-0", "part-1"], "----"),
        (["test-00000-of-00001"], "--"),
    ],
)
def test_shards_are_one_table_with_splits(table, tmp_path, names, splits):
    for name in names:
        written(table([0, 1]), tmp_path / "set" / f"{name}.parquet")
    (tmp_path / "set" / "README.md").write_text("About the data")
    pictures = readers.read(DataSource(path=tmp_path / "set")).pictures
    letters = {"train": "t", "validation": "v", "test": "e"}
    found = [letters.get(split, "-") for split in pictures["split"].astype(object)]
    assert sorted(found) == sorted(splits)
    assert scan(pictures)["problem"].isna().all()


def test_shards_of_several_tables_are_refused(table, tmp_path):
    written(table([0, 1]), tmp_path / "set" / "a.parquet")
    written(table([0, 1], name="breed"), tmp_path / "set" / "b.parquet")
    with pytest.raises(DataError, match=r"a\.parquet and b\.parquet name different"):
        readers.read(DataSource(path=tmp_path / "set"))


def test_a_description_that_is_damaged_counts_for_nothing(listed, table, tmp_path):
    for bad in ("{", "[]", '{"info": {"features": {"label": {"names": 3}}}}', "[" * 100_000):
        damaged = table([0, 1]).replace_schema_metadata({"huggingface": bad})
        path = written(damaged, tmp_path / "data" / "a.parquet")
        assert [label for _, label, _ in listed(path)] == ["0", "1"]
