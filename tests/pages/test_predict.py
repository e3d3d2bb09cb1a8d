import io
import json
import zipfile

import numpy as np
import onnx
import pytest
from PIL import Image

from automl import store
from automl.ui import predictions_view
from tests.conftest import mean_colour
from tests.pages.conftest import texts


@pytest.fixture
def with_model(make_experiment):
    """An experiment whose model tells red, green and blue pictures apart by their mean colour."""

    def make(labels=("red", "green", "blue")):
        experiment_dir = make_experiment()
        model_dir = store.best_model_dir(experiment_dir)
        model_dir.mkdir()
        (model_dir / "labels.json").write_text(json.dumps(labels))
        settings = {"trial_id": "t1", "validation_resize_size": 8, "validation_crop_size": 8}
        (model_dir / "settings.json").write_text(json.dumps(settings))
        onnx.save(mean_colour(), model_dir / "model.onnx")
        return experiment_dir

    return make


def test_without_a_model_yet_it_says_when_there_will_be_one(open_page, make_experiment, hold_lock):
    hold_lock(make_experiment(state="running", ended_at=None))
    assert "exported when the experiment ends" in texts(open_page("predict"))


def test_an_experiment_that_ended_without_a_model_says_so(open_page, make_experiment):
    make_experiment()
    assert "ended without a model" in texts(open_page("predict"))


def test_a_failed_experiment_says_why(open_page, make_experiment):
    make_experiment(state="failed", message="The folder is empty.")
    assert "The folder is empty" in open_page("predict").error[0].value


def test_a_dropped_picture_gets_its_class(open_page, with_model):
    with_model()
    page = open_page("predict")
    page.file_uploader(key="pictures").upload("mine.png", png((0, 255, 0)), "image/png").run()
    assert "**green**" in texts(page)
    assert "probability" in texts(page)


def test_a_file_that_is_no_picture_is_named(open_page, with_model):
    with_model()
    page = open_page("predict")
    page.file_uploader(key="pictures").upload("bad.png", b"nothing", "image/png").run()
    assert "bad\\.png" in page.error[0].value


def test_validation_pictures_can_be_tried_without_any_file(
    open_page, with_model, make_pictures, with_predictions
):
    with_predictions(with_model(), "t1", make_pictures(per_class=10))
    page = open_page("predict")
    assert "Pictures it has not trained on" in texts(page)
    assert len(page.image) == 2


def test_hostile_labels_show_as_they_are(open_page, with_model):
    with_model(("![x](h)", "<b>", "c"))
    page = open_page("predict")
    page.file_uploader(key="pictures").upload("mine.png", png((255, 0, 0)), "image/png").run()
    assert "![x]" not in texts(page)
    assert r"\!\[x\]" in texts(page)


def test_the_download_holds_the_model_with_its_labels(with_model):
    data = predictions_view.bundle(store.best_model_dir(with_model()))
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert names == ["labels.json", "model.onnx", "settings.json"]


def png(colour):
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), colour, dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()
