import pandas as pd
import pytest
from pydantic import ValidationError

from automl.dataset import corrections
from automl.dataset.split import together
from automl.errors import DataError
from automl.jobs.corrections import Corrections

ROWS = [
    ("cat", "a" * 64, None, None),
    ("cat", "b" * 64, None, None),
    ("dog", "a" * 64, None, None),
    ("dog", "c" * 64, None, None),
]


@pytest.fixture
def samples(make_samples) -> pd.DataFrame:
    return make_samples(*ROWS)  # /data/cat/0.png, /data/cat/1.png, /data/dog/2.png, …


def corrected(samples: pd.DataFrame, **wanted: object) -> tuple[list[str], list[str]]:
    """Labels and what was said."""
    changed, said = corrections.apply(samples, Corrections(**wanted))
    return changed["label"].tolist(), said


def test_nothing_asked_for_changes_nothing(samples):
    changed, said = corrections.apply(samples, Corrections())
    pd.testing.assert_frame_equal(changed, samples)
    assert said == []


def test_labels_are_renamed_all_at_once(samples):
    labels, said = corrected(samples, rename_labels={"cat": "dog", "dog": "cat"})
    assert labels == ["dog", "dog", "cat", "cat"]
    assert said == ["Renamed: cat to dog, dog to cat."]


def test_two_labels_with_the_same_new_name_are_merged(samples):
    assert corrected(samples, rename_labels={"cat": "dog"})[0] == ["dog"] * 4


@pytest.mark.parametrize("name", ["1.png", "cat/1.png", "./cat/1.png", "/data/cat/1.png"])
def test_a_picture_is_named_by_the_end_of_its_path(samples, name):
    labels, said = corrected(samples, relabel={name: "rat"})
    assert labels == ["cat", "rat", "dog", "dog"]
    assert said == ["1 picture was given another label."]


@pytest.mark.parametrize("prefix", ["", "sha256:"])
def test_the_hash_of_the_content_stands_for_all_copies(samples, prefix):
    assert corrected(samples, relabel={prefix + "a" * 64: "rat"})[0] == ["rat", "cat", "rat", "dog"]


def test_excluded_pictures_are_gone(samples):
    labels, said = corrected(samples, exclude=["0.png", "c" * 64])
    assert labels == ["cat", "dog"]
    assert said == ["2 pictures were left out."]


def test_new_labels_are_given_after_renaming(samples):
    labels, _ = corrected(samples, rename_labels={"cat": "lion"}, relabel={"0.png": "cat"})
    assert labels == ["cat", "lion", "dog", "dog"]


def test_the_samples_that_are_given_stay_as_they_are(samples):
    before = samples.copy()
    corrected(samples, rename_labels={"cat": "x"}, relabel={"0.png": "y"}, exclude=["1.png"])
    pd.testing.assert_frame_equal(samples, before)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (
            {"rename_labels": {"cta": "x"}},
            "the label 'cta', which no picture has. The nearest is cat",
        ),
        (
            {"exclude": ["cat/7.png"]},
            "picture cat/7.png, which is not in the data. The nearest is ",
        ),
        ({"exclude": ["dog/1.png"]}, "The nearest is /data/cat/1.png"),
        ({"relabel": {"1.pn": "x"}}, "The nearest is 1.png"),
        ({"exclude": ["d" * 64]}, "which is not in the data. If it was deleted, renamed or edited"),
        ({"exclude": ["ng"]}, "not in the data"),
    ],
)
def test_what_matches_nothing_is_refused_with_the_nearest(samples, wanted, words):
    with pytest.raises(DataError) as refusal:
        corrected(samples, **wanted)
    assert words in str(refusal.value)


def test_all_pictures_that_are_gone_are_said_at_once(samples):
    wanted = {"relabel": {"cat/7.png": "x", "cat/0.png": "y"}, "exclude": ["cat/7.png", "d" * 64]}
    with pytest.raises(corrections.MissingPicturesError) as refusal:
        corrected(samples, **wanted)
    assert "2 pictures that are not in the data, the first is cat/7.png." in str(refusal.value)
    assert refusal.value.names == ["cat/7.png", "d" * 64]


def test_a_name_means_a_picture_of_the_data_before_an_added_one(samples):
    added = samples.iloc[:1].assign(path="/new/cat/0.png", content_hash="e" * 64)
    wanted = Corrections(add={"/new/cat/0.png": "cat"}, exclude=["cat/0.png"])
    changed, _ = corrections.apply(samples, wanted, added)
    assert {"/new/cat/0.png", "/data/cat/0.png"} & set(changed["path"]) == {"/new/cat/0.png"}


def test_a_name_that_fits_several_pictures_is_refused(samples):
    samples["path"] = ["/data/train/1.png", "/data/test/1.png", "/data/2.png", "/data/3.png"]
    with pytest.raises(DataError, match=r"2 paths end like that. Write more of the path"):
        corrected(samples, exclude=["1.png"])
    assert len(corrected(samples, exclude=["test/1.png"])[0]) == 3


def test_a_picture_that_a_table_lists_twice_is_one_picture(samples):
    samples["path"] = ["/data/1.png", "/data/1.png", "/data/2.png", "/data/3.png"]
    assert corrected(samples, exclude=["1.png"])[0] == ["dog", "dog"]


def test_labels_may_be_written_as_numbers():
    assert Corrections.model_validate({"rename_labels": {7: 8}}).rename_labels == {"7": "8"}


@pytest.mark.parametrize("label", ["", "  "])
def test_an_empty_label_is_refused(label):
    with pytest.raises(ValidationError):
        Corrections(rename_labels={"cat": label})


def settled(make_samples, leaked: str) -> tuple[list[str | None], list[str]]:
    splits = ["train", "train", "validation", "test", "test"]
    keys = ["same", "alone", "same", "same", "other"]
    rows = [("cat", key, split, None) for key, split in zip(keys, splits, strict=True)]
    samples = make_samples(*rows)
    changed, said = corrections.settle_leaks(samples, samples["content_hash"], leaked)
    return list(zip(changed["content_hash"], changed["split"], strict=True)), said


def test_leaked_pictures_are_kept_unless_asked_otherwise(make_samples):
    rows, said = settled(make_samples, "keep")
    assert len(rows) == 5
    assert said == []


def test_leaked_pictures_are_dropped_from_the_training_data(make_samples):
    rows, said = settled(make_samples, "drop")
    assert rows == [
        ("alone", "train"),
        ("same", "validation"),
        ("same", "test"),
        ("other", "test"),
    ]
    assert said[0].startswith("1 picture was left out of the training data")


def test_leaked_pictures_are_moved_to_the_training_data(make_samples):
    rows, said = settled(make_samples, "move")
    assert [split for _, split in rows] == ["train", "train", "train", "train", "test"]
    assert said == ["2 pictures were moved from the validation or test data to the training data."]


@pytest.mark.parametrize("leaked", ["drop", "move"])
def test_without_given_splits_nothing_leaks(make_samples, leaked):
    samples = make_samples(*ROWS)
    changed, said = corrections.settle_leaks(samples, samples["content_hash"], leaked)
    assert len(changed) == 4
    assert said == []


def test_a_picture_is_called_by_as_much_of_its_path_as_tells_it_from_others():
    paths = ["/d/train/cat/1.png", "/d/train/dog/1.png", "/d/valid/cat/1.png", "/d/train/cat/2.png"]
    samples = pd.DataFrame({"path": paths})
    names = ["train/cat/1.png", "dog/1.png", "valid/cat/1.png", "cat/2.png"]
    assert corrections.names_of(paths, samples) == names


def test_a_name_given_to_a_picture_finds_it_and_no_other():
    paths = ["/h/pets/cat/1.png", "/h/pets/pets/cat/1.png", "/h/pets/dog/1.png"]
    samples = pd.DataFrame({"path": paths, "label": "cat", "content_hash": list("abc")})
    for path, name in zip(paths, corrections.names_of(paths, samples), strict=True):
        kept, _ = corrections.apply(samples, Corrections(exclude=[name]))
        assert set(paths) - set(kept["path"]) == {path}


def test_a_moved_picture_takes_its_copies_and_its_group_with_it(samples):
    grouped = samples.assign(
        group=[None, "hill", None, "hill"], near_duplicate_group=pd.array([None] * 4, "Int64")
    )
    marked, said = corrections.apply(grouped, Corrections(move={"dog/2.png": "test"}))
    assert said == []
    moved, said = corrections.move(marked, together)
    assert said == ["2 pictures were moved to another split."]
    assert moved["split"].fillna("").tolist() == ["test", "", "test", ""]  # copies of one picture
    marked, _ = corrections.apply(grouped, Corrections(move={"c" * 64: "test"}))
    assert corrections.move(marked, together)[0]["split"].fillna("").tolist() == [
        "",
        "test",
        "",
        "test",
    ]


def test_notes_change_nothing(samples):
    assert corrected(samples, notes={"cat/0.png": "blurred"}) == (samples["label"].tolist(), [])
