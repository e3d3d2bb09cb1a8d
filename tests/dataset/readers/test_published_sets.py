"""Data sets in the forms in which well-known ones are published, in small."""

import hashlib
import json
from pathlib import Path

import pytest

from automl.dataset import readers
from automl.errors import DataError
from automl.jobs.data_source import DataSource


def said(folder: Path) -> list[str]:
    return [guess.sentence for guess in readers.read(DataSource(path=folder)).guesses]


def test_signs_with_a_table_for_the_test_beside_folders_of_numbers(photos, listed, written):
    folder = photos(
        *(f"Final_Training/Images/0000{n}/0_{i}.png" for n in (0, 7) for i in range(3)),
        *(f"Final_Test/Images/0000{i}.png" for i in range(3)),
    )
    rows = [f"0000{i}.png;5;5;{n}" for i, n in enumerate((7, 0, 7))]
    table = "\n".join(["Filename;Roi.X1;Roi.Y1;ClassId", *rows])
    written("Final_Test/Images/GT-final_test.csv", table)
    found = {(name, label, split) for name, label, split in listed(folder)}
    assert ("Final_Test/Images/00001.png", "00000", "test") in found
    assert ("Final_Test/Images/00002.png", "00007", "test") in found
    assert ("Final_Training/Images/00007/0_1.png", "00007", "train") in found
    assert len(found) == 9


def test_ids_in_a_column_of_any_name_and_boxes_with_a_y(photos, listed, written):
    names = [f"{n:04x}-e7ab" for n in range(6)]
    folder = photos(*(f"images/{name}.png" for name in names))
    rows = [f"{name},{n % 2 and n * 9},{n % 2 and n * 7},{n % 2}" for n, name in enumerate(names)]
    written("stage_2_train_labels.csv", "\n".join(["patientId,x,y,Target", *rows]))
    assert [label for _, label, _ in sorted(listed(folder))] == ["0", "1"] * 3
    assert "The cells in patientId are the names or numbers of the pictures." in said(folder)


def test_of_several_columns_of_pictures_the_one_called_so_is_used(photos, listed, written):
    folder = photos(*(f"{n}_{side}.jpg" for n in range(3) for side in ("left", "right")))
    rows = [
        f"{n}_left.jpg,{n}_right.jpg,/in/{n}_{side}.bmp.jpg,{side}-{n % 2},{n}_{side}.jpg"
        for n in range(3)
        for side in ("left", "right")
    ]
    head = "Left-Fundus,Right-Fundus,filepath,labels,filename"
    written("full_df.csv", "\n".join([head, *rows]))
    assert {name: label for name, label, _ in listed(folder)}["2_right.jpg"] == "right-0"
    assert len(listed(folder)) == 6


def test_ids_are_the_pictures_here_if_addresses_are_of_others(photos, listed, written):
    names = [hashlib.md5(bytes([n])).hexdigest()[:16] for n in range(6)]
    folder = photos(*(f"train/{name[0]}/{name[1]}/{name}.jpg" for name in names))
    rows = [f"{name},https://example.org/{n}.jpg,{n % 2 + 100}" for n, name in enumerate(names)]
    written("train.csv", "\n".join(["id,url,landmark_id", *rows]))
    assert {label for _, label, _ in listed(folder)} == {"100", "101"}
    assert listed(folder, table="train.csv") == listed(folder)


def test_a_submission_alone_labels_nothing(photos, written):
    train = [f"train/{label}.{n}.jpg" for label in ("cat", "dog") for n in range(3)]
    folder = photos(*train, *(f"test1/{n}.jpg" for n in range(1, 4)))
    written("sampleSubmission.csv", "id,label\n1,0\n2,1\n3,0\n")
    with pytest.raises(DataError, match="sampleSubmission.csv: its name says that it holds pred"):
        readers.read(DataSource(path=folder))


def test_names_of_codes_of_open_images(photos, listed, written):
    folder = photos("train/a1.jpg", "train/b2.jpg")
    table = "ImageID,Source,LabelName,Confidence\na1,v,/m/011k07,1\na1,v,/m/01c,0\nb2,v,/m/01c,1\n"
    written("train-annotations.csv", table)
    written("class-descriptions.csv", "/m/011k07,Tortoise\n/m/01c,Apple\n/m/0zz,Other\n")
    assert [label for _, label, _ in sorted(listed(folder))] == ["Tortoise", "Apple"]


@pytest.mark.parametrize("tags", [["species"], ["species", "colour"]])
def test_values_of_tags_are_the_labels(photos, listed, written, tags):
    folder = photos(*(f"ds0/img/{n}.jpg" for n in range(4)))
    for n in range(4):
        values = [{"name": tag, "value": f"{tag}{n % 2}"} for tag in tags]
        written(f"ds0/ann/{n}.jpg.json", json.dumps({"tags": values, "objects": []}))
    if len(tags) == 1:
        assert [label for _, label, _ in sorted(listed(folder))] == ["species0", "species1"] * 2
    else:
        assert listed(folder, target="colour")[0][1] == "colour0"


def test_tags_that_are_words_for_splits_say_the_split(photos, listed, written):
    folder = photos(*(f"data/{n}.jpg" for n in range(4)))
    samples = [
        {
            "filepath": f"data/{n}.jpg",
            "tags": ["checked", "train" if n < 3 else "validation"],
            "ground_truth": {"_cls": "Classification", "label": f"c{n % 2}"},
        }
        for n in range(4)
    ]
    written("samples.json", json.dumps({"samples": samples}))
    assert [split for *_, split in sorted(listed(folder))] == ["train"] * 3 + ["validation"]


def test_tags_of_regions_of_vott(photos, listed, written):
    folder = photos("1.jpg", "2.jpg")
    assets = {
        f"id{n}": {"asset": {"name": f"{n}.jpg"}, "regions": [{"tags": [tag]}, {"tags": [tag]}]}
        for n, tag in ((1, "cat"), (2, "dog"))
    }
    content = {"name": "pets", "tags": [{"name": "cat"}, {"name": "dog"}], "assets": assets}
    written("pets-export.json", json.dumps(content))
    assert listed(folder) == [("1.jpg", "cat", None), ("2.jpg", "dog", None)]


def test_of_several_columns_the_one_with_a_word_for_labels_is_used(photos, listed, written):
    folder = photos(*(f"{n}.jpg" for n in range(6)))
    rows = [f"{n}.jpg,{'ab'[n % 2]},s{n % 3},{'xy'[n // 3]}" for n in range(6)]
    written("observations.csv", "\n".join(["file,user,species_guess,kingdom", *rows]))
    assert {label for _, label, _ in listed(folder)} == {"s0", "s1", "s2"}


def test_columns_of_labels_that_say_different_things_are_said(photos, written):
    folder = photos(*(f"{n}.jpg" for n in range(6)))
    rows = [f"{n}.jpg,{'ab'[n % 2]},{n % 3},d{n % 2}" for n in range(6)]
    written("train.csv", "\n".join(["file,diagnosis,target,dx", *rows]))
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert guess.sentence == "The labels are in the column target. Other labels are in diagnosis."


@pytest.mark.parametrize("name", ["patient_id", "PatientID", "Lesion No", "location"])
def test_columns_that_may_say_groups_are_offered(photos, written, name):
    folder = photos(*(f"{n}.jpg" for n in range(6)))
    rows = [f"{n}.jpg,p{n // 2},c{n % 3}" for n in range(6)]
    written("labels.csv", "\n".join([f"file,{name},label", *rows]))
    found = readers.read(DataSource(path=folder))
    assert [one.options for one in found.guesses[0].others] == [{"group_column": name}]
    grouped = readers.read(DataSource(path=folder, group_column=name))
    assert set(grouped.pictures["group"].value_counts()) == {2}
    assert grouped.guesses == []


@pytest.mark.parametrize("name", ["patient_age", "case", "sample"])
def test_columns_that_say_something_else_are_no_groups(photos, written, name):
    folder = photos(*(f"{n}.jpg" for n in range(4)))
    rows = [f"{n}.jpg,{n},c{n % 2}" for n in range(4)]  # each value once
    written("labels.csv", "\n".join([f"file,{name},label", *rows]))
    assert said(folder) == []


def test_a_column_called_kfold_is_offered_as_folds(photos, written):
    folder = photos(*(f"{n}.jpg" for n in range(10)))
    rows = [f"{n}.jpg,c{n % 2},{n // 2}" for n in range(10)]
    written("folds.csv", "\n".join(["image_id,label,kfold", *rows]))
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert guess.others[0].options == {"split_column": "kfold"}


@pytest.mark.parametrize(
    "cell",
    [
        "iVBORw0KGgo" + "A" * 100,
        "data:image/png;base64," + "A" * 100,
        r"b'\x89PNG\r\n\x1a\n\x00\x00'",
    ],
)
def test_pictures_as_text_are_refused_with_the_way_out(written, cell):
    path = written("images.csv", f'image,label\n"{cell}",cat\n"{cell}",dog\n')
    with pytest.raises(DataError, match="whole pictures as text in the column image. Write each"):
        readers.read(DataSource(path=path))


def test_pixels_without_header_are_named_in_a_folder_too(written):
    row = ",".join(["3"] * 100)
    path = written("letters-train.csv", f"{row}\n{row}\n")
    written("letters-test.csv", f"{row}\n{row}\n")
    with pytest.raises(DataError, match="letters-test.csv has the values of pixels in its cells"):
        readers.read(DataSource(path=path.parent))


@pytest.mark.parametrize("head", ["patient_id,age,diagnosis", "session,minutes,label"])
def test_a_row_for_each_folder_labels_all_pictures_in_it(photos, listed, written, head):
    folder = photos(*(f"images/P{n}/{k}.png" for n in range(4) for k in range(3)))
    written("clinical.csv", "\n".join([head, *(f"P{n},{n + 50},c{n % 2}" for n in range(4))]))
    found = listed(folder)
    assert {(name, label) for name, label, _ in found} == {
        (f"images/P{n}/{k}.png", f"c{n % 2}") for n in range(4) for k in range(3)
    }
    every = readers.read(DataSource(path=folder)).guesses
    (guess,) = (one for one in every if "Each row is about all pictures in the f" in one.sentence)
    source = DataSource.model_validate({"path": folder, **guess.others[0].options})
    assert set(readers.read(source).pictures["group"].value_counts()) == {3}


def test_pictures_with_an_odd_ending_are_named(photos):
    folder = photos("cat/1.png", "dog/2.png", "cat/3.png", "dog/4.png")
    (folder / "cat/3.png").rename(folder / "cat/3.png_large")
    (folder / "dog/4.png").rename(folder / "dog/4.png_large")
    (said,) = readers.read(DataSource(path=folder)).left_out.unread
    assert said == (
        "cat/3.png_large (1 more of its kind): It is a picture whose name does not say so. Give "
        "its name the ending .png."
    )


def test_a_table_about_the_classes_labels_no_pictures(photos, listed, written):
    folder = photos(*(f"{label}/{n}.png" for label in ("cat", "dog", "cow") for n in range(2)))
    written("class_dict.csv", "class_index,class,scale\n0,cat,1\n1,dog,1\n2,cow,1\n")
    assert {label for _, label, _ in listed(folder)} == {"cat", "dog", "cow"}
