import pytest

from automl.experiments import store
from tests.pages.conftest import figure_table, texts


@pytest.fixture
def searched(make_experiment, make_trial):
    """Eight trials whose score depends on the learning rate; one was stopped by a policy."""
    trials = [
        make_trial(
            f"t{number}",
            [0.1, 0.2 + 0.1 * number],
            number=number,
            hyperparameters={"model_name": "resnet18", "learning_rate": 10.0 ** (-number)},
        )
        for number in range(7)
    ]
    stopped = make_trial("t7", [0.1], number=7, state="stopped", reason="Below the median.")
    return make_experiment(trials=[*trials, stopped])


def open_tab(page, name):
    page.session_state["tab"] = name
    page.run()
    assert not page.exception
    return page


def test_it_says_what_will_be_here(open_page, make_experiment, hold_lock):
    hold_lock(make_experiment(state="preparing", ended_at=None))
    assert "Trials appear here as soon as the first one starts" in texts(open_page("search"))


def test_nothing_is_promised_when_every_trial_has_failed(open_page, make_experiment, make_trial):
    trial = make_trial("t1", state="failed", reason="The loss became NaN.")
    make_experiment(trials=[trial], state="failed", message="No trial was scored.")
    page = open_page("search")
    assert page.info[0].value == "No trial was scored."
    assert page.dataframe[0].value["Why"].tolist() == ["The loss became NaN."]
    assert "appear" not in texts(page)


def test_the_best_so_far_never_falls(open_page, searched):  # noqa: ARG001
    table = figure_table(open_page("search"), "search-over-time")
    assert table["best so far"].is_monotonic_increasing
    assert len(table) == 15


def test_chosen_trials_have_their_curves(open_page, searched):  # noqa: ARG001
    page = open_tab(open_page("search"), "Learning curves")
    page.multiselect(key="trials with curves").set_value([6]).run()
    assert figure_table(page, "learning-curves")["accuracy"].tolist() == [0.1, pytest.approx(0.8)]


def test_what_matters_is_weighed(open_page, searched):  # noqa: ARG001
    page = open_tab(open_page("search"), "What matters")
    assert figure_table(page, "importance")["hyperparameter"].tolist() == ["learning_rate"]
    assert len(page.get("plotly_chart")) == 2


def test_parallel_coordinates_hold_what_differs(open_page, searched):  # noqa: ARG001
    page = open_tab(open_page("search"), "Parallel coordinates")
    shown = figure_table(page, "hyperparameters").columns.tolist()
    assert shown == ["trial", "model", "score", "learning_rate"]


def test_models_that_are_not_trained_do_not_count(open_page, searched, make_trial):
    settings = {"model_name": "resnet18", "method": "majority_class"}
    store.save_trial(searched, make_trial("t8", [0.1], number=8, hyperparameters=settings))
    page = open_tab(open_page("search"), "Parallel coordinates")
    table = figure_table(page, "hyperparameters")
    assert "method" not in table
    assert len(table) == 8


def test_reasons_are_counted_without_their_figures(open_page, make_experiment, make_trial):
    reasons = [f"Stopped by ASHA at evaluation {number}: 0.{number} is low." for number in (1, 2)]
    make_experiment(
        trials=[
            make_trial(f"t{number}", [0.1], number=number, state="stopped", reason=reason)
            for number, reason in enumerate(reasons)
        ]
    )
    page = open_tab(open_page("search"), "Ended early")
    assert "- 2 trials: Stopped by ASHA" in texts(page)
    assert page.dataframe[0].value["Why"].tolist() == reasons


def test_trials_that_were_ended_early_say_why(open_page, searched):  # noqa: ARG001
    page = open_tab(open_page("search"), "Ended early")
    assert page.dataframe[0].value["Why"].tolist() == ["Below the median."]
    assert "1 trial: Below the median" in texts(page)
    german = open_tab(open_page("search", lang="de"), "Vorzeitig beendet")
    assert german.dataframe[0].value["Zustand"].tolist() == ["gestoppt"]


def test_a_single_trial_is_a_search_too(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", [0.5])])
    page = open_page("search")
    for tab in ("Learning curves", "What matters", "Parallel coordinates", "Ended early"):
        open_tab(page, tab)
    assert "No trial has been ended early" in texts(page)
