import pytest

from automl.dataset.checks import CheckedData, classes
from automl.dataset.report import Severity


def spellings(make_samples, *labels):
    rows = [(label, f"{label}{n}", None, None) for label in labels for n in range(12)]
    findings = classes.check(CheckedData(make_samples(*rows)))
    return [finding for finding in findings if finding.kind == "label_spellings"]


@pytest.mark.parametrize("other", ["Cat", "cat ", "CAT", " cat"])
def test_labels_that_differ_in_spelling_only_are_named(make_samples, other):
    (finding,) = spellings(make_samples, "cat", other, "dog")
    assert (finding.severity, finding.count, len(finding.paths)) == (Severity.WARNING, 1, 24)
    assert repr(other) in finding.message
    assert "rename_labels" in finding.message
    assert "dog" not in finding.message


def test_blanks_dashes_and_underscores_are_the_same(make_samples):
    (finding,) = spellings(make_samples, "red fox", "red_fox", "Red-Fox")
    assert finding.count == 1


@pytest.mark.parametrize("pair", ["1 1.0", "01 1", "2.50 2.5", "0 -0"])
def test_a_number_that_is_written_in_two_ways_is_named(make_samples, pair):
    (finding,) = spellings(make_samples, *pair.split(), "10", "3")
    assert finding.count == 1


def test_labels_that_are_different_words_are_fine(make_samples):
    assert spellings(make_samples, "cat", "c-at", "redfox", "red fox") == []
    assert spellings(make_samples, "-1", "1", "10", "1.5", "1-5", "nan", "inf") == []
    assert spellings(make_samples, "glass", "glasses", "bus", "bush", "lens", "dress") == []


@pytest.mark.parametrize("pair", ["cat Cats", "box boxes", "berry Berries", "dress dresses"])
def test_singular_and_plural_are_named(make_samples, pair):
    (finding,) = spellings(make_samples, *pair.split(), "dog")
    assert finding.count == 1


def test_a_class_that_is_learnt_and_not_validated_is_named(make_samples):
    rows = [("cat", "a", "train", None), ("cat", "b", "validation", None)]
    rat = [("rat", "c", "train", None), ("rat", "d", "train", None)]
    (finding,) = classes.check_split(make_samples(*rows, *rat))
    assert (finding.kind, finding.severity) == ("not_validated", Severity.WARNING)
    assert "No validation picture of rat" in finding.message


def test_a_class_that_is_scored_is_not_named(make_samples):
    rows = [(label, split, split, None) for label in "ab" for split in ("train", "validation")]
    assert list(classes.check_split(make_samples(*rows))) == []
