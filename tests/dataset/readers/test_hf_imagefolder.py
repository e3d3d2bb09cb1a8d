import pandas as pd
import pytest

from automl.errors import DataError

LINES = '{"file_name": "1.png", "label": "cat"}\n{"file_name": "b/2.png", "label": "dog"}\n'
ANIMALS = [("1.png", "cat", None), ("b/2.png", "dog", None)]


def test_metadata_says_what_is_on_the_pictures(listed, written):
    assert listed(written("metadata.jsonl", LINES).parent) == ANIMALS


def test_metadata_may_be_csv_or_parquet(listed, written):
    path = written("metadata.csv", "file_name,label\n1.png,cat\nb/2.png,dog\n")
    assert listed(path.parent) == ANIMALS
    pd.read_csv(path).to_parquet(path.with_suffix(".parquet"))
    path.unlink()
    assert listed(path.parent) == ANIMALS


def test_every_split_may_have_metadata_of_its_own(listed, written):
    written("train/metadata.jsonl", LINES)
    folder = written("test/metadata.csv", "file_name,label\n3.png,cat\n").parent.parent
    assert listed(folder) == [
        ("test/3.png", "cat", "test"),
        ("train/1.png", "cat", "train"),
        ("train/b/2.png", "dog", "train"),
    ]


def test_folders_named_like_splits_are_splits(listed, written):
    path = written("metadata.csv", "file_name,label\ntrain/1.png,cat\nval/2.png,dog\n")
    assert [split for _, _, split in listed(path.parent)] == ["train", "validation"]


def test_a_split_column_outdoes_the_folders(listed, written):
    path = written("metadata.csv", "file_name,label,split\ntrain/1.png,cat,test\n")
    assert listed(path.parent) == [("train/1.png", "cat", "test")]


def test_metadata_about_something_else_leaves_class_folders_alone(
    listed, written, make_picture, tmp_path
):
    for label in ("cat", "dog"):
        make_picture(tmp_path / "data" / label / "1.png")
    folder = written("metadata.csv", "file_name,caption\ncat/1.png,a cat\n").parent
    assert [label for _, label, _ in listed(folder)] == ["cat", "dog"]
    with pytest.raises(DataError, match="no column label; its columns are file_name, caption"):
        listed(folder, type="hf_imagefolder")


def test_metadata_without_file_names_is_refused(listed, written):
    folder = written("metadata.csv", "image,label\n1.png,cat\n").parent
    with pytest.raises(DataError, match="no column file_name; its columns are image, label"):
        listed(folder, type="hf_imagefolder")
    assert listed(folder) == [("1.png", "cat", None)]


def test_a_folder_without_metadata_is_refused(listed, make_folder):
    with pytest.raises(DataError, match="has no metadata.csv or .*Set type to image_folder"):
        listed(make_folder(cat=1), type="hf_imagefolder")
