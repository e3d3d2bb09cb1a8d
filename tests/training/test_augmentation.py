import numpy as np
import torch

from automl.dataset.crop_ranges import CROP_RATIO, CROP_SCALE
from automl.dataset.packed_pictures import PackedPictures
from automl.training.augmentation import (
    Augmentation,
    centre_edges,
    crop,
    edges_of,
    jitter,
    jitter_factors,
    random_boxes,
)
from automl.training.batches import moved

WIDE = torch.full((2000,), 1.5)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def packed(pictures: list[np.ndarray]) -> PackedPictures:
    sizes = np.array([picture.shape[:2] for picture in pictures])
    return PackedPictures.of(np.concatenate([picture.ravel() for picture in pictures]), sizes)


def gradient(count: int) -> PackedPictures:
    """Pictures that are dark at the left and bright at the right."""
    row = np.linspace(0, 255, 40).astype(np.uint8)
    return packed([np.broadcast_to(row[None, :, None], (40, 40, 3))] * count)


def augment(pictures: PackedPictures, *, is_random: bool, flip: bool = True) -> torch.Tensor:
    augmentation = Augmentation(size=32, is_random=is_random, horizontal_flip=flip, scored_size=36)
    return augmentation(pictures, seeded())


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


def test_the_centre_is_a_square_in_the_middle() -> None:
    sizes = torch.tensor([[10, 30], [17, 8]])
    assert centre_edges(sizes, 8).tolist() == [[11, 1, 19, 9], [0, 4, 8, 12]]


def smooth(count: int) -> PackedPictures:
    torch.manual_seed(0)
    pictures = []
    for index in range(count):
        size = (48 + 3 * index, 90 - 5 * index)
        grown = torch.nn.functional.interpolate(torch.rand(1, 3, 5, 5) * 255, size, mode="bicubic")
        pictures.append(grown[0].clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy())
    return packed(pictures)


def test_a_gpu_sees_the_same_part_as_a_cpu() -> None:
    pictures = smooth(8)
    sizes = torch.from_numpy(pictures.sizes)
    boxes = random_boxes(sizes[:, 1] / sizes[:, 0], scale_min=0.35, generator=seeded())
    flips = torch.tensor([[True, False], [False, False], [False, True], [True, True]] * 2)
    # the path of a GPU: it depends on where the pictures are, in a tensor or in an array
    for chosen in (slice(None), slice(3, 5), np.array([6, 0])):
        part, edges = pictures.take(chosen), edges_of(boxes, sizes)[chosen]
        on_cpu = crop(part, edges, 32, flips[chosen])
        on_gpu = crop(moved(part, torch.device("cpu")), edges, 32, flips[chosen])
        assert on_gpu.shape == on_cpu.shape
        assert (on_cpu.float() - on_gpu).abs().mean() < 2


def test_a_gpu_and_a_cpu_score_the_very_same_pixels() -> None:
    pictures = smooth(8)
    edges = centre_edges(torch.from_numpy(pictures.sizes), 40)
    on_gpu = crop(moved(pictures, torch.device("cpu")), edges, 40)
    assert torch.equal(crop(pictures, edges, 40).float(), on_gpu)


def test_a_random_crop_of_a_wide_picture_keeps_its_proportions() -> None:
    # a ring that is round in the picture is round in every crop: as wide as it is high
    down, across = np.mgrid[:60, :180]
    disc = ((down - 30) ** 2 + (across - 90) ** 2 < 10**2) * np.uint8(255)
    pictures = packed([np.repeat(disc[:, :, None], 3, axis=2)] * 50)
    augmentation = Augmentation(size=60, scored_size=60, crop_scale_min=0.6, colour_jitter=0)
    seen = 0
    for picture in augmentation(pictures, seeded())[:, 0] > 0.5:
        width, height = int(picture.any(0).sum()), int(picture.any(1).sum())
        if picture[0].any() or picture[-1].any() or not picture.any():
            continue
        if picture[:, 0].any() or picture[:, -1].any():
            continue
        seen += 1
        assert 3 / 4 - 0.1 < height / width < 4 / 3 + 0.1
    assert seen > 10


def jittered(pixels: torch.Tensor, strength: float) -> torch.Tensor:
    factors = jitter_factors(len(pixels), strength=strength, generator=seeded())
    assert factors is not None
    return jitter(pixels, factors)


def test_jitter_keeps_pixels_between_0_and_1() -> None:
    out = jittered(torch.rand(16, 3, 8, 8), 0.5)
    assert out.min() >= 0
    assert out.max() <= 1


def test_jitter_scales_brightness_by_at_most_its_strength() -> None:
    grey = torch.full((500, 3, 4, 4), 0.5)
    brightness = jittered(grey, 0.2).mean(dim=(1, 2, 3)) / 0.5
    assert 0.8 <= brightness.min() < 0.82
    assert 1.18 < brightness.max() <= 1.2
