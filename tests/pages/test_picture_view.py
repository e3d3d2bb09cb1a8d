"""A picture looked at closely, as a click in the gallery opens it."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import texts


def opened(data: str, position: int) -> None:
    from pathlib import Path

    import streamlit as st

    from automl.dataset import gallery_filter
    from automl.jobs.corrections import Corrections
    from automl.jobs.data_source import DataSource
    from automl.ui import cached
    from automl.ui.dataset import corrections_view, data_choice, picture_view

    st.session_state["data"] = data
    job = data_choice.job(DataSource(path=Path(data)))
    given = cached.inspection(job.model_copy(update={"corrections": Corrections()}))
    found = cached.inspection(job)
    corrections_view.summary()
    st.text("; ".join(found.samples["label"]))
    rows = gallery_filter.choose(found, gallery_filter.Filter())
    if "opened before" in st.session_state:  # AppTest runs all again, a browser the dialog alone
        picture_view.show(rows, found, given)
    else:
        st.session_state["opened before"] = True
        picture_view.open_at(position, rows, found, given)


@pytest.fixture
def look(app_has_run, make_pictures):  # noqa: ARG001
    pictures = make_pictures()
    (pictures / "dog" / "copy.png").write_bytes((pictures / "cat" / "0.png").read_bytes())

    def look(position: int) -> AppTest:
        app = AppTest.from_function(opened, default_timeout=20, args=(str(pictures), position))
        app.run()
        return app

    return look


def test_it_shows_the_picture_its_path_facts_and_findings(look, tmp_path):
    app = look(0)
    assert len(app.image) == 1
    assert app.code[0].value == f"{tmp_path}/pets/cat/0.png"
    assert "32 × 24 px · PNG · RGB" in texts(app).replace("\\", "")
    assert "Label conflict" in texts(app)
    assert "1 of 13" in texts(app)


def test_one_leafs_on_but_not_past_the_end(look, tmp_path):
    app = look(11)
    press(app, "Next")
    assert app.code[0].value == f"{tmp_path}/pets/dog/copy.png"
    assert named(app, "Next").disabled
    press(app, "Previous")
    assert app.code[0].value == f"{tmp_path}/pets/dog/5.png"


def test_one_picture_gets_another_label_and_its_old_one_back(look):
    app = look(0)
    app.selectbox[0].select("dog").run()
    press(app, "Change the label")
    assert labels(app) == ["cat"] * 5 + ["dog"] * 8
    press(app, "Take back")
    assert labels(app) == ["cat"] * 6 + ["dog"] * 7


def test_one_picture_is_left_out_but_not_its_copy(look):
    app = look(0)
    press(app, "Leave out")
    assert labels(app) == ["cat"] * 5 + ["dog"] * 7
    assert "cat/0.png left out" in texts(app).replace("\\", "")


def named(app, label):
    return next(button for button in app.button if button.label == label)


def press(app, label):
    named(app, label).click().run()


def labels(app):
    return sorted(app.text[0].value.split("; "))
