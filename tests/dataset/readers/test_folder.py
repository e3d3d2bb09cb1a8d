import os
import zipfile
from pathlib import Path

import pytest

from automl.dataset.readers import read
from automl.errors import DataError
from automl.jobs.data_source import DataSource


def rows(path: Path, **options: str) -> list[tuple[str, str | None, str]]:
    listing = read(DataSource.model_validate({"path": path, **options})).pictures
    split = listing["split"].astype(object).where(listing["split"].notna(), None)
    names = [Path(path).name for path in listing["path"]]
    return list(zip(listing["label"], split, names, strict=True))


def test_each_sub_folder_is_a_class(make_folder):
    assert rows(make_folder(dog=1, cat=2)) == [
        ("cat", None, "0.png"),
        ("cat", None, "1.png"),
        ("dog", None, "0.png"),
    ]


def test_paths_are_absolute(make_folder, monkeypatch):
    folder = make_folder(cat=1, dog=1)
    monkeypatch.chdir(folder.parent)
    (first, _) = read(DataSource(path=Path("data"))).pictures["path"]
    assert first == str(folder / "cat" / "0.png")


def test_pictures_may_lie_deeper_inside_their_class(make_folder):
    assert rows(make_folder(cat__indoor__night=1, cat=1, dog=1))[0][0] == "cat"
    assert {label for label, _, _ in rows(make_folder(cat__indoor=1, dog=1))} == {"cat", "dog"}


@pytest.mark.parametrize("validation", ["val", "valid", "Validation", "VAL"])
def test_split_folders_are_recognised(make_folder, validation):
    counts = {"Train__cat": 1, f"{validation}__cat": 1, "testing__cat": 1}
    assert [split for _, split, _ in rows(make_folder(**counts))] == ["test", "train", "validation"]


def test_a_class_may_be_called_train(make_folder):
    assert {(label, split) for label, split, _ in rows(make_folder(train=1, plane=1))} == {
        ("train", None),
        ("plane", None),
    }
    folders = make_folder("other", train=2, test=2)
    with pytest.raises(DataError, match="test, train are splits .* set split_folders to never"):
        rows(folders)
    found = rows(folders, split_folders="never")
    assert [(label, split) for label, split, _ in found] == [
        *[("test", None)] * 2,
        *[("train", None)] * 2,
    ]


def test_one_wrapping_folder_is_looked_through(make_folder):
    assert {label for label, _, _ in rows(make_folder(wrap__cat=1, wrap__dog=1))} == {"cat", "dog"}


def test_a_wrapping_folder_called_test_is_no_split(make_folder):
    assert {split for _, split, _ in rows(make_folder(test__cat=1, test__dog=1))} == {None}


def test_splits_inside_a_wrapping_folder_are_recognised(make_folder):
    found = rows(make_folder(wrap__train__cat=1, wrap__val__cat=1))
    assert [split for _, split, _ in found] == ["train", "validation"]


def test_a_stray_picture_does_not_hide_the_classes(make_folder, make_picture):
    folder = make_folder(wrap__cat=1, wrap__dog=1)
    stray = make_picture(folder / "wrap" / "preview.png")
    listing = read(DataSource(path=folder))
    assert set(listing.pictures["label"]) == {"cat", "dog"}
    assert listing.left_out.strays == [str(stray)]


def test_what_is_no_picture_is_counted_and_hidden_files_are_not(make_folder):
    folder = make_folder(cat=1, dog=1)
    for name in ("notes.txt", "Thumbs.db", ".DS_Store", "._0.png"):
        (folder / "cat" / name).write_bytes(b"x")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "0.png").write_bytes(b"x")
    listing = read(DataSource(path=folder))
    assert listing.left_out.num_other_files == 2
    assert len(listing.pictures) == 2


def test_a_picture_without_suffix_is_found_by_its_content(make_folder):
    folder = make_folder(cat=1, dog=1)
    (folder / "cat" / "0.png").rename(folder / "cat" / "picture")
    (folder / "cat" / "README").write_text("hello")
    assert [name for _, _, name in rows(folder)] == ["picture", "0.png"]


def test_a_class_folder_without_pictures_is_noted(make_folder):
    folder = make_folder(cat=1, dog=1)
    (folder / "bird").mkdir()
    assert read(DataSource(path=folder)).left_out.empty_folders == [str(folder / "bird")]


def test_links_out_of_the_folder_are_not_followed(make_folder, make_picture, tmp_path):
    folder = make_folder(cat=1, dog=1)
    outside = make_picture(tmp_path / "secret" / "a.png")
    (folder / "cat" / "a.png").symlink_to(outside)
    (folder / "bird").symlink_to(outside.parent)
    (folder / "dog" / "inside.png").symlink_to(folder / "dog" / "0.png")
    (folder / "dog" / "round").symlink_to(folder)
    listing = read(DataSource(path=folder))
    assert [Path(path).name for path in listing.pictures["path"]] == [
        *("0.png", "0.png", "inside.png")
    ]
    assert len(listing.left_out.links) == 3


def test_a_folder_of_links_alone_says_how_to_copy_it(make_picture, tmp_path):
    folder, outside = tmp_path / "linked", make_picture(tmp_path / "secret" / "a.png")
    (folder / "cat").mkdir(parents=True)
    (folder / "cat" / "a.png").symlink_to(outside)
    with pytest.raises(DataError, match="1 links that lead out of it .*cp -rL"):
        read(DataSource(path=folder))


def test_a_name_that_is_not_text_is_left_out(make_folder):
    folder = make_folder(cat=1, dog=1)
    with open(os.fsencode(folder / "cat") + b"/caf\xe9.png", "wb") as file:  # noqa: PTH123
        file.write(b"x")
    listing = read(DataSource(path=folder))
    assert len(listing.pictures) == 2
    assert len(listing.left_out.unnameable) == 1


@pytest.mark.parametrize("label", ["Café – été", "=cmd|calc", "<b>x", "猫", "a b,c;d", "-1"])
def test_odd_class_names_stay_as_they_are(make_folder, make_picture, label):
    folder = make_folder(dog=1)
    make_picture(folder / label / "0.png")
    assert label in {found for found, _, _ in rows(folder)}


def test_decomposed_letters_and_blanks_at_the_end_are_the_same_class(make_folder, make_picture):
    folder = make_folder(dog=1)
    make_picture(folder / "cafe\u0301" / "0.png")
    make_picture(folder / "caf\u00e9" / "1.png")
    make_picture(folder / "dog " / "2.png")
    assert {label for label, _, _ in rows(folder)} == {"caf\u00e9", "dog"}


def test_a_class_name_with_an_invisible_character_is_refused(make_folder, make_picture):
    folder = make_folder(dog=1)
    make_picture(folder / "cat\u202egnp" / "0.png")
    with pytest.raises(DataError, match=r"cat\\u202egnp.*Rename"):
        read(DataSource(path=folder))


def test_a_zip_file_reads_like_its_folder(make_folder, tmp_path):
    folder = make_folder(cat=2, dog=1)
    with zipfile.ZipFile(tmp_path / "data.ZIP", "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, Path("top") / path.relative_to(folder))
        archive.writestr("__MACOSX/top/cat/._0.png", b"x")
    assert rows(tmp_path / "data.ZIP") == rows(folder)


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere does not exist"):
        rows(tmp_path / "nowhere")


def test_a_folder_without_pictures_says_what_is_in_it(tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(DataError, match="no pictures .* holds no files"):
        rows(tmp_path / "data")
    (tmp_path / "data" / "a.txt").touch()
    with pytest.raises(DataError, match="only 1 other file"):
        rows(tmp_path / "data")


def test_pictures_without_class_folders_are_refused(make_picture, tmp_path):
    make_picture(tmp_path / "data" / "a.png")
    make_picture(tmp_path / "data" / "b.png")
    with pytest.raises(DataError, match="The 2 pictures .* are not in folders named after"):
        rows(tmp_path / "data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(make_folder):
    folder = make_folder(cat=1, dog=1)
    (folder / "cat").chmod(0)
    with pytest.raises(DataError, match="permission denied"):
        rows(folder)
