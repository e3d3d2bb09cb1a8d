import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl.engine.results import Results
from automl.evaluation import metrics, thresholds
from automl.evaluation.predictions import Predictions
from automl.experiments import leaderboard, own_thresholds, store, ties
from automl.figures import wording
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.ui.leaderboard import leaderboard_table

NUM = 200
TRUTH = np.random.default_rng(0).random((NUM, 3)) < [0.4, 0.3, 0.2]


def answers(noise: float, scale: float) -> Predictions:
    """Probabilities that order the pictures the worse the more noise they have."""
    rng = np.random.default_rng(1)
    scores = TRUTH + noise * rng.normal(size=TRUTH.shape)
    ranks = scores.argsort(axis=0).argsort(axis=0) / NUM
    return Predictions(np.arange(NUM), TRUTH, (scale * ranks).astype(np.float32))


TIMID, BOLD = answers(noise=0.1, scale=0.4), answers(noise=0.8, scale=0.9)
"""The better one decides for no label at 0.5."""


@pytest.fixture
def searched(make_experiment, make_trial, tmp_path: Path):
    def search(*, metric: str = "iou", max_trials: int = 2, **keys) -> Results:
        job = Job(
            task="image_classification_multilabel",
            primary_metric=metric,
            training_data=DataSource(path=Path("/data/cards")),
            limits={"max_trials": max_trials},
            **keys,
        )
        directory = make_experiment(job=job)
        results = Results(directory, metric)
        for number, given in enumerate((TIMID, BOLD)):
            score = shown_score(metric, given)
            trial = make_trial(f"t{number}", [score], number=number, metric=metric)
            path = tmp_path / f"{number}.parquet"
            store.save_predictions(path, given)
            results.add(trial, {"predictions.parquet": Path(shutil.copy(path, directory))})
        results.expect()
        return results

    return search


def shown_score(metric: str, given: Predictions) -> float:
    return metrics.primary(metric, given.probabilities, given.labels)


def test_automode_hands_out_the_model_that_is_better_with_its_own_thresholds(searched) -> None:
    results = searched()
    timid, bold = results.trials["t0"], results.trials["t1"]
    assert timid.score("iou") < bold.score("iou"), "by Azure's threshold the other one is better"
    assert timid.own_scores["iou"] > 0.8 > bold.own_scores["iou"]
    assert results.experiment.best_trial == "t0"
    assert results.experiment.best_score == timid.score("iou")
    ranked = leaderboard.by_score([timid, bold], "iou")
    assert ranked[0].trial_id == "t0"
    assert ties.p_values(results.experiment_dir, ranked, "iou")["t1"] < 0.05
    assert results.experiment.expected_score == pytest.approx(timid.score("iou"), abs=0.02)
    assert "the choice among 2 trials" in results.experiment.expected_basis
    assert "with the thresholds of each model" in wording.ranking(ranked, "iou")
    table = leaderboard_table.columns(ranked, "iou", results.experiment_dir, {})
    assert table["own"].tolist() == [trial.own_scores["iou"] for trial in ranked]


def test_trials_of_an_earlier_version_are_ranked_as_those_to_come(searched) -> None:
    results = searched()
    ranked = [trial.own_scores for trial in results.trials.values()]
    for trial in results.trials.values():
        before = {"own_scores": {}, "comparable_scores": {"iou": trial.score("iou")}}
        store.save_trial(results.experiment_dir, trial.model_copy(update=before))
    ordered = leaderboard.by_score(store.load_trials(results.experiment_dir), "iou")
    assert [trial.trial_id for trial in ordered] == ["t1", "t0"]
    assert ties.p_values(results.experiment_dir, ordered, "iou")["t0"] < 0.05  # at 0.5, too
    again = Results(results.experiment_dir, "iou")
    again.add_own_scores()
    assert [trial.own_scores for trial in again.trials.values()] == ranked
    best = again.best_trial()
    assert best is not None
    assert best.trial_id == "t0"
    assert store.load_trials(results.experiment_dir) == list(again.trials.values())


@pytest.mark.parametrize(
    "keys",
    [
        {"metric": "auc_weighted"},
        {"max_trials": 1},
        {"search_space": [{"model_name": "resnet18"}], "sweep": {"sampling_algorithm": "random"}},
    ],
)
def test_elsewhere_the_scores_that_are_shown_rank_the_trials(searched, keys) -> None:
    results = searched(**keys)
    assert not any(trial.own_scores for trial in results.trials.values())
    metric = keys.get("metric", "iou")
    best = "t0" if metric == "auc_weighted" else "t1"
    assert results.experiment.best_trial == best
    ranked = leaderboard.by_score(list(results.trials.values()), metric)
    assert wording.ranking(ranked, metric) == ""
    assert "own" not in leaderboard_table.columns(ranked, metric, results.experiment_dir, {})


def test_a_page_does_not_wait_for_the_thresholds_of_many_answers(
    searched, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = searched().experiment_dir
    assert own_thresholds.tested(directory, TIMID, "iou") is not TIMID
    monkeypatch.setattr(own_thresholds, "_MANY", TRUTH.size - 1)
    assert own_thresholds.tested(directory, TIMID, "iou") is TIMID
    assert own_thresholds.applied(directory, TIMID, "iou") is not TIMID


def test_thresholds_are_chosen_on_other_groups_than_those_that_they_judge(searched) -> None:
    directory = searched().experiment_dir
    alone = own_thresholds.applied(directory, BOLD, "iou")
    samples = pd.DataFrame(
        {
            "id": range(NUM),
            "content_hash": [f"{index}" for index in range(NUM)],
            "near_duplicate_group": pd.array([None] * NUM, "Int64"),
            "group": [f"visit {index // 40}" for index in range(NUM)],
        }
    )
    samples.to_parquet(store.samples_path(directory))
    groups = {index: index // 40 for index in range(NUM)}
    found = own_thresholds.applied(directory, BOLD, "iou")
    assert np.array_equal(
        found.probabilities, thresholds.as_handed_out("iou", BOLD, groups).probabilities
    )
    assert not np.array_equal(found.probabilities, alone.probabilities)


def test_answers_of_one_label_need_no_job(tmp_path: Path) -> None:
    given = Predictions(np.arange(2), np.arange(2), np.eye(2, dtype=np.float32))
    assert own_thresholds.applied(tmp_path, given, "accuracy") is given
