"""Data in several archives, from the path to the label of each picture."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from automl.dataset import archive, bundles, readers
from automl.dataset.reading import UnclearDataError
from automl.errors import DataError
from automl.jobs.data_source import DataSource


@pytest.fixture
def packed(make_picture: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Write a zip file of pictures with these names, and of archives in it."""
    numbers = iter(range(1000))

    def write(name: str, *entries: str | Path) -> Path:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as file:
            for entry in entries:
                if isinstance(entry, Path):
                    file.write(entry, entry.name)
                    entry.unlink()
                else:
                    file.write(make_picture(tmp_path / "a.png", next(numbers)), entry)
        return path

    return write


def read(path: Path, **options: object) -> dict[str, int]:
    """Number of pictures of each label, and of each split and label."""
    rows = readers.read(DataSource.model_validate({"path": path, **options})).pictures
    names = [
        "/".join(filter(None, (None if split != split else split, label)))
        for split, label in zip(rows["split"], rows["label"], strict=True)
    ]
    return {name: names.count(name) for name in names}


def test_the_other_parts_of_a_download_are_read_too(packed):
    first = packed("d-20240101T000000Z-001.zip", "d/cat/1.png")
    packed("d-20240101T000000Z-002.zip", "d/dog/1.png", "d/cat/2.png")
    packed("other.zip", "x/1.png")
    assert read(first) == {"cat": 2, "dog": 1}
    listing = readers.read(DataSource(path=first))
    assert listing.readings[0].sentence.startswith(
        "2 archives together: d-20240101T000000Z-001.zip, d-20240101T000000Z-002.zip. A folder"
    )
    assert read(first, **listing.readings[-1].options) == {"cat": 1}


def test_a_missing_part_is_named_and_can_be_done_without(packed):
    packed("d-part1.zip", "d/cat/1.png")
    third = packed("d-part3.zip", "d/dog/1.png")
    for path in (third, third.parent):
        with pytest.raises(
            UnclearDataError, match="there is d-part1.zip, d-part3.zip, but not part 2"
        ) as caught:
            read(path)
        assert read(path, **caught.value.readings[0].options) == {"cat": 1, "dog": 1}


def test_numbers_alone_are_offered(packed):
    first = packed("pets1.zip", "pets/cat/1.png")
    packed("pets2.zip", "pets/dog/1.png")
    assert read(first) == {"cat": 1}
    (*_, offered) = readers.read(DataSource(path=first)).readings
    assert read(first, **offered.options) == {"cat": 1, "dog": 1}
    assert read(first.parent) == {"cat": 1, "dog": 1}


@pytest.mark.parametrize(
    ("archives", "expected"),
    [
        ({"cat.zip": ["1.png"], "dog.zip": ["dog/1.png"]}, {"cat": 1, "dog": 1}),
        ({"class_1.zip": ["1.png"], "class_2.zip": ["2.png"]}, {"class_1": 1, "class_2": 1}),
        (
            {"train.zip": ["cat/1.png", "dog/1.png"], "val.zip": ["val/cat/2.png"]},
            {"train/cat": 1, "train/dog": 1, "validation/cat": 1},
        ),
        (
            {"a_part1.zip": ["a_part1/cat/1.png"], "a_part2.zip": ["a_part2/dog/1.png"]},
            {"cat": 1, "dog": 1},
        ),
        (
            {"train/cat.zip": ["1.png"], "test/cat.zip": ["2.png"], "train/dog.zip": ["3.png"]},
            {"train/cat": 1, "train/dog": 1, "test/cat": 1},
        ),
        ({"pets.zip": ["cat/1.png", "dog/1.png"]}, {"cat": 1, "dog": 1}),
    ],
)
def test_a_folder_of_archives(packed, tmp_path, archives, expected):
    for name, entries in archives.items():
        packed(name, *entries)
    assert read(tmp_path / "data") == expected


def test_archives_are_named_by_their_paths_below_one_folder():
    parts = [archive.Part(Path(f"/data/{split}/cat.tar"), "tar") for split in ("train", "val")]
    assert bundles.Bundle(parts).sentence == "2 archives together: train/cat.tar, val/cat.tar. "


@pytest.mark.parametrize(
    "copy",
    ["pets (1).zip", "pets - Copy.zip", "pets copy 2.zip", "Copy of pets.zip", "pets-Kopie.zip"],
)
def test_a_copy_of_an_archive_is_left_out_and_named(packed, copy):
    path = packed("pets.zip", "pets/cat/1.png", "pets/dog/1.png")
    path.with_name(copy).write_bytes(path.read_bytes())
    assert read(path.parent) == {"cat": 1, "dog": 1}
    guesses = readers.read(DataSource(path=path.parent)).guesses
    assert f"{copy} is left out: it is a copy of pets.zip." in [one.sentence for one in guesses]


def test_an_archive_that_is_only_named_like_a_copy_is_not_left_out(packed):
    first = packed("cat.zip", "1.png", "2.png")
    packed("cat (1).zip", "3.png")
    packed("dog.zip", "4.png")
    assert sum(read(first.parent).values()) == 4


def test_a_loose_picture_beside_archives_is_left_out_and_named(packed, make_picture):
    folder = packed("train.zip", "cat/1.png", "dog/1.png").parent
    packed("val.zip", "cat/2.png", "dog/2.png")
    make_picture(folder / "cover.png", 99)
    assert read(folder)["validation/cat"] == 1
    (guess,) = readers.read(DataSource(path=folder)).guesses
    assert "cover.png" in guess.sentence


def test_a_table_beside_an_archive_of_pictures(packed):
    folder = packed("images.zip", "1.png", "2.png").parent
    (folder / "labels.csv").write_text("image,label\n1.png,cat\nimages/2.png,dog\n")
    assert read(folder) == {"cat": 1, "dog": 1}


def test_archives_inside_of_an_archive(packed, home):
    inner = packed("cat.zip", "1.png"), packed("dog.zip", packed("more.zip", "more/1.png"))
    path = packed("all.zip", *inner)
    assert read(path) == {"cat": 1, "dog": 1}
    assert not list((home / "cache" / "archives").rglob("*.zip"))


def test_an_archive_beside_pictures_stays_packed(packed):
    inner = packed("code.zip", "examples/1.png")
    assert read(packed("all.zip", "cat/1.png", "dog/1.png", inner)) == {"cat": 1, "dog": 1}


def test_an_archive_beside_class_folders_is_said_to_stay_packed(packed):
    path = packed("all.zip", "cat/1.png", "dog/1.png", packed("bee.zip", "1.png"))
    (said,) = readers.read(DataSource(path=path)).left_out.unread
    assert "stays packed" in said
    assert "Unpack it" in said


def test_archives_within_archives_without_end_are_refused(packed, home):
    path = packed("a.zip", "1.png")
    for name in ("b.zip", "c.zip", "d.zip", "e.zip"):
        path = packed(name, path)
    with pytest.raises(DataError, match="archives within archives, too deep"):
        read(path)
    assert not list((home / "cache" / "archives").iterdir())


def test_the_limits_hold_for_all_that_lies_inside(packed, tmp_path, monkeypatch):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a/1.png", bytes(40_000_000))
    inner = []
    for name in ("a.zip", "b.zip"):
        inner.append(tmp_path / name)
        inner[-1].write_bytes(bomb.getvalue())
    with pytest.raises(DataError, match=r"all\.zip/b\.zip would unpack to more than 50 MB"):
        read(packed("all.zip", *inner))
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    small = packed("c.zip", "1.png"), packed("d.zip", "2.png")
    with pytest.raises(DataError, match="more than 3 entries"):
        read(packed("many.zip", *small))


def test_an_inner_archive_leads_nowhere_outside(packed, tmp_path):
    info = zipfile.ZipInfo()
    info.filename = "../../out.png"
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr(info, b"x")
    with pytest.raises(DataError, match=r"all\.zip/bad\.zip has an entry that leads out of it"):
        read(packed("all.zip", tmp_path / "bad.zip"))


def test_parts_with_different_files_in_one_place_are_refused(packed):
    path = packed("a-part1.zip", "cat/1.png")
    packed("a-part2.zip", "cat/1.png")
    with pytest.raises(DataError, match="not parts of one whole"):
        read(path)


def test_links_to_archives_are_not_followed(packed, tmp_path):
    path = packed("a-part1.zip", "cat/1.png", "dog/1.png")
    elsewhere = packed("b.zip", "cat/2.png").rename(tmp_path / "b.zip")
    (path.parent / "a-part2.zip").symlink_to(elsewhere)
    assert read(path) == {"cat": 1, "dog": 1}


@pytest.mark.parametrize("is_packed", [False, True])
def test_archives_of_classes_beside_folders_of_other_classes(packed, make_picture, is_packed):
    cat, dog = packed("cat.zip", "1.png", "2.png"), packed("dog.zip", "dog/3.png")
    folder = cat.parent
    if is_packed:
        data = packed("all.zip", "bird/4.png", cat, dog)
    else:
        make_picture(folder / "bird" / "4.png", 99)
        data = folder
    assert read(data) == {"bird": 1, "cat": 2, "dog": 1}


@pytest.mark.parametrize("name", ["test.zip", "images.zip", "bird.zip"])
def test_an_archive_that_is_no_class_stays_packed_and_is_named(packed, make_picture, name):
    folder = packed(name, "1.png").parent
    packed("wasp.zip", "4.png")
    make_picture(folder / "bird" / "2.png", 98)
    make_picture(folder / "cat" / "3.png", 99)
    listing = readers.read(DataSource(path=folder))
    assert sorted(listing.pictures["label"]) == ["bird", "cat"]
    assert name in listing.left_out.unread[0]
