import numpy as np
import pytest

from automl.dataset import manifest, pictures
from automl.dataset.sample import source, write_digits
from automl.jobs.data_source import DataSource


def test_the_digits_are_a_data_set_without_findings(tmp_path):
    assert source().is_file(), "scikit-learn has moved its digits: mend automl/dataset/sample.py"
    assert write_digits(tmp_path / "digits") == 1797
    seen = manifest.inspect(DataSource(path=tmp_path / "digits"))
    assert seen.class_names == [str(digit) for digit in range(10)]
    assert seen.report.num_images == 1797
    assert {finding.severity.value for finding in seen.report.findings} <= {"info"}


def test_the_digits_are_grey_and_use_the_full_range(tmp_path):
    write_digits(tmp_path / "digits")
    facts = [pictures.examine(path) for path in (tmp_path / "digits" / "1").iterdir()]
    assert {(f.width, f.height, f.format, f.mode) for f in facts} == {(8, 8, "PNG", "L")}
    values = np.unique(
        [np.asarray(pictures.load_rgb(path)) for path in (tmp_path / "digits" / "1").iterdir()]
    )
    assert (values.min(), values.max(), len(values)) == (0, 255, 17)


def test_an_empty_target_is_filled(tmp_path):
    (tmp_path / "digits").mkdir()
    assert write_digits(tmp_path / "digits") == 1797
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_target_with_content_is_left_alone(tmp_path):
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "mine.txt").touch()
    with pytest.raises(FileExistsError, match="not an empty folder"):
        write_digits(tmp_path / "digits")
    assert [path.name for path in (tmp_path / "digits").iterdir()] == ["mine.txt"]
