import pytest

from automl.dataset.checks import CheckedData, class_names


@pytest.fixture
def found(make_samples):
    def find(*labels: str) -> dict[str, str]:
        rows = [(label, f"{label}{number}", None, None) for label in labels for number in range(9)]
        findings = class_names.check(CheckedData(make_samples(*rows)))
        return {finding.kind: finding.message for finding in findings}

    return find


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        (["cat", "dog", "test"], "test (9)"),
        (["cat", "dog", "Validation_images"], "Validation_images (9)"),
        (["cat", "dog", "train"], "train (9)"),
        (["bus", "test", "train"], "test (9), train (9)"),
        (["chat", "apprentissage", "prueba"], "apprentissage (9), prueba (9)"),
    ],
)
def test_classes_named_like_splits_are_named(found, labels, named):
    assert f": {named}. " in found(*labels)["classes_named_like_splits"]


@pytest.mark.parametrize(
    "labels",
    [
        ["bicycle", "bus", "train"],
        ["invalid", "valid"],
        ["control", "test"],
        ["test_positive", "test_negative"],
    ],
)
def test_things_with_such_names_are_no_splits(found, labels):
    assert "classes_named_like_splits" not in found(*labels)


@pytest.mark.parametrize(
    "labels",
    [
        ["kaggle", "flickr"],
        ["Fashion-MNIST", "cifar10", "my own"],
        ["dataset_a", "dataset_b"],
        ["Data1", "data set 2"],
    ],
)
def test_classes_named_like_data_sets_are_named(found, labels):
    assert "classes_named_like_data_sets" in found(*labels)


@pytest.mark.parametrize("labels", [["cat", "dog", "kaggle"], ["date", "database", "metadata"]])
def test_one_such_name_may_be_a_thing(found, labels):
    assert "classes_named_like_data_sets" not in found(*labels)


@pytest.mark.parametrize("copy", ["cat (1)", "Cat - Copy", "cat_copy", "cat - Kopie (2)"])
def test_copies_of_class_folders_are_named(found, copy):
    assert f"{copy} (9)" in found("cat", copy, "dog")["copied_class"]


def test_numbers_alone_are_no_copies(found):
    assert found("grade (1)", "grade (2)", "photocopy") == {}


@pytest.mark.parametrize("label", ["unlabeled", "To sort", "New folder (2)", "todo"])
def test_classes_that_nobody_has_sorted_are_named(found, label):
    assert "unsorted_class" in found("cat", "dog", label)


@pytest.mark.parametrize("pair", ["broccoli brocoli", "Tomato tomatoe", "raspberry rapsberry"])
def test_misspelt_names_are_worth_knowing(found, pair):
    assert "similar_class_names" in found(*pair.split())


@pytest.mark.parametrize(
    "pair", ["shirt t-shirt", "horse house", "model1 model11", "cat cats", "planes lanes"]
)
def test_other_words_are_not_misspelt(found, pair):
    assert found(*pair.split()) == {}


@pytest.mark.parametrize("label", ["Other", "unknown", "background", "Sonstiges", "其他"])
def test_a_class_for_everything_else_is_worth_knowing(found, label):
    assert "catch_all_class" in found("cat", "dog", label)


@pytest.mark.parametrize("label", ["nan", "None", "N/A", "<NA>", "#N/A", "?", "--", "#WERT!"])
def test_classes_named_like_a_missing_label_are_named(found, label):
    assert f"{label} (9)" in found("cat", "dog", label)["class_of_missing_labels"]


@pytest.mark.parametrize("label", ["cat,fox", "fox; cat", "dog|cat|fox"])
def test_labels_with_marks_between_them_are_worth_knowing(found, label):
    message = found("cat", "dog", label, "salt, fine")["classes_of_several_labels"]
    assert f": {label} (9). " in message


def test_several_labels_with_blanks_between_them_are_worth_knowing(found):
    classes = "cat", "dog", "cat dog", "dog fox", "fox cat"
    message = found(*classes)["classes_mostly_of_several_labels"]
    assert ": cat dog (9), dog fox (9), fox cat (9). " in message


@pytest.mark.parametrize(
    "labels",
    [["dog", "hot dog"], ["red car", "red bus", "blue car", "blue bus"], ["bottle", "milk bottle"]],
)
def test_names_of_several_words_are_not_several_labels(found, labels):
    assert not any("several_labels" in kind for kind in found(*labels))


def test_ordinary_names_are_fine(found):
    assert found("cat", "dog", "fox", "negative", "trash", "0", "1", "n01440764") == {}
