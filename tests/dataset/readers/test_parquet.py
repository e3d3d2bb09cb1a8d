import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.dataset.readers.forms import parquet
from automl.errors import DataError


def test_rows_are_read(listed, written):
    path = written("a.parquet", b"")
    pd.DataFrame({"image": ["1.png", "2.png"], "label": ["cat", "dog"]}).to_parquet(path)
    assert listed(path) == [("1.png", "cat", None), ("2.png", "dog", None)]


def test_whole_numbers_stay_whole_beside_a_gap(listed, written):
    path = written("a.parquet", b"")
    table = pa.table({"image": ["1.png", "2.png", "3.png"], "label": pa.array([3, None, 4])})
    pq.write_table(table, path)
    assert [label for _, label, _ in listed(path)] == ["3", "4"]


def test_categories_and_truth_values_are_labels(listed, written):
    path = written("a.parquet", b"")
    table = pd.DataFrame({"image": ["1.png", "2.png"], "label": pd.Categorical(["cat", "dog"])})
    table.assign(good=[True, False]).to_parquet(path)
    assert [label for _, label, _ in listed(path)] == ["cat", "dog"]
    assert [label for _, label, _ in listed(path, target="good")] == ["false", "true"]


def test_pictures_without_labels_are_refused(listed, written):
    path = written("a.parquet", b"")
    pq.write_table(pa.table({"image": [{"bytes": b"x", "path": "1.png"}]}), path)
    with pytest.raises(DataError, match="Write the labels of the pictures into it"):
        listed(path)


def test_a_list_of_labels_is_refused(listed, written):
    path = written("a.parquet", b"")
    pq.write_table(pa.table({"image": ["1.png"], "label": [["cat", "dog"]]}), path)
    with pytest.raises(DataError, match=r"several labels a picture: .*Row 1 of a\.parquet"):
        listed(path)


def test_what_is_no_parquet_file_is_refused(listed, written):
    with pytest.raises(DataError, match="not a parquet file that can be read"):
        listed(written("a.parquet", b"hello"))


def test_too_many_rows_are_refused(listed, written, monkeypatch):
    monkeypatch.setattr(parquet, "MAX_ROWS", 1)
    path = written("a.parquet", b"")
    pd.DataFrame({"image": ["1.png", "2.png"], "label": ["cat", "dog"]}).to_parquet(path)
    with pytest.raises(DataError, match="has 2 rows; at most 1 can be read"):
        listed(path)


def test_columns_of_the_same_name_are_refused(listed, written):
    path = written("a.parquet", b"")
    names = ["image", "label", "label"]
    pq.write_table(pa.table([["1.png"], ["cat"], ["dog"]], names=names), path)
    with pytest.raises(DataError, match="several columns named label"):
        listed(path)


def test_a_damaged_file_is_named(listed, written):
    path = written("a.parquet", b"")
    pd.DataFrame({"image": ["1.png"], "label": ["cat"]}).to_parquet(path)
    content = path.read_bytes()
    path.write_bytes(content[:-40] + b"\xff" * 32 + content[-8:])
    with pytest.raises(DataError, match="a.parquet is not a parquet file that can be read"):
        listed(path)
