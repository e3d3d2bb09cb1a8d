import math
import time

import pandas as pd

from automl.experiments import leaderboard


def test_the_best_trial_comes_first(make_trial):
    table = leaderboard.rank([make_trial("weak", [0.4]), make_trial("strong", [0.9])], "accuracy")
    assert table["trial_id"].tolist() == ["strong", "weak"]
    assert table["rank"].tolist() == [1, 2]


def test_numbers_come_before_nan_and_trials_without_evaluation_come_last(make_trial):
    trials = [
        make_trial("none", [], number=0),
        make_trial("diverged", [math.nan], number=1),
        make_trial("poor", [0.0], number=2),
    ]
    table = leaderboard.rank(trials, "accuracy")
    assert table["trial_id"].tolist() == ["poor", "diverged", "none"]
    assert table["rank"].isna().tolist() == [False, True, True]


def test_equal_scores_share_a_rank_in_the_order_of_sampling(make_trial):
    trials = [
        make_trial("c", [0.5], number=2),
        make_trial("b", [0.7], number=10),
        make_trial("a", [0.7], number=9),
    ]
    table = leaderboard.rank(trials, "accuracy")
    assert table["trial_id"].tolist() == ["a", "b", "c"]
    assert table["rank"].tolist() == [1, 1, 3]


def test_the_score_is_that_of_the_best_epoch_not_of_the_last(make_trial):
    table = leaderboard.rank([make_trial("t", [0.6, 0.8, 0.7])], "accuracy")
    assert table.loc[0, ["score", "best_epoch", "epochs"]].tolist() == [0.8, 2, 3]


def test_ranking_follows_the_metric_asked_for(make_trial):
    trials = [make_trial("a", [0.3], metric="auc_weighted")]
    assert leaderboard.rank(trials, "auc_weighted")["score"].tolist() == [0.3]


def test_a_trial_is_tied_with_the_best_if_the_test_says_so_and_unknown_without_a_test(make_trial):
    trials = [
        make_trial("best", [0.90]),
        make_trial("close", [0.88]),
        make_trial("far", [0.70]),
        make_trial("diverged", [math.nan]),
    ]
    p_values = {"close": 0.2, "far": 0.01, "diverged": None}
    tied = leaderboard.rank(trials, "accuracy", p_values).set_index("trial_id")["tied_with_best"]
    assert tied.drop("diverged").to_dict() == {"best": True, "close": True, "far": False}
    assert pd.isna(tied["diverged"])
    untested = leaderboard.rank(trials, "accuracy")["tied_with_best"]
    assert untested.iloc[0]
    assert untested.iloc[1:].isna().all()


def test_the_learning_rate_in_effect_wins_over_the_one_asked_for(make_trial):
    trial = make_trial("t", [0.5], effective={"learning_rate": 0.002})
    assert leaderboard.rank([trial], "accuracy")["learning_rate"].tolist() == [0.002]


def test_no_trials_make_an_empty_table_with_every_column():
    table = leaderboard.rank([], "accuracy")
    assert table.empty
    assert tuple(table.columns) == leaderboard.COLUMNS


def test_columns_keep_their_types_when_nothing_was_scored(make_trial):
    scored = leaderboard.rank([make_trial("a", [0.5], score_low=0.4, score_high=0.6)], "accuracy")
    unscored = leaderboard.rank([make_trial("a")], "accuracy")
    pd.testing.assert_series_equal(scored.dtypes, unscored.dtypes)


def test_a_thousand_trials_of_a_hundred_epochs_rank_within_a_second(make_trial):
    one = make_trial("t", [i / 100 for i in range(100)])
    trials = [one.model_copy(update={"trial_id": f"t{n}", "number": n}) for n in range(1000)]
    started = time.process_time()
    assert len(leaderboard.rank(trials, "accuracy")) == 1000
    assert time.process_time() - started < 1
