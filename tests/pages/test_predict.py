import contextlib
import io
import json
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import onnx
import pytest
from PIL import Image

from automl.errors import UserError
from automl.experiments import store
from automl.figures import wording
from automl.prediction import input_pictures
from automl.ui import export_view, guarded_actions
from automl.ui.predict import pictures_source, predictions_view
from tests.conftest import mean_colour
from tests.pages.conftest import texts


@pytest.fixture
def with_model(make_experiment):
    """An experiment whose model tells red, green and blue pictures apart by their mean colour."""

    def make(labels=("red", "green", "blue"), settings=None, **fields):
        experiment_dir = make_experiment(**fields)
        store.best_model_dir(experiment_dir).mkdir()
        write_model(store.best_model_dir(experiment_dir), "t1", labels, **(settings or {}))
        return experiment_dir

    return make


def write_model(model_dir, trial_id, labels, **added):
    (model_dir / "labels.json").write_text(json.dumps(labels))
    settings = {"trial_id": trial_id, "validation_resize_size": 8, "validation_crop_size": 8}
    settings.update(added)
    (model_dir / "settings.json").write_text(json.dumps(settings))
    onnx.save(mean_colour(), model_dir / "model.onnx")


def test_without_a_model_yet_it_says_when_there_will_be_one(open_page, make_experiment, hold_lock):
    hold_lock(make_experiment(state="running", ended_at=None))
    assert "when the experiment has ended" in texts(open_page("predict"))


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
    assert "Validation pictures" in texts(page)
    assert len(page.image) == 2


def test_hostile_labels_show_as_they_are(open_page, with_model):
    with_model(("![x](h)", "<b>", "c"))
    page = open_page("predict")
    page.file_uploader(key="pictures").upload("mine.png", png((255, 0, 0)), "image/png").run()
    assert "![x]" not in texts(page)
    assert r"\!\[x\]" in texts(page)


def test_the_download_holds_the_model_with_its_labels(with_model):
    data = guarded_actions.zipped(store.best_model_dir(with_model()))
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert names == ["labels.json", "model.onnx", "settings.json"]


def test_a_zip_becomes_a_table_with_thumbnails(open_page, with_model):
    with_model()
    page = open_page("predict")
    files = {f"in/{number}.png": png((0, 255, 0)) for number in range(13)}
    content = zipped({**files, "in/broken.png": b"nothing", "in/notes.txt": b"no picture"})
    page.file_uploader(key="pictures").upload("set.zip", content, "application/zip").run()
    table = page.dataframe[0].value
    assert len(table) == 14
    assert table["answer"].tolist()[:13] == ["green"] * 13
    assert table["path"].iloc[0] == "set.zip/in/0.png"
    assert "not a picture" in table["error"].iloc[13]
    page.slider(key="least probability").set_value(1.0).run()
    assert page.dataframe[0].value["answer"].iloc[0] == "not sure"
    page.query_params["lang"] = "de"
    assert page.run().dataframe[0].value["answer"].iloc[0] == "nicht sicher"
    assert table["Picture"].iloc[0].startswith("data:image/jpeg;base64,")
    assert {"CSV", "Parquet"} < {button.label for button in page.get("download_button")}


def test_a_zip_of_few_pictures_becomes_cards(open_page, with_model):
    with_model()
    page = open_page("predict")
    content = zipped({"a.png": png((0, 0, 255))})
    page.file_uploader(key="pictures").upload("set.zip", content, "application/zip").run()
    assert "**blue**" in texts(page)
    assert wording.plain("set.zip/a.png") in texts(page)


def test_a_damaged_zip_is_named_as_it_was_uploaded(open_page, with_model):
    with_model()
    page = open_page("predict")
    page.file_uploader(key="pictures").upload("set.zip", b"nothing", "application/zip").run()
    assert page.error[0].value.startswith(wording.plain("set.zip is not a zip file"))


@pytest.mark.parametrize("name", ["set.tgz", "set.TAR.GZ", "set.tbz"])
def test_a_compressed_tar_is_opened_as_an_archive(name):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("a.png")
        member.size = len(png((0, 0, 255)))
        archive.addfile(member, io.BytesIO(png((0, 0, 255))))
    assert name.lower().endswith(tuple(pictures_source.TYPES))
    assert [found.name for found in pictures_source._in_upload(buffer, name)] == [f"{name}/a.png"]


def test_a_zip_with_any_damage_is_a_sentence(with_model):
    """Compression methods, names and sizes that `zipfile` refuses with other exceptions."""
    model = predictions_view.predictor(store.best_model_dir(with_model()))
    whole = zipped({"a.png": png((0, 0, 255))})
    directory = whole.rindex(b"PK\x01\x02")  # where the list of entries begins
    version_needed, flags, name = directory + 6, directory + 8, directory + 46
    damages = [(version_needed, b"\xff"), (name, b"\xff"), (directory, b"??"), (0, b"??")]
    for position, wrong in damages:
        content = bytearray(whole)
        content[position : position + len(wrong)] = wrong
        content[flags + 1] |= 8  # names are UTF-8
        file = io.BytesIO(bytes(content))
        assert pictures_source._count(file, "set.zip") in (0, 1)
        with contextlib.suppress(UserError):  # any other exception fails the test
            list(input_pictures.answered(model, pictures_source._in_upload(file, "set.zip")))


def test_below_the_threshold_the_answer_is_not_sure(open_page, with_model):
    with_model()
    page = open_page("predict")
    page.file_uploader(key="pictures").upload("mine.png", png((90, 91, 90)), "image/png").run()
    assert "**green**" in texts(page)
    kept = page.session_state["answers in view"]
    page.slider(key="least probability").set_value(0.5).run()
    assert "**not sure**" in texts(page)
    assert "most likely green" in texts(page)
    assert page.session_state["answers in view"] is kept  # the model was not asked again


def test_the_threshold_says_what_it_does_on_the_validation_pictures(
    open_page, with_test_data, with_answers
):
    with_answers(with_test_data)
    page = open_page("predict")
    said = "answers 100% of the pictures that it was scored on, and 67% of these answers are right"
    assert said in texts(page)


def test_a_picture_unlike_the_training_pictures_is_marked_and_sets_are_shown(open_page, with_model):
    unlike = {"threshold": -0.5, "false_alarm_rate": 0.01}
    with_model(settings={"unlike": unlike, "right_probabilities": [0.9] * 29 + [0.2]})
    page = open_page("predict")
    page.selectbox(key="coverage of sets").set_value(0.9).run()
    page.file_uploader(key="pictures").upload("grey.png", png((90, 91, 90)), "image/png").run()
    (badge,) = [each.value for each in page.markdown if "unlike the training" in each.value]
    assert "orange" in badge
    assert r"One of: green\, red" in texts(page)
    page.selectbox(key="coverage of sets").set_value(0.99).run()
    assert "can guarantee at most 0" in texts(page)


def test_how_many_pictures_are_marked_can_be_chosen(open_page, with_model):
    held_out = [(number, -number / 100) for number in range(99)]
    unlike = {"threshold": 0.0, "false_alarm_rate": 0.01, "held_out": held_out}
    with_model(settings={"unlike": {**unlike, "left_out": [-0.5, -0.05, 0.1, 0.2]}})
    page = open_page("predict")
    page.file_uploader(key="pictures").upload("grey.png", png((90, 91, 90)), "image/png").run()
    assert "about 50% of those of a class that is missing" in texts(page).replace("\\", "")
    page.selectbox(key="false alarms").set_value(0.1).run()
    assert "10.0% are marked" in texts(page).replace("\\", "")
    assert "about 75%" in texts(page).replace("\\", "")


def test_kept_pictures_can_be_labelled_where_no_change_can_be_told(open_page, with_model, tmp_path):
    with_model()
    kept = tmp_path / "kept"
    (kept / "pictures").mkdir(parents=True)
    page = open_page("predict")
    page.session_state["in service"] = True
    page.run()
    page.text_input(key="folder of kept answers").set_value(str(kept)).run()
    assert "has no answers yet" in page.error[0].value
    for trial, said in (
        ("of another model", "has no answers of t1"),
        ("t1", "has no answers of t1 at validation any more"),
    ):
        line = {"trial": trial, "label": "red", "probability": 0.9}
        (kept / "answers.jsonl").write_text(json.dumps(line) + "\n")
        page.run()
        assert said in page.error[0].value.replace("\\", "")
    assert "Label the kept pictures" in [button.label for button in page.button]


def test_a_model_that_cannot_tell_says_so_and_marks_nothing(open_page, with_model):
    with_model()
    page = open_page("predict")
    page.file_uploader(key="pictures").upload("grey.png", png((90, 91, 90)), "image/png").run()
    assert "does not say which pictures are unlike" in texts(page)
    assert not [each for each in page.markdown if "unlike the training" in each.value]


def test_a_model_that_was_exported_on_the_trial_page_answers(open_page, with_model, make_trial):
    trials = [make_trial(name, [0.5], number=number) for number, name in enumerate(("t1", "t2"))]
    experiment_dir = with_model(trials=trials, best_trial="t1")
    other = export_view.export_dir(experiment_dir, trials[1], "onnx")
    other.mkdir(parents=True)
    write_model(other, "t2", ("one", "two", "three"))
    (other / "parity.json").touch()  # which is written last
    page = open_page("predict")
    page.file_uploader(key="pictures").upload("mine.png", png((0, 255, 0)), "image/png").run()
    assert "**green**" in texts(page)
    page.selectbox(key="model instead of that of t1").set_value("t2").run()
    assert "**two**" in texts(page)
    assert page.query_params["trial"] == "t2"  # a reload keeps it


@pytest.fixture
def website():
    """A server on this machine with one picture."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(png((0, 0, 255)))

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/a.png"
        server.shutdown()
        thread.join()


def ask_for(page, url):
    page.get("button_group")[0].set_value("Web address").run()
    page.text_input(key="address of a picture").set_value(url).run()
    return texts(page)


def test_a_picture_behind_an_address_gets_its_class(open_page, with_model, website, monkeypatch):
    monkeypatch.setenv("AUTOML_ALLOW_PRIVATE_URLS", "1")
    with_model()
    assert "**blue**" in ask_for(open_page("predict"), website)


def test_an_address_in_our_own_network_is_not_read(open_page, with_model, website):
    with_model()
    assert "an address inside of a private network" in ask_for(open_page("predict"), website)


def test_what_is_no_web_address_is_refused(open_page, with_model):
    with_model()
    page = open_page("predict")
    assert "This is not a web address" in ask_for(page, "file:///etc/passwd").replace("\\", "")


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def png(colour):
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), colour, dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()
