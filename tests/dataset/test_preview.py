import numpy as np
import pytest
from PIL import Image

from automl.dataset import pictures, preview
from automl.dataset.crop_ranges import CROP_RATIO, CROP_SCALE
from automl.dataset.packed_pictures import PackedPictures


@pytest.fixture
def photo(tmp_path, make_picture):
    return make_picture(tmp_path / "photo.png", size=(90, 60))


@pytest.fixture
def image(photo):
    return preview.loaded(photo, 32)


def test_the_scored_view_is_what_validation_sees(photo):
    view = preview.scored(preview.loaded(photo, 32), 32)
    expected = pictures.preprocess(pictures.load_rgb(photo), resize_size=37, crop_size=32)
    assert (view == expected).all()


def test_training_views_differ_from_each_other_and_come_again_with_the_seed(image):
    first, again = (
        preview.trained_on(image, crop_size=32, horizontal_flip=True, count=4) for _ in range(2)
    )
    assert first.shape == (4, 32, 32, 3)
    assert first.dtype == np.uint8
    assert (first == again).all()
    assert len({view.tobytes() for view in first}) == 4
    other = preview.trained_on(image, crop_size=32, horizontal_flip=True, count=4, seed=1)
    assert (other != first).any()


def test_boxes_lie_inside_and_keep_true_proportions():
    rng = np.random.default_rng(0)
    boxes = np.array([preview.random_box(1.5, rng) for _ in range(2000)])
    left, top, width, height = boxes.T
    assert (boxes >= 0).all()
    assert (left + width <= 1 + 1e-9).all()
    assert (top + height <= 1 + 1e-9).all()
    area, ratio = width * height, 1.5 * width / height
    low, high = CROP_RATIO
    assert low - 1e-9 <= ratio.min() < low + 0.05
    assert high - 0.05 < ratio.max() <= high + 1e-9
    assert area.max() <= CROP_SCALE[1] + 1e-9
    assert np.median(area) > CROP_SCALE[0]


def test_pictures_are_only_mirrored_when_asked_for():
    # dark on the left, light on the right: whatever the crop, the right half is the lighter one
    ramp = np.repeat(np.linspace(0, 255, 80)[None, :, None], 80, 0).repeat(3, 2).astype(np.uint8)
    image = Image.fromarray(ramp)

    def lighter_right(*, horizontal_flip: bool) -> float:
        views = preview.trained_on(image, crop_size=32, horizontal_flip=horizontal_flip, count=40)
        return float((views[:, :, 16:].mean((1, 2, 3)) > views[:, :, :16].mean((1, 2, 3))).mean())

    assert lighter_right(horizontal_flip=False) == 1
    assert 0.2 < lighter_right(horizontal_flip=True) < 0.8


def test_jitter_changes_contrast_around_the_mean_and_then_brightness():
    pixels = np.full((2, 2, 3), 100, np.uint8)
    pixels[0] = 50
    assert (preview.jitter(pixels, brightness=1, contrast=1) == pixels).all()
    assert preview.jitter(pixels, brightness=1, contrast=1.2)[:, 0, 0].tolist() == [45, 105]
    assert preview.jitter(pixels, brightness=1.2, contrast=1)[:, 0, 0].tolist() == [60, 120]
    assert preview.jitter(pixels, brightness=3, contrast=1).max() == 255


def test_crops_and_jitter_are_those_of_training(photo):
    import torch

    from automl.training import augmentation

    whole = pictures.load_rgb(photo)
    packed = PackedPictures.of(np.asarray(whole).ravel(), np.array([[60, 90]]))
    box = (0.1, 0.2, 0.5, 0.7)
    cut = preview.crop(whole, box, 32)
    edges = augmentation.edges_of(torch.tensor([box]), torch.tensor([[60, 90]]))
    trained = augmentation.crop(packed, edges, 32)
    difference = np.asarray(cut, dtype=int) - trained[0].permute(1, 2, 0).numpy()
    assert np.abs(difference).max() <= 2
