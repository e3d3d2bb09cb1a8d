"""Training and scoring see the same pixels: the centre of a stored picture is what is scored."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automl.dataset import pictures
from automl.dataset.packed_pictures import PackedPictures, load_whole, packed_sizes, pictures_in

ODD_SIZES = [(256, 224), (219, 192), (37, 32), (33, 32), (48, 48), (50, 7)]


def photo(size: tuple[int, int]) -> Image.Image:
    rng = np.random.default_rng(size)
    return Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))


def turned() -> tuple[Image.Image, dict[str, object]]:
    exif = Image.Exif()
    exif[0x0112] = 6
    return photo((400, 300)), {"exif": exif}


KINDS = {
    "4:3": (photo((400, 300)), "png", {}),
    "portrait": (photo((301, 423)), "png", {}),
    "3:1": (photo((1201, 400)), "png", {}),
    "long strip": (photo((3, 4000)), "png", {}),
    "one row": (photo((5000, 1)), "png", {}),
    "tiny": (photo((5, 4)), "png", {}),
    "one pixel": (photo((1, 1)), "png", {}),
    "grey": (photo((90, 77)).convert("L"), "png", {}),
    "see-through": (photo((90, 77)).convert("RGBA"), "png", {}),
    "turned": (*turned(), "jpg")[::2] + (turned()[1],),
    "large jpeg": (photo((1999, 1203)), "jpg", {}),
    "large wide jpeg": (photo((2005, 605)), "jpg", {}),
}


def stored(path: Path, resize_size: int, crop_size: int) -> np.ndarray:
    facts = pictures.examine(path)
    (size,) = packed_sizes(
        [facts.width], [facts.height], resize_size=resize_size, crop_size=crop_size
    )
    whole = load_whole(path, size, resize_size=resize_size, crop_size=crop_size)
    assert whole.shape == (*size, 3)
    return whole


@pytest.mark.parametrize("kind", KINDS)
def test_the_centre_of_a_stored_picture_is_scored_bit_for_bit(kind: str, tmp_path: Path) -> None:
    image, ending, options = KINDS[kind]
    path = tmp_path / f"picture.{ending}"
    image.save(path, **options)
    for resize_size, crop_size in ODD_SIZES:
        whole = stored(path, resize_size, crop_size)
        top, left = (np.array(whole.shape[:2]) - crop_size) // 2
        centre = whole[top : top + crop_size, left : left + crop_size]
        scored = pictures.load_preprocessed(path, resize_size=resize_size, crop_size=crop_size)
        assert (centre == scored).all(), (resize_size, crop_size)


def test_pictures_are_stored_with_their_proportions() -> None:
    sizes = packed_sizes([400, 300, 900, 1], [300, 400, 300, 1], resize_size=256, crop_size=224)
    assert sizes.tolist() == [[256, 340], [340, 256], [256, 768], [256, 256]]


def test_of_a_strip_only_the_centre_is_stored() -> None:
    sizes = packed_sizes([5000, 3], [1, 4000], resize_size=256, crop_size=224)
    assert sizes.max() <= 4 * 256
    image = np.zeros((10, 1000, 3), np.uint8)
    image[:, 485:515] = 255
    whole = pictures.preprocess(Image.fromarray(image), resize_size=32, crop_size=32)
    assert (whole == 255).all()


def test_a_jpeg_that_is_decoded_at_a_part_of_its_size_fills_its_place(tmp_path: Path) -> None:
    # at an eighth it has 225 x 76 pixels, and is less elongated than at its whole size
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (1797, 601), "red").save(path)
    assert pictures.load_rgb(path, min_side=75).size == (225, 76)
    whole = stored(path, 75, 64)
    assert whole.shape == (74, 224, 3)
    assert np.abs(whole.astype(int) - [254, 0, 0]).max() <= 2


def test_packed_pictures_are_found_where_they_are() -> None:
    shapes = [(2, 3), (4, 1), (1, 5)]
    arrays = [np.full((*shape, 3), index, np.uint8) for index, shape in enumerate(shapes)]
    packed = PackedPictures.of(np.concatenate([a.ravel() for a in arrays]), np.array(shapes))
    assert (len(packed), packed.num_bytes) == (3, 3 * (6 + 4 + 5))
    chosen = packed.take(np.array([2, 0]))
    assert chosen.num_bytes == 3 * (5 + 6)
    for found, wanted in zip(pictures_in(chosen), (arrays[2], arrays[0]), strict=True):
        assert (found == wanted).all()
        assert found.shape == wanted.shape
