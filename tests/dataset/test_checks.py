import pandas as pd
import pytest

from automl.dataset.checks import CheckedData, check
from automl.dataset.readers import LeftOut
from automl.dataset.report import Finding, Severity

FINE = [(label, f"{label}{number}", None, None) for label in ("cat", "dog") for number in range(12)]


def only(samples: pd.DataFrame, kind: str, left_out: LeftOut | None = None) -> Finding:
    report = check(CheckedData(samples, left_out or LeftOut()))
    (finding,) = [finding for finding in report.findings if finding.kind == kind]
    return finding


def kinds(samples: pd.DataFrame) -> set[str]:
    return {finding.kind for finding in check(CheckedData(samples)).findings}


def test_good_data_has_no_findings(make_samples):
    report = check(CheckedData(make_samples(*FINE)))
    assert report.findings == []
    assert report.num_images == 24
    assert report.classes == {"cat": 12, "dog": 12}
    assert report.splits == {"train": 24}


def test_only_readable_pictures_are_counted(make_samples):
    report = check(CheckedData(make_samples(*FINE, ("cat", "x", None, "Broken."))))
    assert report.num_images == 24


def test_nothing_readable_blocks(make_samples):
    finding = only(make_samples(("cat", "a", None, "Broken.")), "no_readable_picture")
    assert finding.severity is Severity.BLOCKING


def test_validation_pictures_alone_block(make_samples):
    rows = [("cat", "a", "validation", None), ("dog", "b", "validation", None)]
    assert "no_readable_picture" in kinds(make_samples(*rows))


def test_a_single_class_blocks_and_is_named(make_samples):
    finding = only(make_samples(*FINE[:12]), "single_class")
    assert finding.severity is Severity.BLOCKING
    assert "cat" in finding.message


def test_a_class_of_one_picture_blocks_when_validation_must_be_cut(make_samples):
    finding = only(make_samples(*FINE, ("rat", "a", None, None)), "single_image_class")
    assert finding.severity is Severity.BLOCKING
    assert finding.count == 1
    assert finding.paths == ["/data/rat/24.png"]
    assert "rat" in finding.message


def test_a_class_of_one_picture_is_only_small_when_validation_is_given(make_samples):
    samples = make_samples(*FINE, ("rat", "a", "train", None), ("rat", "b", "validation", None))
    assert kinds(samples) == {"few_images", "imbalance"}


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_class_that_is_only_scored_blocks(make_samples, split):
    finding = only(make_samples(*FINE, ("rat", "a", split, None)), f"{split}_label_unknown")
    assert finding.severity is Severity.BLOCKING
    assert "rat" in finding.message


def test_a_class_without_a_readable_picture_blocks(make_samples):
    samples = make_samples(*FINE, ("rat", "a", None, "Broken."), ("rat", "b", None, "Broken."))
    finding = only(samples, "class_without_training")
    assert finding.severity is Severity.BLOCKING
    assert (finding.count, len(finding.paths)) == (1, 2)


def test_unreadable_pictures_are_listed_with_reasons(make_samples):
    finding = only(make_samples(*FINE, ("cat", "a", None, "The file is empty.")), "unreadable")
    assert finding.severity is Severity.WARNING
    assert finding.paths == ["/data/cat/24.png"]
    assert finding.message.startswith("1 of 25 pictures cannot be read and is left out")
    assert "24.png (The file is empty)" in finding.message


def test_all_files_concerned_are_named(make_samples):
    broken = [("cat", f"x{number}", None, "Broken.") for number in range(80)]
    finding = only(make_samples(*FINE, *broken), "unreadable")
    assert (finding.count, len(finding.paths)) == (80, 80)


def test_small_classes_are_named_with_their_size(make_samples):
    finding = only(
        make_samples(*FINE, ("rat", "a", None, None), ("rat", "b", None, None)), "few_images"
    )
    assert finding.severity is Severity.WARNING
    assert "rat (2)" in finding.message


def test_imbalance_is_told_with_numbers(make_samples):
    many = [("cat", f"x{number}", None, None) for number in range(130)]
    finding = only(make_samples(*FINE, *many), "imbalance")
    assert finding.message.startswith("cat has 142 pictures, dog only 12.")


def test_ten_to_one_is_no_imbalance(make_samples):
    many = [("cat", f"x{number}", None, None) for number in range(108)]
    assert "imbalance" not in kinds(make_samples(*FINE, *many))


def test_copies_are_counted_beyond_the_first(make_samples):
    finding = only(make_samples(*FINE, FINE[0], FINE[0]), "exact_duplicates")
    assert finding.severity is Severity.INFO
    assert finding.paths == ["/data/cat/24.png", "/data/cat/25.png"]


def test_the_same_picture_in_training_and_test_is_leakage(make_samples):
    samples = make_samples(*FINE, ("cat", "cat0", "test", None))
    finding = only(samples, "leakage")
    assert finding.severity is Severity.WARNING
    assert finding.paths == ["/data/cat/24.png"]
    assert "exact_duplicates" not in kinds(samples)


def test_the_same_picture_under_two_labels_is_a_conflict(make_samples):
    finding = only(make_samples(*FINE, ("dog", "cat0", None, None)), "label_conflict")
    assert finding.severity is Severity.WARNING
    assert finding.paths == ["/data/cat/0.png", "/data/dog/24.png"]


def test_other_files_are_counted(make_samples):
    left_out = LeftOut(num_other_files=3)
    assert only(make_samples(*FINE), "other_files", left_out).count == 3


@pytest.mark.parametrize("kind", ["strays", "links", "unnameable", "empty_folders", "unlabelled"])
def test_what_the_reader_passed_over_is_told(make_samples, kind):
    paths = [f"/data/thing{number}.png" for number in range(70)]
    finding = only(make_samples(*FINE), kind, LeftOut(**{kind: paths}))
    assert finding.count == 70
    assert "for example thing0.png" in finding.message


def test_what_several_sources_left_out_is_joined():
    training, test = LeftOut(strays=["/a.png"], num_other_files=1), LeftOut(strays=["/b.png"])
    both = training.plus(test)
    assert (both.strays, both.num_other_files) == (["/a.png", "/b.png"], 1)


def test_the_worst_comes_first(make_samples):
    samples = make_samples(*FINE, FINE[0], ("rat", "a", None, None), ("cat", "z", None, "Broken."))
    report = check(CheckedData(samples))
    ranks = [list(Severity).index(finding.severity) for finding in report.findings]
    assert ranks == sorted(ranks)
    assert {0, 1, 2} == set(ranks)


def test_the_data_hash_ignores_order_and_place(make_samples):
    def data_hash(*rows):
        return check(CheckedData(make_samples(*rows))).data_hash

    assert data_hash(*FINE) == data_hash(*FINE[::-1])
    assert data_hash(*FINE) != data_hash(*FINE[:-1])
    assert data_hash(*FINE) != data_hash(*FINE[:-1], ("cat", *FINE[-1][1:]))
