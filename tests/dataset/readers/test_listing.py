"""Rows of any table."""

from pathlib import Path

import pandas as pd
import pytest

from automl.dataset import readers
from automl.dataset.reading import UnclearDataError
from automl.dataset.scan import scan
from automl.errors import DataError
from automl.jobs.data_source import DataSource


def read(path: Path, **options: object) -> pd.DataFrame:
    return readers.read(DataSource.model_validate({"path": path, **options})).pictures


@pytest.mark.parametrize("name", ["image_url", "Image", "file_name", "Filename", "PATH", "uri"])
def test_the_image_column_is_known_by_its_name(listed, written, name):
    assert listed(written("a.csv", f"label,{name}\ncat,1.png\n")) == [("1.png", "cat", None)]


def test_an_image_column_of_another_name_is_given(listed, written):
    path = written("a.csv", "label,where\ncat,1\n")
    with pytest.raises(DataError, match="no column that is named like.*label, where.*Set image_"):
        listed(path)
    assert listed(path, image_column="where") == [("1", "cat", None)]
    with pytest.raises(DataError, match="no column photo; its columns are label, where"):
        listed(path, image_column="photo")


def test_the_target_column_holds_the_labels(listed, written):
    path = written("a.csv", "image,species,breed\n1.png,cat,siam\n")
    assert listed(path, target="breed") == [("1.png", "siam", None)]
    found = readers.read(DataSource(path=path))
    assert found.pictures["label"].tolist() == ["cat"]
    understood, other = found.readings
    assert understood.sentence == "The table a.csv: pictures in image, labels in species."
    assert other.options == {"target_column_name": "breed"}
    path = written("b.csv", "image,width\n1.png,640\n")
    with pytest.raises(DataError, match="no column label; its columns are image, width"):
        listed(path)


def test_many_columns_are_not_all_spelt_out(listed, written):
    names = ",".join(f"c{number}" for number in range(30))
    with pytest.raises(DataError, match="c18 and 11 more"):
        listed(written("a.csv", f"image,{names}\n1.png\n"))


def test_columns_are_listed_for_tables_and_not_for_folders(written, make_folder):
    path = written("a.csv", "image,species,breed\n1.png,cat,siam\n")
    assert readers.columns(DataSource(path=path)) == ["image", "species", "breed"]
    assert readers.columns(DataSource(path=make_folder("f", cat=1, dog=1))) == []


def test_a_column_called_split_is_one_if_it_looks_so(listed, written):
    table = "image,label,Split\n1.png,cat,TRAIN\n2.png,cat,val\n3.png,cat,testing\n4.png,cat,\n"
    assert {(path, split) for path, _, split in listed(written("a.csv", table))} == {
        ("1.png", "train"),
        ("2.png", "validation"),
        ("3.png", "test"),
        ("4.png", None),
    }


@pytest.mark.parametrize(
    "name", ["fold", "Data Set", "subset", "phase", "Usage", "partition", "ml_use", "anything"]
)
def test_a_column_of_words_of_splits_is_one(listed, written, name):
    rows = ["1.png,cat,Training", "2.png,dog,Test set", "3.png,cat,valid", "4.png,dog,train"]
    path = written("a.csv", "\n".join([f"image,label,{name}", *rows]))
    assert [split for _, _, split in sorted(listed(path))] == [
        "train",
        "test",
        "validation",
        "train",
    ]
    assert {split for _, _, split in listed(path, split_column="never")} == {None}


@pytest.mark.parametrize(
    ("name", "values", "first"),
    [
        ("split", "0 1 0 1", "0=train, 1=validation"),
        ("partition", "0 1 2 0", "0=train, 1=validation, 2=test"),
        ("split", "train test diagonally train", "diagonally=train"),
        ("set", "train test extra train", "extra=train"),
    ],
)
def test_values_that_may_be_splits_are_a_question(listed, written, name, values, first):
    rows = [f"{number}.png,cat,{value}" for number, value in enumerate(values.split())]
    path = written("a.csv", "\n".join([f"image,label,{name}", *rows]))
    with pytest.raises(UnclearDataError, match=f"in the column {name}") as caught:
        listed(path)
    assert caught.value.readings[0].options["split_values"] == first
    for reading in caught.value.readings:
        assert listed(path, **reading.options)
    meanings = dict.fromkeys(values.split(), "train") | {values.split()[2]: "unused"}
    given = ",".join(f"{value}={split}" for value, split in meanings.items())
    assert len(listed(path, split_column=name, split_values=given)) < 4


def test_a_seen_and_an_unseen_part_are_splits_in_a_column_called_so(listed, written):
    path = written("a.csv", "image,label,split\n1.png,cat,seen\n2.png,cat,unseen\n")
    assert listed(path) == [("2.png", "cat", "test"), ("1.png", "cat", "train")]


def test_a_split_column_that_was_asked_for_must_be_understood(listed, written):
    path = written("a.csv", "image,label,fold\n1.png,cat,train\n2.png,cat,3\n")
    with pytest.raises(DataError, match=r"Row 3 of a\.csv has the split '3'.*split_values"):
        listed(path, split_column="fold")
    with pytest.raises(DataError, match="no column x; .*Set split_column"):
        listed(path, split_column="x")
    with pytest.raises(DataError, match=r"all rows of .*a\.csv with a label unused"):
        listed(path, split_column="fold", split_values="3=unused, train=unused")


def test_a_cell_that_says_nothing_is_none_of_all_other_values(listed, written):
    rows = [f"{number}.png,cat,{fold}" for number, fold in enumerate(["1", "2", "none", ""])]
    path = written("a.csv", "\n".join(["image,label,fold", *rows]))
    found = sorted(listed(path, split_column="fold", split_values="1=test, *=train"))
    assert [split for _, _, split in found] == ["test", "train", None, None]


def test_groups_are_there_if_asked_for(written):
    path = written("a.csv", "image,label,patient\n1.png,cat,7\n2.png,cat,\n")
    listing = read(path, group_column="patient")
    assert listing["group"].fillna("nobody").tolist() == ["7", "nobody"]
    assert "group" not in read(path)
    with pytest.raises(DataError, match="no column person; .*Set group_column"):
        read(path, group_column="person")


def test_the_same_row_twice_is_one_and_other_labels_or_splits_are_others(listed, written):
    table = "image,label,split\n1.png,cat,train\n./1.png, cat,train\n1.png,dog,train\n"
    path = written("a.csv", table + "1.png,cat,test\n")
    assert listed(path) == [
        ("1.png", "cat", "test"),
        ("1.png", "cat", "train"),
        ("1.png", "dog", "train"),
    ]


def test_rows_without_label_are_left_out_and_counted(written):
    rows = "".join(f"{number}.png,\n" for number in range(60))
    path = written("a.csv", "image,label\nx.png,cat\n" + rows)
    listing = readers.read(DataSource(path=path))
    assert listing.pictures["label"].tolist() == ["cat"]
    assert len(listing.left_out.unlabelled) == 60
    assert listing.left_out.strays == ()


def test_a_table_without_any_label_is_refused(listed, written):
    with pytest.raises(DataError, match="None of the 2 rows of .* has a label in the column label"):
        listed(written("a.csv", "image,label\n1.png,\n2.png, \n"))


@pytest.mark.parametrize(
    "label", ["a\nb", "a\tb", "a\x00b", "a\x85b", "cat\u202egnp", "a\u2028b", "\u200fa", "a\x1bb"]
)
def test_labels_with_invisible_characters_are_refused_naming_the_row(listed, written, label):
    path = written("a.csv", f'image,label\n1.png,cat\n2.png,"x{label}x"\n')
    with pytest.raises(DataError, match=r"Row 3 of a\.csv has the label .*invisible character"):
        listed(path)


@pytest.mark.parametrize(
    "label", ["Café – été", "=cmd|calc", "<b>x", "猫", "-1", "👩‍🔬", "x" * 500]
)
def test_odd_labels_stay_as_they_are(listed, written, label):
    assert listed(written("a.csv", f"image,label\n1.png,{label}\n")) == [("1.png", label, None)]


def test_labels_that_are_texts_are_refused(listed, written):
    with pytest.raises(DataError, match="Row 2 .* has a label of 501 characters.*at most 500"):
        listed(written("a.csv", "image,label\n1.png," + "x" * 501))


def test_decomposed_letters_are_the_same_label(listed, written):
    path = written("a.csv", "image,label\n1.png,cafe\u0301\n2.png,caf\u00e9\n")
    assert {label for _, label, _ in listed(path)} == {"caf\u00e9"}


def test_what_cannot_be_read_has_its_reason(written, make_picture, tmp_path):
    make_picture(tmp_path / "data" / "1.png")
    (tmp_path / "data" / "dir.png").mkdir()
    long = "x" * 300
    rows = f"1.png,cat\n2.png,cat\ndir.png,cat\n,cat\n{long},cat\n/dev/zero,cat\n"
    samples = scan(read(written("a.csv", "image,label\n" + rows)))
    problems = dict(zip(map(Path, samples["path"]), samples["problem"], strict=True))
    folder = tmp_path / "data"
    assert pd.isna(problems[folder / "1.png"])
    assert problems[folder / "2.png"] == "The file does not exist."
    assert problems[folder / "dir.png"] == "This is not a file."
    assert problems[Path("/dev/zero")] == "This is not a file."
    assert problems[folder / long] == "The file cannot be opened (File name too long)."
    assert problems[folder / "Row 5 of a.csv"] == "The row names no picture."


@pytest.mark.usefixtures("private_allowed")
def test_a_download_that_failed_has_its_reason(written, website, make_picture, tmp_path):
    website.files["/1.png"] = make_picture(tmp_path / "1.png").read_bytes()
    table = f"image,label\n{website.url}/1.png,cat\n{website.url}/2.png,dog\n"
    listing = read(written("a.csv", table))
    samples = scan(listing).set_index("label")
    assert pd.isna(samples.loc["cat", "problem"])
    reason = f"The address {website.url}/2.png was answered with 404 Not Found."
    assert samples.loc["dog", "problem"] == reason
    assert Path(samples.loc["dog", "path"]).name == "2.png"


def test_looking_without_downloading_asks_nobody(written, website):
    source = DataSource(path=written("a.csv", f"image,label\n{website.url}/1.png,cat\n"))
    assert len(readers.read(source, download=False).pictures) == 1
    assert website.asked == []


@pytest.mark.usefixtures("private_allowed")
def test_pictures_of_rows_without_label_are_not_downloaded(written, website):
    read(written("a.csv", f"image,label\n{website.url}/1.png,\n{website.url}/2.png,dog\n"))
    assert website.asked == ["/2.png"]


def test_a_picture_that_is_no_location_is_refused(written):
    path = written("a.jsonl", '{"image": {"bytes": "x"}, "label": "cat"}')
    with pytest.raises(DataError, match="Line 1 .* in place of the picture's location"):
        read(path)
