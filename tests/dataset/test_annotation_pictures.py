"""Masks and other pictures that are left out."""

import pytest

from automl.dataset import annotation_pictures, readers
from automl.dataset.walk import Tree
from automl.jobs.data_source import DataSource


def kept(*names: str, patterns: str | None = None) -> list[str]:
    tree = Tree(pictures=[tuple(name.split("/")) for name in names])
    return ["/".join(parts) for parts in annotation_pictures.left_out(tree, patterns).pictures]


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("images/{}.jpg", "masks/{}.png"),
        ("data/cat/images/{}.jpg", "data/cat/masks/{}_mask.png"),
        ("JPEGImages/cat/{}.jpg", "SegmentationClass/cat/{}.png"),
        ("images/{}.jpg", "annotations/trimaps/{}.png"),
        ("Bilder/{}.jpg", "Masken/{}.png"),
        ("cat/a ({}).png", "cat/a ({})_mask.png"),
        ("cat/{}.png", "cat/{}_mask_1.png"),
    ],
)
def test_masks_are_left_out(picture, mask):
    pictures, masks = [picture.format(1), picture.format(2)], [mask.format(1), mask.format(2)]
    assert kept(*pictures, *masks) == pictures
    assert kept(*pictures, *masks, patterns="never") == [*pictures, *masks]


@pytest.mark.parametrize(
    "names",
    [
        ["mask/1.jpg", "no_mask/1.jpg"],
        ["images/1.jpg", "masks/2.jpg"],
        ["cat/1.jpg", "label/1.jpg"],
        ["cat/1_mask.jpg", "cat/2_mask.jpg"],
    ],
)
def test_classes_called_mask_stay(names):
    assert kept(*names) == names


def test_named_folders_and_pictures_are_left_out():
    names = ["cat/1.jpg", "cat/1_old.jpg", "Pred/2.jpg", "dog/pred/3.jpg"]
    assert kept(*names, patterns="pred | *_old.jpg") == ["cat/1.jpg"]


def test_masks_that_are_left_out_are_said_with_the_option(make_folder, make_picture):
    folder = make_folder(cat=2, dog=2)
    for label in ("cat", "dog"):
        for n in range(2):
            make_picture(folder / label / f"{n}_mask.png", 10 + n)
    listing = readers.read(DataSource(path=folder))
    assert len(listing.pictures) == 4
    (guess,) = listing.guesses
    assert guess.sentence.startswith("Left out: 4 pictures such as 0_mask.png")
    other = DataSource.model_validate({"path": folder, **guess.others[0].options})
    assert len(readers.read(other).pictures) == 8
