import io
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automl.dataset import pictures
from automl.dataset.pictures import UnreadablePicture

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, file_format: str = "PNG", **options: object) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file


def quarters() -> Image.Image:
    """Wider than high; red, green in the upper half and blue, white in the lower."""
    image = Image.new("RGB", (64, 32))
    for place, colour in {(0, 0): RED, (32, 0): GREEN, (0, 16): BLUE, (32, 16): WHITE}.items():
        image.paste(colour, (*place, place[0] + 32, place[1] + 16))
    return image


def colour_at(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    return image.getpixel((int(x * image.width), int(y * image.height)))


def near(colour: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 12) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(colour, wanted, strict=True))


def bomb() -> io.BytesIO:
    """A tiny one-bit PNG of 13,312 x 13,312 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    side = 13_312
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", STORED_AS)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_is_turned_upright(orientation: int, file_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = STORED_AS[orientation]
    stored = quarters() if turn is None else quarters().transpose(turn)
    options = {"exif": exif} | ({"lossless": True} if file_format == "WEBP" else {})

    image = pictures.load_rgb(encoded(stored, file_format, **options))

    assert image.size == (64, 32)
    corners = [colour_at(image, x, y) for y in (0.25, 0.75) for x in (0.25, 0.75)]
    assert all(near(*pair) for pair in zip(corners, (RED, GREEN, BLUE, WHITE), strict=True))


@pytest.mark.parametrize("orientation", [1, 6])
def test_facts_are_those_of_the_upright_picture(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = STORED_AS[orientation]
    stored = quarters() if turn is None else quarters().transpose(turn)
    facts = pictures.examine(encoded(stored, "JPEG", exif=exif))
    assert (facts.width, facts.height, facts.format, facts.mode) == (64, 32, "JPEG", "RGB")


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(file_format: str) -> None:
    values = np.array([[0, 256, 32768, 65535]], dtype=np.uint16)
    image = pictures.load_rgb(encoded(Image.fromarray(values), file_format))
    assert np.asarray(image)[0, :, 0].tolist() == [0, 1, 128, 255]


def test_sixteen_bit_pgm_is_scaled() -> None:
    file = io.BytesIO(b"P5 2 1 65535\n" + struct.pack(">HH", 32768, 65535))
    assert np.asarray(pictures.load_rgb(file))[0, :, 0].tolist() == [128, 255]


@pytest.mark.parametrize(
    ("values", "shown"), [([0.0, 0.5, 1.0], [0, 128, 255]), ([0.0, 100.0, 255.0], [0, 100, 255])]
)
def test_floats_are_read_in_their_usual_range(values: list[float], shown: list[int]) -> None:
    image = Image.fromarray(np.array([values], dtype=np.float32))
    loaded = pictures.load_rgb(encoded(image, "TIFF"))
    assert np.asarray(loaded)[0, :, 0].tolist() == shown


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_becomes_white(mode: str) -> None:
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    loaded = pictures.load_rgb(encoded(image.quantize() if mode == "P" else image.convert(mode)))
    assert [loaded.getpixel((x, 0)) for x in (0, 1)] == [WHITE, (0, 0, 0)]


def test_half_transparent_black_becomes_grey() -> None:
    file = encoded(Image.new("RGBA", (1, 1), (0, 0, 0, 128)))
    assert near(pictures.load_rgb(file).getpixel((0, 0)), (127, 127, 127), 1)


def test_a_transparent_palette_colour_becomes_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    loaded = pictures.load_rgb(encoded(image, transparency=0))
    assert [loaded.getpixel((x, 0)) for x in (0, 1)] == [WHITE, BLUE]


def test_cmyk_keeps_its_colours() -> None:
    file = encoded(Image.new("RGB", (16, 16), (200, 40, 40)).convert("CMYK"), "JPEG", quality=95)
    assert near(pictures.load_rgb(file).getpixel((8, 8)), (200, 40, 40))


def test_one_bit_is_black_and_white() -> None:
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    loaded = pictures.load_rgb(encoded(image))
    assert [loaded.getpixel((x, 0)) for x in (0, 1)] == [(0, 0, 0), WHITE]


@pytest.mark.parametrize("file_format", ["GIF", "TIFF", "WEBP", "MPO"])
def test_the_first_frame_of_several_is_taken(file_format: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, BLUE)]
    file = encoded(frames[0], file_format, save_all=True, append_images=frames[1:])
    assert near(pictures.load_rgb(file).getpixel((8, 8)), RED)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_a_cut_off_file_is_unreadable(file_format: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    whole = encoded(Image.fromarray(noise), file_format).getvalue()
    for read in (pictures.examine, pictures.load_rgb):
        with pytest.raises(UnreadablePicture):
            read(io.BytesIO(whole[: len(whole) // 2]))


def test_a_jpeg_that_lacks_only_its_end_is_found_by_examining_it() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    whole = encoded(Image.fromarray(noise), "JPEG").getvalue()
    with pytest.raises(UnreadablePicture, match="truncated"):
        pictures.examine(io.BytesIO(whole[:-200]))


@pytest.mark.filterwarnings("ignore")  # Pillow itself only warns at this size
def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    file = bomb()
    assert len(file.getvalue()) < 25_000
    started = time.process_time()
    with pytest.raises(UnreadablePicture, match="at most 100,000,000"):
        pictures.load_rgb(file)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<html>not found</html>", "not a picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0miafheicMiHB", "HEIC"),
        (b"8BPS\0\1", "not a picture"),
    ],
)
def test_other_content_is_named(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadablePicture, match=reason):
        pictures.load_rgb(io.BytesIO(content))


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePicture, match="No such file"):
        pictures.load_rgb(tmp_path / "gone.png")


def test_a_large_jpeg_is_decoded_no_larger_than_needed() -> None:
    file = encoded(Image.new("RGB", (1600, 1000)), "JPEG")
    assert pictures.load_rgb(file, min_side=200).size == (400, 250)
    assert pictures.load_rgb(file).size == (1600, 1000)


def test_preprocess_resizes_the_short_side_and_takes_the_centre() -> None:
    image = Image.new("RGB", (400, 100), RED)
    image.paste(BLUE, (140, 0, 260, 100))
    pixels = pictures.preprocess(image, resize_size=50, crop_size=50)
    assert pixels.shape == (50, 50, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == BLUE).all()


def test_preprocess_equals_resizing_the_whole_and_then_cropping() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    smooth = Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC)
    whole = smooth.resize((80, 60), Image.Resampling.BILINEAR).crop((20, 10, 60, 50))
    pixels = pictures.preprocess(smooth, resize_size=60, crop_size=40)
    assert np.abs(pixels.astype(int) - np.asarray(whole)).max() <= 1


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 1), (3, 2)])
def test_preprocess_takes_any_shape(size: tuple[int, int]) -> None:
    pixels = pictures.preprocess(Image.new("RGB", size, RED), resize_size=256, crop_size=224)
    assert (pixels == RED).all()
    assert pixels.shape == (224, 224, 3)


def test_a_thumbnail_keeps_the_ratio_and_stays_small() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 900, 3), dtype=np.uint8)
    shown = pictures.thumbnail(encoded(Image.fromarray(noise)))
    assert len(shown) <= 10_000
    assert Image.open(io.BytesIO(shown)).size == (128, 85)


def test_even_a_large_thumbnail_stays_small() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (900, 900, 3), dtype=np.uint8)
    assert len(pictures.thumbnail(encoded(Image.fromarray(noise)), side=800)) <= 10_000


def test_a_tiny_picture_is_enlarged_with_hard_edges() -> None:
    image = Image.new("L", (8, 8))
    image.paste(255, (4, 0, 8, 8))
    shown = Image.open(io.BytesIO(pictures.thumbnail(encoded(image))))
    assert shown.size == (128, 128)
    assert near(shown.convert("RGB").getpixel((61, 60)), (0, 0, 0))
    assert near(shown.convert("RGB").getpixel((66, 60)), WHITE)


@pytest.mark.parametrize("size", [(2000, 3), (3, 2000)])
def test_the_thumbnail_of_a_strip_can_be_shown(tmp_path, size):
    Image.new("RGB", size, "red").save(tmp_path / "strip.png")
    shown = Image.open(io.BytesIO(pictures.thumbnail(tmp_path / "strip.png")))
    assert sorted(shown.size) == [8, 128]
