import numpy as np
import pandas as pd

from automl.evaluation.slices import slices


def samples(count: int, **columns: object) -> pd.DataFrame:
    usual = {"width": 640, "height": 480, "brightness": 100.0}
    paths = [f"/data/{number}.jpg" for number in range(count)]
    labels = ["cat" if number % 3 else "dog" for number in range(count)]
    return pd.DataFrame(
        {"id": np.arange(count), "path": paths, "label": labels, **usual, **columns}
    )


def test_dark_pictures_that_fail_are_marked():
    brightness = np.repeat([20.0, 120.0, 220.0], 40)
    correct = np.ones(120, bool)
    correct[:20] = False
    found = slices(samples(120, brightness=brightness), correct)
    assert found[0].name == "brightness"
    assert found[0].part == "up to 20 of 255"
    assert (found[0].num_pictures, found[0].accuracy) == (40, 0.5)
    assert [one.is_worse for one in found] == [True, False, False]


def test_copies_of_one_picture_that_fails_are_no_proof():
    table = samples(120, brightness=np.repeat([20.0, 120.0, 220.0], 40))
    correct = np.ones(120, bool)
    correct[:20] = False
    copies = dict.fromkeys(range(20), 7)
    found = slices(table, correct, copies)
    assert (found[0].num_pictures, found[0].accuracy) == (40, 0.5)
    assert not any(one.is_worse for one in found)
    of_two = {number: number // 2 for number in range(20)}
    assert slices(table, correct, of_two)[0].is_worse


def test_differences_by_chance_are_not_marked():
    rng = np.random.default_rng(0)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        table = samples(200, brightness=rng.uniform(0, 255, 200), width=rng.integers(200, 900, 200))
        found = slices(table, rng.random(200) < 0.8)
        assert len(found) >= 6
        assert not any(one.is_worse for one in found)


def test_a_bad_folder_and_bad_proportions_are_told_apart():
    table = samples(100, width=[300] * 50 + [640] * 50)
    table["path"] = [
        f"/data/{'phone' if number % 2 else 'camera'}/{number}.jpg" for number in range(100)
    ]
    correct = np.arange(100) % 2 == 0
    correct[1:20] = True
    found = {one.part: one for one in slices(table, correct)}
    assert found["/data/phone"].is_worse
    assert not found["/data/camera"].is_worse
    assert set(found) >= {"portrait", "landscape"}


def test_small_parts_and_a_single_one_are_left_out():
    assert slices(samples(30), np.ones(30, bool)) == []
    table = samples(30, width=[100] * 5 + [640] * 25)
    assert all(one.part != "portrait" for one in slices(table, np.ones(30, bool)))


def test_a_folder_for_each_class_is_no_source_of_its_own():
    table = samples(60)
    table["path"] = [f"/data/{label}/{row}.jpg" for row, label in enumerate(table["label"])]
    assert slices(table, (table["label"] == "cat").to_numpy()) == []


def test_pictures_without_a_known_brightness_are_in_no_third_and_spoil_none():
    brightness = np.repeat([20.0, 120.0, 220.0], 40)
    brightness[::10] = np.nan
    parts = {
        part.part: part.num_pictures
        for part in slices(samples(120, brightness=brightness), np.ones(120, bool))
        if part.name == "brightness"
    }
    assert parts == {
        "up to 20 of 255": 36,
        "20 to 120 of 255": 36,
        "above 120 of 255": 36,
    }
