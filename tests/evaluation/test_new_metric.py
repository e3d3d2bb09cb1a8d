"""A metric is added in one place: everything that lists, explains or compares metrics reads it."""

from typing import get_args

import numpy as np
import pytest

from automl.evaluation import metrics, significance
from automl.evaluation.comparable_scores import Candidate, compare
from automl.evaluation.intervals import bootstrap_interval
from automl.evaluation.metrics import METRICS, METRICS_OF_TASK, Metric, Task, primary_metrics
from automl.evaluation.predictions import Predictions
from automl.experiments import leaderboard
from automl.figures import wording
from automl.jobs.tasks import TASKS
from tests.evaluation.searches import search


def in_first_two(answers):
    ranks = (-answers.probabilities).argsort(axis=1, kind="stable")
    return (ranks[:, :2] == answers.labels[:, None]).any(axis=1)


@pytest.fixture
def new_metric(monkeypatch):
    metric = Metric(
        "top_2_accuracy",
        "top-2 accuracy",
        "Share of the pictures whose true class is among the two most probable ones.",
        lambda answers: float(in_first_two(answers).mean()),
        lambda first, second: (
            np.subtract(in_first_two(first), in_first_two(second), dtype=float) / len(first.labels)
        ),
    )
    monkeypatch.setitem(METRICS, metric.key, metric)
    return metric


def test_a_new_metric_is_computed_named_explained_and_compared(new_metric, make_trial):
    rng, key = np.random.default_rng(0), new_metric.key
    trials, labels = search(rng, num_pictures=100, num_classes=4, levels=[2, 0], correlation=0)
    scores = [metrics.classification_metrics(each, labels)[key] for each in trials]
    assert scores == [metrics.primary(key, each, labels) for each in trials]
    low, high = bootstrap_interval(key, trials[0], labels)
    assert low < scores[0] < high
    assert significance.p_values_against_best(key, trials, labels)[1] < significance.LEVEL
    candidates = [Candidate("t", Predictions(np.arange(100), labels, each)) for each in trials]
    assert compare(key, candidates).scores.tolist() == pytest.approx(scores)
    assert key in primary_metrics("image_classification")
    assert wording.metric_heading(key) == "Top-2 accuracy"
    assert wording.explanation(key) == new_metric.explanation
    records = [make_trial(f"t{n}", [score], metric=key) for n, score in enumerate(scores)]
    assert leaderboard.rank(records, key)["score"].tolist() == scores


def test_a_job_may_optimise_the_metrics_that_have_a_comparison():
    assert set(primary_metrics("image_classification")) == {
        "accuracy",
        "auc_weighted",
        "average_precision_score_weighted",
        "norm_macro_recall",
        "precision_score_weighted",
    }
    for key, rules in TASKS.items():
        assert rules.primary_metrics == primary_metrics(key)


def test_every_task_has_its_metrics():
    assert set(METRICS_OF_TASK) == set(get_args(Task))


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_every_metric_has_a_name_and_an_explanation(metric):
    assert "_" not in metric.name
    assert metric.explanation.endswith(".")


def test_metrics_of_other_versions_are_written_without_underscores():
    assert wording.metric("cohens_kappa") == "cohens kappa"
    assert wording.metric_heading("cohens_kappa") == "Cohens kappa"
    assert wording.explanation("cohens_kappa") is None


def test_acronyms_stay_in_capitals_in_a_heading():
    assert wording.metric("auc_weighted") == "weighted AUC"
    assert wording.metric_heading("auc_weighted") == "Weighted AUC"
