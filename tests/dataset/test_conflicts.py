"""Copies under different labels, and which of them need nobody to look."""

import pytest

from automl.dataset import manifest
from automl.dataset.conflicts import Conflict, conflicts, kept
from automl.jobs.data_source import DataSource


def conflict(*labels: str) -> Conflict:
    return Conflict(tuple(f"{n}.png" for n in range(len(labels))), labels)


@pytest.mark.parametrize(
    ("labels", "predicted", "safe"),
    [
        (("cat", "dog"), "cat", "cat"),
        (("cat", "dog", "dog"), "cat", None),  # the model disagrees with most copies
        (("cat", "dog", "dog"), "dog", "dog"),
        (("cat", "dog"), "fox", None),
        (("cat", "dog"), None, None),
        (("cat", "cat", "cat", "dog"), None, "cat"),
        (("cat", "cat", "dog"), None, None),
    ],
)
def test_a_label_is_safe_if_the_model_or_most_copies_say_so(labels, predicted, safe):
    found = conflict(*labels)
    answers = {} if predicted is None else dict.fromkeys(found.paths, predicted)
    assert found.safe_label(answers) == safe


def test_a_model_that_answers_copies_differently_settles_nothing():
    assert conflict("cat", "dog").safe_label({"0.png": "cat", "1.png": "dog"}) is None


def test_only_pictures_with_another_label_are_relabelled():
    assert kept([(conflict("cat", "dog", "cat"), "cat")], {}) == {"1.png": "cat"}


def test_a_picture_in_two_rows_is_relabelled_by_its_path():
    twice = Conflict(("a.png", "a.png"), ("cat", "dog"))
    assert kept([(twice, "cat")], {}) == {"a.png": "cat"}


def test_conflicts_of_a_folder_are_its_copies_under_two_labels(make_folder):
    folder = make_folder(cat=3, dog=3)
    copied = next((folder / "cat").iterdir())
    (folder / "dog" / "copy.png").write_bytes(copied.read_bytes())
    found = conflicts(manifest.inspect(DataSource(path=folder)))
    assert [set(each.labels) for each in found] == [{"cat", "dog"}]
    assert found[0].choices in (["cat", "dog"], ["dog", "cat"])
