"""Data of which no picture may be held out to validate."""

from pathlib import Path

import pytest

from automl.dataset import manifest
from automl.dataset.checks import validation
from automl.errors import DataError
from automl.jobs.job import Job


def test_classes_of_one_group_each_are_refused_with_what_to_do(shapes: Path) -> None:
    table = shapes.parent / "one-group-a-class.csv"
    rows = [f"{path},{path.parent.name},{path.parent.name}" for path in shapes.rglob("*.png")]
    table.write_text("\n".join(["image,label,patient", *rows]))
    data = {"path": str(table), "group_column": "patient"}
    with pytest.raises(DataError, match="No picture can be held out to validate.*leave group_col"):
        manifest.build(Job.from_dict({"training_data": data}))
    given = {"training_data": data, "validation_data": {"path": str(shapes)}}
    assert manifest.build(Job.from_dict(given)).report.splits["validation"] == 60


def test_what_other_findings_say_is_not_said_again(make_samples) -> None:
    cats = [("cat", name, "train", None) for name in "ab"]
    assert len(list(validation.check_split(make_samples(*cats, *_of("dog", 2))))) == 1
    assert list(validation.check_split(make_samples(*cats))) == []
    assert list(validation.check_split(make_samples(*cats, *_of("dog", 1)))) == []


def _of(label: str, number: int) -> list[tuple[str, str, str, None]]:
    return [(label, f"{label}{each}", "train", None) for each in range(number)]
