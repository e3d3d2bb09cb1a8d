import io
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance

from automl.dataset import near_duplicates
from automl.dataset.pictures import FINGERPRINT_BYTES, measure

Change = Callable[[Image.Image], Image.Image]


def photo(seed: int, size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Blocks of colour with a finer pattern on them, something like a photo."""
    rng = np.random.default_rng(seed)
    coarse, fine = (
        Image.fromarray(rng.integers(0, 256, (n, n, 3), dtype=np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        )
        for n in (5, 14)
    )
    return Image.blend(coarse, fine, 0.35)


def samples_of(*pictures: Image.Image, contents: list[str] | None = None) -> pd.DataFrame:
    looks = [measure(picture) for picture in pictures]
    return pd.DataFrame(
        {
            "content_hash": contents or [str(number) for number in range(len(pictures))],
            "problem": pd.Series([None] * len(pictures), dtype="str"),
            "contrast": [look.contrast for look in looks],
            "fingerprint": [look.fingerprint for look in looks],
            "width": [picture.width for picture in pictures],
            "height": [picture.height for picture in pictures],
        }
    )


def encoded(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def cropped(picture: Image.Image) -> Image.Image:
    """One hundredth cut off at every side."""
    x, y = picture.width / 100, picture.height / 100
    return picture.crop((round(x), round(y), round(picture.width - x), round(picture.height - y)))


CHANGES: dict[str, Change] = {
    "encoded again": lambda picture: encoded(picture, 40),
    "a third of the size": lambda picture: encoded(picture.resize((133, 100)), 80),
    "cropped": cropped,
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.15),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.8),
    "more contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(1.2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_copy_is_found_among_other_pictures(change):
    originals = [photo(seed) for seed in range(20)]
    copies = [change(picture) for picture in originals]
    groups = near_duplicates.groups(samples_of(*originals, *copies))
    pairs = groups.groupby(groups).apply(lambda part: sorted(part.index % 20))
    assert all(first == second for first, second in pairs)  # each with its own copy only
    assert len(pairs) >= 19


def test_different_pictures_are_in_no_group():
    assert near_duplicates.groups(samples_of(*map(photo, range(60)))).isna().all()


def test_exact_copies_alone_are_no_near_duplicates_but_belong_to_their_group():
    one, other = photo(1), encoded(photo(1), 50)
    alone = near_duplicates.groups(samples_of(one, one, contents=["a", "a"]))
    assert alone.isna().all()
    together = near_duplicates.groups(samples_of(one, one, other, contents=["a", "a", "b"]))
    assert together.notna().all()
    assert together.nunique() == 1


def test_flat_pictures_are_never_the_same():
    grain = np.random.default_rng(0).integers(0, 4, (64, 64, 3), dtype=np.uint8)
    flat = [Image.fromarray(grain + np.uint8(grey)) for grey in (90, 91, 92, 250)]
    assert near_duplicates.groups(samples_of(*flat)).isna().all()


def test_a_thing_in_another_colour_is_another_picture():
    def on_a_table(colour: tuple[int, int, int]) -> Image.Image:
        table = photo(3)
        table.paste(colour, (120, 80, 280, 220))
        return table

    # red and green of the same grey
    samples = samples_of(on_a_table((200, 0, 0)), on_a_table((0, 102, 0)))
    assert near_duplicates.groups(samples).isna().all()


def test_small_things_in_front_of_the_same_white_are_different_pictures():
    def icon(x: int) -> Image.Image:
        white = Image.new("RGB", (128, 128), "white")
        white.paste((30, 60, 120), (x, 40, x + 40, 80))
        return white

    assert near_duplicates.groups(samples_of(*[icon(x) for x in range(30, 60, 4)])).isna().all()


def test_a_drawing_in_another_grey_is_another_drawing():
    def drawing(grey: int) -> Image.Image:
        white = Image.new("RGB", (128, 128), "white")
        white.paste((grey, grey, grey), (30, 40, 90, 80))
        return white

    assert near_duplicates.groups(samples_of(drawing(30), drawing(110))).isna().all()
    assert near_duplicates.groups(samples_of(drawing(30), encoded(drawing(30), 60))).notna().all()


def test_unreadable_pictures_are_in_no_group():
    samples = samples_of(photo(1), encoded(photo(1), 60))
    samples.loc[0, ["problem", "fingerprint", "contrast"]] = ["Broken.", None, np.nan]
    assert near_duplicates.groups(samples).isna().all()


def test_the_order_of_the_rows_does_not_matter():
    pictures = [photo(seed) for seed in range(15)]
    samples = samples_of(*pictures, *map(cropped, pictures))
    groups = near_duplicates.groups(samples)
    shuffled = samples.sample(frac=1, random_state=0)
    pd.testing.assert_series_equal(near_duplicates.groups(shuffled).sort_index(), groups)


def test_sameness_ties_copies_and_near_duplicates():
    samples = samples_of(photo(1), photo(1), encoded(photo(1), 60), photo(2), photo(2))
    samples["content_hash"] = ["a", "a", "b", "c", "c"]
    samples["near_duplicate_group"] = near_duplicates.groups(samples)
    first, second, third, fourth, fifth = near_duplicates.sameness(samples)
    assert first == second == third != fourth == fifth == "c"


def test_the_largest_of_each_group_stays_on_each_side_and_under_each_label():
    rows = [
        ("a", "cat", "train", 100, 0),
        ("b", "cat", "train", 300, 0),
        ("c", "cat", "train", 300, 0),
        ("d", "dog", "train", 100, 0),
        ("e", "cat", "test", 100, 0),
        ("f", "cat", "train", 900, None),
    ]
    names = ["path", "label", "split", "width", "near_duplicate_group"]
    samples = pd.DataFrame(rows, columns=names).assign(height=100, id=range(len(rows)))
    samples["near_duplicate_group"] = samples["near_duplicate_group"].astype("Int64")
    assert sorted(near_duplicates.all_but_largest(samples)) == ["a", "c"]


def seconds(count: int) -> float:
    rng = np.random.default_rng(0)
    looks = rng.integers(0, 256, (count, FINGERPRINT_BYTES), dtype=np.uint8)
    looks[: count // 2] = looks[0] + rng.integers(0, 3, (count // 2, FINGERPRINT_BYTES))
    samples = pd.DataFrame(
        {
            "content_hash": [str(number) for number in range(count)],
            "problem": pd.Series([None] * count, dtype="str"),
            "fingerprint": [look.tobytes() for look in looks],
        }
    ).assign(contrast=50.0, width=64, height=64)
    started = time.process_time()  # not the clock: others work, too
    near_duplicates.groups(samples)
    return time.process_time() - started


def test_ten_times_the_pictures_take_about_ten_times_as_long_however_many_are_alike():
    seconds(2_000)
    assert seconds(20_000) < 30 * seconds(2_000)  # 100 if everything met everything
