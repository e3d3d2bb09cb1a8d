"""Pictures that are another one turned or mirrored."""

import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from automl.dataset import manifest, near_duplicates, turned_copies
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from tests.dataset.test_near_duplicates import encoded, photo, samples_of

WAYS = list(Image.Transpose)


def groups(*pictures: Image.Image) -> pd.Series:
    samples = samples_of(*pictures)
    samples["near_duplicate_group"] = near_duplicates.groups(samples)
    return turned_copies.groups(samples)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("quality", [None, 75])
def test_each_way_to_turn_a_picture_is_found(way, quality):
    pictures = [photo(seed) for seed in range(30)]
    turned = pictures[7].transpose(way)
    found = groups(*pictures, encoded(turned, quality) if quality else turned)
    assert found.notna().tolist() == [number in (7, 30) for number in range(31)]
    assert found[7] == found[30]


def test_near_copies_of_both_are_of_the_same_group():
    one = photo(1)
    mirrored = one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    found = groups(one, encoded(one, 60), mirrored, encoded(mirrored, 60), photo(2))
    assert found.nunique() == 1
    assert found.isna().tolist() == [False] * 4 + [True]


def test_near_duplicates_alone_are_not_turned():
    assert groups(photo(1), encoded(photo(1), 50), photo(2)).isna().all()


def test_signs_that_are_alike_the_other_way_round_are_told_apart():
    rng = np.random.default_rng(0)
    signs = []
    for _ in range(200):
        sign = Image.new("RGB", (64, 64), "white")
        x, y = rng.integers(0, 40, 2).tolist()
        sign.paste(tuple(rng.integers(0, 256, 3).tolist()), (x, y, x + 20, y + 20))
        signs.append(sign)
    assert groups(*signs).isna().all()


def test_it_takes_about_the_time_of_near_duplicates():
    count = 5_000
    rng = np.random.default_rng(0)
    looks = rng.integers(0, 256, (count, 304), np.uint8)
    samples = pd.DataFrame({"content_hash": [str(n) for n in range(count)], "contrast": 50.0})
    samples["problem"] = pd.Series([None] * count, dtype="str")
    samples["fingerprint"] = [look.tobytes() for look in looks]
    samples = samples.assign(width=640, height=480)
    samples["near_duplicate_group"] = pd.Series([None] * count, dtype="Int64")
    start = time.process_time()
    near_duplicates.groups(samples)
    middle = time.process_time()
    assert turned_copies.groups(samples).isna().all()
    assert time.process_time() - middle < 5 * (middle - start)  # else it compares all pairs


@pytest.fixture
def folder(tmp_path):
    """Two classes with a test that has two pictures of the training data, one of them turned."""
    for number in range(16):
        label = "ab"[number % 2]
        path = tmp_path / "train" / label / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(number).save(path)
    for label, number, way in (("a", 0, WAYS[2]), ("b", 1, None), ("a", 3, WAYS[0])):
        path = tmp_path / "test" / label / f"x{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = photo(number)
        (picture.transpose(way) if way is not None else picture).save(path, compress_level=1)
    return tmp_path


def test_turned_pictures_of_the_test_data_are_said(folder):
    report = manifest.inspect(DataSource(path=folder)).report
    found = {one.kind: one for one in report.findings}
    assert found["turned_copies"].count == 4
    assert found["turned_leakage"].count == 1  # with another label it is no copy
    assert found["near_duplicate_leakage"].count == 1  # the upright one
    assert found["turned_copies_of_other_labels"].count == 2


def test_turned_copies_stay_together_and_can_be_dropped(folder):
    source = DataSource(path=folder)
    corrections = {"leaked": "drop"}
    data = manifest.look(Job(training_data=source, corrections=corrections))
    assert "turned_leakage" not in {one.kind for one in data.report.findings}
    in_training = data.samples.loc[data.samples["split"] != "test", "path"].str.extract(r"(\d+)\.")
    assert {"0", "1"}.isdisjoint(in_training[0])
    assert "3" in set(in_training[0])  # the test has it turned, with another label
    together = manifest.look(
        Job(training_data=DataSource(path=folder, split_folders="never", label_level=2))
    )
    samples = together.samples[together.samples["turned_group"].notna()]
    assert (samples.groupby("turned_group")["split"].nunique() == 1).all()
