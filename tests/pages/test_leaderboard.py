import json

import numpy as np
import pytest
import streamlit as st

from automl.evaluation.predictions import Predictions
from automl.experiments import store
from tests.pages.conftest import PHONE, texts


def test_the_best_trial_comes_first(open_page, make_experiment, make_trial):
    make_experiment(
        trials=[
            make_trial("weak", [0.4], model_name="vit_tiny"),
            make_trial("strong", [0.9], number=1),
        ]
    )
    table = open_page("leaderboard").dataframe[0].value
    assert table["model"].tolist() == ["resnet18", "vit_tiny"]


def test_names_that_differ_at_their_end_are_told_apart(open_page, make_experiment, make_trial):
    values = {"method": "concatenated_probe", "model_name": "efficientnet_lite0"}
    values |= {"second_model_name": "mobilenetv1_100"}
    looks = [{}, {"stage_features": True}, {"stage_features": True, "mirrored_features": True}]
    looks.append({**looks[-1], "second_model_name": "mobilenetv2"})
    make_experiment(
        trials=[
            make_trial(f"t{n}", [0.9 - 0.1 * n], number=n, hyperparameters={**values, **look})
            for n, look in enumerate(looks)
        ]
    )
    names = open_page("leaderboard").dataframe[0].value["model"].tolist()
    assert names[0] == "efficientnet_lite0 + mobilenetv1_100"
    assert names[1].endswith(", all stages")
    assert names[2].endswith("1_100, all stages, mirrored")
    assert names[3].endswith("netv2, all stages, mirrored")
    assert all(name.startswith("efficientnet") and len(name) < 48 for name in names)


def test_a_failed_trial_comes_last_without_a_score(
    open_page, make_experiment, make_trial, monkeypatch
):
    make_experiment(trials=[make_trial("t1", state="failed"), make_trial("t2", [0.4], number=1)])
    table = open_page("leaderboard").dataframe[0].value
    assert table["state"].tolist() == ["completed", "failed"]
    monkeypatch.setattr(type(st.context), "headers", PHONE)
    on_phone = open_page("leaderboard")
    table = on_phone.dataframe[0].value
    assert table.to_numpy().tolist() == [["#1 resnet18", "0.400"], ["#0 resnet18", "failed"]]
    layouts = [json.loads(chart.proto.spec)["layout"] for chart in on_phone.get("plotly_chart")]
    assert "h" in [layout.get("legend", {}).get("orientation") for layout in layouts]


def test_on_a_phone_names_that_differ_at_their_end_can_be_told_apart(
    open_page, make_experiment, make_trial, monkeypatch
):
    make_experiment(
        trials=[
            make_trial(f"t{number}", [0.9], number=number, model_name=f"efficientnet_lite0_{end}")
            for number, end in enumerate(("with_a_long_name_a", "with_a_long_name_b"))
        ]
    )
    monkeypatch.setattr(type(st.context), "headers", PHONE)
    names = open_page("leaderboard").dataframe[0].value["model"].tolist()
    assert {name[-2:] for name in names} == {"_a", "_b"}
    assert all(len(name) < 30 for name in names)


def test_without_answers_no_trial_is_called_tied_or_worse(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", [0.90]), make_trial("t2", [0.5], number=1)])
    page = open_page("leaderboard")
    assert page.dataframe[0].value["tied"].tolist() == ["", ""]
    assert "statistically tied" not in texts(page)


def test_no_trial_yet_says_what_will_be_here(open_page, make_experiment, hold_lock):
    hold_lock(make_experiment(state="preparing", ended_at=None))
    assert "Trials appear here" in texts(open_page("leaderboard"))


def tiny_answers(experiment_dir, trial_id, right):
    """60 pictures of two classes, answered rightly where it says so."""
    labels = np.tile([0, 1], 30)
    answers = np.where(right, labels, 1 - labels)
    probabilities = np.eye(2, dtype=np.float32)[answers]
    path = store.predictions_path(experiment_dir, trial_id)
    store.save_predictions(path, Predictions(np.arange(60), labels, probabilities))


@pytest.fixture
def compared(make_experiment, make_trial, make_pictures, with_predictions):
    """Three trials on the same pictures: the best, wrong about one, one almost as good, one much
    worse."""
    trials = [
        make_trial(
            "best",
            [1.0],
            effective={
                "num_parameters": 2_000_000,
                "latency_ms": 5.0,
                "weights_licence": "apache-2.0",
            },
        ),
        make_trial("close", [0.95], number=1, model_name="vit_tiny", state="stopped"),
        make_trial("worse", [0.5], number=2),
    ]
    directory = make_experiment(trials=trials)
    with_predictions(directory, "best", make_pictures())
    for trial_id, num_wrong in (("close", 3), ("worse", 30)):
        tiny_answers(directory, trial_id, np.arange(60) >= num_wrong)
    tiny_answers(directory, "best", np.arange(60) < 59)
    return directory


def test_trials_tied_with_the_best_are_marked_and_counted(open_page, compared):  # noqa: ARG001
    page = open_page("leaderboard")
    assert page.dataframe[0].value["tied"].tolist() == ["", "tied", "worse"]
    assert "1 other trial is statistically tied with the best" in texts(page)


def test_what_is_measured_is_shown_and_what_is_not_stays_empty(open_page, compared):  # noqa: ARG001
    page = open_page("leaderboard")
    assert "licence" not in page.dataframe[0].value
    columns = page.multiselect(key="columns of the leaderboard")
    table = columns.set_value([*columns.value, "licence"]).run().dataframe[0].value
    assert table["latency"].tolist()[0] == 5.0
    assert table["parameters"].tolist()[0] == 2.0
    assert table["latency"].isna().tolist() == [False, True, True]
    assert table["licence"].fillna("").tolist() == ["apache-2.0", "", ""]


def test_what_is_measured_later_is_shown_beside_the_columns_that_somebody_chose(
    open_page, make_experiment, make_trial
):
    directory = make_experiment(trials=[make_trial("t0", [0.9])])
    page = open_page("leaderboard")
    page.multiselect(key="columns of the leaderboard").set_value(["state"]).run()
    measured = make_trial("t0", [0.9], effective={"latency_ms": 5.0, "num_parameters": 2_000_000})
    store.save_trial(directory, measured)
    shown = page.run().multiselect(key="columns of the leaderboard").value
    assert shown == ["state", "parameters", "latency"]
    page.multiselect(key="columns of the leaderboard").set_value(["latency"]).run()
    assert page.run().multiselect(key="columns of the leaderboard").value == ["latency"]


def test_a_constant_answer_has_no_network(open_page, make_experiment, make_trial):
    given = {"model_name": "resnet18", "method": "majority_class"}
    effective = {"latency_ms": 5.0, "num_parameters": 2_000_000}
    floor = make_trial("t0", [0.3], hyperparameters=given, effective=effective)
    measured = make_trial("t1", [0.9], number=1, effective=effective)
    make_experiment(trials=[measured, floor])
    table = open_page("leaderboard").dataframe[0].value
    assert table["model"].tolist() == ["resnet18", "majority class"]
    assert table["parameters"].isna().tolist() == [False, True]
    assert table["latency"].isna().tolist() == [False, True]


def test_trials_are_filtered_by_state(open_page, compared):  # noqa: ARG001
    page = open_page("leaderboard")
    page.multiselect(key="only state on the leaderboard").set_value(["stopped"]).run()
    assert page.dataframe[0].value["number"].tolist() == [1]


def test_another_metric_ranks_anew(open_page, make_experiment, make_trial):
    def both(trial_id, accuracy, area, number):
        trial = make_trial(trial_id, [accuracy], number=number)
        metrics = {"accuracy": accuracy, "auc_weighted": area}
        evaluation = trial.evaluations[0].model_copy(update={"metrics": metrics})
        return trial.model_copy(update={"evaluations": [evaluation]})

    make_experiment(trials=[both("a", 0.9, 0.7, 0), both("b", 0.8, 0.95, 1)])
    page = open_page("leaderboard")
    assert page.dataframe[0].value["number"].tolist() == [0, 1]
    page.session_state["ticked trials of the leaderboard table of pets"] = ["b"]  # by a browser
    page.selectbox(key="metric of the leaderboard").select("auc_weighted").run()
    assert page.dataframe[0].value["number"].tolist() == [1, 0]
    assert page.dataframe[0].value["score"].tolist() == [0.95, 0.7]
    assert page.session_state["leaderboard table"]["selection"]["rows"] == [0]  # b is above now


def test_of_many_trials_the_best_and_the_cheapest_are_drawn(open_page, make_experiment, make_trial):
    # the worse the cheaper: each is worth having; then 100 that are neither
    front = [
        make_trial(f"f{n}", [0.9 - n / 1000], number=n, effective={"latency_ms": 9 - n / 100})
        for n in range(50)
    ]
    behind = [
        make_trial(f"b{n}", [0.8 - n / 1000], number=50 + n, effective={"latency_ms": 10})
        for n in range(200)
    ]
    cheap = make_trial("cheap", [0.1], number=250, effective={"latency_ms": 1})
    make_experiment(trials=[*front, *behind, cheap])
    page = open_page("leaderboard")
    assert "The best 200 of 251 trials, and the ringed ones." in texts(page)
    (costs,) = [
        chart
        for chart in page.get("plotly_chart")
        if "Latency" in json.loads(chart.proto.spec)["layout"]["xaxis"]["title"]["text"]
    ]
    ringed, drawn = json.loads(costs.proto.spec)["data"]
    assert len(ringed["x"]) == 51
    assert len(drawn["x"]) == 201
