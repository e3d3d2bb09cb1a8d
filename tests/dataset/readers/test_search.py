from pathlib import Path

import pytest

from automl.dataset.reading import UnclearDataError
from automl.errors import DataError

TABLE = "file,label\n0.png,red\n1.png,blue\n"


def test_labels_beside_pictures_are_found(listed, written, make_folder):
    folder = make_folder(images=2)
    written("labels.csv", TABLE)
    assert listed(folder) == [("images/1.png", "blue", None), ("images/0.png", "red", None)]


def test_names_that_are_in_two_places_mean_neither(listed, written, make_folder):
    folder = make_folder(a=2, b=1)
    written("labels.csv", TABLE)
    assert listed(folder) == [("a/1.png", "blue", None), ("0.png", "red", None)]


def test_a_file_beside_the_table_comes_first(listed, written, make_folder, make_picture):
    folder = make_folder(images=2)
    make_picture(folder / "0.png", 9)
    written("labels.csv", TABLE)
    assert listed(folder) == [("images/1.png", "blue", None), ("0.png", "red", None)]


def test_labels_outdo_class_folders(listed, written, make_folder):
    folder = make_folder(cat=1, dog=1)
    written("labels.csv", "file,label\ncat/0.png,red\ndog/0.png,blue\n")
    assert [label for _, label, _ in listed(folder)] == ["blue", "red"]


def test_any_other_table_beside_class_folders_is_just_a_file(listed, written, make_folder):
    folder = make_folder(cat=1, dog=1)
    written("results.csv", "file,label\ncat/0.png,red\n")
    written("labels.csv", "name,meaning\ncat,a cat\n")
    assert [label for _, label, _ in listed(folder)] == ["cat", "dog"]


def test_the_only_table_beside_loose_pictures_is_meant(listed, written, make_picture, tmp_path):
    make_picture(tmp_path / "data" / "0.png")
    written("stats.json", "{}")
    written("README.md", "x")
    folder = written("animals.csv", TABLE).parent
    assert [label for _, label, _ in listed(folder)] == ["blue", "red"]


def test_several_tables_that_differ_are_a_question(listed, written):
    written("ann.csv", TABLE)
    folder = written("bob.csv", TABLE.replace("1.png,blue", "1.png,green")).parent
    with pytest.raises(
        UnclearDataError, match=r"ann\.csv and bob\.csv differ for 1 of 2"
    ) as caught:
        listed(folder)
    options = [reading.options for reading in caught.value.readings]
    assert [label for _, label, _ in listed(folder, **options[0])] == ["blue", "red"]
    assert [label for _, label, _ in listed(folder, **options[1])] == ["green", "red"]


def test_tables_of_the_splits_are_read_together(listed, written):
    written("train.csv", TABLE)
    folder = written("test.csv", "file,label\n2.png,red\n").parent
    assert listed(folder) == [
        ("2.png", "red", "test"),
        ("1.png", "blue", "train"),
        ("0.png", "red", "train"),
    ]


def test_the_only_table_says_what_it_lacks(listed, written, make_folder):
    folder = make_folder(images=2)
    written("labels.csv", "file,colour\n0.png,red\n")
    with pytest.raises(DataError, match="no column label; its columns are file, colour"):
        listed(folder)
    assert listed(folder, target="colour") == [("images/0.png", "red", None)]


def test_wrapping_folders_are_looked_through(listed, written):
    written("a/b/labels.csv", TABLE)
    folder = written("a/.DS_Store", "x").parent.parent
    assert listed(folder) == [("a/b/1.png", "blue", None), ("a/b/0.png", "red", None)]


def test_a_folder_that_links_to_itself_is_no_trap(listed, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "again").symlink_to(folder)
    with pytest.raises(DataError, match="no pictures"):
        listed(folder)


def test_tables_that_cannot_be_read_do_not_hide_class_folders(listed, written, make_folder):
    folder = make_folder(cat=1, dog=1)
    written("labels.csv", 'file,label\n"x')
    assert [Path(path).parts[0] for path, _, _ in listed(folder)] == ["cat", "dog"]
