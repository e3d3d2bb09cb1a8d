"""An answer looked at closely, as a click on a picture of the trial page opens it."""

import importlib.util
import shutil

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from automl.dataset import manifest
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.explanation.scored import ScoredAnswers
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.ui.answers import explanation_view
from tests.pages.conftest import texts


def opened(directory: str, position: int) -> None:
    from pathlib import Path

    import numpy as np
    import streamlit as st

    from automl.ui import cached_evaluation
    from automl.ui.answers import answer_view

    of = cached_evaluation.of_trial(Path(directory), "t1")
    assert of is not None
    positions = np.array([0, 2, 1])
    if "opened before" in st.session_state:  # AppTest runs all again, a browser the dialog alone
        answer_view.show(of, positions)
    else:
        st.session_state["opened before"] = True
        answer_view.open_at(of, positions, position)


@pytest.fixture(scope="module", autouse=True)
def _one_explaining_process_for_all():
    yield
    explanation_view._explainer().close()


@pytest.fixture
def look(explained, make_pixels, tmp_path):
    """Pictures of three classes that `explained`'s t1 has answered; the first wrong."""

    directory, _ = explained
    for label in ("blue", "green", "red"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(2):
            pixels = np.roll(make_pixels("test_resnet"), 9 * number + len(label), axis=0)
            Image.fromarray(pixels).save(tmp_path / "data" / label / f"{number}.png")
    found = manifest.build(Job(training_data=DataSource(path=tmp_path / "data")))
    store.save_dataset(directory, found.samples, found.report)
    rows = found.samples[found.samples["path"].str.endswith("0.png")]
    labels = rows["label_index"].to_numpy(np.int64)
    answers = np.eye(3, dtype=np.float32)[[(labels[0] + 1) % 3, *labels[1:]]]
    ids = rows["id"].to_numpy(np.int64)
    path = store.predictions_path(directory, "t1")
    store.save_predictions(path, Predictions(ids, labels, answers))

    def look(position: int = 0) -> AppTest:
        app = AppTest.from_function(opened, default_timeout=60, args=(str(directory), position))
        app.run()
        assert not app.exception, app.exception
        return app

    return look


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [one for one in app.button if one.label == label]
    button.click().run()
    assert not app.exception, app.exception
    return app


def test_it_shows_the_picture_what_it_is_and_what_it_was_taken_for(look, tmp_path):
    app = look()
    assert "**blue** taken for **green**" in texts(app)
    assert app.code[0].value == f"{tmp_path}/data/blue/0.png"
    assert len(app.image) == 1
    assert len(app.get("plotly_chart")) == 1


def test_the_label_of_a_wrong_answer_is_put_right_where_it_is_seen(look, explained):
    app = look()
    (choice,) = app.segmented_control
    assert choice.options == ["It is blue", "It is green", "Leave it out"]
    choice.set_value("green").run()
    decisions = app.session_state[f"decisions on {explained[0].name}"]
    assert list(decisions.values()) == ["green"]
    assert not press(app, "Next").segmented_control  # a right answer


def test_one_leafs_through_the_pictures_in_their_order(look, tmp_path):
    app = press(look(), "Next")
    assert "2 of 3" in texts(app)
    assert app.code[0].value == f"{tmp_path}/data/red/0.png"
    assert "**red**, recognised" in texts(app)


def test_an_explanation_takes_the_place_of_the_picture_until_one_leafs_on(
    look, explained, tmp_path
):
    app, directory = look(), explained[0]
    scored = ScoredAnswers(directory, "t1")
    assert scored.of(tmp_path / "data" / "blue" / "0.png") == {"blue": 0, "green": 1, "red": 0}
    assert scored.of(tmp_path / "data" / "blue" / "1.png") == {}
    damaged = shutil.copytree(directory, tmp_path / "damaged")
    store.predictions_path(damaged, "t1").write_text("no table")
    assert ScoredAnswers(damaged, "t1").of(tmp_path / "data" / "blue" / "0.png") == {}
    trial = store.load_trial(store.trial_path(directory, "t1"))
    store.save_trial(directory, trial.model_copy(update={"refitted_on": 6}))
    before = app.image[0].value
    app.selectbox[0].set_value("guided_backprop").run()
    press(app, "Explain")
    assert "Why " in texts(app)
    assert "The trial was scored on this picture with another answer" in texts(app)
    assert "The model was fitted again to all 6 training and validation pictures" in texts(app)
    blended = app.image[0].value
    assert blended != before
    app.slider[0].set_value(0).run()
    untouched = app.image[0].value
    assert untouched != blended
    app.toggle[0].set_value(True).run()
    assert app.slider[0].disabled
    assert app.image[0].value not in (untouched, blended)
    press(app, "Next")
    assert "Why " not in texts(app)


def test_where_there_is_no_model_it_says_so(look, explained):
    app = look()
    (store.checkpoint_dir(explained[0], "t1") / "model.safetensors").unlink()
    press(app, "Explain")
    assert "has no model to explain here" in app.error[0].value
    assert len(app.image) == 1


def test_without_the_extra_it_says_what_to_install(look, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "saliency" else found(name)
    )
    app = look()
    assert "Explanations need saliency" in texts(app)
    assert "Explain" not in [button.label for button in app.button]
