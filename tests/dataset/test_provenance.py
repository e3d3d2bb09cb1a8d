import io

import pytest
from PIL import ExifTags, Image

from automl.dataset import pictures
from automl.dataset.provenance import Provenance


def provenance(**options: object) -> Provenance:
    file = io.BytesIO()
    Image.effect_noise((40, 30), 40).convert("RGB").save(file, "JPEG", **options)
    return pictures.examine(file).provenance


def exif(make: str = "", model: str = "", taken: str = "", changed: str = "") -> Image.Exif:
    block = Image.Exif()
    block[ExifTags.Base.Make], block[ExifTags.Base.Model] = make, model
    block[ExifTags.Base.DateTime] = changed
    block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    return block


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("NIKON CORPORATION", "NIKON D90", "NIKON CORPORATION NIKON D90"),
        ("", "Pixel 7", "Pixel 7"),
        (" Acme\0x", "", "Acme"),
        ("", "", None),
    ],
)
def test_camera_is_make_and_model_without_the_make_twice(make, model, camera):
    assert provenance(exif=exif(make, model)).camera == camera


def test_time_is_that_of_the_photo_and_else_that_of_the_file():
    both = exif(taken="2024:05:03 14:22:05", changed="2025:01:01 00:00:00")
    assert provenance(exif=both).taken == "2024-05-03 14:22:05"
    assert provenance(exif=exif(changed="2025:01:01 00:00:00")).taken == "2025-01-01 00:00:00"
    assert provenance(exif=exif(taken="0000:00:00 00:00:00")).taken is None


@pytest.mark.filterwarnings("ignore:.*EXIF.*:UserWarning")  # Pillow warns as it opens the file
def test_damaged_traces_are_none():
    assert provenance(exif=b"Exif\0\0II*\0\xff\xff\xff\xff") == Provenance(jpeg_quality=75)


@pytest.mark.parametrize("quality", [30, 50, 75, 95])
def test_quality_is_that_which_the_picture_was_saved_with(quality):
    assert provenance(quality=quality).jpeg_quality == pytest.approx(quality, abs=1)


def test_colours_are_counted_up_to_a_limit():
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(file, "PNG")
    assert pictures.examine(file).num_colours == 1
    file = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise((300, 200), 90)] * 3).rotate(1).save(file, "PNG")
    grey = pictures.examine(file).num_colours
    assert grey is not None
    assert grey > 100
    assert pictures.examine(noise()).num_colours is None


def noise() -> io.BytesIO:
    file = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise((300, 200), 90) for _ in range(3)]).save(file, "PNG")
    return file
