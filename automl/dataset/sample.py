"""The sample data set: scikit-learn's handwritten digits."""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from automl.host import atomic
from automl.texts import mark


def write_digits(target: Path) -> int:
    """Write scikit-learn's handwritten digits as an image folder, whole or not at all.

    Returns:
        Number of pictures, which are grey and have 8 x 8 pixels.

    Raises:
        FileExistsError: the target exists and is not an empty folder.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise _exists(target)
    try:
        with atomic.new_folder(target, private=False) as folder:
            count = _write(folder)
            if target.exists():
                target.rmdir()  # it is empty
    except FileExistsError:  # another process was faster
        raise _exists(target) from None
    return count


def _exists(target: Path) -> FileExistsError:
    return FileExistsError(mark(f"{target} exists and is not an empty folder. Choose another one."))


def source() -> Path:
    """The file of scikit-learn that its `load_digits` reads: importing that takes a second."""
    found = find_spec("sklearn")
    assert found
    assert found.origin
    return Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz"


def _write(folder: Path) -> int:
    with gzip.open(source()) as file:
        rows = np.loadtxt(file, np.uint8, delimiter=",")  # 64 values from 0 to 16, and the digit
    images = (rows[:, :-1].reshape(-1, 8, 8) * (255 / 16)).round().astype(np.uint8)
    for label in range(10):
        (folder / str(label)).mkdir(parents=True)
    for number, (image, label) in enumerate(zip(images, rows[:, -1], strict=True)):
        Image.fromarray(image).save(folder / str(label) / f"{number:04}.png")
    return len(images)
