"""The table of docs/azure.md says where this program and Azure's client differ, and only that.

The answers of Azure are those of `load_job` and the request of azure-ai-ml 1.35.2, and those of the
documented rules.
"""

from pathlib import Path

import pytest

from tests.jobs import azure_differences, azure_first_count
from tests.jobs.azure_differences import DIFFERENCES
from tests.jobs.azure_variants import variants

Answers = dict[str, bool]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Answers, Answers]:
    return azure_differences.answers_here(tmp_path_factory.mktemp("jobs"))


@pytest.fixture(scope="module")
def here(both: tuple[Answers, Answers]) -> Answers:
    return both[0]


@pytest.fixture(scope="module")
def with_option(both: tuple[Answers, Answers]) -> Answers:
    return both[1]


@pytest.fixture(scope="module")
def azure() -> Answers:
    return azure_differences.answers_of_azure()


def test_the_answers_of_azure_are_those_for_todays_files(azure: Answers) -> None:
    assert list(azure) == list(variants()), "run tests/jobs/azure_oracle.py"


def test_the_files_of_the_first_comparison_are_there(azure: Answers) -> None:
    assert set(azure_first_count.DIFFERED) <= set(azure)
    assert len(set(azure_first_count.DIFFERED)) == 162


def test_the_service_refuses_only_what_the_client_takes(azure: Answers) -> None:
    client = azure_differences.answers_of_client()
    refused = [name for name in client if client[name] and not azure[name]]
    assert "limits.max_trials: 0" in refused
    assert "training_parameters.learning_rate: 1" not in refused


def test_each_file_that_only_one_of_the_two_takes_is_in_one_row(
    here: Answers, azure: Answers
) -> None:
    for name in azure_differences.different(here, azure):
        rows = [row.where for row in DIFFERENCES if row.is_about(name)]
        assert len(rows) == 1, f"{name}, taken {'here' if here[name] else 'by Azure'}: {rows}"


def test_each_row_about_files_holds(here: Answers, azure: Answers) -> None:
    names = azure_differences.different(here, azure)
    for row in DIFFERENCES:
        assert not row.covers or any(row.is_about(name) for name in names), row.where


def test_the_option_names_exactly_what_azure_would_refuse(
    here: Answers, with_option: Answers, azure: Answers
) -> None:
    for name, is_taken in here.items():
        if is_taken:
            assert with_option[name] == azure[name], name


def test_the_page_has_todays_table(here: Answers, with_option: Answers, azure: Answers) -> None:
    table = "".join(azure_differences.lines(here, with_option, azure))
    page = Path(azure_differences.PAGE).read_text("utf-8")
    assert page == azure_differences.page_with(table), "run python -m tests.jobs.azure_differences"
