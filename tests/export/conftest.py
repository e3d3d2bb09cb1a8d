from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def _photo(width: int, height: int) -> Image.Image:
    """Smooth colours with a corner that tells how it is turned."""
    rng = np.random.default_rng(width)
    small = Image.fromarray(rng.integers(0, 255, (4, 6, 3), dtype=np.uint8))
    photo = small.resize((width, height), Image.Resampling.BICUBIC)
    photo.paste((255, 0, 0), (0, 0, max(width // 4, 1), max(height // 4, 1)))
    return photo


def _turned() -> tuple[Image.Image, dict[str, object]]:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _photo(90, 60), {"exif": exif, "quality": 92}


def _sixteen_bits() -> Image.Image:
    grey = np.asarray(_photo(80, 60).convert("L"), dtype=np.uint16)
    return Image.fromarray(grey * 257)


@pytest.fixture(scope="session")
def odd_pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One picture file of every kind that is easily read in two ways."""
    folder = tmp_path_factory.mktemp("odd")
    turned, options = _turned()
    see_through = _photo(80, 60)
    see_through.putalpha(Image.linear_gradient("L").resize((80, 60)))
    kinds: dict[str, Callable[[], tuple[Image.Image, str, dict[str, object]]]] = {
        "jpeg": lambda: (_photo(90, 60), "jpg", {}),
        "large jpeg": lambda: (_photo(1200, 800), "jpg", {}),
        "png": lambda: (_photo(80, 60), "png", {}),
        "cmyk": lambda: (_photo(80, 60).convert("CMYK"), "jpg", {}),
        "grey": lambda: (_photo(80, 60).convert("L"), "png", {}),
        "sixteen bits": lambda: (_sixteen_bits(), "png", {}),
        "palette": lambda: (_photo(80, 60).quantize(16), "gif", {}),
        "see-through": lambda: (see_through, "png", {}),
        "turned": lambda: (turned, "jpg", options),
        "one pixel wide": lambda: (_photo(1, 60), "png", {}),
        "one pixel high": lambda: (_photo(70, 1), "png", {}),
        "one pixel": lambda: (_photo(1, 1), "png", {}),
    }
    paths = {}
    for name, make in kinds.items():
        image, extension, given = make()
        path = folder / f"{name}.{extension}"
        image.save(path, **given)
        paths[name] = path
    return paths
