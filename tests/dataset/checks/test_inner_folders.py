import pandas as pd
import pytest

from automl.dataset.checks import CheckedData, inner_folders


@pytest.fixture
def samples(make_samples):
    def make(cat: list[str], dog: list[str]) -> pd.DataFrame:
        folders = [("cat", folder) for folder in cat] + [("dog", folder) for folder in dog]
        rows = [(label, str(n), None, None) for n, (label, _) in enumerate(folders)]
        made = make_samples(*rows)
        made["path"] = [
            f"/data/{label}/{folder}/{number}.png".replace("//", "/")
            for number, (label, folder) in enumerate(folders)
        ]
        return made

    return make


def messages(samples: pd.DataFrame) -> list[str]:
    return [finding.message for finding in inner_folders.check(CheckedData(samples))]


def test_patients_in_class_folders_are_offered_as_groups(samples):
    (message,) = messages(samples(["p1"] * 3 + ["p2"] * 2, ["p3"] * 4 + ["p4"]))
    assert "4 folders inside the class folders (p1, p2, p3, p4), with 1 to 4 pictures" in message
    assert "group_level" in message
    assert "label_level" not in message


def test_the_same_folders_in_every_class_may_be_the_classes(samples):
    (message,) = messages(samples(["day", "night"] * 3, ["night", "day"] * 3))
    assert "label_level" in message


def test_groups_and_plain_class_folders_are_fine(samples):
    assert messages(samples([""] * 4, [""] * 4)) == []
    assert messages(samples([], [])) == []
    assert messages(samples(["images"] * 4, ["images"] * 4)) == []
    grouped = samples(["p1", "p2"] * 3, ["p3", "p4"] * 3)
    assert messages(grouped.assign(group="a")) == []
