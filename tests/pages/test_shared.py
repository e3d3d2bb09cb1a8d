from automl.experiments import store
from automl.experiments.records import ExperimentState
from automl.host import home
from automl.reports import sharing
from tests.pages.conftest import texts


def test_the_pages_show_it_without_a_way_to_go_on(with_test_data, open_page, tmp_path):
    packed = sharing.pack(with_test_data, tmp_path / "shared.zip")
    directory = sharing.unpack(packed, home.experiments_dir())
    record = store.load_experiment(directory)
    store.save_experiment(directory, record.model_copy(update={"state": ExperimentState.STOPPED}))
    page = open_page("progress", experiment=directory.name)
    assert "read-only" in texts(page)
    assert not [button for button in page.button if button.label == "Resume"]


def test_a_shared_experiment_is_opened_on_the_first_page(with_test_data, open_page, tmp_path):
    packed = sharing.pack(with_test_data, tmp_path / "shared.zip")
    page = open_page("experiments")
    uploader = page.file_uploader(key="shared experiment")
    uploader.upload("shared.zip", packed.read_bytes(), "application/zip").run()
    page.button(key="open shared 0").click().run()
    assert page.title[0].value == "pets\\-2"


def test_a_file_that_is_no_experiment_is_refused_in_a_sentence(open_page):
    page = open_page("experiments")
    uploader = page.file_uploader(key="shared experiment")
    uploader.upload("x.zip", b"nothing", "application/zip").run()
    page.button(key="open shared 0").click().run()
    assert "not a zip file" in page.error[0].value


def test_answers_for_thumbnails_are_said_to_be_about_them(
    with_test_data, with_answers, open_page, tmp_path
):
    with_answers(with_test_data)
    assert "These are thumbnails" not in texts(open_page("predict"))
    packed = sharing.pack(with_test_data, tmp_path / "shared.zip")
    directory = sharing.unpack(packed, home.experiments_dir())
    assert "These are thumbnails" in texts(open_page("predict", experiment=directory.name))
