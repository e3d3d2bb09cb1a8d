import torch

from automl.training.augmentation import (
    CROP_RATIO,
    CROP_SCALE,
    Augmentation,
    _crop_by_grid,
    _crop_one_by_one,
    centre_boxes,
    jitter,
    random_boxes,
)

WIDE = torch.full((2000,), 1.5)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def gradient(count: int) -> torch.Tensor:
    """Pictures that are dark at the left and bright at the right."""
    row = torch.linspace(0, 255, 40).to(torch.uint8)
    return row.expand(count, 3, 40, 40).clone()


def augment(pictures: torch.Tensor, *, is_random: bool, flip: bool = True) -> torch.Tensor:
    augmentation = Augmentation(
        size=32, is_random=is_random, horizontal_flip=flip, centre_share=0.875
    )
    return augmentation(pictures, torch.ones(len(pictures)), seeded())


def test_two_equal_pictures_of_a_batch_come_out_different() -> None:
    first, second = augment(gradient(2), is_random=True)
    assert (first - second).abs().mean() > 0.01


def test_without_augmentation_equal_pictures_stay_equal() -> None:
    first, second = augment(gradient(2), is_random=False)
    assert torch.equal(first, second)


def test_half_of_the_pictures_are_mirrored() -> None:
    out = augment(gradient(400), is_random=True)
    mirrored = out[:, :, :, 0].mean(dim=(1, 2)) > out[:, :, :, -1].mean(dim=(1, 2))
    assert 0.4 < mirrored.float().mean() < 0.6


def test_nothing_is_mirrored_when_the_flip_is_off() -> None:
    out = augment(gradient(100), is_random=True, flip=False)
    assert (out[:, :, :, 0].mean(dim=(1, 2)) < out[:, :, :, -1].mean(dim=(1, 2))).all()


def test_random_boxes_lie_inside_the_picture() -> None:
    left, top, width, height = random_boxes(
        WIDE, scale_min=CROP_SCALE[0], generator=seeded()
    ).unbind(1)
    assert (torch.stack([left, top]) >= 0).all()
    assert (left + width <= 1 + 1e-6).all()
    assert (top + height <= 1 + 1e-6).all()


def test_random_boxes_have_the_stated_area_and_true_ratio() -> None:
    boxes = random_boxes(WIDE, scale_min=CROP_SCALE[0], generator=seeded())
    width, height = boxes[:, 2], boxes[:, 3]
    area, ratio = width * height, width / height * 1.5
    assert CROP_SCALE[0] - 1e-6 <= area.min() < CROP_SCALE[0] + 0.01
    assert CROP_RATIO[0] - 1e-5 <= ratio.min() < CROP_RATIO[0] + 0.01
    assert CROP_RATIO[1] - 0.01 < ratio.max() <= CROP_RATIO[1] + 1e-5


def test_the_centre_box_is_square_in_the_upright_picture() -> None:
    (box,) = centre_boxes(torch.tensor([2.0]), share=0.8)
    assert torch.allclose(box, torch.tensor([0.3, 0.1, 0.4, 0.8]))


def test_both_ways_of_cropping_see_the_same_part() -> None:
    torch.manual_seed(0)
    smooth = torch.nn.functional.interpolate(torch.rand(8, 3, 5, 5) * 255, (48, 48), mode="bicubic")
    pictures = smooth.clamp(0, 255).to(torch.uint8)
    boxes = (random_boxes(torch.ones(8), scale_min=0.35, generator=seeded()) * 48).round() / 48
    flips = torch.tensor([[True, False], [False, False], [False, True], [True, True]] * 2)
    one_by_one = _crop_one_by_one(pictures, boxes, flips, 32).float()
    by_grid = _crop_by_grid(pictures, boxes, flips, 32)
    assert (one_by_one - by_grid).abs().mean() < 3


def test_jitter_keeps_pixels_between_0_and_1() -> None:
    out = jitter(torch.rand(16, 3, 8, 8), strength=0.5, generator=seeded())
    assert out.min() >= 0
    assert out.max() <= 1


def test_jitter_scales_brightness_by_at_most_its_strength() -> None:
    grey = torch.full((500, 3, 4, 4), 0.5)
    brightness = jitter(grey, strength=0.2, generator=seeded()).mean(dim=(1, 2, 3)) / 0.5
    assert 0.8 <= brightness.min() < 0.82
    assert 1.18 < brightness.max() <= 1.2
