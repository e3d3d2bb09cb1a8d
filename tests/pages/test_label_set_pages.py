"""Pages of data whose pictures have any number of labels."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automl.jobs.job import Job
from tests.pages.conftest import texts, tiles

TASK = "image_classification_multilabel"
SETS = ["cat", "dog", "cat,dog", ""] * 3


@pytest.fixture
def table(make_pictures: Callable[..., Path]) -> Path:
    pictures = make_pictures(("all",), per_class=len(SETS))
    rows = [f'all/{number}.png,"{labels}"' for number, labels in enumerate(SETS)]
    path = pictures / "labels.csv"
    path.write_text("\n".join(["image,label", *rows]))
    return path


def click(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click().run()


def test_several_labels_are_offered_looked_at_and_put_into_the_job(
    open_page: Callable[..., AppTest], table: Path
) -> None:
    page = open_page("dataset", data=str(table))
    click(page, "Any number of labels")
    said = texts(page).replace("\\", "")
    assert "**2** labels" in said
    assert "**3** with no label · **6** with 1 label · **3** with 2 labels" in said
    page.selectbox(key="class in view").select("cat").run()
    assert (
        sorted(caption for caption, _ in tiles(page) if caption) == ["cat"] * 3 + ["cat, dog"] * 3
    )
    page.session_state["co-occurrence"] = True
    page.run()
    assert page.get("plotly_chart")

    configured = open_page("configure", **dict(page.query_params))
    assert not configured.error
    assert configured.selectbox(key="primary metric").value == "iou"
    job = Job.from_yaml(configured.code[0].value)
    assert (job.task, job.primary_metric) == (TASK, "iou")


def test_one_label_each_offers_the_other_task(
    open_page: Callable[..., AppTest], table: Path
) -> None:
    table.write_text(table.read_text().replace("cat,dog", "cat").replace('""', "dog"))
    page = open_page("dataset", data=str(table), task=TASK)
    page.button(key="image_classification for one_label_each").click().run()
    assert "**2** classes" in texts(page)
    assert "task" not in page.query_params


def test_a_pasted_job_brings_its_task(open_page: Callable[..., AppTest], table: Path) -> None:
    page = open_page("configure", data=str(table))
    lines = ["type: automl", f"task: {TASK}", "primary_metric: auc_weighted"]
    page.text_area(key="pasted job").set_value(
        "\n".join([*lines, f"training_data: {{path: {table}}}"])
    )
    click(page, "Fill in the form")
    again = Job.from_yaml(page.code[0].value)
    assert (again.task, again.primary_metric) == (TASK, "auc_weighted")
