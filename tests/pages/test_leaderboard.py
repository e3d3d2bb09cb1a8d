from tests.pages.conftest import texts


def test_the_best_trial_comes_first(open_page, make_experiment, make_trial):
    make_experiment(
        trials=[
            make_trial("weak", [0.4], model_name="vit_tiny"),
            make_trial("strong", [0.9], number=1),
        ]
    )
    table = open_page("leaderboard").dataframe[0].value
    assert table["model"].tolist() == ["resnet18", "vit_tiny"]


def test_a_failed_trial_comes_last_without_a_score(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", state="failed"), make_trial("t2", [0.4], number=1)])
    table = open_page("leaderboard").dataframe[0].value
    assert table["state"].tolist() == ["completed", "failed"]


def test_trials_within_the_interval_of_the_best_are_counted(open_page, make_experiment, make_trial):
    make_experiment(
        trials=[
            make_trial("t1", [0.90], score_low=0.86, score_high=0.94),
            make_trial("t2", [0.88], number=1, score_low=0.84, score_high=0.92),
            make_trial("t3", [0.50], number=2, score_low=0.45, score_high=0.55),
        ]
    )
    assert "1 other trial cannot be told from the best" in texts(open_page("leaderboard"))


def test_no_trial_yet_says_what_will_be_here(open_page, make_experiment, hold_lock):
    hold_lock(make_experiment(state="preparing", ended_at=None))
    assert "Trials appear here" in texts(open_page("leaderboard"))


def test_another_experiment_is_one_choice_away(open_page, make_experiment, make_trial):
    make_experiment("one", [make_trial("t1", [0.1])])
    make_experiment("two", [make_trial("t1", [0.2])])
    page = open_page("leaderboard", experiment="one")
    page.selectbox[0].select("two").run()
    assert page.dataframe[0].value["score"].tolist() == [0.2]
    assert page.query_params["experiment"] == "two"
