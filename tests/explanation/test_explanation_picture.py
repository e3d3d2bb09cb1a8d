import io

import numpy as np
import pytest
from PIL import Image

from automl.explanation import picture


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(1, 255, (10, 10, 3), dtype=np.uint8)


@pytest.fixture
def heat() -> np.ndarray:
    return np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)


def parts(data: bytes) -> list[np.ndarray]:
    """The four, at their own size again: above left and right, below left and right."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    side = (image.width - 8) // 2
    corners = [(0, 0), (side + 8, 0), (0, side + 8), (side + 8, side + 8)]
    shown = [image.crop((left, up, left + side, up + side)) for left, up in corners]
    return [np.asarray(part.resize((10, 10), Image.Resampling.NEAREST)) for part in shown]


def test_the_input_is_there_as_it_was_seen(pixels, heat):
    np.testing.assert_array_equal(parts(picture.draw(pixels, heat))[0], pixels)


def test_the_heat_map_goes_from_blue_over_green_and_yellow_to_white(pixels, heat):
    colours = parts(picture.draw(pixels, heat))[1].reshape(100, 3).astype(int)
    assert colours[0].argmax() == 2
    assert colours[40].argmax() == 1
    assert colours[75][0] > 200 > 100 > colours[75][2]
    assert colours[99].tolist() == [255, 255, 255]


def test_the_heat_map_lies_over_the_input_as_strongly_as_one_likes(pixels, heat):
    drawn = picture.draw(pixels, heat)
    seen = {
        share: np.asarray(Image.open(io.BytesIO(picture.overlay(drawn, share))))
        for share in (0.0, 0.5, 1.0)
    }
    np.testing.assert_array_equal(seen[0.0][::22, ::22], pixels)
    np.testing.assert_array_equal(seen[1.0][::22, ::22], picture.heat_map(heat))
    middle = (seen[0.0].astype(int) + seen[1.0]) / 2
    np.testing.assert_allclose(seen[0.5], middle, atol=1)
    strongest = np.asarray(Image.open(io.BytesIO(picture.strongest(drawn))))
    assert not strongest[: 7 * 22].any()


def test_of_the_reduced_input_the_top_pixels_are_left(pixels, heat):
    reduced = parts(picture.draw(pixels, heat))[3]
    np.testing.assert_array_equal(reduced[7:], pixels[7:])
    assert not reduced[:7].any()


def test_regions_of_equal_heat_are_kept_or_left_as_a_whole():
    heat = np.zeros((10, 10), np.float32)
    heat[:2] = 1
    assert picture.top(heat).sum() == 20  # nearer to 30 than all 100
    heat[2:8] = 0.5
    assert picture.top(heat).sum() == 20  # nearer to 30 than 80


def test_without_any_heat_nothing_is_left():
    assert not picture.top(np.zeros((4, 4), np.float32)).any()


@pytest.mark.parametrize("side", [28, 64, 224, 300])
def test_small_pictures_are_enlarged(side):
    pixels, heat = np.zeros((side, side, 3), np.uint8), np.zeros((side, side), np.float32)
    width = Image.open(io.BytesIO(picture.draw(pixels, heat))).width
    assert 2 * 190 < width < 2 * 310
