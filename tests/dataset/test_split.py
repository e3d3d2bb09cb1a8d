import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.dataset.split import assign


def samples_of(*contents: tuple[str, str], folder: str = "/data") -> pd.DataFrame:
    """Readable samples from (label, content) pairs."""
    samples = pd.DataFrame(contents, columns=["label", "content_hash"])
    samples["path"] = [f"{folder}/{number:05}.png" for number in range(len(samples))]
    samples["split"] = pd.Series([None] * len(samples), dtype="str")
    samples["problem"] = pd.Series([None] * len(samples), dtype="str")
    samples["near_duplicate_group"] = pd.Series([None] * len(samples), dtype="Int64")
    return samples


def classes_of(*sizes: int) -> pd.DataFrame:
    return samples_of(
        *((f"c{n:03}", f"{n}-{k}") for n, size in enumerate(sizes) for k in range(size))
    )


def validation(samples: pd.DataFrame, share: float = 0.2, seed: int = 0) -> pd.DataFrame:
    done = assign(samples, validation_share=share, seed=seed)
    return done[done["split"] == "validation"]


def test_every_class_gives_its_share():
    assert validation(classes_of(100, 50, 10)).groupby("label").size().tolist() == [20, 10, 2]


def test_a_share_is_sealed_before_the_others_are_divided():
    done = assign(classes_of(100, 50, 2), validation_share=0.25, test_share=0.2, seed=0)
    counts = done.groupby(["label", "split"]).size().unstack(fill_value=0)
    assert counts["test"].tolist() == [20, 10, 0]  # of two pictures, none is left for a test
    assert counts["validation"].tolist() == [19, 10, 1]  # a quarter of 122


def test_what_belongs_together_is_not_divided_by_the_test():
    samples = classes_of(20, 20).assign(near_duplicate_group=[n // 4 for n in range(40)])
    done = assign(samples, validation_share=0.2, test_share=0.2, seed=0)
    sides = done.groupby("near_duplicate_group")["split"].agg(set)
    assert not any("test" in side and len(side) > 1 for side in sides)
    assert (done["split"] == "test").sum() == 8


def test_test_pictures_of_the_data_are_kept():
    samples = classes_of(20, 20)
    samples.loc[:3, "split"] = "test"
    done = assign(samples, validation_share=0.2, test_share=0.5, seed=0)
    assert (done["split"] == "test").sum() == 4


def test_the_total_is_the_share_although_the_classes_round():
    assert len(validation(classes_of(*[7] * 10))) == 14


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=12),
    st.floats(0.05, 0.95),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_both_sides_see_every_class_that_has_two_pictures(sizes, share, seed):
    samples = classes_of(*sizes)
    done = assign(samples, validation_share=share, seed=seed)
    counts = done.groupby(["label", "split"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=["train", "validation"], fill_value=0)
    assert (counts["train"] >= 1).all()
    assert ((counts["validation"] >= 1) == (counts.sum(axis=1) >= 2)).all()
    least, most = sum(n > 1 for n in sizes), sum(n - 1 for n in sizes)
    wanted = np.clip(round(sum(sizes) * share), least, most)
    assert counts["validation"].sum() == wanted


def test_the_same_seed_gives_the_same_split_wherever_the_data_lies():
    contents = [(f"c{n % 3}", str(n)) for n in range(60)]
    here = validation(samples_of(*contents))["content_hash"].tolist()
    there = samples_of(*contents, folder="/elsewhere")
    assert validation(there)["content_hash"].tolist() == here
    assert validation(there.iloc[::-1])["content_hash"].tolist()[::-1] == here


def test_another_seed_gives_another_split():
    samples = classes_of(50, 50)
    assert set(validation(samples, seed=1).index) != set(validation(samples, seed=2).index)


def test_given_validation_pictures_are_kept():
    samples = classes_of(5, 5)
    samples["split"] = ["train", "validation", None, "test", None] * 2
    done = assign(samples, validation_share=0.5, seed=0)
    assert done["split"].tolist() == ["train", "validation", "train", "test", "train"] * 2


def test_test_pictures_are_never_validated_with():
    samples = classes_of(10, 10)
    samples.loc[samples.index % 2 == 0, "split"] = "test"
    done = assign(samples, validation_share=0.4, seed=0)
    assert done["split"].value_counts().to_dict() == {"test": 10, "train": 6, "validation": 4}


def test_unreadable_pictures_are_in_no_split():
    samples = classes_of(5, 5)
    samples.loc[0, "problem"] = "The file is empty."
    samples.loc[0, "split"] = "train"
    done = assign(samples, validation_share=0.2, seed=0)
    assert done["split"].isna().tolist() == [True] + [False] * 9


@pytest.mark.parametrize("seed", range(5))
def test_copies_stay_on_one_side(seed):
    samples = samples_of(*((f"c{n % 2}", str(n // 6)) for n in range(60)))
    samples["content_hash"] += samples["label"]
    done = assign(samples, validation_share=0.3, seed=seed)
    assert (done.groupby("content_hash")["split"].nunique() == 1).all()
    assert (done["split"] == "validation").sum() == 18


@pytest.mark.parametrize("seed", range(5))
def test_a_picture_under_two_labels_stays_on_one_side(seed):
    samples = samples_of(*((f"c{n % 2}", f"{n % 2}-{n}") for n in range(20)))
    samples.loc[[0, 1], "content_hash"] = "both"
    done = assign(samples, validation_share=0.4, seed=seed)
    assert done.loc[[0, 1], "split"].tolist() == ["train", "train"]


def test_a_class_of_copies_only_is_still_on_both_sides():
    samples = samples_of(*[("cat", "same")] * 10, *[("dog", str(n)) for n in range(10)])
    assert validation(samples).groupby("label").size().tolist() == [2, 2]


def test_the_samples_that_are_given_stay_as_they_are():
    samples = classes_of(5)
    before = samples.copy()
    assign(samples, validation_share=0.2, seed=0)
    pd.testing.assert_frame_equal(samples, before)


def test_ten_thousand_classes_are_split_without_delay():
    samples = classes_of(*[3] * 10_000)
    assert len(validation(samples)) == 10_000


def with_groups(*pictures: tuple[str, str | None], seed: int = 0) -> pd.DataFrame:
    """Split samples, half of them to validate with, from (label, group) pairs."""
    samples = samples_of(*((label, str(number)) for number, (label, _) in enumerate(pictures)))
    samples["group"] = pd.Series([group for _, group in pictures], dtype="str")
    return assign(samples, validation_share=0.5, seed=seed)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), min_size=2, max_size=80),
    st.integers(0, 100),
)
@settings(max_examples=80, deadline=None)
def test_a_group_is_never_on_both_sides_and_every_class_trains(pictures, seed):
    done = with_groups(*[(label, f"person {number}") for label, number in pictures], seed=seed)
    assert (done.groupby("group")["split"].nunique() == 1).all()
    assert set(done.loc[done["split"] == "train", "label"]) == {label for label, _ in pictures}


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_every_class_gives_about_its_share_in_groups_of_several_classes(seed):
    rng = np.random.default_rng(seed)
    people = [f"person {n}" for n in range(40) for _ in range(rng.integers(1, 8))]
    done = with_groups(*[(str(rng.choice(["cat", "dog"])), who) for who in people], seed=seed)
    shares = (done["split"] == "validation").groupby(done["label"]).mean()
    assert shares.between(0.4, 0.6).all()


def test_pictures_without_a_group_are_on_their_own():
    done = with_groups(*[("cat", None)] * 10, *[("dog", None)] * 6)
    assert (done["split"] == "validation").groupby(done["label"]).sum().tolist() == [5, 3]


def test_a_class_of_a_single_group_only_trains():
    done = with_groups(*[("cat", "anna")] * 6, *[("dog", None)] * 6)
    assert set(done.loc[done["label"] == "cat", "split"]) == {"train"}


def test_copies_tie_groups_together():
    samples = samples_of(*[("cat", str(n)) for n in range(20)])
    samples["group"] = [f"person {n // 2}" for n in range(20)]
    samples.loc[[1, 2], "content_hash"] = "both"
    for seed in range(6):
        done = assign(samples, validation_share=0.5, seed=seed)
        assert done.loc[:3, "split"].nunique() == 1


@pytest.mark.parametrize("seed", range(5))
def test_near_duplicates_stay_on_one_side(seed):
    samples = classes_of(30, 30)
    samples["near_duplicate_group"] = pd.Series(range(60), dtype="Int64") // 3
    done = assign(samples, validation_share=0.3, seed=seed)
    assert (done.groupby("near_duplicate_group")["split"].nunique() == 1).all()
    assert (done["split"] == "validation").groupby(done["label"]).sum().tolist() == [9, 9]


def test_a_class_of_near_duplicates_only_is_still_on_both_sides():
    samples = classes_of(10, 10)
    samples["near_duplicate_group"] = pd.Series([1] * 10 + [None] * 10, dtype="Int64")
    assert validation(samples).groupby("label").size().tolist() == [2, 2]


def test_more_pictures_hardly_change_who_validates():
    few, many = classes_of(100), classes_of(110)
    before, after = (set(validation(samples)["content_hash"]) for samples in (few, many))
    assert len(before & after) >= 17
