"""Columns of numbers that were measured are no classes."""

import pytest

from automl.dataset import manifest, readers
from automl.dataset.readers import measurements
from automl.dataset.reading import UnclearDataError
from automl.errors import DataError
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job

MULTILABEL = "image_classification_multilabel"


@pytest.fixture
def table(make_picture, tmp_path, written):
    """A folder of pictures and a table with a row for each."""

    def write(head: str, *rows: str, delimiter: str = ","):
        for number in range(len(rows)):
            make_picture(tmp_path / "data" / f"{number}.png", number)
        lines = [f"{number}.png{delimiter}{row}" for number, row in enumerate(rows)]
        return written("table.csv", "\n".join([f"file{delimiter}{head}", *lines])).parent

    return write


@pytest.mark.parametrize("task", ["image_classification", MULTILABEL])
@pytest.mark.parametrize("name", ["label", "target", "diagnosis"])
def test_labels_that_are_measurements_are_refused_with_the_cure(table, name, task):
    folder = table(name, *(f"{17.5 + 0.37 * n:.2f}" for n in range(20)))
    job = Job(training_data=DataSource(path=folder), task=task)
    with pytest.raises(DataError, match="20 different numbers such as '17.50', which look like"):
        manifest.look(job)


@pytest.mark.parametrize("task", ["image_classification", MULTILABEL])
def test_a_decimal_comma_separates_no_labels(table, task):
    folder = table("label", *(f"{n},{n % 7}" for n in range(20)), delimiter=";")
    with pytest.raises(DataError, match="20 different numbers such as '0,0', which look like meas"):
        manifest.look(Job(training_data=DataSource(path=folder), task=task))


def test_grades_with_a_decimal_comma_are_classes(table):
    folder = table("label", *["1,0", "1,3", "3,0", "3,7"] * 3, delimiter=";")
    labels = readers.read(DataSource(path=folder)).pictures["label"]
    assert set(labels) == {"1,0", "1,3", "3,0", "3,7"}


def test_codes_with_a_point_are_classes(table):
    folder = table("label", *["1.1", "1.2", "2.1"] * 3)
    assert set(readers.read(DataSource(path=folder)).pictures["label"]) == {"1.1", "1.2", "2.1"}


def test_many_codes_of_several_pictures_are_no_measurements():
    assert not measurements.of_labels([f"{n}.{n % 9 + 1}" for n in range(250, 370)] * 5)


@pytest.mark.parametrize("name", ["age", "temperature (°C)", "Weight [g]", "size_kb", "widthMm"])
def test_numbers_of_a_quantity_are_classes_only_if_somebody_says_so(table, name):
    folder = table(name, *["15", "16", "17"] * 4)
    with pytest.raises(UnclearDataError, match="Measurements, as in .*, are no classes") as caught:
        readers.read(DataSource(path=folder))
    (reading,) = caught.value.readings
    assert reading.options["target_column_name"] == name
    found = readers.read(DataSource(path=folder), target_column_name=name)
    assert set(found.pictures["label"]) == {"15", "16", "17"}


def test_quantities_are_not_offered_beside_labels(table):
    rows = [f"{'ab'[n % 2]},{n % 3 + 50},{n % 4},{n % 3}" for n in range(12)]
    folder = table("label,age,x,y", *rows)
    assert [one.options for one in readers.read(DataSource(path=folder)).readings] == [{}]


def test_of_columns_without_a_name_for_labels_no_measurement_is_passed_over(table):
    folder = table("iso,model", *(f"{n % 3 * 100 + 100},{'ab'[n % 2]}" for n in range(12)))
    with pytest.raises(UnclearDataError, match="may hold the labels: model, iso"):
        readers.read(DataSource(path=folder))


def test_a_y_alone_may_be_the_label(table):
    folder = table("y", *["0", "1", "2"] * 4)
    assert set(readers.read(DataSource(path=folder)).pictures["label"]) == {"0", "1", "2"}


@pytest.mark.parametrize(
    "texts", [["1,5"], ["1,5", "2"], ["1,5", "2,7"], ["1,5", "2,10"], ["3,1", "5,2"], []]
)
def test_lists_of_numbers_have_no_decimal_comma(texts):
    assert not measurements.have_decimal_comma(texts)
