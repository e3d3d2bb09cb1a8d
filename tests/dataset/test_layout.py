"""How folders of pictures are understood, in the forms in which people keep them."""

from collections import Counter

import pytest

from automl.dataset.layout import Choices, find_layout
from automl.dataset.layout_questions import (
    RepeatedFoldersError,
    SeveralDataSetsError,
    SplitsOnlyError,
)


def understood(*folders: str, **choices: object) -> set[tuple[str, str | None, str | None]]:
    """Folder, label and split of every folder with pictures."""
    pictures = [(*folder.split("/"), f"{number}.jpg") for folder in folders for number in range(3)]
    layout = find_layout(pictures, Choices(**choices))
    return {("/".join(parts[:-1]), layout.label(parts), layout.split(parts)) for parts in pictures}


@pytest.mark.parametrize(
    ("train", "held_out", "split"),
    [
        ("train", "test", "test"),
        ("seg_train", "seg_test", "test"),
        ("train_images", "val_images", "validation"),
        ("Training_set", "Test_set", "test"),
        ("Trainingsdaten", "Validierungsdaten", "validation"),
        ("eg\u0306itim", "dog\u0306rulama", "validation"),  # as macOS writes ğ
        ("学習用データ", "テスト用データ", "test"),
        ("훈련", "검증", "validation"),
        ("TrainData", "ValidData", "validation"),
        ("01-training", "02-validation", "validation"),
        ("entrenamiento", "prueba", "test"),
        ("訓練", "テスト", "test"),
    ],
)
def test_split_words_are_found_inside_the_names_of_folders(train, held_out, split):
    folders = [f"{one}/{label}" for one in (train, held_out) for label in ("cat", "dog")]
    assert understood(*folders) == {
        *((f"{train}/{label}", label, "train") for label in ("cat", "dog")),
        *((f"{held_out}/{label}", label, split) for label in ("cat", "dog")),
    }


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        ("train gallery query", ["train", "test", "test"]),
        ("gallery query", ["train", "test"]),
        ("Seen Unseen", ["train", "test"]),
        ("learn check", ["train", "validation"]),
        ("support_set query_set", ["train", "test"]),
        ("träningsdata valideringsdata testdata", ["train", "validation", "test"]),
        ("Lernmenge Validierungsmenge Prüfmenge", ["train", "validation", "test"]),
        ("trénovací validační testovací", ["train", "validation", "test"]),
        ("trening walidacja testy", ["train", "validation", "test"]),
        ("egitim dogrulama test", ["train", "validation", "test"]),
        ("huấn_luyện kiểm_định kiểm_thử", ["train", "validation", "test"]),
        ("навчання валідація тест", ["train", "validation", "test"]),
        ("εκπαίδευση επικύρωση δοκιμή", ["train", "validation", "test"]),
        ("训练图像 验证图像 测试图像", ["train", "validation", "test"]),
        ("学習用 検証用 評価用", ["train", "validation", "test"]),
        ("학습용 검증용 시험용", ["train", "validation", "test"]),
        ("ฝึก ตรวจสอบ ทดสอบ", ["train", "validation", "test"]),
        ("tr va te", ["train", "validation", "test"]),
    ],
)
def test_words_that_are_splits_beside_one_another(folders, splits):
    inside = [f"{folder}/{label}" for folder in folders.split() for label in ("cat", "dog")]
    assert understood(*inside) == {
        (f"{folder}/{label}", label, split)
        for folder, split in zip(folders.split(), splits, strict=True)
        for label in ("cat", "dog")
    }
    assert {label for _, label, _ in understood(*folders.split())} <= {*folders.split(), None}


@pytest.mark.parametrize(
    "outer",
    ["fold0 fold1", "cam1 cam2", "224x224 512x512", "images masks", "left/images right/images"],
)
@pytest.mark.parametrize("inner", ["cat dog", "0 1 2"])
@pytest.mark.parametrize("above", ["", "train"])
def test_the_same_folders_in_each_folder_are_a_question(outer, inner, above):
    folders = [f"{above}/{a}/{b}".strip("/") for a in outer.split() for b in inner.split()]
    with pytest.raises(RepeatedFoldersError, match="folders of the same names") as caught:
        understood(*folders)
    by_options = [
        {label for _, label, _ in understood(*folders, **reading.options)}
        for reading in caught.value.readings
        if "path" not in reading.options
    ]
    outermost = {name.partition("/")[0] for name in outer.split()}
    assert by_options == [set(inner.split()), set(inner.split()), outermost]


def test_cameras_in_classes_are_no_classes():
    folders = [f"{label}/cam_{number}" for label in ("ill", "well") for number in range(2)]
    assert {label for _, label, _ in understood(*folders)} == {"ill", "well"}


def test_a_doubled_level_is_looked_through_and_a_flat_folder_beside_has_no_labels():
    folders = [f"seg_{one}/seg_{one}/{label}" for one in ("train", "test") for label in "ab"]
    assert understood(*folders, "seg_pred/seg_pred") == {
        *((f"seg_train/seg_train/{label}", label, "train") for label in "ab"),
        *((f"seg_test/seg_test/{label}", label, "test") for label in "ab"),
        ("seg_pred/seg_pred", None, None),
    }


@pytest.mark.parametrize("names", ["trainer contest", "test_tube train", "bus train car"])
def test_classes_that_sound_like_splits_are_classes(names):
    folders = names.split()
    inside = [f"{name}/{at}{number}" for at, name in enumerate(folders) for number in range(2)]
    assert {split for _, _, split in understood(*inside)} <= {None, "train", "test"}
    assert understood(*folders[:1], "other", "third") == {
        (folders[0], folders[0], None),
        ("other", "other", None),
        ("third", "third", None),
    }


def test_splits_without_classes_are_refused_with_the_way_out():
    with pytest.raises(SplitsOnlyError, match="nothing below them names classes") as caught:
        understood("train", "test")
    (reading,) = caught.value.readings
    assert understood("train", "test", **reading.options) == {
        ("train", "train", None),
        ("test", "test", None),
    }


def test_the_deepest_of_further_levels_is_the_label_if_the_splits_share_it():
    folders = ["Fruit/Apple", "Fruit/Pear", "Herb/Basil"]
    inside = [f"{split}/{folder}" for split in ("train", "val") for folder in folders]
    assert {label for _, label, _ in understood(*inside)} == {"Apple", "Pear", "Basil"}
    assert {label for _, label, _ in understood(*inside, label_level=1)} == {"Fruit", "Herb"}


def test_patients_inside_classes_are_no_classes_and_are_offered_as_groups():
    folders = [f"{label}/patient_{number}" for label in ("ill", "well") for number in range(3)]
    assert {label for _, label, _ in understood(*folders)} == {"ill", "well"}
    pictures = [(*folder.split("/"), "0.jpg") for folder in folders]
    groups = [
        reading for reading in find_layout(pictures).others if "group_level" in reading.options
    ]
    layout = find_layout(pictures, Choices(**groups[0].options))
    assert Counter(map(layout.group, pictures)) == {f"patient_{number}": 2 for number in range(3)}


def test_splits_inside_of_classes_are_honoured():
    folders = [f"{label}/{split}" for label in ("cat", "dog") for split in ("train", "val")]
    assert understood(*folders) == {
        *((f"{label}/train", label, "train") for label in ("cat", "dog")),
        *((f"{label}/val", label, "validation") for label in ("cat", "dog")),
    }


def test_a_folder_beside_the_splits_of_a_class_turns_nothing_off():
    folders = [f"{label}/{split}" for label in ("cat", "dog") for split in ("train", "test")]
    assert understood(*folders, "cat/extra", "owl") == {
        *((folder, folder[:3], folder[4:]) for folder in folders),
        ("cat/extra", "cat", None),
        ("owl", "owl", None),
    }


def test_splits_inside_of_classes_may_repeat_the_class():
    folders = ["red cat/red_cat_train", "red cat/red_cat_test", "dog/dog_train", "dog/dog_test"]
    assert understood(*folders) == {
        (folders[0], "red cat", "train"),
        (folders[1], "red cat", "test"),
        (folders[2], "dog", "train"),
        (folders[3], "dog", "test"),
    }


def test_split_and_class_may_be_one_name():
    assert understood("train_cat", "train_dog", "test_cat", "test_dog") == {
        *((f"train_{label}", label, "train") for label in ("cat", "dog")),
        *((f"test_{label}", label, "test") for label in ("cat", "dog")),
    }


def test_a_folder_of_data_sets_is_a_question():
    folders = [f"birds/{split}/{label}" for split in ("train", "val") for label in ("owl", "jay")]
    folders += [f"cars/{split}/{label}" for split in ("train", "test") for label in ("vw", "kia")]
    with pytest.raises(SeveralDataSetsError, match="2 data sets.*birds, cars") as caught:
        understood(*folders)
    assert [reading.options for reading in caught.value.readings] == [
        {"path": "birds"},
        {"path": "cars"},
    ]


def test_one_data_set_without_splits_beside_another_is_a_question_too():
    folders = [f"birds/{split}/{label}" for split in ("train", "val") for label in ("owl", "jay")]
    with pytest.raises(SeveralDataSetsError, match="2 data sets, each with classes of its own"):
        understood(*folders, "cars/vw", "cars/kia")
    understood(*folders, "cars")  # a class whose pictures have no split


def test_folders_that_may_be_data_sets_are_offered_each_alone():
    def offered(*folders: str, tables: tuple[str, ...] = ()) -> list[str]:
        pictures = [(*folder.split("/"), "1.jpg") for folder in folders]
        others = find_layout(pictures, tables={(name,) for name in tables}).others
        return [one.options["path"] for one in others if "path" in one.options]

    assert offered("birds/owl", "birds/jay", "cars/vw", "cars/kia") == ["birds", "cars"]
    assert offered("birds/owl", "birds/jay", "cars") == []
    assert offered("birds/owl", "birds/jay", "cars", tables=("cars",)) == ["birds", "cars"]
    assert offered("birds/owl", "birds/jay", "cars/images") == ["birds", "cars"]
    assert offered("cats/raw", "cats/raw 2", "cats", "dogs/raw", "dogs/cut", "dogs") == []
    assert offered("birds/day_1", "birds/day_2", "cars/day_3", "cars/day_4") == []


def test_a_class_inside_another_class_has_both_readings():
    pictures = [("cat", "0.jpg"), ("cat", "lion", "1.jpg"), ("dog", "2.jpg")]
    layout = find_layout(pictures)
    assert [layout.label(parts) for parts in pictures] == ["cat", "cat", "dog"]
    (other, *_) = layout.others
    deeper = find_layout(pictures, Choices(**other.options))
    assert [deeper.label(parts) for parts in pictures] == ["cat", "lion", "dog"]


@pytest.mark.parametrize(
    ("pattern", "name", "label"),
    [
        ("{label}.#.*", "cat.12.jpg", "cat"),
        ("{label}_#.*", "great_pyrenees_7.jpg", "great_pyrenees"),
        ("*_{label}.*", "0001_dog.png", "dog"),
        ("{label}-*", "owl-a-b.png", "owl"),
        ("{label}_#.*", "cat.jpg", None),
    ],
)
def test_labels_in_the_names_of_files(pattern, name, label):
    layout = find_layout([(name,)], Choices(label_pattern=pattern))
    assert layout.label((name,)) == label


def test_levels_that_may_be_the_classes_are_a_guess_unless_they_are_patients_or_days():
    def guesses(inner: str) -> int:
        places = [("cat", 1), ("cat", 2), ("dog", 3), ("dog", 4)]
        pictures = [(label, inner.format(number), "1.jpg") for label, number in places]
        return len(find_layout([*pictures, ("cow", "1.jpg")]).guesses)

    assert [guesses(name) for name in ("breed{}x", "patient_{}", "2024-05-0{}")] == [1, 0, 0]
