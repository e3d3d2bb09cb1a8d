"""Show a picture as the model sees it: the crop that is scored, and random crops for training.

Training crops follow `automl.training.augmentation`, which does the same for whole batches
with torch.
"""

import math
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from automl.dataset import picture_location, pictures
from automl.dataset.crop_ranges import COLOUR_STRENGTH, CROP_RATIO, CROP_SCALE
from automl.dataset.preprocessing import resized_centre, resized_shape
from automl.dataset.rendering import PLAIN, Rendering

CROP_ROOM = 256 / 224
"""Short side of the resized picture over the side of the crop that is scored."""

Box = tuple[float, float, float, float]


def fitting_side(median_side: float) -> int:
    """Side of training crops that fits the pictures; small ones stay small and train faster.

    Args:
        median_side: median of the shorter side of the pictures, in pixels.
    """
    if median_side <= 40:
        return 32
    return 96 if median_side <= 100 else 224


def loaded(source: Path | BinaryIO, crop_size: int, rendering: Rendering = PLAIN) -> Image.Image:
    """The RGB picture that crops of this side are cut from.

    Raises:
        UnreadablePicture: says why.
    """
    side = round(crop_size * CROP_ROOM)
    with picture_location.opened(source) as file:
        return pictures.load_rgb(file, min_side=side, rendering=rendering)


def scored(image: Image.Image, crop_size: int) -> NDArray[np.uint8]:
    """(crop_size, crop_size, 3): the RGB picture as validation and prediction see it."""
    return pictures.preprocess(image, resize_size=round(crop_size * CROP_ROOM), crop_size=crop_size)


def trained_on(
    image: Image.Image, *, crop_size: int, horizontal_flip: bool, count: int, seed: int = 0
) -> NDArray[np.uint8]:
    """(count, crop_size, crop_size, 3): the picture as training may see it in `count` epochs."""
    resize_size = round(crop_size * CROP_ROOM)
    shape = resized_shape(image.size, resize_size, crop_size)
    whole = Image.fromarray(resized_centre(image, resize_size, shape))
    rng = np.random.default_rng(seed)
    views = np.empty((count, crop_size, crop_size, 3), np.uint8)
    for view in views:
        box = random_box(whole.width / whole.height, rng)
        cut = crop(whole, box, crop_size)
        if horizontal_flip and rng.random() < 0.5:
            cut = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        brightness, contrast = 1 + COLOUR_STRENGTH * rng.uniform(-1, 1, size=2)
        view[:] = jitter(np.asarray(cut), brightness=brightness, contrast=contrast)
    return views


def random_box(aspect: float, rng: np.random.Generator) -> Box:
    """Left, top, width and height as shares of a picture of that width / height, inside it."""
    area = rng.uniform(*CROP_SCALE)
    ratio = math.exp(rng.uniform(math.log(CROP_RATIO[0]), math.log(CROP_RATIO[1])))
    width, height = math.sqrt(area * ratio / aspect), math.sqrt(area * aspect / ratio)
    fit = max(width, height, 1.0)
    width, height = width / fit, height / fit
    return rng.random() * (1 - width), rng.random() * (1 - height), width, height


def crop(whole: Image.Image, box: Box, size: int) -> Image.Image:
    """The box cut out of a picture, as `size` x `size` pixels."""
    left, top, width, height = box
    corners = np.array([left, top, left + width, top + height]) * [*whole.size, *whole.size]
    near_x, near_y, far_x, far_y = np.rint(corners).astype(int).tolist()
    edges = (near_x, near_y, max(far_x, near_x + 1), max(far_y, near_y + 1))
    # crop first: resizing with a box would also use pixels around the box
    return whole.crop(edges).resize((size, size), Image.Resampling.BILINEAR)


def jitter(pixels: NDArray[np.uint8], *, brightness: float, contrast: float) -> NDArray[np.uint8]:
    """Pixels (H, W, 3) with the contrast around their mean, then the brightness, multiplied."""
    mean = pixels.mean()
    changed = ((pixels - mean) * contrast + mean) * brightness
    return np.asarray(np.rint(changed.clip(0, 255)), dtype=np.uint8)
