"""Crop scales, ratios, places, flips and jitter follow the distributions that are stated."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from automl import texts
from automl.dataset.crop_ranges import COLOUR_STRENGTH, CROP_RATIO, CROP_SCALE
from automl.dataset.packed_pictures import PackedPictures
from automl.figures import setting_text
from automl.jobs.compatibility import resolve
from automl.training.augmentation import Augmentation, jitter, jitter_factors, random_boxes

COUNT = 4000
SQUARE = torch.ones(COUNT)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def is_uniform(values: torch.Tensor, low: float, high: float) -> bool:
    """Kolmogorov and Smirnov at the level of a thousandth."""
    test = stats.kstest(values.numpy(), "uniform", args=(low, high - low))
    return bool(test.pvalue > 0.001)


def boxes(scale_min: float) -> tuple[torch.Tensor, ...]:
    """Those that fit as they were drawn; the rest is shrunk to fit."""
    left, top, width, height = random_boxes(SQUARE, scale_min=scale_min, generator=seeded()).unbind(
        1
    )
    fits = torch.maximum(width, height) < 1 - 1e-6
    return left[fits], top[fits], width[fits], height[fits]


@pytest.mark.parametrize("scale_min", [0.08, 0.35])
def test_the_area_of_crops_is_uniform(scale_min: float) -> None:
    # up to 3/4 of the area a crop of any of the ratios fits
    _, _, width, height = boxes(scale_min)
    area = width * height
    assert is_uniform(area[area < 0.75], scale_min, 0.75)


def test_the_logarithm_of_the_ratio_is_uniform() -> None:
    _, _, width, height = boxes(0.08)
    small = width * height < 0.75
    ratio = (width / height)[small].log()
    assert is_uniform(ratio, *(math.log(bound) for bound in CROP_RATIO))


def test_crops_lie_anywhere_in_the_picture() -> None:
    left, top, width, height = boxes(0.08)
    across, down = left / (1 - width), top / (1 - height)
    assert is_uniform(across, 0, 1)
    assert is_uniform(down, 0, 1)
    assert abs(float(torch.corrcoef(torch.stack([across, down]))[0, 1])) < 0.06


def test_brightness_and_contrast_are_uniform_and_apart() -> None:
    pictures = torch.stack([torch.full((3, 1, 1), 0.4), torch.full((3, 1, 1), 0.6)], dim=-1)
    factors = jitter_factors(COUNT, strength=0.3, generator=seeded())
    assert factors is not None
    out = jitter(pictures.view(1, 3, 1, 2).repeat(COUNT, 1, 1, 1), factors)
    dark, bright = out[:, 0, 0].unbind(1)
    brightness = (dark + bright) / 2 / 0.5
    contrast = (bright - dark) / 0.2 / brightness
    assert is_uniform(brightness, 0.7, 1.3)
    assert is_uniform(contrast, 0.7, 1.3)
    assert abs(float(torch.corrcoef(torch.stack([brightness, contrast]))[0, 1])) < 0.06


@pytest.mark.parametrize(
    ("horizontal", "vertical"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_half_of_the_pictures_are_flipped_each_way_on_their_own(
    horizontal: bool, vertical: bool
) -> None:
    # a corner of its own brightness tells how the picture was turned
    corner = np.zeros((1000, 4, 4, 3), np.uint8)
    corner[:, :2, :2] = 255
    pictures = PackedPictures.of(corner.ravel(), np.full((1000, 2), 4))
    augmentation = Augmentation(
        size=4,
        scored_size=4,
        crop_scale_min=1,
        colour_jitter=0,
        horizontal_flip=horizontal,
        vertical_flip=vertical,
    )
    out = augmentation(pictures, seeded())[:, 0]
    right = out[:, :, 3].mean(dim=1) > out[:, :, 0].mean(dim=1)
    down = out[:, 3].mean(dim=1) > out[:, 0].mean(dim=1)
    for is_on, turned in ((horizontal, right), (vertical, down)):
        share = float(turned.float().mean())
        assert share == pytest.approx(0.5, abs=0.05) if is_on else share == 0
    both = float((right & down).float().mean())
    assert both == pytest.approx(0.25 if horizontal and vertical else 0, abs=0.05)


def test_each_strength_has_its_own_ranges_and_single_values_win() -> None:
    def ranges(**asked: object) -> tuple[float, float]:
        augmentation = Augmentation.read(resolve(asked))
        return augmentation.crop_scale_min, augmentation.colour_jitter

    assert ranges() == ranges(augmentation="standard") == (CROP_SCALE[0], COLOUR_STRENGTH)
    assert ranges(augmentation="light") == (0.7, 0.1)
    assert ranges(augmentation="strong") == (0.08, 0.4)
    assert ranges(augmentation="strong", colour_jitter=0.0) == (0.08, 0.0)
    assert not Augmentation.read(resolve({"augmentation": "none"})).is_random


def test_what_is_in_effect_is_said_step_by_step() -> None:
    asked = {"training_crop_size": 32, "vertical_flip": True, "colour_jitter": 0}
    assert Augmentation.read(resolve(asked)).in_effect() == [
        "random crop 32 px, scale 0.35 to 1, ratio 0.75 to 1.33",
        "mirrored, share 0.5",
        "upside down, share 0.5",
    ]
    assert Augmentation.read(resolve({"augmentation": "none"})).in_effect() == [
        "centre crop 224 px, as it is scored"
    ]
    with texts.speaking("de"):
        for changes in ({**asked, "colour_jitter": 0.2}, {"augmentation": "none"}):
            steps = Augmentation.read(resolve(changes)).in_effect()
            said = setting_text.of_value(steps)
            assert not [step for step in steps if step in said], "mend figures/setting_text.py"
