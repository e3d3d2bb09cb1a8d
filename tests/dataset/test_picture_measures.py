import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from automl.dataset.pictures import FINGERPRINT_BYTES, measure


def photo(seed: int = 0, side: int = 300) -> Image.Image:
    """Blocks of colour with smooth edges: something like a photo, and never flat."""
    blocks = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((side, side), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (100, 100, 100)])
def test_a_picture_of_one_colour_has_its_brightness_and_nothing_else(colour):
    look = measure(Image.new("RGB", (50, 30), colour))
    assert (look.brightness, look.contrast, look.sharpness) == (colour[0], 0, 0)


def test_half_black_and_half_white_has_the_largest_contrast():
    halves = Image.new("RGB", (128, 128))
    halves.paste("white", (64, 0, 128, 128))
    look = measure(halves)
    assert look.brightness == pytest.approx(127.5, abs=0.5)
    assert look.contrast == pytest.approx(127.5, abs=1)


def test_blur_costs_sharpness_and_light_changes_brightness():
    sharp = measure(photo())
    blurred = measure(photo().filter(ImageFilter.GaussianBlur(12)))
    darker = measure(ImageEnhance.Brightness(photo()).enhance(0.5))
    assert blurred.sharpness < sharp.sharpness / 3
    assert blurred.brightness == pytest.approx(sharp.brightness, abs=1)
    assert darker.brightness == pytest.approx(sharp.brightness / 2, abs=1)


def test_the_fingerprint_is_the_picture_in_small():
    quarters = Image.new("RGB", (64, 64), "white")
    quarters.paste((255, 0, 0), (0, 0, 32, 32))
    fingerprint = np.frombuffer(measure(quarters).fingerprint, np.uint8)
    grey, colours = fingerprint[:256].reshape(16, 16), fingerprint[256:].reshape(4, 4, 3)
    assert len(fingerprint) == FINGERPRINT_BYTES
    assert (grey[:7, :7] == 76).all()
    assert (grey[9:] == 255).all()
    assert colours[0, 0].tolist() == [255, 0, 0]
    assert colours[3, 3].tolist() == [255, 255, 255]


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (8, 8)])
def test_any_size_can_be_measured(size):
    assert len(measure(Image.new("RGB", size, "red")).fingerprint) == FINGERPRINT_BYTES


def test_the_size_hardly_matters():
    small, large = measure(photo(side=200)), measure(photo(side=800))
    assert small.sharpness == pytest.approx(large.sharpness, rel=0.25)
    assert small.contrast == pytest.approx(large.contrast, rel=0.05)
