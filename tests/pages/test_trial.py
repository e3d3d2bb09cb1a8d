import json

import numpy as np
import pytest

from automl.evaluation.predictions import Predictions
from automl.experiments import launcher, store
from automl.figures import wording
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.texts import speaking
from tests.pages.conftest import figure_table, fold, texts, tiles


@pytest.fixture
def experiment(make_experiment, make_trial, make_pictures, with_predictions, tmp_path):
    """Two trials; the better one has answers, one of them wrong."""

    def make(classes=("cat", "dog")):
        trials = [make_trial("t1", [0.4]), make_trial("t2", [0.6, 0.9], number=1)]
        job = Job(training_data=DataSource(path=tmp_path / "pets"))
        experiment_dir = make_experiment(trials=trials, job=job, best_trial="t2")
        with_predictions(experiment_dir, "t2", make_pictures(classes))
        return experiment_dir

    return make


def test_without_a_trial_it_says_so(open_page, make_experiment):
    make_experiment()
    page = open_page("trial")
    assert "This experiment ended before its first trial" in texts(page)
    links = {each.proto.label: each.proto.query_string for each in page.get("page_link")}
    assert links["New experiment from this"] == "copy=pets"


def test_before_the_first_trial_it_says_what_will_be_here(open_page, make_experiment, hold_lock):
    hold_lock(make_experiment(state="preparing", ended_at=None))
    assert "Trials appear here as soon as the first one starts" in texts(open_page("trial"))


def test_the_best_trial_is_shown_first(open_page, experiment):
    experiment()
    page = open_page("trial")
    assert page.query_params["trial"] == "t2"
    assert "Accuracy **0.900**" in texts(page)


def test_the_link_decides_which_trial_is_shown(open_page, experiment):
    experiment()
    page = open_page("trial", trial="t1")
    assert "Accuracy **0.400**" in texts(page)
    assert "appear after the first evaluation" in texts(page)


def test_the_worst_cell_comes_with_its_pictures(open_page, experiment):
    experiment()
    page = open_page("trial")
    assert "1 picture of cat taken for dog" in texts(page)
    assert tiles(page) == [("cat → dog", "1.000")]
    pairs = next(table.value for table in page.dataframe if "Taken for" in table.value)
    assert pairs.iloc[0].tolist() == ["cat", "dog", 1]


def test_another_cell_shows_other_pictures(open_page, experiment):
    experiment()
    page = open_page("trial")
    page.selectbox(key="Predicted class after 0 clicks on pets t2").select_index(0).run()
    assert "5 pictures of cat recognised" in texts(page)
    assert len(tiles(page)) == 5


def test_pictures_that_are_gone_are_counted(open_page, experiment, tmp_path):
    experiment()
    (tmp_path / "pets" / "cat" / "0.png").unlink()
    assert "1 picture cannot be read" in texts(open_page("trial"))


def test_hyperparameters_asked_for_and_in_effect(open_page, make_experiment, make_trial):
    effective = {"learning_rate": 0.02, "momentum": 0.9}
    make_experiment(trials=[make_trial("t1", [0.5], effective=effective)])
    page = open_tab(open_page("trial"), "Hyperparameters")
    table, rest = [one.value.set_index("Hyperparameter") for one in page.dataframe]
    assert table.index.tolist() == ["learning_rate", "model_name"]
    assert table.loc["learning_rate"].tolist() == ["0.01", "0.02", "changed"]
    assert rest.loc["momentum"].tolist() == ["", "0.9", ""]
    assert "Used with another value than requested: learning_rate." in texts(page)


def test_what_was_left_to_us_does_not_count_as_changed(open_page, make_experiment, make_trial):
    trial = make_trial(
        "t1",
        [0.5],
        hyperparameters={"model_name": "resnet18", "precision": "auto", "learning_rate": 0.1},
        effective={"precision": "bfloat16", "learning_rate": 0.1 + 1e-12},
    )
    make_experiment(trials=[trial])
    page = open_tab(open_page("trial"), "Hyperparameters")
    assert "All values were used as requested." in texts(page)


def test_every_evaluation_is_listed_with_its_cost(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", [0.5, 0.7])])
    tables = [one.value for one in open_page("trial").dataframe]
    (table,) = [one for one in tables if "Training loss" in one]
    assert table["Epoch"].tolist() == [1, 2]
    assert table["Pictures / s"].tolist() == [100, 100]
    assert "Peak memory (MB)" not in table  # which these records do not know


def test_numbers_of_evaluations_have_the_same_digits_in_every_language(
    open_page, make_experiment, make_trial
):
    make_experiment(trials=[make_trial("t1", [0.5, 0.7])])

    def formats(**language):
        tables = [json.loads(one.proto.columns) for one in open_page("trial", **language).dataframe]
        columns = [column for table in tables for column in table.values()]
        return [column.get("type_config", {}).get("format") for column in columns]

    english = formats()
    assert "%d" in english  # of the epochs
    assert formats(lang="de") == english


def test_what_a_trial_has_been_through_is_shown(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", [0.5], flags=["recovered", "collapsed"])])
    assert "recovered, collapsed" in texts(open_page("trial"))


def test_a_failed_trial_says_why_with_the_traceback_folded(open_page, make_experiment, make_trial):
    error = {"cause": "Out of memory.", "next_step": "Fewer pixels.", "traceback": "Traceback: 42"}
    make_experiment(trials=[make_trial("t1", state="failed", error=error)])
    page = open_page("trial")
    assert "Out of memory" in page.error[0].value
    assert "Fewer pixels" in texts(page)
    assert fold(page, "Details").code[0].value == "Traceback: 42"
    assert "not affected" not in texts(page)  # there is no other one


def test_hostile_labels_show_as_they_are(open_page, experiment):
    experiment(("![x](h) <b>", "http:cat"))
    said = texts(open_page("trial"))
    assert r"\!\[x\]\(h\) \<b\>" in said
    assert "![x]" not in said


def test_a_running_trial_is_shown_as_far_as_it_is(
    open_page, make_experiment, make_trial, hold_lock
):
    trial = make_trial("t1", state="running", ended_at=None)
    hold_lock(make_experiment(trials=[trial], state="running", ended_at=None))
    assert "Curves appear after the first evaluation." in texts(open_page("trial"))


def open_tab(page, name):
    page.session_state["tab"] = name
    return page.run()


def choose(page, key, option):
    (control,) = [one for one in page.segmented_control if one.key and one.key.startswith(key)]
    return control.set_value(option).run()


def test_the_worst_mistakes_come_with_what_they_were_taken_for(open_page, experiment):
    experiment()
    page = open_tab(open_page("trial"), "Errors")
    assert "1 of 12 pictures wrong" in texts(page)
    assert tiles(page) == [("cat → dog", "1.000")]


def test_every_class_is_scored_and_the_worst_comes_first(open_page, experiment):
    experiment()
    page = open_tab(open_page("trial"), "Classes")
    table = page.dataframe[0].value.set_index("class")
    assert table.index.tolist() == ["cat", "dog"]
    assert table.loc["cat", "recall"] == pytest.approx(5 / 6)
    assert table.loc["dog", "precision"] == pytest.approx(6 / 7)
    assert page.dataframe[1].value["class"].tolist() == ["micro", "macro", "weighted"]


@pytest.mark.parametrize(
    "chart",
    ["ROC", "Precision and recall", "Cumulative gains", "Lift", "Calibration", "Confidence"],
)
def test_every_chart_has_its_table(open_page, experiment, chart):
    experiment()
    page = choose(open_tab(open_page("trial"), "Charts"), "chart of", chart)
    assert len(page.get("plotly_chart")) == 1
    assert not figure_table(page, "").empty


def test_the_lines_of_a_chart_are_named_in_the_language_of_the_page(open_page, experiment):
    experiment()
    with speaking("de"):  # the test names the options of the fields by itself
        page = open_tab(open_page("trial", lang="de"), "Diagramme")
    assert "Makro-Mittel" in page.get("plotly_chart")[0].proto.spec


def test_answering_only_when_sure_says_how_many_and_how_well(open_page, experiment):
    experiment()
    page = choose(open_tab(open_page("trial"), "Charts"), "chart of", "Answer only when sure")
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["Pictures answered"] == "100.0%"
    assert metrics["Right answers among them"] == "0.917"


def test_a_doubtful_label_is_put_right_in_a_new_experiment(
    open_page, experiment, with_predictions, tmp_path, monkeypatch
):
    started = []
    monkeypatch.setattr(launcher, "start", started.append)
    with_predictions(experiment(), "t1", tmp_path / "pets")  # both trials disagree with a label
    page = choose(open_tab(open_page("trial"), "Errors"), "errors of", "Doubtful labels")
    assert "The 2 best trials agree on another label for 1 picture" in texts(page)
    (choice,) = [one for one in page.segmented_control if "decision on" in str(one.key)]
    choice.set_value("dog").run()
    page = choose(open_tab(open_page("trial"), "Errors"), "errors of", "Doubtful labels")
    (choice,) = [one for one in page.segmented_control if "decision on" in str(one.key)]
    assert choice.value == "dog"  # a reload loses nothing
    (button,) = [one for one in page.button if one.label == "New experiment with 1 change"]
    button.click().run()
    (directory,) = started
    job = store.load_job(directory)
    assert list(job.corrections.relabel.values()) == ["dog"]
    assert page.title[0].value == wording.plain(directory.name)


def test_a_trial_that_always_answers_with_one_class(open_page, experiment):
    directory = experiment()
    path = store.predictions_path(directory, "t2")
    before = store.load_predictions(path)
    always = np.tile(np.array([[0.9, 0.1]], np.float32), (len(before.labels), 1))
    store.save_predictions(path, Predictions(before.sample_ids, before.labels, always))
    page = open_page("trial")
    assert "6 pictures of dog taken for cat" in texts(page)
    for tab in ("Errors", "Classes", "Charts"):
        open_tab(page, tab)
    choose(page, "chart of", "Calibration")


def test_the_model_of_a_finished_trial_can_be_taken_away(open_page, experiment):
    experiment()
    page = open_tab(open_page("trial"), "Errors")
    (button,) = [each for each in page.button if each.label == "Take it away"]
    button.click().run()
    assert "ONNX" in page.radio(key="export format pets t2").options
    assert page.query_params["tab"] == "Take it away"
    assert page.button(key="export pets t2").label == "Export"
