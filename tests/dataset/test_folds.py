import numpy as np
import pandas as pd
import pytest

from automl.dataset import folds
from tests.dataset.test_split import classes_of, samples_of


def dealt(samples: pd.DataFrame, seed: int = 0) -> pd.Series:
    return folds.assign(samples, seed=seed)


def counts(samples: pd.DataFrame) -> pd.DataFrame:
    """Pictures by class and fold."""
    fold = dealt(samples)
    return pd.crosstab(samples["label"][fold.notna()], fold.dropna())


@pytest.mark.parametrize(("pictures", "expected"), [(200, 20), (201, 10), (1000, 10), (1001, 5)])
def test_fewer_pictures_have_more_folds(pictures, expected):
    assert sorted(dealt(classes_of(pictures // 2, pictures - pictures // 2)).unique()) == list(
        range(expected)
    )


def test_every_class_is_spread_evenly_and_so_is_the_whole():
    table = counts(classes_of(103, 57, 11))
    assert (table.max(axis=1) - table.min(axis=1) <= 1).all()
    assert np.ptp(table.sum()) <= 1


def test_two_pictures_a_class_are_never_held_out_together():
    samples = classes_of(*[2] * 30)
    assert dealt(samples).notna().all()
    assert counts(samples).to_numpy().max() == 1


def test_a_class_with_one_picture_always_trains():
    samples = classes_of(20, 20, 1)
    fold = dealt(samples)
    assert samples["label"][fold.isna()].tolist() == ["c002"]


def test_copies_and_groups_stay_in_one_fold_even_if_they_are_larger_than_a_fold():
    samples = classes_of(40, 40)
    samples.loc[[0, 1], "content_hash"] = "copy"
    samples.loc[[0, 1, 2], "near_duplicate_group"] = 7
    samples["group"] = pd.Series([None] * 80, dtype="str")
    samples.loc[2:30, "group"] = "one series"
    samples.loc[45:50, "group"] = "another"
    fold = dealt(samples)
    assert fold.notna().all()
    assert fold[0:31].nunique() == 1
    assert fold[45:51].nunique() == 1
    assert fold.nunique() == 20


def test_a_class_of_one_group_always_trains_and_a_class_of_near_duplicates_is_spread():
    samples = classes_of(20, 20, 6, 6)
    samples["group"] = pd.Series([None] * 52, dtype="str")
    samples.loc[40:45, "group"] = "one series"
    samples.loc[46:51, "near_duplicate_group"] = 3
    fold = dealt(samples)
    assert samples["label"][fold.isna()].unique().tolist() == ["c002"]
    assert fold[46:52].nunique() == 6


def test_a_class_of_one_content_is_spread():
    samples = samples_of(*[("copies", "same")] * 4, *[("others", str(n)) for n in range(9)])
    assert dealt(samples)[:4].nunique() == 4


def test_a_thousand_classes_have_five_folds():
    table = counts(classes_of(*[3] * 1000))
    assert len(table) == 1000
    assert table.to_numpy().max() == 1
    assert np.ptp(table.sum()) <= 3


def test_without_two_things_to_hold_out_there_are_no_folds():
    assert dealt(classes_of(1, 1)).isna().all()
    assert dealt(classes_of()).empty


def test_folds_depend_on_the_seed_and_not_on_the_order_or_the_place():
    samples = classes_of(30, 30)
    shuffled = samples.sample(frac=1, random_state=1)
    elsewhere = shuffled.assign(path="/elsewhere/" + shuffled["content_hash"])
    assert dealt(elsewhere).sort_index().equals(dealt(samples))
    assert not dealt(samples, seed=1).equals(dealt(samples))
