import pytest

from automl.dataset.archive_parts import Certainty, groups


@pytest.mark.parametrize(
    ("first", "second", "stem"),
    [
        ("pets-20240101T000000Z-001.zip", "pets-20240101T000000Z-002.zip", "pets"),
        ("pets-20240101T000000Z-1-001.zip", "pets-20240101T000000Z-1-002.zip", "pets"),
        ("images_part_1.zip", "images_part_2.zip", "images"),
        ("set.part01.tar.gz", "set.part02.tar.gz", "set"),
        ("set (part 1 of 2).zip", "set (part 2 of 2).zip", "set"),
        ("Fotos Teil a.zip", "Fotos Teil b.zip", "Fotos"),
        ("x-00000-of-00002.tar", "x-00001-of-00002.tar", "x"),
    ],
)
def test_parts_by_name(first, second, stem):
    (group,) = groups([second, first])
    assert group.names == (first, second)
    assert (group.stem, group.certainty, group.missing) == (stem, Certainty.CERTAIN, ())


@pytest.mark.parametrize(
    ("names", "certainty"),
    [
        (("images_01.tar.gz", "images_10.tar.gz"), Certainty.LIKELY),
        (("OneDrive_1_1-2-2024.zip", "OneDrive_2_1-2-2024.zip"), Certainty.PERHAPS),
        (("pets1.zip", "pets2.zip"), Certainty.PERHAPS),
    ],
)
def test_numbers_that_may_be_those_of_parts(names, certainty):
    (group,) = groups(names)
    assert (group.names, group.certainty) == (names, certainty)


@pytest.mark.parametrize(
    "names",
    [
        ("pets.zip", "pets (1).zip"),
        ("2024-01-02.zip", "2024-01-03.zip"),
        ("cat.zip", "dog.zip"),
        ("archive 2.zip", "pets.zip"),
        ("volume_12.zip", "pt_3.zip"),
        ("a_part1.zip", "b_part1.zip"),
        ("a-20240101T000000Z-001.zip", "a-20240305T000000Z-001.zip"),
    ],
)
def test_archives_that_are_no_parts_of_one_whole(names):
    assert {group.names for group in groups(names)} == {(name,) for name in names}


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["a-part1.zip", "a-part4.zip"], (2, 3)),
        (["a-20240101T000000Z-002.zip"], (1,)),
        (["a_2of3.zip"], (1, 3)),
        (["a_003.zip", "a_002.zip"], (1,)),
        (["a-00000-of-00002.zip"], (1,)),
    ],
)
def test_missing_parts(names, missing):
    (group,) = groups(names)
    assert group.missing == missing
