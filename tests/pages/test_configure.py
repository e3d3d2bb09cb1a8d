import pytest
from streamlit.testing.v1 import AppTest

from automl import launcher, store
from automl.job import Job
from tests.pages.conftest import texts


@pytest.fixture
def started(monkeypatch):
    """The experiments whose engine was started; a real one would outlive the test."""
    names = []
    monkeypatch.setattr(launcher, "start", lambda path: names.append(path.name))
    return names


@pytest.fixture
def page(open_page, make_pictures):
    return open_page("configure", data=str(make_pictures()))


def test_without_pictures_it_sends_to_the_dataset_page(open_page):
    assert "Choose the pictures first" in texts(open_page("configure"))


def test_the_job_beside_the_form_is_automode_with_limits(page):
    job = Job.from_yaml(page.code[0].value)
    assert job.is_automode
    assert (job.limits.max_trials, job.limits.timeout_minutes) == (8, 15)


def test_choosing_models_writes_a_search_space_sized_to_the_pictures(page):
    page.segmented_control(key="search").set_value("Choose models").run()
    job = Job.from_yaml(page.code[0].value)
    assert [space["model_name"] for space in job.search_space] == [
        "mobilenetv3_small_100",
        "resnet18",
    ]
    assert job.search_space[0]["training_crop_size"] == 32


def test_models_of_fixed_size_keep_their_own(page):
    page.segmented_control(key="search").set_value("One model").run()
    page.selectbox(key="model").select("vits16r224").run()
    assert "training_crop_size" not in Job.from_yaml(page.code[0].value).training_parameters


def test_a_search_without_a_model_is_explained(page):
    page.segmented_control(key="search").set_value("Choose models").run()
    page.multiselect(key="models").set_value([]).run()
    assert "Choose at least one model" in page.error[0].value


def test_only_changed_hyperparameters_reach_the_job(page):
    page.selectbox(key="field optimizer").select("adamw").run()
    page.number_input(key="field training_batch_size").set_value(16).run()
    parameters = Job.from_yaml(page.code[0].value).training_parameters
    assert parameters == {"optimizer": "adamw", "training_batch_size": 16}


def test_start_creates_the_experiment_and_shows_its_progress(page, started, home):
    click_start(page)
    assert started == ["pets-1"]
    assert store.is_experiment(home / "experiments" / "pets-1")
    assert page.title[0].value == "Progress"
    assert page.query_params["experiment"] == "pets-1"


def test_a_name_that_is_taken_starts_nothing(page, started, make_experiment):
    make_experiment("mine")
    page.text_input[0].set_value("mine").run()
    click_start(page)
    assert started == []
    assert "already" in page.error[0].value


def test_the_second_half_of_a_double_click_starts_nothing(started):
    def two_clicks():
        from pathlib import Path

        from automl.job import DataSource, Job
        from automl.ui import launch

        job = Job(training_data=DataSource(path=Path("/data/pets")))
        launch.start(job, "pets", "the same click")
        launch.start(job, "pets", "the same click")

    page = AppTest.from_function(two_clicks).run()
    assert not page.exception
    assert started == ["pets"]
    assert "launch problem" not in page.session_state


def click_start(page):
    next(button for button in page.button if button.label == "Start").click().run()
    assert not page.exception
