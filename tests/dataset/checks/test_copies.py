import pytest

from automl.dataset.checks import CheckedData, copies
from automl.dataset.report import Severity

FINE = [(label, f"{label}{number}", None, None) for label in ("cat", "dog") for number in range(12)]


@pytest.fixture
def found(make_samples):
    """Findings of ordinary pictures and two more, which are nearly the same."""

    def found(*last, **columns):
        samples = make_samples(*FINE, *last, **columns)
        samples.loc[samples.index[-2:], "near_duplicate_group"] = 7
        return {finding.kind: finding for finding in copies.check(CheckedData(samples))}

    return found


def test_near_duplicates_are_counted_by_group(found):
    (finding,) = found(("cat", "a", None, None), ("cat", "b", None, None)).values()
    assert (finding.kind, finding.severity) == ("near_duplicates", Severity.INFO)
    assert finding.paths == ["/data/cat/24.png", "/data/cat/25.png"]
    assert finding.message.startswith("2 pictures are nearly the same")
    assert "1 group" in finding.message


def test_near_duplicates_under_two_labels_are_doubtful(found):
    findings = found(("cat", "a", None, None), ("dog", "b", None, None))
    finding = findings["near_duplicate_label_conflict"]
    assert (finding.severity, finding.count) == (Severity.WARNING, 2)
    assert "relabel" in finding.message


def test_a_near_duplicate_of_a_training_picture_in_the_test_data_is_leakage(found):
    findings = found(("cat", "a", None, None), ("cat", "b", "test", None))
    finding = findings["near_duplicate_leakage"]
    assert finding.severity is Severity.WARNING
    assert finding.paths == ["/data/cat/25.png"]
    assert "leaked: drop" in finding.message


def test_what_is_told_of_exact_copies_is_not_told_again(found):
    findings = found(("cat", "a", None, None), ("dog", "a", "test", None))
    assert set(findings) == {"label_conflict", "leakage", "near_duplicates"}


def test_a_class_of_copies_is_named(found):
    findings = found(("rat", "a", None, None), ("rat", "b", None, None))
    finding = findings["copies_only"]
    assert (finding.severity, finding.count, len(finding.paths)) == (Severity.WARNING, 1, 2)
    assert "All pictures of rat" in finding.message


def test_a_group_on_both_sides_of_given_splits_is_leakage(found):
    last = [("cat", "a", "train", None), ("cat", "b", "validation", None)]
    group = [None] * 24 + ["anna", "anna"]
    finding = found(*last, group=group)["group_leakage"]
    assert finding.paths == ["/data/cat/25.png"]
    assert "of the same group as training pictures" in finding.message
    assert "group_leakage" not in found(*last, group=[None] * 24 + ["anna", "bert"])
