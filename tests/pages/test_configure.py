import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automl.experiments import launcher, store
from automl.figures import wording
from automl.host.cores import usable_cores
from automl.jobs import speeds
from automl.jobs.data_source import DataSource
from automl.jobs.estimate import Estimate
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job, Limits
from automl.jobs.speeds import NetworkSpeed, Speeds
from automl.jobs.trial_numbers import MOST_TRIALS
from automl.ui.configure import estimate_view, hyperparameter_fields
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


def test_data_that_cannot_be_trained_on_is_named_in_the_language_of_the_page(
    open_page, make_pictures
):
    page = open_page("configure", data=str(make_pictures(("cat",))), lang="de")
    assert "Es gibt nur eine Klasse zum Training" in page.error[0].value


def test_the_job_beside_the_form_is_automode_with_limits(page):
    job = Job.from_yaml(page.code[0].value)
    assert job.is_automode
    assert (job.limits.max_trials, job.limits.timeout_minutes) == (8, 15)


@pytest.mark.usefixtures("home")
def test_the_plan_before_the_start_follows_the_form(page):
    assert "first seconds of the run measure" in texts(page)
    names = ("efficientnet_lite0", "resnet10t", "resnet18", "resnet14t")
    speed = NetworkSpeed(side=96, forward_seconds=0.01, step_seconds=0.04, batch_seconds=0.0)
    speeds.keep(Speeds(networks=dict.fromkeys(names, speed)), "cpu", usable_cores())
    page.number_input(key="minutes").set_value(60).run()
    assert job_of(page).limits.max_trials == MOST_TRIALS  # the time decides, and the page says so
    assert "As many trials as the time allows." in texts(page)
    assert "In 60 s" not in texts(page)
    assert "a search around them" in texts(page)
    page.number_input(key="minutes").set_value(1).run()
    assert "In 60 s on this machine" in texts(page)


def test_choosing_models_writes_a_search_space_sized_to_the_pictures(page):
    page.segmented_control(key="search").set_value("Choose models").run()
    job = Job.from_yaml(page.code[0].value)
    (space,) = job.search_space
    assert space["model_name"] == "efficientnet_lite0"  # whose weights are here
    assert job.search_space[0]["training_crop_size"] == 32


def test_each_model_says_where_its_weights_are(page):
    page.segmented_control(key="search").set_value("Choose models").run()
    offered = {text.split(" ")[0]: text for text in page.multiselect(key="models").options}
    assert offered["efficientnet_lite0"] == "efficientnet_lite0 (4.7 M parameters, weights here)"
    assert re.search(r", (to be downloaded|from scratch)\)$", offered["resnet152"])


def test_licences_reach_the_job_and_refuse_a_model(page):
    page.multiselect(key="allowed licences").set_value(["apache-2.0"]).run()
    assert job_of(page).allowed_licences == ["apache-2.0"]
    page.segmented_control(key="search").set_value("One model").run()
    page.selectbox(key="model").select("resnet18").run()
    assert "weights of resnet18 have the licence bsd-3-clause" in said(page)


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
    page.number_input(key="minutes").set_value(60)  # the click leaves this field
    click_start(page)
    assert started == ["pets-1"]
    assert store.load_job(home / "experiments" / "pets-1").limits.timeout_minutes == 60
    assert page.title[0].value == wording.plain(page.query_params["experiment"])
    assert page.query_params["experiment"] == "pets-1"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mine", "The name is taken"),
        ("Mine!", "The name is taken"),  # the id made of it is
        ("a/b", "holds a path separator"),
        ("😀", "has no letter or digit"),
    ],
)
def test_a_name_that_cannot_be_given_starts_nothing(page, make_experiment, name, said):
    make_experiment("mine")
    page.text_input[0].set_value(name).run()
    assert next(button for button in page.button if button.label == "Start").disabled
    assert said in page.error[0].value


def test_the_second_half_of_a_double_click_starts_nothing(open_page, make_pictures, started):
    data = str(make_pictures())
    first, second, other = (open_page("configure", data=data) for _ in range(3))
    other.number_input(key="minutes").set_value(60).run()
    click_start(first)
    click_start(second)  # the session of the first half was lost
    assert second.query_params["experiment"] == "pets-1"
    click_start(other)  # another window with another job, whose name is taken now
    assert started == ["pets-1"]
    assert other.text_input[0].value == "pets-2"
    click_start(other)
    assert started == ["pets-1", "pets-2"]


def test_a_job_that_was_not_started_is_offered_after_a_reload(open_page, make_pictures, started):
    data = str(make_pictures())
    open_page("configure", data=data).number_input(key="minutes").set_value(60).run()
    page = open_page("configure", data=data)
    assert job_of(page).limits.timeout_minutes == 15
    next(button for button in page.button if button.label == "Go on with it").click().run()
    assert job_of(page).limits.timeout_minutes == 60
    click_start(page)
    assert started == ["pets-1"]
    page = open_page("configure", data=data)
    assert "Go on with it" not in [button.label for button in page.button]


def test_a_name_survives_a_look_at_the_data(page):
    page.text_input[0].set_value("mine").run()
    page.switch_page("pages/dataset.py").run()
    page.switch_page("pages/configure.py").run()
    assert page.text_input[0].value == "mine"


def test_a_name_survives_that_somebody_takes_the_one_that_was_offered(
    page, started, make_experiment
):
    page.text_input[0].set_value("mine").run()
    make_experiment("pets-1")
    assert page.run().text_input[0].value == "mine"
    click_start(page)
    assert started == ["mine"]


def test_the_effort_is_a_number_of_trials(page):
    page.segmented_control(key="effort").set_value("Quick").run()
    assert job_of(page).limits.max_trials == 3
    page.number_input(key="max trials").set_value(20).run()
    assert page.segmented_control(key="effort").value == "Thorough"
    page.number_input(key="max trials").set_value(21).run()
    assert page.segmented_control(key="effort").value is None
    page.number_input(key="minutes").set_value(20).run()
    assert job_of(page).limits.max_trials == 21


def test_an_exit_score_reaches_the_job(page):
    page.number_input(key="exit score").set_value(0.9).run()
    assert job_of(page).limits.exit_score == 0.9


def test_a_search_space_is_built_field_by_field(page):
    page.segmented_control(key="search").set_value("Search space").run()
    button(page, "Add a hyperparameter").click().run()
    names = page.selectbox(key="space name 3")
    assert "Learning rate" not in names.options  # another row has it
    names.select("weight_decay").run()
    page.selectbox(key="space kind 3").select("loguniform").run()
    page.text_input(key="space values 3").set_value("-9, -5").run()
    assert "From 0.000123 to 0.00674" in texts(page)
    button(page, "Add a sub-space").click().run()
    page.selectbox(key="space name 4").select("model_name").run()
    page.multiselect(key="space options 4").set_value(["vits16r224"]).run()
    page.selectbox(key="sampler").select("bayesian").run()
    page.number_input(key="sampler seed").set_value(7).run()
    page.selectbox(key="policy").select("bandit").run()
    page.number_input(key="policy bandit slack_factor").set_value(0.1).run()
    job = job_of(page)
    first, second = job.search_space
    assert first["weight_decay"].min_value == -9
    assert second == {"model_name": "vits16r224"}
    assert (job.sweep.sampling_algorithm.type, job.sweep.sampling_algorithm.seed) == ("bayesian", 7)
    assert job.sweep.early_termination.slack_factor == 0.1
    button(page, "", key="remove 3").click().run()
    assert "weight_decay" not in job_of(page).search_space[0]


def test_values_that_make_no_distribution_are_explained(page):
    page.segmented_control(key="search").set_value("Search space").run()
    page.text_input(key="space values 2").set_value("-7").run()
    page.selectbox(key="policy").select("truncation_selection").run()
    at_the_space, at_the_policy, beside_start = [one.value for one in page.error]
    assert "Write loguniform" in at_the_space
    assert "percentage is missing" in at_the_policy
    assert said(page, 2) == "To start, change: Learning rate, Truncation percentage."
    start = button(page, "Start")
    assert start.disabled
    assert beside_start in start.help
    page.number_input(key="policy truncation_selection truncation_percentage").set_value(20)
    page.text_input(key="space values 2").set_value("-7, -4").run()
    assert not page.error
    assert not button(page, "Start").disabled


@pytest.mark.parametrize(
    ("sampler", "missing"), [("grid", "uniform"), ("bayesian", "normal"), ("random", None)]
)
def test_a_sampler_is_offered_only_what_it_can_draw(page, sampler, missing):
    page.segmented_control(key="search").set_value("Search space").run()
    page.selectbox(key="sampler").select(sampler).run()
    kind = page.selectbox(key="space kind 2")
    assert missing not in kind.options
    assert missing is None or missing in kind.help
    assert page.selectbox(key="sampler rule").disabled is (sampler != "random")


def test_what_has_no_effect_cannot_be_chosen_and_says_why(page):
    assert not page.number_input(key="field momentum").disabled
    page.number_input(key="field momentum").set_value(0.5).run()
    page.selectbox(key="field optimizer").select("adamw").run()
    momentum = page.number_input(key="field momentum")
    assert momentum.disabled
    assert "only when optimizer is sgd" in momentum.help
    assert job_of(page).training_parameters == {"optimizer": "adamw"}
    assert not page.number_input(key="field beta1").disabled
    page.toggle(key="field early_stopping").set_value(False).run()
    assert "early stopping is on" in page.number_input(key="field early_stopping_delay").help


def test_what_the_search_space_varies_rules_out_no_shared_value(page):
    page.text_area(key="pasted job").set_value(SEARCHED_OPTIMIZER % page.query_params["data"])
    button(page, "Fill in the form").click().run()
    assert job_of(page).training_parameters == {"beta1": 0.8, "momentum": 0.7}


@pytest.mark.parametrize(
    ("changed", "value", "ineffective"),
    [
        ("augmentation", "none", "vertical_flip"),
        ("momentum", 0.0, "nesterov"),
        ("method", "linear_probe", "optimizer"),
    ],
)
def test_the_form_knows_every_condition_that_the_notes_of_a_job_know(
    page, changed, value, ineffective
):
    def field_of(name):
        widgets = (*page.number_input, *page.selectbox, *page.toggle)
        return next(widget for widget in widgets if widget.key == f"field {name}")

    assert not field_of(ineffective).disabled
    field_of(changed).set_value(value).run()
    assert field_of(ineffective).disabled
    assert changed in field_of(ineffective).help


def test_every_hyperparameter_has_a_field():
    asked = {name for names in hyperparameter_fields.GROUPS.values() for name in names}
    assert asked == set(Hyperparameters.model_fields) - {"model_name", "horizontal_flip"}


AZURE = """\
type: automl
task: image_classification
experiment_name: parts
compute: azureml:gpu-cluster
target_column_name: label
primary_metric: AUC_weighted
training_data: {type: image_folder, path: %s}
limits: {timeout_minutes: 60, max_trials: 10, max_concurrent_trials: 2}
training_parameters: {early_stopping: true, learning_rate: 0.01, number_of_workers: 4}
sweep:
  sampling_algorithm: {type: random, seed: 4, rule: sobol}
  early_termination: {type: truncation_selection, truncation_percentage: 20, delay_evaluation: 2}
search_space:
  - model_name: {type: choice, values: [mobilenetv2, resnet18]}
    weight_decay: {type: uniform, min_value: 0.001, max_value: 0.01}
    nesterov: {type: choice, values: [true, false]}
  - model_name: resnet50
    layers_to_freeze: {type: choice, values: [0, 2]}
    number_of_epochs: {type: quniform, min_value: 5, max_value: 20, q: 5}
"""
SINGLE = """\
training_data: {path: %s}
training_parameters:
  {model_name: vits16r224, number_of_epochs: 3, optimizer: adamw, learning_rate: 0.0001,
   horizontal_flip: false, early_stopping: false, weighted_loss: 2}
limits: {exit_score: 0.8}
"""
SEARCHED_OPTIMIZER = """\
training_data: {path: %s}
training_parameters: {beta1: 0.8, momentum: 0.7}
search_space:
  - optimizer: {type: choice, values: [sgd, adamw]}
"""
AUTOMODE = """\
training_data: {path: %s}
limits: {max_trials: 5}
seed: 3
allowed_licences: [apache-2.0, mit]
resources_per_trial: {cpu: 5000, gpu: 2}
ray_address: 10.0.0.1:6379
storage_path: s3://bucket/folder
"""


@pytest.mark.parametrize("text", [AZURE, SINGLE, AUTOMODE], ids=["sweep", "single", "automode"])
def test_a_pasted_job_fills_in_the_form(page, text):
    text %= page.query_params["data"]
    page.text_area(key="pasted job").set_value(text)
    button(page, "Fill in the form").click().run()
    assert not [one.value for one in page.error]
    assert job_of(page) == Job.from_yaml(text)


def test_a_pasted_job_that_is_wrong_is_explained_with_its_lines(page):
    page.text_area(key="pasted job").set_value("training_data: {path: x}\nlimits: {max_trial: 3}\n")
    button(page, "Fill in the form").click().run()
    assert "Line 2, limits.max_trial: " in said(page)
    assert job_of(page).limits.max_trials == 8  # the form is as it was


def test_an_uploaded_file_that_is_not_utf_8_is_refused_in_a_sentence(page):
    content = "name: é".encode("latin-1")
    page.file_uploader(key="uploaded job").upload("job.yml", content).run()
    assert said(page) == "The file is not text in UTF-8. Save it as UTF-8."


def test_an_earlier_experiment_is_the_start_of_a_new_one(open_page, make_pictures, make_experiment):
    earlier = Job.from_yaml(AZURE % make_pictures())
    make_experiment("earlier", job=earlier)
    page = open_page("configure", copy="earlier")
    assert job_of(page) == earlier
    page.number_input(key="minutes").set_value(5).run()
    assert job_of(page).limits.timeout_minutes == 5
    assert job_of(page).search_space == earlier.search_space


def test_a_place_where_no_trial_can_run_is_refused_at_its_field(page):
    page.number_input(key="cores per trial").set_value(5000).run()
    assert "this machine has" in said(page)
    assert said(page, 1) == "To start, change: Cores per trial."
    page.number_input(key="cores per trial").set_value(None)
    page.number_input(key="gpus per trial").set_value(1.5)
    page.text_input(key="ray address").set_value("http://head:8265")
    page.text_input(key="storage path").set_value("shared").run()
    fields = "GPUs per trial, Address of a Ray cluster, Storage of the cluster"
    assert said(page, 3) == f"To start, change: {fields}."
    assert button(page, "Start").disabled


def test_what_does_not_fit_is_warned_of():
    job = Job(training_data=DataSource(path=Path("x")), limits=Limits(timeout_minutes=1))
    found = Estimate(
        num_trials=10,
        max_concurrent_trials=1,
        seconds=120,
        memory_bytes=2**50,
        device="cpu",
        disk_bytes=2**60,
        measured=[],
    )
    late, memory, disk = estimate_view.warnings(found, job)
    assert "after about 5 of 10 trials" in late
    (never,) = estimate_view.warnings(
        found.model_copy(update={"seconds": 6000, "memory_bytes": 1, "disk_bytes": 1}), job
    )
    assert "before its first trial would end" in never
    assert "of memory and" in memory
    assert "of disk and" in disk
    fitting = {"seconds": 30, "memory_bytes": 1, "disk_bytes": 1}
    assert estimate_view.warnings(found.model_copy(update=fitting), job) == []


def job_of(page):
    return Job.from_yaml(page.code[0].value)


def said(page, place=0):
    """An error, without the backslashes that keep its characters from being Markdown."""
    return page.error[place].value.replace("\\", "")


def button(page, label, key=None):
    return next(b for b in page.button if b.label == label and key in (None, b.key))


def test_a_job_on_data_or_from_a_model_out_of_reach_is_not_started(started, make_pictures):
    def click(place):
        from pathlib import Path

        import streamlit as st

        from automl.jobs.data_source import DataSource
        from automl.jobs.job import Job
        from automl.ui import launch

        launch.start(Job(training_data=DataSource(path=Path("/etc"))), "pets")
        st.text(launch.problem())
        data, asked = DataSource(path=place), {"checkpoint_run_id": "gone/trial-001"}
        launch.start(Job(training_data=data, training_parameters=asked), "pets")
        st.text(launch.problem())

    page = AppTest.from_function(click, args=(make_pictures(),)).run()
    assert started == []
    assert "'/etc' is outside of the folders" in page.text[0].value
    assert "there is no experiment gone in" in page.text[1].value


def click_start(page):
    next(button for button in page.button if button.label == "Start").click().run()
    assert not page.exception


def test_a_pasted_job_brings_its_test_data_but_none_from_out_of_reach(open_page, make_pictures):
    pictures = make_pictures()
    page = open_page("configure", data=str(pictures))
    for place in (str(pictures), "/etc"):
        job = f"training_data: {{path: {pictures}}}\nseed: 7\ntest_data: {{path: {place}}}\n"
        page.text_area(key="pasted job").set_value(job)
        button(page, "Fill in the form").click().run()
        assert (page.query_params["test"], page.query_params["seed"]) == (place, "7")
    assert "'/etc' is outside of the folders" in page.error[0].value.replace("\\", "")
    assert not page.code
