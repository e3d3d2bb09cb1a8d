import json

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from automl.evaluation.predictions import Predictions
from automl.experiments import store
from tests.pages.conftest import PHONE, figure_table, texts, tiles


@pytest.fixture
def two_experiments(make_experiment, make_trial, make_pictures, with_predictions):
    """The better trial of `pets` is wrong about the first picture, the one of `more` about the
    last."""
    rates = [{"model_name": "resnet18", "learning_rate": rate} for rate in (0.01, 0.1)]
    trials = [
        make_trial("t1", [0.9], hyperparameters=rates[0]),
        make_trial("t2", [0.8], number=1, hyperparameters=rates[1]),
    ]
    first = make_experiment("pets", trials)
    second = make_experiment("more", [make_trial("t1", [0.9], model_name="vit_tiny")])
    pictures = make_pictures()
    for directory, trial_id in ((first, "t1"), (first, "t2"), (second, "t1")):
        with_predictions(directory, trial_id, pictures)
    path = store.predictions_path(second, "t1")
    before = store.load_predictions(path)
    answers = before.labels.copy()
    answers[-1] = 0
    probabilities = np.eye(2, dtype=np.float32)[answers]
    store.save_predictions(path, Predictions(before.sample_ids, before.labels, probabilities))


def open_tab(page, name):
    page.session_state["tab"] = name
    page.run()
    assert not page.exception
    return page


def test_two_trials_of_an_experiment_and_what_chance_says(open_page, two_experiments, monkeypatch):  # noqa: ARG001
    page = open_page("compare", experiment="pets")
    assert page.dataframe[0].value.iloc[0].tolist()[1:3] == [0.9, 0.8]
    assert "this difference may be chance (p = 1)" in texts(page)
    table = open_tab(page, "Settings that differ").dataframe[0].value
    assert table["Setting"].tolist() == ["learning_rate"]
    monkeypatch.setattr(type(st.context), "headers", PHONE)
    on_phone = open_page("compare", experiment="pets").dataframe[0].value
    assert on_phone.columns.tolist() == ["Metric", "#0", "#1", "Best"]


def test_trials_of_experiments_with_long_names_are_told_apart(
    open_page, make_experiment, make_trial
):
    name = "everything-in-the-fridge-photographed"
    make_experiment(name, [make_trial("t1", [0.9]), make_trial("t2", [0.9], number=1)])
    make_experiment("more", [make_trial("t1", [0.8])])
    page = open_page("compare", experiment=name, other="more")
    offered = page.multiselect(key=f"trials of {name} more").options
    assert offered == [f"{name} #0… · 0.900", f"{name} #1… · 0.900", "more #0 resnet18 · 0.800"]


def test_pictures_only_one_of_two_experiments_gets_right(open_page, two_experiments):  # noqa: ARG001
    page = open_page("compare", experiment="pets")
    page.multiselect(key="other experiments").set_value(["more"]).run()
    open_tab(page, "Pictures")
    assert "12 pictures were scored by both" in texts(page)
    assert tiles(page) == [("dog → cat", "1.000"), ("cat → dog", "1.000")]


def test_more_than_two_trials_are_compared_with_the_best_of_them(
    open_page, make_experiment, make_trial
):
    scores = {"a": 0.7, "b": 0.9, "c": 0.8, "d": 0.1}
    trials = [
        make_trial(name, [score], number=number, hyperparameters={"model_name": name})
        for number, (name, score) in enumerate(scores.items())
    ]
    make_experiment("pets", trials)
    page = open_page("compare", experiment="pets", trials="a,b,c")
    table = page.dataframe[0].value
    assert table.iloc[0].tolist()[1:4] == [0.7, 0.9, 0.8]
    assert table["Best"][0] == "#1"
    assert texts(page).count("No test") == 2  # b with a, and b with c
    settings = open_tab(page, "Settings that differ").dataframe[0].value
    assert settings.iloc[0].tolist() == ["model_name", "a", "b", "c"]
    open_tab(page, "Curves")
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert len({trace["line"]["color"] for trace in figure["data"]}) == 3
    open_tab(page, "Pictures")
    assert page.selectbox(key="the other of two").options == ["#1 b", "#2 c"]


def test_two_data_sets_of_one_size_are_not_the_same_pictures(
    open_page, make_experiment, make_trial, make_pictures, with_predictions
):
    pictures, rng = make_pictures(), np.random.default_rng(1)
    for name in ("pets", "more"):
        with_predictions(make_experiment(name, [make_trial("t1", [0.9])]), "t1", pictures)
        for path in pictures.rglob("*.png"):
            Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)).save(path)
    page = open_page("compare", experiment="pets")
    page.multiselect(key="other experiments").set_value(["more"]).run()
    assert "No test: the two trials share no picture" in texts(page)


def test_scores_over_the_versions_of_the_data_are_tested_on_shared_pictures(
    open_page, make_experiment, make_trial, make_pictures, with_predictions
):
    pictures = make_pictures()
    for name, version, score in (("pets", "original", 0.8), ("more", "v1", 0.9)):
        trial = make_trial("t1", [score], score_low=score - 0.1, score_high=score + 0.05)
        directory = make_experiment(name, [trial], data_version=version)
        with_predictions(directory, "t1", pictures)
    page = open_page("compare", experiment="pets", tab="Versions of the data", other="more")
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert figure["layout"]["xaxis"]["ticktext"] == ["original", "v1"]
    said = [each.value for each in page.markdown]
    assert any("12 pictures that both answered for" in each for each in said), said


def test_the_curves_of_two_trials_differ_and_have_their_table(open_page, two_experiments):  # noqa: ARG001
    page = open_tab(open_page("compare", experiment="pets"), "Curves")
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert len({trace["line"]["color"] for trace in figure["data"]}) == 2
    assert figure_table(page, "compared-curves")["accuracy"].tolist() == [0.9, 0.8]


def test_trials_that_are_right_about_the_same_pictures_say_so(open_page, two_experiments):  # noqa: ARG001
    page = open_tab(open_page("compare", experiment="pets"), "Pictures")
    assert "Both trials get the same pictures right." in texts(page)
    assert not tiles(page)


def test_a_single_trial_has_nothing_to_be_compared_with(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", [0.5])])
    assert "There is no other trial with a score" in texts(open_page("compare"))


def test_a_reload_compares_the_same_trials(open_page, make_experiment, make_trial):
    for name in ("pets", "more"):
        trials = [make_trial(f"t{number}", [0.9 - number / 10], number=number) for number in (0, 1)]
        make_experiment(name, trials)
    page = open_page("compare", experiment="pets")
    page.multiselect(key="other experiments").set_value(["more"]).run()
    page.multiselect(key="trials of pets more").set_value(["pets/t1", "more/t1"]).run()
    again = open_page("compare", **dict(page.query_params))
    assert again.multiselect(key="trials of pets more").value == ["pets/t1", "more/t1"]


@pytest.mark.usefixtures("two_experiments")
def test_an_experiment_that_cannot_be_read_leaves_the_others_to_compare(open_page, make_experiment):
    (make_experiment("hurt") / "job.yml").write_bytes(b"\0")
    page = open_page("compare", experiment="pets", other="hurt,more")
    assert "job.yml is damaged" in page.error[0].value.replace("\\", "")
    assert len(page.dataframe[0].value.columns) == 5  # metric, both trials, difference, best
