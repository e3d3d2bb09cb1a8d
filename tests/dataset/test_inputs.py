"""Data sets as people keep them, from the folder or file to label and split of each picture."""

import json
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from automl.dataset import manifest, readers
from automl.dataset.reading import UnclearDataError
from automl.errors import DataError, UserError
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job


def read(path: Path, **options: object) -> dict[str, tuple[str, str | None]]:
    """Label and split of each picture."""
    rows = readers.read(DataSource.model_validate({"path": path, **options})).pictures
    root = path if path.is_dir() else path.parent
    splits = rows["split"].astype(object).where(rows["split"].notna(), None)
    return {
        Path(name).relative_to(root).as_posix(): (label, split)
        for name, label, split in zip(rows["path"], rows["label"], splits, strict=True)
    }


def test_ids_without_suffix_one_folder_deeper(photos):
    folder = photos("train/a1.jpg", "train/a2.jpg")
    (folder / "labels.csv").write_text("id,breed\na1,pug\na2,boxer\n")
    assert read(folder) == {"train/a1.jpg": ("pug", None), "train/a2.jpg": ("boxer", None)}


def test_a_column_of_0_and_1_for_each_class(photos):
    folder = photos("a.jpg", "b.jpg", "c.jpg")
    (folder / "_classes.csv").write_text(
        "filename, cat, dog\na.jpg,1,0\nb.jpg,0.0,1.0\nc.jpg,0,0\n"
    )
    assert read(folder) == {"a.jpg": ("cat", None), "b.jpg": ("dog", None)}


def test_a_column_that_is_no_class_because_of_one_cell_is_named(photos):
    names = [f"{number}.jpg" for number in range(20)]
    folder = photos(*names)
    cats = ["", 0, 0, 2, *(int(at % 3 == 0) for at in range(4, 20))]
    rows = [
        f"{name},{cats[at]},{int(at % 3 == 1)},{int(at % 3 == 2)}" for at, name in enumerate(names)
    ]
    (folder / "labels.csv").write_text("\n".join(["file,cat,dog,fox", *rows]))
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert guess.sentence.startswith(
        "The column cat is no class: Row 5 of labels.csv has '2' there,"
    )


@pytest.mark.parametrize("value", ["2", "0.5"])
def test_of_two_columns_of_0_and_1_none_is_taken_for_the_labels_because_of_one_cell(photos, value):
    dog = ["0", "-1", "1", "0", "1", value, *"01" * 9]
    folder = photos(*(f"{at}.jpg" for at in range(24)))
    rows = [f"{at}.jpg,{at % 2},{cell}" for at, cell in enumerate(dog)]
    (folder / "labels.csv").write_text("\n".join(["file,cat,dog", *rows]))
    with pytest.raises(DataError, match=f"^Row 7 of labels.csv has '{value}' in the column dog,"):
        readers.read(DataSource(path=folder))


@pytest.mark.parametrize(
    "rows",
    [
        "file,cat,dog a.jpg,x, b.jpg,,X",
        "file,cat,dog a.jpg,yes,no b.jpg,No,Yes",
        "file,cat,dog,verified a.jpg,1,0,1 b.jpg,0,1,1",
        "file,cat,dog,is_ok a.jpg,1,0,1 b.jpg,0,1,0 c.jpg,1,0,1 d.jpg,0,1,0",
        "file,cat,dog a.jpg,0.9,0.1 b.jpg,0.3,0.7",
        "file;cat;dog a.jpg;0,9;0,1 b.jpg;0,3;0,7",
        "file,cat,dog,score a.jpg,true,false,0.25 b.jpg,false,true,0.75",
    ],
)
def test_columns_of_classes_have_ticks_or_probabilities(photos, rows):
    folder = photos("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    (folder / "labels.csv").write_text("\n".join(rows.split(" ")))
    found = {name: label for name, (label, _) in read(folder).items()}
    assert (found["a.jpg"], found["b.jpg"]) == ("cat", "dog")
    guesses = readers.read(DataSource(path=folder)).guesses
    assert bool(guesses) == any(word in rows for word in ("verified", "is_ok", "0.9", "0,9"))


def test_true_and_false_may_say_the_split(photos):
    folder = photos("cat/a.jpg", "cat/b.jpg", "dog/c.jpg")
    table = "name,label,is_valid\ncat/a.jpg,cat,False\ncat/b.jpg,cat,True\ndog/c.jpg,dog,False\n"
    (folder / "labels.csv").write_text(table)
    assert read(folder) == {
        "cat/a.jpg": ("cat", "train"),
        "cat/b.jpg": ("cat", "validation"),
        "dog/c.jpg": ("dog", "train"),
    }
    assert read(folder, type="image_folder")["cat/b.jpg"] == ("cat", None)


def test_a_list_of_paths_with_blanks_and_numbered_classes(photos):
    folder = photos("images/my photo (1).jpg", "images/2.jpg")
    (folder / "train_list.txt").write_text("images/my photo (1).jpg 0\nimages/2.jpg\t1\n")
    (folder / "labels.txt").write_text("cat\ndog\n")
    assert read(folder) == {
        "images/my photo (1).jpg": ("cat", None),
        "images/2.jpg": ("dog", None),
    }


@pytest.mark.parametrize(
    ("train", "test", "lines"),
    [
        ("train.txt", "test.txt", "cat/1.jpg dog/1.jpg"),
        ("meta/train.txt", "meta/test.txt", "cat/1 dog/1"),
        ("lists/train_list.lst", "lists/val_list.lst", "./images/cat/1.jpg images/dog/1.jpg"),
        ("train.csv", "test.csv", "file cat/1.jpg dog/1.jpg"),
        ("split/trainlist01.txt", "split/testlist01.txt", "cat/1.jpg dog/1.jpg"),
        ("train.json", "test.json", None),
    ],
)
def test_lists_of_bare_paths_say_the_split(photos, train, test, lines):
    folder = photos(*(f"images/{label}/{n}.jpg" for label in ("cat", "dog") for n in (1, 2)))
    for name, number in ((train, "1"), (test, "2")):
        (folder / name).parent.mkdir(exist_ok=True)
        content = json.dumps({label: [f"{label}/{number}"] for label in ("cat", "dog")})
        if lines:
            content = "\n".join(lines.replace("1", number).split())
        (folder / name).write_text(content)
    held_out = "validation" if "val" in test else "test"
    assert read(folder) == {
        f"images/{label}/{n}.jpg": (label, split)
        for label in ("cat", "dog")
        for n, split in ((1, "train"), (2, held_out))
    }
    assert {split for _, split in read(folder, split_column="never").values()} == {None}


def test_of_several_ways_to_split_the_first_is_used_and_said(photos):
    folder = photos(*(f"{label}/{n}.jpg" for label in ("cat", "dog") for n in (1, 2)))
    for number, (train, test) in enumerate([(1, 2), (2, 1)], 1):
        for name, n in (("train", train), ("test", test)):
            (folder / f"{name}{number}.txt").write_text(f"cat/{n}.jpg\ndog/{n}.jpg\n")
    assert read(folder)["cat/1.jpg"] == ("cat", "train")
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert "not test2.txt, train2.txt" in guess.sentence


def test_a_table_of_names_and_splits_beside_class_folders(photos):
    folder = photos(*(f"{label}/{label}{n}.jpg" for label in ("cat", "dog") for n in (1, 2)))
    rows = [
        f"{one}{n},{split}" for one in ("cat", "dog") for n, split in ((1, "train"), (2, "val"))
    ]
    (folder / "partition.csv").write_text("\n".join(["image_id,part", *rows]))
    assert read(folder)["dog/dog2.jpg"] == ("dog", "validation")


def test_a_table_of_names_and_numbered_splits_is_a_question(photos):
    folder = photos("img/0.jpg", "img/1.jpg", "img/2.jpg")
    (folder / "labels.csv").write_text("image_id,label\n0.jpg,a\n1.jpg,b\n2.jpg,a\n")
    (folder / "list_partition.csv").write_text("image_id,partition\n0.jpg,0\n1.jpg,1\n2.jpg,2\n")
    with pytest.raises(UnclearDataError, match="in the column partition") as caught:
        read(folder)
    found = read(folder, **caught.value.readings[0].options)
    assert [split for _, (_, split) in sorted(found.items())] == ["train", "validation", "test"]


def test_the_lists_of_cub(photos):
    names = ["001.Tern/Tern_1.jpg", "001.Tern/Tern_2.jpg", "002.Jay/Jay_1.jpg", "002.Jay/Jay_2.jpg"]
    folder = photos(*(f"images/{name}" for name in names))
    lines = [f"{number} {name}" for number, name in enumerate(names, 1)]
    (folder / "images.txt").write_text("\n".join(lines))
    (folder / "train_test_split.txt").write_text("1 1\n2 0\n3 1\n4 0\n")
    (folder / "image_class_labels.txt").write_text("1 1\n2 1\n3 2\n4 2\n")
    assert [split for _, split in read(folder).values()] == ["test", "test", "train", "train"]
    assert {label for label, _ in read(folder).values()} == {"001.Tern", "002.Jay"}


def test_numbers_of_pictures_with_zeros_in_front(photos):
    folder = photos("IMG_000.jpg", "IMG_001.jpg", "IMG_010.jpg")
    (folder / "labels.csv").write_text("id,label\n0,cat\n1,dog\n10,cat\n")
    assert read(folder)["IMG_010.jpg"] == ("cat", None)


@pytest.mark.parametrize(
    "lines",
    [
        "a.jpg, big cat/b.jpg, dog",
        "file|label/a.jpg|big cat/b.jpg|dog",
        "big cat,a.jpg/dog,b.jpg",
        "a.jpg;big cat;3/b.jpg;dog;4/c.jpg;big cat;5/d.jpg;dog;6",
        "#file,label/a.jpg,big cat/b.jpg,dog",
    ],
)
def test_lists_of_pictures_and_labels_with_any_sign_between_them(photos, lines):
    folder = photos("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    (folder / "annotations.txt").write_text(lines.replace("/", "\n"))
    found = read(folder)
    assert (found["a.jpg"], found["b.jpg"]) == (("big cat", None), ("dog", None))


@pytest.mark.parametrize(
    "start", ["# made by me\n# on Monday, at 3\nfile,label\n", "# by me\n#file,label\n", "# a\n"]
)
def test_comments_in_front_of_a_table(photos, start):
    folder = photos("a.jpg", "b.jpg")
    (folder / "labels.csv").write_text(f"{start}a.jpg,cat\nb.jpg,dog\na.jpg,cat\nb.jpg,dog\n")
    assert read(folder) == {"a.jpg": ("cat", None), "b.jpg": ("dog", None)}


@pytest.mark.parametrize("names", ["fine_label,coarse_label", "sex,site", "level 1,level 2"])
def test_two_columns_that_may_be_labels_are_a_question(photos, names):
    folder = photos("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    rows = ["a.jpg,cat,pet", "b.jpg,dog,pet", "c.jpg,cow,farm", "d.jpg,dog,farm"] * 2
    (folder / "labels.csv").write_text("\n".join([f"file,{names}", *rows]))
    with pytest.raises(
        UnclearDataError, match="several columns that may hold the labels"
    ) as caught:
        read(folder)
    options = [reading.options["target_column_name"] for reading in caught.value.readings]
    assert options == names.split(",")


def test_coco_with_one_category_a_picture(photos):
    folder = photos("images/a.jpg", "images/b.jpg")
    content = {
        "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
        "annotations": [
            {"image_id": 1, "category_id": 7},
            {"image_id": 1, "category_id": 7},
            {"image_id": 2, "category_id": 8},
        ],
        "categories": [{"id": 7, "name": "cat"}, {"id": 8, "name": "dog"}],
    }
    (folder / "_annotations.coco.json").write_text(json.dumps(content))
    assert read(folder) == {"images/a.jpg": ("cat", None), "images/b.jpg": ("dog", None)}


def test_paths_of_another_machine(photos):
    folder = photos("images/cat/1.jpg", "images/dog/1.jpg")
    rows = [r"C:\Users\me\data\images\cat\1.jpg,cat", "/home/you/images/dog/1.jpg,dog"]
    (folder / "labels.csv").write_text("\n".join(["filename,label", *rows]))
    assert read(folder) == {"images/cat/1.jpg": ("cat", None), "images/dog/1.jpg": ("dog", None)}


def test_a_declared_separator(photos):
    folder = photos("a.jpg", "b.jpg")
    (folder / "labels.csv").write_text("sep=;\r\nfilename;label\r\na.jpg;Äpfel\r\n", "utf-8-sig")
    assert read(folder) == {"a.jpg": ("Äpfel", None)}


def test_a_table_without_header(photos):
    folder = photos("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    (folder / "labels.csv").write_text("a.jpg,cat\nb.jpg,dog\nc.jpg,cat\nd.jpg,dog\n")
    assert read(folder)["b.jpg"] == ("dog", None)


def test_an_excel_workbook(photos):
    folder = photos("a.jpg", "b.jpg")
    book = openpyxl.Workbook()
    for row in (["file", "species"], ["a.jpg", "cat"], ["b.jpg", "dog"]):
        book.active.append(row)
    book.save(folder / "labels.xlsx")
    assert read(folder) == {"a.jpg": ("cat", None), "b.jpg": ("dog", None)}


def test_a_tree_that_repeats_itself_one_level_deeper_counts_once(photos):
    names = [f"{split}/{label}/0.png" for split in ("train", "val") for label in ("a", "b")]
    folder = photos(*(f"chest/{name}" for name in names))
    for name in names:
        copy = folder / "chest" / "chest" / name
        copy.parent.mkdir(parents=True)
        copy.write_bytes((folder / "chest" / name).read_bytes())
    listing = readers.read(DataSource(path=folder))
    assert len(listing.pictures) == 4
    assert listing.left_out.copies == [str(folder / "chest" / "chest")]


@pytest.mark.parametrize("level", ["", "pets/"])
@pytest.mark.parametrize("name", ["{} - Copy", "{} (2)", "Copy of {}", "{} copy"])
def test_a_copy_of_a_folder_is_left_out(photos, level, name):
    folder = photos(*(f"{level}{label}/{n}.png" for label in ("cat", "dog") for n in range(2)))
    original = folder / (level.strip("/") or "cat")
    copy = original.with_name(name.format(original.name))
    shutil.copytree(original, copy)
    listing = readers.read(DataSource(path=folder))
    assert listing.pictures["label"].value_counts().to_dict() == {"cat": 2, "dog": 2}
    assert listing.left_out.copies == [str(copy)]


@pytest.mark.parametrize(
    ("picture", "boxes", "content", "layout"),
    [
        ("VOC/JPEGImages/1.jpg", "VOC/Annotations/1.xml", "<annotation/>", "Pascal VOC"),
        ("images/train/1.jpg", "labels/train/1.txt", "0 0.5 0.5 0.1 0.2\n", "YOLO"),
        ("train/images/1.jpg", "train/labels/1.txt", "12 .5 .5 .1 .2 .3 .4", "YOLO"),
        ("1.jpg", "1.json", '{"shapes": []}', "LabelMe"),
    ],
)
def test_layouts_of_object_detection_are_named(photos, picture, boxes, content, layout):
    folder = photos(picture, picture.replace("train", "val").replace("1.", "2."))
    for name in (boxes, boxes.replace("1.", "2.")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    with pytest.raises(DataError, match=f"layout of {layout}.*object detection"):
        read(folder)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("IMG_000{clip}_{n}.jpg", "{group}_#.*"),
        ("{label}{clip}_frame{n}.jpg", "{group}_frame#.*"),
        ("clip-{label}-{clip} ({n}).jpg", "{group} (#).*"),
        ("IMG_{clip}_jpg.rf.{n}c{clip}f.jpg", "{group}.rf.*"),
        ("{label}_original_{clip}.jpg_{n}a-b-c-d-e.jpg", "*_original_{group}_*-*-*-*-*.*"),
        ("{label}_{clip}{n}.jpg", None),
        ("{clip}{n}.jpg", None),
    ],
)
def test_names_of_frames_are_offered_as_groups(photos, name, pattern):
    every = [
        f"{label}/{name.format(label=label, clip=clip, n=n)}"
        for label, clips in (("cat", (1, 2)), ("dog", (3, 4)))
        for clip in clips
        for n in range(3)
    ]
    folder = photos(*every)
    listing = readers.read(DataSource(path=folder))
    offered = [one for one in listing.readings if "group_pattern" in one.options]
    are_copies = "_jpg.rf" in name or "_original_" in name  # which are a group without a question
    expected = ["never"] if are_copies else [pattern] if pattern else []
    assert [one.options["group_pattern"] for one in offered] == expected
    what = "changed copies of 4" if are_copies else "frames of 4 cl"
    assert [what in one.sentence for one in listing.guesses] == [True] * bool(pattern)
    if pattern:
        source = DataSource.model_validate({"path": folder, **offered[0].options})
        grouped, other = (readers.read(source), listing)[:: -1 if are_copies else 1]
        assert set(grouped.pictures["group"].value_counts()) == {3}
        assert "group" not in other.pictures


def test_names_of_files_that_look_like_labels_are_offered(photos):
    folder = photos(*(f"{label}.{number}.jpg" for label in ("cat", "dog") for number in range(3)))
    with pytest.raises(UnclearDataError, match=r"look like labels: dog \(3\), cat \(3\)") as caught:
        read(folder)
    (reading,) = caught.value.readings
    assert read(folder, **reading.options)["cat.0.jpg"] == ("cat", None)


@pytest.mark.parametrize(
    ("name", "pattern", "split"),
    [
        ("{label}_{split}_{number}.jpg", "{label}_{split}_#.*", "validation"),
        ("{split}-{label}-{number}.jpg", "{split}-{label}-#.*", "validation"),
        ("img_{number}_{label}_v1.jpg", "img_#_{label}_v#.jpg", None),
    ],
)
def test_names_of_files_that_hold_label_and_split(photos, name, pattern, split):
    cases = [(a, b) for a in ("cat", "dog") for b in ("train", "val")]
    named = [name.format(label=a, split=b, number=n) for a, b in cases for n in (2, 3)]
    folder = photos(*dict.fromkeys(named))
    with pytest.raises(UnclearDataError) as caught:
        read(folder)
    (reading,) = caught.value.readings
    assert reading.options == {"label_pattern": pattern}
    found = read(folder, **reading.options)
    last = name.format(label="dog", split="val", number=3)
    assert found[last] == ("dog", split)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"label_level": 0}, "no level 0 of folders"),
        ({"label_level": 3}, "label_level is 3, but none of the 2 pictures .* lies so deep"),
        ({"label_pattern": "cat"}, "must contain {label} exactly once"),
        ({"label_pattern": "{split}_{split}_{label}"}, "and {split} at most once"),
        ({"label_pattern": "{label}_#.*"}, r"none of the 2 pictures .* has such a name; .*\.jpg"),
    ],
)
def test_a_choice_that_does_not_fit_says_what_would(photos, options, sentence):
    with pytest.raises((UserError, ValidationError), match=sentence):
        read(photos("cat/a.jpg", "dog/b.jpg"), **options)


def test_words_in_names_of_files_that_are_no_splits_are_refused(photos):
    folder = photos("cat_train_1.jpg", "dog_train_1.jpg", "dog_seen once_2.jpg", "cat_old_2.jpg")
    with pytest.raises(DataError, match=r"'cat_old_2.jpg' has 'old' in place of \{split\}"):
        read(folder, label_pattern="{label}_{split}_#.*")


def test_a_labels_file_that_cannot_be_used_is_named(photos):
    folder = photos("cat/a.jpg", "dog/b.jpg")
    (folder / "labels.csv").write_text("meaning,letters\na cat,3\n")
    listing = readers.read(DataSource(path=folder))
    assert set(listing.pictures["label"]) == {"cat", "dog"}
    (unused,) = listing.left_out.unused
    assert unused.startswith("labels.csv: ")


SAME = "file,label\ncat/a.jpg,cat\ndog/b.jpg,dog\n"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (SAME, "the same labels"),
        (SAME.replace(",cat", ",Felis").replace(",dog", ",Canis"), "the same labels"),
        (SAME.replace("a.jpg,cat", "a.jpg,day").replace("b.jpg,dog", "b.jpg,day"), "something"),
    ],
)
@pytest.mark.parametrize("name", ["labels.csv", "pets.csv"])
def test_a_table_beside_class_folders_is_used_and_said(photos, name, table, says):
    folder = photos("cat/a.jpg", "dog/b.jpg")
    (folder / name).write_text(table)
    listing = readers.read(DataSource(path=folder))
    if name == "pets.csv" and "something" in says:  # one label only: the folders are surer
        assert set(listing.pictures["label"]) == {"cat", "dog"}
        return
    (guess,) = listing.guesses
    assert guess.sentence.startswith(f"The labels are in {name}, while the names of the folders")
    assert says in guess.sentence
    (other,) = guess.others
    assert {label for label, _ in read(folder, **other.options).values()} == {"cat", "dog"}


def test_a_table_that_contradicts_the_class_folders_is_a_question(photos):
    folder = photos("cat/a.jpg", "dog/b.jpg")
    (folder / "labels.csv").write_text("file,label\ncat/a.jpg,dog\ndog/b.jpg,dog\n")
    with pytest.raises(UnclearDataError, match="differ for 1 of 2 pictures, such as cat/a.jpg"):
        read(folder)


def test_tables_of_other_folders_are_found_and_chosen_by_name(photos):
    folder = photos("images/a.jpg", "images/b.jpg")
    (folder / "annotations").mkdir()
    (folder / "annotations" / "list.csv").write_text("file,label\na.jpg,cat\nb.jpg,dog\n")
    expected = {"images/a.jpg": ("cat", None), "images/b.jpg": ("dog", None)}
    assert read(folder) == expected == read(folder, table="annotations/list.csv")
    with pytest.raises(UserError, match=r"table is \.\./x\.csv, but there is no such file"):
        read(folder, table="../x.csv")


def test_files_that_look_like_labels_are_named_with_the_reason(photos):
    folder = photos("cat/a.jpg", "dog/b.jpg")
    (folder / "annotations.mat").write_bytes(b"MATLAB")
    (folder / "labels.csv").write_text("file,label\nelsewhere.jpg,cat\n")
    mat, csv = readers.read(DataSource(path=folder)).left_out.unused
    assert mat == "annotations.mat: such files cannot be read. Save it as CSV."
    assert csv == "labels.csv: it names 0 of the 2 pictures here."


ONE_AND_TWO = {
    "list.csv": 'file,label\na.jpg,cat\nb.jpg,dog\nc.jpg,"cat, dog"\nd.jpg,\n',
    "bar.csv": "file,label\na.jpg,cat\nb.jpg,dog\nc.jpg,cat|dog\nd.jpg,\n",
    "python.csv": "file,label\na.jpg,['cat']\nb.jpg,['dog']\nc.jpg,\"['cat', 'dog']\"\nd.jpg,[]\n",
    "_classes.csv": "file,cat,dog\na.jpg,1,0\nb.jpg,0,1\nc.jpg,1,1\nd.jpg,0,0\n",
    "rows.jsonl": "\n".join(
        json.dumps({"image": f"{name}.jpg", "label": label})
        for name, label in {"a": ["cat"], "b": "dog", "c": ["cat", "dog"], "d": None}.items()
    ),
}


@pytest.mark.parametrize("name", ONE_AND_TWO)
def test_rows_with_several_labels_are_left_out_and_counted(photos, name):
    folder = photos("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    (folder / name).write_text(ONE_AND_TWO[name])
    listing = readers.read(DataSource(path=folder))
    assert listing.pictures["label"].tolist() == ["cat", "dog"]
    assert listing.left_out.several_labels == [(str(folder / "c.jpg"), "cat, dog")]
    assert listing.left_out.unlabelled == [str(folder / "d.jpg")]


@pytest.mark.parametrize(
    ("labels", "is_several"),
    [
        (("cat, dog", "dog, bird", "bird, cat", "cat"), True),
        (("Labrador, black", "Labrador, tan", "Pug, black", "Pug, tan"), False),
        (("tench, Tinca tinca", "hen", "tench, Tinca tinca", "hen"), False),
    ],
)
def test_a_comma_may_be_part_of_a_label(photos, labels, is_several):
    folder = photos(*(f"{number}.jpg" for number in range(4)))
    rows = "".join(f'{number}.jpg,"{label}"\n' for number, label in enumerate(labels))
    (folder / "labels.csv").write_text("file,label\n" + rows)
    if is_several:
        with pytest.raises(UserError, match="looks like data with several labels a picture: 3 of"):
            read(folder)
    else:
        assert {label for label, _ in read(folder).values()} == set(labels)


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task><id>3</id></task></meta>
<image id="0" name="a.jpg" subset="Train"><tag label="cat" source="manual"></tag></image>
<image id="1" name="b.jpg" subset="Validation"><box label="dog" xtl="1" ytl="1"></box></image>
<image id="2" name="c.jpg"><tag label="cat"></tag><tag label="dog"></tag></image>
<image id="3" name="d.jpg"></image></annotations>"""
VIA = {
    "_via_img_metadata": {
        f"{name}.jpg17": {"filename": f"{name}.jpg", "regions": [], "file_attributes": found}
        for name, found in {
            "a": {"animal": "cat"},
            "b": {"animal": {"dog": True, "cat": False}},
            "c": {"animal": {"cat": True, "dog": True}},
            "d": {},
        }.items()
    }
}
VIA_CSV = """filename,file_size,file_attributes,region_count,region_id,region_attributes
a.jpg,1,"{""animal"":""cat""}",0,0,"{}"
b.jpg,1,"{}",1,0,"{""animal"":""dog""}"
c.jpg,1,"{}",2,0,"{""animal"":""cat""}"
c.jpg,1,"{}",2,1,"{""animal"":""dog""}"
d.jpg,1,"{}",0,0,"{}"
"""
STUDIO_CSV = """annotation_id,annotator,animal,id,image,lead_time
1,1,cat,1,/data/upload/3/0a1b2c3d-a.jpg,2.5
2,1,dog,2,s3://bucket/photos/b.jpg,2.5
3,1,"{""choices"": [""cat"", ""dog""]}",3,/data/local-files/?d=x/c.jpg,2.5
4,1,,4,/tasks/4/presign/?fileuri=czM6Ly9idWNrZXQvZC5qcGc=,2.5
"""
LABELBOX = "\n".join(
    json.dumps(
        {
            "data_row": {"external_id": f"{name}.jpg", "row_data": f"https://x.org/{name}.jpg"},
            "projects": {"p": {"labels": [{"annotations": {"classifications": found}}]}},
        }
    )
    for name, found in {
        "a": [{"name": "animal", "radio_answer": {"name": "cat"}}],
        "b": [{"name": "animal", "checklist_answers": [{"name": "dog"}]}],
        "c": [{"name": "animal", "checklist_answers": [{"name": "cat"}, {"name": "dog"}]}],
        "d": [],
    }.items()
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("annotations.xml", CVAT),
        ("via_project.json", json.dumps(VIA)),
        ("via_export.csv", VIA_CSV),
        ("project-1-at-2024.csv", STUDIO_CSV),
        ("export.ndjson", LABELBOX),
    ],
)
def test_exports_of_annotation_tools_are_read_as_they_come(photos, name, content):
    folder = photos("images/a.jpg", "images/b.jpg", "images/c.jpg", "images/d.jpg")
    (folder / name).write_text(content)
    for path in (folder, folder / name):
        listing = readers.read(DataSource(path=path))
        labels = {Path(p).name: one for p, one in listing.pictures[["path", "label"]].values}
        assert labels == {"a.jpg": "cat", "b.jpg": "dog"}
        assert listing.left_out.several_labels == [(str(folder / "images/c.jpg"), "cat, dog")]
        assert listing.left_out.unlabelled == [str(folder / "images/d.jpg")]


def test_predictions_of_a_model_are_no_labels(photos):
    folder = photos("a.jpg")
    found = [{"from_name": "x", "type": "choices", "value": {"choices": ["cat"]}}]
    tasks = [{"id": 1, "data": {"image": "a.jpg"}, "predictions": [{"result": found}]}]
    (folder / "export.json").write_text(json.dumps(tasks))
    with pytest.raises(UserError, match="has predictions of a model, but no annotations"):
        read(folder / "export.json")


BY_NAME = {"a.jpg": "cat", "b.jpg": ["dog"], "c.jpg": ["cat", "dog"], "d.jpg": None}


@pytest.mark.parametrize(
    "content",
    [
        BY_NAME,
        {"cat": ["a.jpg", "c.jpg"], "dog": ["b.jpg", "c.jpg"], "": ["d.jpg"]},
        {name: {"class": label} for name, label in BY_NAME.items()},
        {"photos": [{"file": name, "label": label} for name, label in BY_NAME.items()]},
        {"classes": ["cat", "dog"], "labels": {"a": 0, "b": [1], "c": [0, 1], "d": None}},
        {
            "categories": {"label": {"labels": [{"name": "cat"}, {"name": "dog"}]}},
            "items": [
                {"id": name, "annotations": [{"type": "label", "label_id": n} for n in found]}
                for name, found in (("a", [0]), ("b", [1]), ("c", [0, 1]), ("d", []))
            ],
        },
    ],
)
def test_json_of_labels_by_picture_or_the_other_way_round(photos, content):
    folder = photos(*(f"images/{name}.jpg" for name in "abcd"))
    (folder / "labels.json").write_text(json.dumps(content))
    listing = readers.read(DataSource(path=folder))
    assert [Path(path).name for path in listing.pictures["path"]] == ["a.jpg", "b.jpg"]
    assert listing.pictures["label"].tolist() == ["cat", "dog"]
    assert listing.left_out.several_labels == [(str(folder / "images/c.jpg"), "cat, dog")]
    assert listing.left_out.unlabelled == [str(folder / "images/d.jpg")]


def test_json_of_pictures_by_split_is_no_list_of_labels(photos):
    folder = photos("cat/a.jpg", "cat/b.jpg", "dog/c.jpg", "dog/d.jpg")
    splits = {"train": ["cat/a.jpg", "dog/c.jpg"], "test": ["cat/b.jpg", "dog/d.jpg"]}
    (folder / "splits.json").write_text(json.dumps(splits))
    assert {label for label, _ in read(folder).values()} == {"cat", "dog"}


def test_classes_of_boxes_in_a_manifest_are_labels(photos):
    folder = photos("a.jpg", "b.jpg")
    rows = [
        {"source-ref": f"s3://b/{name}.jpg", "x-metadata": {"class-map": {"0": label}}}
        for name, label in (("a", "cat"), ("b", "dog"))
    ]
    (folder / "output.manifest").write_text("\n".join(map(json.dumps, rows)))
    assert read(folder) == {"a.jpg": ("cat", None), "b.jpg": ("dog", None)}


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("IMG_{}.JPG", "photos/img_{}.jpg"),
        ("my%20photo%20{}.jpg", "my photo {}.jpg"),
        ("file:///C:/Users/me/photos/{}.jpg", "photos/{}.jpg"),
        ("{}.png", "photos/{}.jpg"),
    ],
)
def test_names_that_are_spelt_a_little_differently(photos, cell, name):
    folder = photos(name.format(1), name.format(2))
    rows = [f"{cell.format(number)},{label}" for number, label in ((1, "cat"), (2, "dog"))]
    (folder / "labels.csv").write_text("\n".join(["file,label", *rows]))
    assert read(folder) == {name.format(1): ("cat", None), name.format(2): ("dog", None)}
    said = [guess.sentence for guess in readers.read(DataSource(path=folder)).guesses]
    assert said == [
        "2 of 2 pictures have another ending than labels.csv says, such as 1.jpg for 1.png."
    ] * (cell == "{}.png")


def test_another_ending_is_no_stand_in_for_a_missing_picture(photos):
    folder = photos("images/1.jpg", "other/2.png")
    (folder / "labels.csv").write_text("file,label\nimages/1.jpg,cat\nimages/2.jpg,dog\n")
    assert "other/2.png" not in read(folder)


@pytest.mark.parametrize("name", ["Klasse", "ClassId", "Class Label", "クラス"])
def test_columns_of_labels_have_names_in_any_language_and_spelling(photos, name):
    folder = photos("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    rows = ["a.jpg,cat,K1", "b.jpg,dog,K1", "c.jpg,cat,K2", "d.jpg,dog,K2"]
    (folder / "list.csv").write_text("\n".join([f"Bild,{name},Kamera", *rows]))
    assert read(folder)["d.jpg"] == ("dog", None)


def test_titles_above_a_table_and_other_sheets_are_passed_over(photos):
    folder = photos("a.jpg", "b.jpg")
    table = [["My labels"], [], ["file", "species"], ["a.jpg", "cat"], ["b.jpg", "dog"]]
    book = openpyxl.Workbook()
    book.active.append(["see the next sheet"])
    sheet = book.create_sheet("labels")
    for row in table:
        sheet.append(row)
    book.save(folder / "labels.xlsx")
    expected = {"a.jpg": ("cat", None), "b.jpg": ("dog", None)}
    assert read(folder) == expected
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert guess.sentence == "Of labels.xlsx the sheet labels is read, and not Sheet."
    (folder / "labels.xlsx").unlink()
    (folder / "labels.csv").write_text("\n".join(",".join(row) for row in table))
    assert read(folder) == expected


@pytest.mark.parametrize("names", [["images/{}.jpg"], ["JPEGImages/{}.jpg", "masks/{}.png"]])
def test_a_folder_of_pictures_is_no_class(photos, names):
    folder = photos(*(name.format(n) for name in names for n in range(2)))
    (folder / "labels.ods").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"but in (images|JPEGImages)\. .* labels\.ods: such files"):
        read(folder)


def test_labels_in_names_are_offered_beside_folders_of_splits(photos):
    folder = photos(*(f"train/{label}.{n}.jpg" for label in ("cat", "dog") for n in range(2)))
    photos("test1/8.jpg", "test1/9.jpg")
    with pytest.raises(UnclearDataError, match="are splits of a data set") as caught:
        read(folder)
    found = read(folder, **caught.value.readings[-1].options)
    assert found == {
        f"train/{label}.{n}.jpg": (label, "train") for label in ("cat", "dog") for n in range(2)
    }


def test_tables_of_splits_go_before_folders_that_are_named_like_splits(photos):
    folder = photos(*(f"Train/{n}/{n}_{m}.png" for n in (0, 1) for m in (0, 1)), "Test/8.png")
    photos("Test/9.png", "Meta/0.png")
    train = [f"Train/{n}/{n}_{m}.png,{n}" for n in (0, 1) for m in (0, 1)]
    (folder / "Train.csv").write_text("\n".join(["Path,ClassId", *train]))
    (folder / "Test.csv").write_text("Path,ClassId\nTest/8.png,0\nTest/9.png,1\n")
    assert read(folder)["Test/9.png"] == ("1", "test")
    assert read(folder)["Train/1/1_0.png"] == ("1", "train")


def test_xml_with_entities_is_refused(photos):
    folder = photos("a.jpg")
    (folder / "annotations.xml").write_text('<!DOCTYPE a [<!ENTITY x "y">]><annotations/>')
    with pytest.raises(UserError, match="declares entities"):
        read(folder / "annotations.xml")


def test_the_code_page_of_an_archive_is_a_guess_with_alternatives(photos, tmp_path):
    folder = photos("x1.jpg", "x2.jpg")
    with zipfile.ZipFile(tmp_path / "plain.zip", "w") as file:
        file.write(folder / "x1.jpg", "AAAAAA/x1.jpg")
        file.write(folder / "x2.jpg", "BBBBBB/x2.jpg")
    content = (tmp_path / "plain.zip").read_bytes()
    for name, label in ((b"AAAAAA", "りんご"), (b"BBBBBB", "ソーダ")):
        content = content.replace(name, label.encode("shift_jis"))
    archive = tmp_path / "pets.zip"
    archive.write_bytes(content)
    listing = readers.read(DataSource(path=archive))
    assert set(listing.pictures["label"]) == {"りんご", "ソーダ"}
    (guess,) = listing.guesses
    assert guess.sentence.startswith(
        "Names in pets.zip are read in the code page cp932, such as り"
    )
    other = readers.read(DataSource.model_validate({"path": archive, **guess.others[0].options}))
    assert set(other.pictures["label"]).isdisjoint({"りんご", "ソーダ"})
    with pytest.raises(ValidationError, match="which is no code page"):
        DataSource(path=archive, code_page="klingon")


def test_tables_of_different_pictures_can_be_read_together(photos):
    folder = photos("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    (folder / "ann.csv").write_text("file,label\na.jpg,cat\nb.jpg,dog\n")
    (folder / "bob.csv").write_text("file,label\nc.jpg,cat\nd.jpg,dog\n")
    with pytest.raises(UnclearDataError, match="name different pictures") as caught:
        read(folder)
    *_, together = caught.value.readings
    assert set(read(folder, **together.options)) == {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}


def test_a_submission_beside_the_table_is_no_rival(photos):
    folder = photos("train/a.jpg", "train/b.jpg", "test/c.jpg", "test/d.jpg")
    (folder / "train.csv").write_text("id,breed\na,pug\nb,boxer\n")
    (folder / "sample_submission.csv").write_text("id,breed\nc,pug\nd,pug\n")
    listing = readers.read(DataSource(path=folder))
    assert listing.pictures["label"].tolist() == ["boxer", "pug"]
    (guess,) = listing.guesses
    assert "not used: sample_submission.csv" in guess.sentence


def test_guesses_about_validation_data_name_its_own_options(photos):
    folder = photos(*(f"train/{label}/{n}.jpg" for label in ("cat", "dog") for n in range(2)))
    photos("val/cat/8.jpg", "val/dog/9.jpg")
    (folder / "val" / "labels.csv").write_text("file,label\n8.jpg,cat\n9.jpg,dog\n")
    content = {
        "type": "automl",
        "training_data": {"path": str(folder / "train")},
        "validation_data": {"path": str(folder / "val")},
    }
    report = manifest.look(Job.from_dict(content)).report
    messages = {finding.kind: finding.message for finding in report.findings}
    assert "with --set validation_data.table=never: The folders" in messages["guessed"]
    assert messages["held_out_reading"].startswith("Validation data: The table labels.csv")
    (_, other) = report.held_out_readings["validation_data"]
    assert other.options == {"table": "never"}
    content["validation_data"].update(other.options)
    report = manifest.look(Job.from_dict(content)).report
    assert not {"guessed", "held_out_reading"} & {finding.kind for finding in report.findings}


@pytest.mark.parametrize("cell", [[{"bytes": b"\x89PNG" * 400, "path": None}], [137] * 400])
def test_cells_too_long_for_a_path_are_refused_in_a_sentence(tmp_path, cell):
    table = pa.table({"image": [cell] * 2, "label": ["ant", "bee"]})
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(DataError, match="Row 1 of x.parquet has .* in place of the picture's"):
        readers.read(DataSource(path=tmp_path / "x.parquet"))


def labelme(name: str, flags: dict[str, bool], *shapes: str) -> str:
    return json.dumps(
        {
            "version": "5.4.1",
            "flags": flags,
            "shapes": [{"label": shape, "points": [[1, 1], [2, 2]]} for shape in shapes],
            "imagePath": f"..\\images\\{name}",
            "imageData": None,
        }
    )


def voc(name: str, *objects: str) -> str:
    inside = "".join(f"<object><name>{one}</name></object>" for one in objects)
    return f"<annotation><filename>{name}</filename>{inside}</annotation>"


@pytest.mark.parametrize("place", ["train/{}", "train/annotations/{}", "Annotations/train/{}"])
@pytest.mark.parametrize("kind", ["flags", "shapes", "voc"])
def test_a_file_of_annotations_for_each_picture(photos, place, kind):
    names = [f"{split}/{n}.jpg" for split in ("train", "test") for n in range(2)]
    folder = photos(*names)
    for name, label in zip(names, ["cat", "dog"] * 2, strict=True):
        split, _, file = name.partition("/")
        content = {
            "flags": labelme(file, {"cat": label == "cat", "dog": label == "dog"}),
            "shapes": labelme(file, {}, label, label),
            "voc": voc(file, label, label),
        }[kind]
        suffix = ".xml" if kind == "voc" else ".json"
        path = folder / place.replace("train", split).format(file.replace(".jpg", suffix))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    expected = {
        name: (label, name.partition("/")[0])
        for name, label in zip(names, ["cat", "dog"] * 2, strict=True)
    }
    assert read(folder) == expected
    listing = readers.read(DataSource(path=folder))
    assert ["in the boxes" in guess.sentence for guess in listing.guesses] == [True] * (
        kind != "flags"
    )
    assert listing.left_out.unused == []
    assert {split for _, split in read(folder, split_column="never").values()} == {None}


def test_annotations_of_several_kinds_of_objects_are_several_labels(photos):
    folder = photos("a.jpg", "b.jpg")
    (folder / "a.json").write_text(labelme("a.jpg", {"cat": True, "dog": True}))
    (folder / "b.json").write_text(labelme("b.jpg", {"cat": True, "indoor": True}))
    with pytest.raises(UnclearDataError, match="several labels a picture"):
        read(folder)


def test_the_lists_of_classes_of_voc(photos):
    base = "VOCdevkit/VOC2012"
    folder = photos(*(f"{base}/JPEGImages/2008_{n}.jpg" for n in range(4)))
    photos(*(f"{base}/SegmentationClass/2008_{n}.png" for n in range(2)))
    lists = folder / base / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for split, numbers in (("train", (0, 1)), ("val", (2, 3)), ("trainval", range(4))):
        (lists / f"{split}.txt").write_text("".join(f"2008_{n}\n" for n in numbers))
        for label, odd in (("cat", 0), ("potted_plant", 1)):
            lines = [f"2008_{n} {1 if n % 2 == odd else -1:2}\n" for n in numbers]
            (lists / f"{label}_{split}.txt").write_text("".join(lines))
    assert read(folder) == {
        f"{base}/JPEGImages/2008_{n}.jpg": (
            "potted_plant" if n % 2 else "cat",
            "train" if n < 2 else "validation",
        )
        for n in range(4)
    }


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["images_001/images/{}.jpg", "images_002/images/{}.jpg"], None),
        (["set/a/abbey/{}.jpg", "set/b/bakery/{}.jpg"], {"abbey", "bakery"}),
        (["train/Images/7/{}.jpg", "train/Images/8/{}.jpg", "test/Images/{}9.jpg"], {"7", "8"}),
    ],
)
def test_folders_whose_names_say_nothing_are_no_classes(photos, names, labels):
    folder = photos(*(name.format(n) for name in names for n in range(2)))
    if labels is None:
        with pytest.raises(DataError, match="not in folders named after their classes"):
            read(folder)
    else:
        assert {label for label, _ in read(folder).values()} == labels


def test_a_table_of_one_split_beside_class_folders_of_the_other(photos):
    folder = photos(*(f"tiny/train/n{n}/images/n{n}_{m}.JPEG" for n in (1, 2) for m in (0, 1)))
    photos(*(f"tiny/val/images/val_{n}.JPEG" for n in range(4)), "tiny/test/images/t.JPEG")
    lines = [f"val_{n}.JPEG\tn{n % 2 + 1}\t0\t32\t44\t62\n" for n in range(4)]
    (folder / "tiny" / "val" / "val_annotations.txt").write_text("".join(lines))
    (folder / "tiny" / "wnids.txt").write_text("n1\nn2\n")
    train = {
        f"tiny/train/n{n}/images/n{n}_{m}.JPEG": (f"n{n}", "train") for n in (1, 2) for m in (0, 1)
    }
    val = {f"tiny/val/images/val_{n}.JPEG": (f"n{n % 2 + 1}", "validation") for n in range(4)}
    assert read(folder) == train | val
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert "in the names of the folders for the others" in guess.sentence


def test_lists_of_ids_and_labels_with_blanks_for_each_split_and_each_level(photos):
    folder = photos(*(f"data/images/{n}0371.jpg" for n in range(12)))
    splits = {"train": range(4), "val": range(4, 8), "trainval": range(8), "test": range(8, 12)}
    for split, numbers in splits.items():
        (folder / "data" / f"images_{split}.txt").write_text("\n".join(f"{n}0371" for n in numbers))
        for level, names in {"variant": ["Cessna 172", "707"], "family": ["Jet", "707"]}.items():
            lines = [
                f"{n}0371 {names[n % 4 // (2 if level == 'family' else 1) % 2]}" for n in numbers
            ]
            (folder / "data" / f"images_{level}_{split}.txt").write_text("\n".join(lines))
    with pytest.raises(UnclearDataError, match="can be read in several ways") as caught:
        read(folder)
    (variant,) = [one.options for one in caught.value.readings if "variant" in one.sentence]
    found = read(folder, **variant)
    assert found["data/images/40371.jpg"] == ("Cessna 172", "validation")
    assert found["data/images/110371.jpg"] == ("707", "test")
    assert len(found) == 12


def test_a_table_with_blanks_between_its_cells_and_a_numbered_partition(photos):
    folder = photos(*(f"img/{n}.jpg" for n in range(6)))
    rows = [f"{n}.jpg {1 if n % 2 else -1:2} {-1 if n % 2 else 1:2}\n" for n in range(6)]
    (folder / "list_attr.txt").write_text("6\nSmiling Bald \n" + "".join(rows))
    (folder / "list_partition.txt").write_text("".join(f"{n}.jpg {n % 3}\n" for n in range(6)))
    with pytest.raises(UnclearDataError, match="list_partition.txt has the split '0'") as caught:
        read(folder)
    found = read(folder, **caught.value.readings[0].options)
    assert found["img/1.jpg"] == ("Smiling", "validation")
    assert found["img/2.jpg"] == ("Bald", "test")


def test_a_question_about_a_table_goes_before_one_that_labels_fewer_pictures(photos):
    names = [f"{label}_{n}" for label in ("Birman", "Boxer") for n in range(6)]
    folder = photos(*(f"images/{name}.jpg" for name in names))
    (folder / "annotations").mkdir()
    lines = [f"{name} {1 + n // 6} {1 + n // 3 % 2}\n" for n, name in enumerate(names)]
    (folder / "annotations" / "list.txt").write_text("#Image CLASS-ID SPECIES\n" + "".join(lines))
    (folder / "annotations" / "test.txt").write_text("".join(lines[5:7]))
    (folder / "annotations" / "trainval.txt").write_text("".join(lines[:5] + lines[7:]))
    (folder / "annotations" / "Birman_0.xml").write_text(voc("Birman_0.jpg", "cat"))
    with pytest.raises(
        UnclearDataError, match="several columns that may hold the labels"
    ) as caught:
        read(folder)
    options = dict(caught.value.readings[0].options)
    source = DataSource(path=folder, table=options["table"])
    listing = readers.read(source, target_column_name=options["target_column_name"])
    counts = listing.pictures[["label", "split"]].value_counts().to_dict()
    assert counts == {(one, split): n for one in "12" for split, n in (("train", 5), ("test", 1))}


def test_numbers_of_pictures_and_classes_that_are_named_in_files_beside(photos):
    folder = photos(*(f"images/p{n}x.jpg" for n in range(4)))
    (folder / "images.txt").write_text("".join(f"{n} p{n}x.jpg\n" for n in range(4)))
    (folder / "image_class_labels.txt").write_text("".join(f"{n} {n % 2}\n" for n in range(4)))
    (folder / "categories_all.txt").write_text("/a/big airfield 0\n/b/bakery 1\n")
    assert read(folder)["images/p2x.jpg"] == ("/a/big airfield", None)
    assert read(folder)["images/p3x.jpg"] == ("/b/bakery", None)


def test_minus_one_beside_zero_is_taken_for_no_and_said(photos):
    folder = photos("a.jpg", "b.jpg", "c.jpg")
    (folder / "labels.csv").write_text("file,cat,dog\na.jpg,1.0,-1.0\nb.jpg,,1.0\nc.jpg,0.0,1.0\n")
    assert [label for label, _ in read(folder).values()] == ["cat", "dog", "dog"]
    (folder / "labels.csv").write_text("file,cat,dog\na.jpg,1,0\nb.jpg,-1,1\nc.jpg,0,1\n")
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert guess.sentence == "Cells of -1 beside 0, as in cat, are taken for no."


def test_a_class_that_repeats_its_name_inside_its_splits_is_no_data_set(photos):
    names = [f"{one}/{split}/{one}/0.jpg" for one in ("cat", "dog") for split in ("train", "test")]
    assert read(photos(*names)) == {
        name: (name.split("/")[0], name.split("/")[1]) for name in names
    }


def test_sheets_that_are_named_after_splits_are_read_together(photos):
    folder = photos(*(f"{n}.jpg" for n in range(4)))
    book = openpyxl.Workbook()
    book.remove(book.active)
    for split, numbers in (("Train set", (0, 1)), ("Test set", (2, 3))):
        sheet = book.create_sheet(split)
        for row in (["file", "label"], *([f"{n}.jpg", "cat" if n % 2 else "dog"] for n in numbers)):
            sheet.append(row)
    book.save(folder / "labels.xlsx")
    assert read(folder)["1.jpg"] == ("cat", "train")
    assert read(folder)["2.jpg"] == ("dog", "test")


@pytest.mark.parametrize(
    "table",
    [
        "emotion,pixels\n" + "\n".join(f"{n},{' '.join(['7'] * 64)}" for n in range(2)),
        ",".join(["label", *(f"pixel{n}" for n in range(64))]) + "\n" + ",".join(["7"] * 65),
    ],
)
def test_a_table_of_pixels_is_named_with_the_way_out(tmp_path, table):
    (tmp_path / "train.csv").write_text(table)
    with pytest.raises(DataError, match=r"values of pixels .* np\.savez"):
        read(tmp_path / "train.csv")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("classes.txt", "cat\ndog\n"),
        ("labels.txt", "0: cat\n1: dog\n"),
        ("obj.names", "cat\ndog\n"),
        ("data.yaml", "nc: 2\nnames: [cat, dog]\n"),
        ("data.yaml", "names:\n  0: cat\n  1: dog\n"),
        ("config.json", '{"width": 3, "id2label": {"0": "cat", "1": "dog"}}'),
        ("class_to_idx.json", '{"cat": 0, "dog": 1}'),
        ("label_map.json", '["cat", "dog"]'),
        ("classes.json", '[{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}]'),
        ("signnames.csv", "ClassId,SignName\n0,cat\n1,dog\n"),
        ("labels.csv", "ClassId,Name\n00,cat\n01,dog\n"),
        ("label_map.pbtxt", "item {\n id: 0\n name: 'cat'\n}\nitem {\n id: 1\n name: 'dog'\n}"),
        (
            "README.md",
            "---\nfeatures:\n- name: label\n  dtype:\n    class_label:\n      names:\n"
            "        '0': cat\n        '1': dog\n---\n",
        ),
    ],
)
def test_classes_that_are_numbers_have_the_names_of_a_file_beside_them(photos, name, content):
    folder = photos("train/0/a.jpg", "train/1/b.jpg", "val/1/c.jpg")
    (folder / name).write_text(content)
    assert read(folder) == {
        "train/0/a.jpg": ("cat", "train"),
        "train/1/b.jpg": ("dog", "train"),
        "val/1/c.jpg": ("dog", "validation"),
    }
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert guess.sentence == f"The classes are named by {name}: 0 is cat, 1 is dog."
    assert read(folder, **guess.others[0].options)["val/1/c.jpg"] == ("1", "validation")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("classes.txt", "cat\n"),
        ("config.json", '{"epochs": 1, "width": 0, "height": 7}'),
        ("labels.json", '{"0": "cat", "1": "cat"}'),
        ("readme.txt", "two\nlines\n"),
    ],
)
def test_a_file_that_does_not_name_all_classes_names_none(photos, name, content):
    folder = photos("0/a.jpg", "1/b.jpg")
    (folder / name).write_text(content)
    assert read(folder) == {"0/a.jpg": ("0", None), "1/b.jpg": ("1", None)}
    with pytest.raises(DataError, match="class_names is"):
        read(folder, class_names="none.txt")


def test_validation_data_has_the_names_of_the_training_data(photos):
    folder = photos("train/0/a.jpg", "train/1/b.jpg", "val/1/c.jpg")
    (folder / "train" / "classes.txt").write_text("cat\ndog\n")
    job = Job(
        training_data=DataSource(path=folder / "train"),
        validation_data=DataSource(path=folder / "val"),
    )
    assert manifest.look(job).samples["label"].tolist() == ["cat", "dog", "dog"]


def test_a_table_of_numbers_has_the_names_of_codes_in_a_file(photos):
    folder = photos("images/a.jpg", "images/b.jpg")
    (folder / "train.csv").write_text("file,label\na.jpg,n01440764\nb.jpg,n01443537\n")
    (folder / "LOC_synset_mapping.txt").write_text(
        "n01440764 tench, Tinca tinca\nn01443537 goldfish\nn01484850 shark\n"
    )
    assert [label for label, _ in read(folder).values()] == ["goldfish", "tench, Tinca tinca"]


@pytest.mark.parametrize(
    "table",
    [
        "filename,label\n'a.jpg','cat'\n'b.jpg','dog'\n",
        "filename label\na.jpg cat\nb.jpg dog\n",
        "filename,label\na.jpg,cat\nfilename,label\nb.jpg,dog\nTotal:,2\n",
        "image_url,filename,label\nhttps://a.b/1,a.jpg,cat\nhttps://a.b/2,b.jpg,dog\n",
    ],
)
def test_tables_that_are_written_a_little_differently(photos, table):
    folder = photos("a.jpg", "b.jpg")
    (folder / "labels.csv").write_text(table)
    assert read(folder) == {"a.jpg": ("cat", None), "b.jpg": ("dog", None)}


def test_folder_and_name_of_a_picture_may_be_two_columns(photos):
    folder = photos(*(f"{place}/{name}.jpg" for place in ("one", "two") for name in "ab"))
    (folder / "labels.csv").write_text(
        "place,filename,label\none,a.jpg,cat\none,b.jpg,dog\ntwo,a.jpg,dog\ntwo,b.jpg,cat\n"
    )
    assert [label for label, _ in read(folder).values()] == ["cat", "cat", "dog", "dog"]
    assert [guess.sentence for guess in readers.read(DataSource(path=folder)).guesses][1:] == [
        "The pictures are those in place/filename, as filename names none that is here."
    ]


def test_whole_numbers_with_a_decimal_point_are_ids(photos):
    folder = photos("1.jpg", "2.jpg")
    (folder / "labels.csv").write_text("id,label\n1.0,cat\n2.0,dog\n")
    assert read(folder) == {"1.jpg": ("cat", None), "2.jpg": ("dog", None)}


def test_a_path_that_leads_up_within_the_folder(photos):
    folder = photos("images/a.jpg", "images/b.jpg")
    (folder / "tables").mkdir()
    (folder / "annotations").mkdir()
    table = "filename,label\n../images/a.jpg,cat\n../images/b.jpg,dog\n"
    (folder / "annotations" / "labels.csv").write_text(table)
    assert read(folder) == {"images/a.jpg": ("cat", None), "images/b.jpg": ("dog", None)}
    assert not readers.read(DataSource(path=folder)).left_out.unused


def test_lists_beside_a_table_of_a_split_do_not_hide_it(photos):
    names = [f"val/images/{number}.jpg" for number in range(4)]
    folder = photos("train/n01/a.jpg", "train/n02/b.jpg", *names)
    rows = [f"{number}.jpg\tn0{1 + number % 2}\t0\t9\n" for number in range(4)]
    (folder / "val" / "val_annotations.txt").write_text("".join(rows))
    (folder / "words.txt").write_text("n01\ttench\nn02\tshark\nn03\teel\n")
    assert read(folder)["val/images/3.jpg"] == ("shark", "validation")


def test_a_column_of_numbers_that_is_named_like_splits_is_offered(photos):
    folder = photos(*(f"{name}.jpg" for name in "abcd"))
    (folder / "labels.csv").write_text(
        "file,label,set\na.jpg,cat,1\nb.jpg,dog,2\nc.jpg,cat,2\nd.jpg,dog,1\n"
    )
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert guess.others[0].options == {"split_column": "set"}
    with pytest.raises(UnclearDataError, match="split_values"):
        read(folder, split_column="set")
    source = DataSource(path=folder, split_column="set", split_values="3=test, 2=test, *=train")
    (guess,) = readers.read(source).guesses
    assert guess.sentence == "split_values says what 3 means, which no row has in set."
    table = (folder / "labels.csv").read_text()
    (folder / "labels.csv").write_text(re.sub(r"(\d)$", r"\1.0", table, flags=re.MULTILINE))
    (guess,) = readers.read(source).guesses
    assert guess.sentence == "split_values says what 3 means, which no row has in set."


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (
            "data.jsonl",
            '{"imageGcsUri": "gs://b/%s", "classificationAnnotation": {"displayName": "%s"}}',
        ),
        ("samples.json", '{"filepath": "/a/%s", "ground_truth": {"_cls": "C", "label": "%s"}}'),
        ("samples.json", '{"item": {"file": "%s"}, "about": {"label": "%s"}}'),
        ("data.json", '{"image": "%s", "annotations": [{"label": "%s", "coordinates": {"x": 1}}]}'),
        ("info.labels", '{"path": "%s", "label": {"type": "label", "label": "%s"}}'),
        ("export.csv", '"https://a.b/c",%s,"{""animal"":""%s""}"'),
    ],
)
def test_labels_inside_of_objects(photos, name, row):
    folder = photos(*(f"images/{number}.jpg" for number in range(4)))
    rows = [row % (f"{number}.jpg", ("cat", "dog")[number % 2]) for number in range(4)]
    around = {
        "data.jsonl": "%s",
        "data.json": "[%s]",
        "export.csv": "Labeled Data,External ID,Label\n%s",
    }.get(name, '{"files": [%s]}')
    is_lines = name in ("data.jsonl", "export.csv")
    (folder / name).write_text(around % ("\n" if is_lines else ", ").join(rows))
    assert [label for label, _ in read(folder).values()] == ["cat", "cat", "dog", "dog"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("{number}.jpg.json", {"tags": [{"name": "{label}", "value": None}], "objects": []}),
        ("annotations/{number}.json", {"annotations": [{"name": "{label}", "tag": {}}]}),
        ("{number}.json", {"label": "{label}", "size": 3}),
    ],
)
def test_a_json_file_for_each_picture_may_be_of_any_program(photos, name, content):
    folder = photos("0.jpg", "1.jpg")
    for number, label in enumerate(("cat", "dog")):
        path = folder / name.format(number=number)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content).replace("{label}", label))
    (folder / "meta.json").write_text('{"tags": [{"name": "cat"}, {"name": "dog"}]}')
    assert read(folder) == {"0.jpg": ("cat", None), "1.jpg": ("dog", None)}


@pytest.mark.parametrize(
    "content",
    [
        {"0": "cat", "1": "dog", "2": "cat", "3": "dog"},
        {str(number): {"label": ("cat", "dog")[number % 2], "size": 3} for number in range(4)},
        {
            "train": [{"file": "0.jpg", "label": "cat"}, {"file": "1.jpg", "label": "dog"}],
            "val": [{"file": "2.jpg", "label": "cat"}, {"file": "3.jpg", "label": "dog"}],
        },
    ],
)
def test_json_of_ids_or_of_splits(photos, content):
    folder = photos(*(f"images/{number}.jpg" for number in range(4)))
    (folder / "data.json").write_text(json.dumps(content))
    found = read(folder)
    assert [found[f"images/{number}.jpg"][0] for number in range(4)] == ["cat", "dog"] * 2
    assert {split for _, split in found.values()} == {
        None if "train" not in content else "train",
        None if "train" not in content else "validation",
    }


def test_names_in_several_folders_mean_those_of_the_table_or_of_its_split(photos):
    folder = photos(*(f"{split}/images/{name}.jpg" for split in ("train", "test") for name in "ab"))
    (folder / "train.csv").write_text("id,label\na,cat\nb,dog\n")
    (folder / "test.csv").write_text("id\na\nb\n")
    found = readers.read(DataSource(path=folder))
    assert read(folder) == {
        "train/images/a.jpg": ("cat", None),
        "train/images/b.jpg": ("dog", None),
    }
    assert [guess.sentence[:37] for guess in found.guesses] == [
        "2 pictures have names that others hav"
    ]
    for split in ("train", "test"):
        (folder / f"{split}.csv").unlink()
        (folder / split / "labels.csv").write_text("id,label\na,cat\nb,dog\n")
    assert read(folder)["test/images/b.jpg"] == ("dog", "test")
    assert read(folder)["train/images/b.jpg"] == ("dog", "train")


@pytest.mark.parametrize(
    ("names", "choices"),
    [
        (("images/a.jpg", "resized/a.jpg"), ["resized", "images"]),
        (("a.jpg", "a.png"), ["*.png", "*.jpg"]),
        (
            tuple(f"{name}/a.jpg" for name in ("data", "images", "img", "photos", "raw")),
            [
                "images|img|photos|raw",
                "data|img|photos|raw",
                "data|images|photos|raw",
                "data|images|img|raw",
            ],
        ),
    ],
)
def test_names_that_mean_several_pictures_are_a_question(photos, names, choices):
    folder = photos(*names, *(name.replace("a.", "b.") for name in names))
    (folder / "labels.csv").write_text("id,label\na,cat\nb,dog\n")
    with pytest.raises(UnclearDataError, match="in several places, such as") as caught:
        read(folder)
    assert [reading.options["leave_out"] for reading in caught.value.readings] == choices
    assert read(folder, leave_out=choices[0])[names[0]] == ("cat", None)


def test_a_list_of_labels_without_names_is_said(photos):
    folder = photos("images/a.jpg", "images/b.jpg")
    (folder / "labels.txt").write_text("cat\ndog\n")
    with pytest.raises(DataError, match=r"labels.txt: it has a line for each of the 2 pictures"):
        read(folder)


def test_a_text_for_each_picture_is_said(photos):
    folder = photos("a.jpg", "b.jpg")
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text("cat")
    with pytest.raises(DataError, match=r"2 text files are named like pictures, such as [ab].txt"):
        read(folder)


def test_a_further_column_of_pictures_is_offered(photos):
    folder = photos(*(f"{name}.jpg" for name in "abcd"))
    (folder / "labels.csv").write_text("left,right,label\na.jpg,b.jpg,cat\nc.jpg,d.jpg,dog\n")
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert [one.options for one in guess.others] == [{"image_column": "right"}]


def test_a_table_that_is_zipped_alone_is_that_of_the_pictures_beside_it(photos):
    folder = photos("a.jpg", "b.jpg")
    with zipfile.ZipFile(folder / "train.zip", "w") as file:
        for name in ("a.jpg", "b.jpg"):
            file.write(folder / name, name)
            (folder / name).unlink()
    with zipfile.ZipFile(folder / "labels.csv.zip", "w") as file:
        file.writestr("labels.csv", "file,label\na.jpg,cat\nb.jpg,dog\n")
    assert sorted(readers.read(DataSource(path=folder)).pictures["label"]) == ["cat", "dog"]


@pytest.mark.parametrize(
    "content",
    [
        [["a.jpg", "cat"], ["b.jpg", "dog"]],
        {"file": ["a.jpg", "b.jpg"], "label": ["cat", "dog"]},
        {"file": {"0": "a.jpg", "1": "b.jpg"}, "label": {"0": "cat", "1": "dog"}},
        {
            "columns": ["file", "label"],
            "index": [0, 1],
            "data": [["a.jpg", "cat"], ["b.jpg", "dog"]],
        },
        {
            "info": {"n": 2},
            "classes": ["cat", "dog"],
            "data": [{"file": "a.jpg", "label": "cat"}, {"file": "b.jpg", "label": "dog"}],
        },
        {"train": [["a.jpg", "cat"]], "test": [["b.jpg", "dog"]]},
    ],
)
def test_json_of_rows_or_columns(photos, content):
    folder = photos("a.jpg", "b.jpg")
    (folder / "labels.json").write_text(json.dumps(content))
    has_splits = "train" in content
    assert read(folder) == {
        "a.jpg": ("cat", "train" if has_splits else None),
        "b.jpg": ("dog", "test" if has_splits else None),
    }


def test_json_of_rows_for_one_split_and_of_names_for_another_is_not_read_in_part(photos):
    folder = photos("a.jpg", "b.jpg", "c.jpg")
    rows = {"train": [["a.jpg", "cat"], ["b.jpg", "dog"]], "test": ["c.jpg"]}
    (folder / "labels.json").write_text(json.dumps(rows))
    with pytest.raises(DataError, match=r"labels\.json"):
        read(folder)


@pytest.mark.parametrize(
    "train", ['"train": ["a.jpg", "b.jpg"]', '"training": ["a.jpg"], "train": ["b.jpg"]']
)
def test_json_of_names_by_split_beside_a_table(photos, train):
    folder = photos("a.jpg", "b.jpg", "c.jpg")
    (folder / "labels.csv").write_text("file,label\na.jpg,cat\nb.jpg,dog\nc.jpg,dog\n")
    (folder / "splits.json").write_text(f'{{{train}, "test": ["c.jpg"]}}')
    assert [split for _, split in read(folder).values()] == ["test", "train", "train"]


@pytest.mark.parametrize(
    ("names", "options", "says"),
    [
        (["cat/1.jpg", "cat /2.jpg", "dog/3.jpg"], {}, "'cat' and 'cat ' are one class"),
        (["caf\u00e9/1.jpg", "cafe\u0301/2.jpg", "dog/3.jpg"], {}, "'cafe\\u0301' and 'caf\\xe9'"),
        (
            ["a/crane/1.jpg", "b/crane/2.jpg", "a/owl/3.jpg"],
            {"label_level": -1},
            "a/crane and b/crane are one class",
        ),
        (
            ["crane/1.jpg", "b/crane/2.jpg", "a/owl/3.jpg"],
            {"label_level": -1},
            "b/crane and crane are one class",
        ),
        (
            ["train_cat/1.jpg", "train-Cat/2.jpg", "train_dog/3.jpg", "test_cat/4.jpg"]
            + ["test_dog/5.jpg"],
            {},
            "train-Cat, train_cat are one class, cat",
        ),
    ],
)
def test_folders_that_become_one_class_are_said(photos, names, options, says):
    folder = photos(*names)
    found = readers.read(DataSource(path=folder, **options))
    assert found.pictures["label"].nunique() == 2
    assert any(says in guess.sentence for guess in found.guesses)


def test_labels_of_a_table_that_become_one_class_are_said(photos):
    folder = photos("a.jpg", "b.jpg", "c.jpg")
    (folder / "labels.csv").write_text("file,label\na.jpg,cat\nb.jpg,cat \nc.jpg,dog\n")
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert guess.sentence.startswith("'cat' and 'cat ' are one class")


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        (["cat ", "cafe\u0301"], "'cafe\\u0301' and 'caf\\xe9'; 'cat' and 'cat ' are one class"),
        (["cat", "caf\u00e9"], None),
    ],
)
def test_a_class_that_the_validation_data_writes_otherwise_is_said(photos, classes, says):
    folder = photos(
        "train/cat/1.jpg", "train/caf\u00e9/2.jpg", *(f"val/{one}/3.jpg" for one in classes)
    )
    job = Job(
        training_data=DataSource(path=folder / "train"),
        validation_data=DataSource(path=folder / "val"),
    )
    found = manifest.look(job)
    assert found.class_names == ["caf\u00e9", "cat"]
    said = [each.message for each in found.report.findings if each.kind == "guessed"]
    assert [says and f"Validation data: {says}" in each for each in said] == [True] * bool(says)


def test_two_numbers_with_the_same_name_stay_two_classes(photos):
    names = ["owl", "crane", "crane", *"abcdefghijklmnopqrst"]
    folder = photos(*(f"{number}/1.jpg" for number in range(len(names))))
    (folder / "classes.txt").write_text("\n".join(names))
    labels = {label for label, _ in read(folder).values()}
    assert len(labels) == len(names)
    assert {"owl", "crane (1)", "crane (2)"} < labels
    coco = {
        "images": [{"id": number, "file_name": f"{number}/1.jpg"} for number in (1, 2)],
        "annotations": [{"image_id": number, "category_id": number} for number in (1, 2)],
        "categories": [{"id": 1, "name": "crane"}, {"id": 2, "name": "crane "}],
    }
    (folder / "coco.json").write_text(json.dumps(coco))
    found = read(folder, table="coco.json", class_names="never")
    assert [label for label, _ in found.values()] == ["crane (1)", "crane (2)"]
    datumaro = {
        "categories": {"label": {"labels": coco["categories"]}},
        "items": [
            {"annotations": [{"label_id": number}], "image": {"path": f"{number}/1.jpg"}}
            for number in (0, 1)
        ],
    }
    (folder / "datumaro.json").write_text(
        json.dumps(datumaro).replace('"label_id": 1', '"label_id": -1')
    )
    with pytest.raises(
        DataError, match=r"Picture 1/1.jpg has the class -1, .* from 0 to 1\. Export"
    ):
        read(folder, table="datumaro.json")
    (folder / "datumaro.json").write_text(json.dumps(datumaro))
    found = read(folder, table="datumaro.json", class_names="never")
    assert [label for label, _ in found.values()] == ["crane (0)", "crane (1)"]


def test_the_names_of_numbers_in_a_list_may_be_left_out(photos):
    folder = photos("1.jpg", "2.jpg")
    (folder / "list.txt").write_text("1.jpg 1\n2.jpg 2\n")
    (folder / "labels.txt").write_text("cat\ndog\n")
    assert read(folder) == {"1.jpg": ("cat", None), "2.jpg": ("dog", None)}
    assert read(folder, class_names="never")["1.jpg"] == ("1", None)


def test_folds_are_offered_with_one_of_them_held_out(photos):
    folder = photos(*(f"{number}.jpg" for number in range(24)))
    rows = [f"{number}.jpg,{'cat' if number % 2 else 'dog'},{number % 12}" for number in range(24)]
    (folder / "labels.csv").write_text("\n".join(["file,label,fold", *rows]))
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert guess.others[0].options == {"split_column": "fold"}
    with pytest.raises(UnclearDataError) as error:
        read(folder, split_column="fold")
    offered = error.value.readings[0].options
    assert offered["split_values"] == "11=validation, *=train"
    splits = {name: split for name, (_, split) in read(folder, **offered).items()}
    held_out = {name for name, split in splits.items() if split == "validation"}
    assert held_out == {"11.jpg", "23.jpg"}
    assert set(splits.values()) == {"train", "validation"}


def test_objects_with_more_values_than_are_read_are_said(photos):
    folder = photos("a.jpg", "b.jpg")
    about = {f"key{number}": number for number in range(101)}
    rows = [
        {"image": f"{name}.jpg", "about": about, "meta": {"label": label}}
        for name, label in (("a", "cat"), ("b", "dog"))
    ]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert "not about.key100" in guess.sentence


@pytest.mark.parametrize("name", ["@eaDir/1.jpg/THUMB.jpg", "#recycle/2.jpg"])
@pytest.mark.parametrize("place", ["", "cat/"])
def test_what_systems_keep_beside_the_pictures_is_passed_over(photos, place, name):
    folder = photos("cat/1.jpg", "dog/2.jpg", place + name)
    assert set(read(folder)) == {"cat/1.jpg", "dog/2.jpg"}


def test_an_ending_of_the_file_is_no_part_of_a_label(photos):
    folder = photos("IMG_1_cat.jpg", "IMG_2_cat.png", "IMG_3_dog.JPG")
    found = read(folder, label_pattern="IMG_#_{label}")
    assert [label for label, _ in found.values()] == ["cat", "cat", "dog"]


def test_rows_that_deny_a_label_are_left_out(photos):
    folder = photos("a.jpg", "b.jpg")
    rows = "ImageID,LabelName,Confidence\na,cat,1\na,dog,0\nb,dog,1\nb,cat,0\n"
    (folder / "labels.csv").write_text(rows)
    assert read(folder) == {"a.jpg": ("cat", None), "b.jpg": ("dog", None)}
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert guess.sentence.startswith("2 rows with 0 in Confidence are left out")
    (folder / "labels.csv").write_text("file,label,Confidence\na.jpg,cat,1\nb.jpg,dog,0\n")
    assert read(folder) == {"a.jpg": ("cat", None), "b.jpg": ("dog", None)}


@pytest.mark.parametrize("classes", ["0 cat\n1 dog\n", "cat\ndog\n", "1: cat\n2: dog\n"])
def test_numbers_in_a_shard_have_the_names_of_a_file_beside_it(make_picture, tmp_path, classes):
    start = int(not classes.startswith("0"))
    with tarfile.open(tmp_path / "data-000000.tar", "w") as shard:
        for number in range(2):
            make_picture(tmp_path / "a.jpg", number)
            (tmp_path / "a.cls").write_text(str(start + number))
            for suffix in ("jpg", "cls"):
                shard.add(tmp_path / f"a.{suffix}", f"{number}.{suffix}")
                (tmp_path / f"a.{suffix}").unlink()
    (tmp_path / "classes.txt").write_text(classes)
    assert list(readers.read(DataSource(path=tmp_path)).pictures["label"]) == ["cat", "dog"]


def test_archives_whose_names_differ_in_case_only_are_refused(photos):
    folder = photos("1.jpg")
    for name in ("cat", "Cat", "dog"):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as file:
            file.write(folder / "1.jpg", "1.jpg")
    (folder / "1.jpg").unlink()
    with pytest.raises(DataError, match="differs in case only. Rename one"):
        read(folder)


@pytest.mark.parametrize("names", ["xmin,ymin,xmax,ymax", "X_1,Y_1,X_2,Y_2"])
def test_boxes_in_a_table_are_said_to_be_unused(photos, names):
    folder = photos("a.jpg", "b.jpg")
    (folder / "labels.csv").write_text(
        f"file,label,{names}\na.jpg,cat,1,2,3,4\nb.jpg,dog,1,2,3,4\n"
    )
    (guess,) = readers.read(DataSource(path=folder / "labels.csv")).guesses
    assert "each label counts for the whole picture" in guess.sentence
