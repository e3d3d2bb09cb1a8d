import pandas as pd
import pytest

from automl.dataset import label_sets
from automl.dataset.shrinking import Shrunk, shrunk


@pytest.fixture
def samples(make_samples):
    """Four cats, twelve dogs, and a cat and a dog that are test pictures."""
    rows = [("cat", f"c{n}", "train" if n else "validation", None) for n in range(4)]
    rows += [("dog", f"d{n}", "train" if n > 2 else "validation", None) for n in range(12)]
    rows += [("dog", "t", "test", None), ("cat", "broken", None, "It is no picture.")]
    return make_samples(*rows, fold=pd.Series([0] * 16 + [None] * 2, dtype="Int64"))


def paths(samples, label, count):
    return samples.loc[samples["label"] == label, "path"].tolist()[:count]


def test_classes_that_would_have_few_pictures_are_told_with_their_numbers(samples):
    cats, dogs = paths(samples, "cat", 3), paths(samples, "dog", 1)
    assert shrunk(samples, dict.fromkeys(cats, "dog")) == [Shrunk("cat", 4, 1, True)]
    assert shrunk(samples, dict.fromkeys(cats[:1])) == [Shrunk("cat", 4, 3, False)]
    assert shrunk(samples, dict.fromkeys(dogs)) == []  # eleven are enough
    swapped = {cats[0]: "dog", dogs[0]: "cat"}
    assert shrunk(samples, swapped) == []  # as many as before


def test_a_class_may_go_but_not_leave_test_pictures_behind(samples):
    cats, dogs = paths(samples, "cat", 4), paths(samples, "dog", 12)
    assert shrunk(samples, dict.fromkeys(cats)) == [Shrunk("cat", 4, 0, False)]
    assert shrunk(samples, dict.fromkeys(cats), are_held_out=True) == [Shrunk("cat", 4, 0, True)]
    assert shrunk(samples, dict.fromkeys(dogs)) == [Shrunk("dog", 12, 0, True)]


def test_where_validation_pictures_are_given_one_to_train_on_will_do(samples):
    given = samples.assign(fold=samples["fold"].mask(samples["split"] == "validation"))
    cats = paths(samples, "cat", 4)[1:]
    assert shrunk(given, dict.fromkeys(cats[:2])) == [Shrunk("cat", 3, 1, False)]
    assert shrunk(given, dict.fromkeys(cats)) == [Shrunk("cat", 3, 0, True)]


def test_pictures_are_named_by_content_too_and_may_have_several_labels(samples):
    sets = [[label, "animal"] for label in samples["label"]]
    several = label_sets.with_sets(samples, sets)
    answers = {f"c{n}": ["animal"] for n in range(3)}
    assert shrunk(several, answers, by="content_hash") == [Shrunk("cat", 4, 1, False)]
