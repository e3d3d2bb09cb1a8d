import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automl.dataset import pictures
from automl.dataset.preprocessing import UnreadablePicture, load_preprocessed, load_rgb
from automl.dataset.rendering import PLAIN, Rendering

TWELVE_BITS = Rendering((0, 4095))


def saved(image: Image.Image, file_format: str, **options: object) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file


def levels(source: io.BytesIO, rendering: Rendering = PLAIN) -> np.ndarray:
    return np.asarray(load_rgb(source, rendering=rendering))


def png(pixels: np.ndarray, colour_type: int) -> io.BytesIO:
    """A PNG file of 16 bits a channel, which Pillow cannot write in colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunks)


def tiff(pixels: np.ndarray, order: str, compression: int) -> io.BytesIO:
    """A TIFF file of 16-bit colours; order is < or >, compression 1 (none) or 8 (deflate)."""
    height, width, channels = pixels.shape
    content = pixels.astype(f"{order}u2").tobytes()
    content = zlib.compress(content) if compression == 8 else content
    tags = [(256, width), (257, height), (258, None), (259, compression), (262, 2)]
    tags += [(273, None), (277, channels), (278, height), (279, len(content))]
    tags += [(338, 2)] if channels == 4 else []
    bits_at = 8 + 2 + 12 * len(tags) + 4
    places = {258: bits_at, 273: bits_at + 2 * channels}
    file = b"II*\0" if order == "<" else b"MM\0*"
    file += struct.pack(f"{order}IH", 8, len(tags))
    for tag, value in tags:
        count, kind = (channels, 3) if tag == 258 else (1, 4)
        file += struct.pack(f"{order}HHII", tag, kind, count, places.get(tag, value))
    bits = struct.pack(f"{order}{channels}H", *[16] * channels)
    return io.BytesIO(file + struct.pack(f"{order}I", 0) + bits + content)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_twelve_bits_in_sixteen_keep_their_levels(file_format):
    values = np.arange(0, 4096, 15, dtype=np.uint16).reshape(1, -1)
    source = saved(Image.fromarray(values), file_format)
    assert len(np.unique(levels(source))) == 17  # 0 to 65,535 is usual for the type
    assert len(np.unique(levels(source, TWELVE_BITS))) == 256


def test_values_beyond_the_range_become_black_and_white_and_so_does_what_is_no_number():
    values = np.array([[-9999, 20, 30, 40, 1e30, np.nan, np.inf, -np.inf]], np.float32)
    source = saved(Image.fromarray(values), "TIFF")
    found = levels(source, Rendering((20, 40)))[0, :, 0]
    assert found.tolist() == [0, 0, 128, 255, 255, 0, 255, 0]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "CMYK"])
def test_pictures_of_eight_bits_keep_their_values(mode):
    noise = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    source = saved(Image.fromarray(noise).convert(mode), "TIFF")
    assert (levels(source, TWELVE_BITS) == levels(source)).all()


COLOURS = {
    "png": lambda pixels: png(pixels, {3: 2, 4: 6}[pixels.shape[2]]),
    "little-endian tiff": lambda pixels: tiff(pixels, "<", 1),
    "big-endian tiff": lambda pixels: tiff(pixels, ">", 1),
    "little-endian compressed tiff": lambda pixels: tiff(pixels, "<", 8),
    "big-endian compressed tiff": lambda pixels: tiff(pixels, ">", 8),
}


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", COLOURS)
def test_colours_of_sixteen_bits_keep_the_lower_byte_that_pillow_drops(kind, channels):
    pixels = np.random.default_rng(0).integers(0, 4096, (5, 7, channels)).astype(np.uint16)
    pixels[..., 3:] = 65535
    found = levels(COLOURS[kind](pixels), TWELVE_BITS)
    wanted = np.round(pixels[..., :3].astype(np.float32) * np.float32(255 / 4095))
    assert (found == wanted).all()
    assert len(np.unique(levels(COLOURS[kind](pixels)))) <= 16


def test_grey_of_sixteen_bits_with_transparency():
    pixels = np.zeros((2, 2, 2), np.uint16)
    pixels[..., 0] = [[0, 2047], [4095, 0]]
    pixels[..., 1] = [[65535, 65535], [65535, 0]]
    found = levels(png(pixels, 4), TWELVE_BITS)[..., 0]
    assert found.tolist() == [[0, 127], [255, 255]]


@pytest.mark.parametrize(
    ("background", "seen"), [("white", 255), ("black", 10), ("grey", 128), ("alpha", 0)]
)
def test_the_background_is_behind_transparent_pixels(background, seen):
    image = Image.new("RGBA", (4, 4), (10, 10, 10, 255))
    image.putpixel((0, 0), (255, 255, 255, 0))
    found = levels(saved(image, "PNG"), Rendering(background=background))
    edge = 0 if background == "black" else seen
    assert found[0, 0].tolist() == [edge] * 3
    assert found[3, 3].tolist() == ([255] * 3 if background == "alpha" else [10] * 3)


def test_an_opaque_picture_keeps_its_colours_where_others_are_their_opacity():
    image = Image.new("RGBA", (4, 4), (10, 20, 30, 255))
    found = levels(saved(image, "PNG"), Rendering(background="alpha"))
    assert found[0, 0].tolist() == [10, 20, 30]


def test_a_deep_picture_is_turned_upright():
    values = np.array([[0, 4095]], np.uint16)
    exif = Image.Exif()
    exif[0x0112] = 6
    source = saved(Image.fromarray(values), "PNG", exif=exif)
    assert levels(source, TWELVE_BITS)[..., 0].tolist() == [[0], [255]]


@pytest.mark.parametrize("ends", [(1, 1), (2, 1), (0, float("inf")), (float("nan"), 1)])
def test_a_range_rises(ends):
    with pytest.raises(ValueError, match="two rising numbers"):
        Rendering(ends)


def test_a_thumbnail_shows_a_deep_picture_in_its_own_range_or_in_the_given_one():
    values = np.linspace(100, 400, 64 * 64).reshape(64, 64).astype(np.uint16)
    source = saved(Image.fromarray(values), "PNG")
    own = np.asarray(Image.open(io.BytesIO(pictures.thumbnail(source))))
    assert (own.min(), own.max()) == (pytest.approx(0, abs=6), pytest.approx(255, abs=6))
    given = pictures.thumbnail(source, rendering=Rendering((0, 800)))
    assert np.asarray(Image.open(io.BytesIO(given))).max() == pytest.approx(128, abs=6)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_larger_picture_is_allowed_by_the_variable_that_the_refusal_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scan.png"
    Image.new("1", (11_000, 11_000)).save(path)
    with pytest.raises(UnreadablePicture, match="set the environment variable AUTOML_MAX_MEGAPIX"):
        pictures.examine(path)
    monkeypatch.setenv("AUTOML_MAX_MEGAPIXELS", "121")
    assert pictures.examine(path).width == 11_000
    with pytest.raises(UnreadablePicture, match="at most 1,000,000 are allowed.$"):
        load_preprocessed(path, resize_size=8, crop_size=8, max_pixels=1_000_000)
    monkeypatch.setenv("AUTOML_MAX_MEGAPIXELS", "many")
    with pytest.raises(UnreadablePicture, match="AUTOML_MAX_MEGAPIXELS is 'many'"):
        pictures.examine(path)


def frames(file_format: str, *sizes: tuple[int, int]) -> io.BytesIO:
    first, *others = (
        Image.effect_noise(size, 50 + number).convert("P" if file_format == "GIF" else "L")
        for number, size in enumerate(sizes)
    )
    return saved(first, file_format, save_all=True, append_images=others)


@pytest.mark.parametrize("file_format", ["TIFF", "GIF", "PNG", "WEBP"])
def test_further_frames_are_noticed(file_format):
    assert pictures.examine(frames(file_format, (30, 20), (30, 20))).has_frames
    assert not pictures.examine(frames(file_format, (30, 20))).has_frames


def test_a_preview_is_no_further_frame():
    assert not pictures.examine(frames("TIFF", (60, 40), (15, 10))).has_frames
    assert not pictures.examine(frames("MPO", (60, 40), (15, 10))).has_frames
