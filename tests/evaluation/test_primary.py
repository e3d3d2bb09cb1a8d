import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from automl.evaluation import intervals, metrics
from automl.evaluation.intervals import bootstrap_interval
from automl.evaluation.metrics import primary_metrics

PRIMARY = primary_metrics("image_classification")
RNG = np.random.default_rng(0)
PROBABILITIES = RNG.multinomial(20, np.ones(4) / 4, 200) / 20  # with ties
LABELS = RNG.choice([0, 1, 3], 200)


@pytest.mark.parametrize("name", PRIMARY)
def test_a_metric_alone_is_the_one_among_all(name):
    everything = metrics.classification_metrics(PROBABILITIES, LABELS)
    assert metrics.primary(name, PROBABILITIES, LABELS) == pytest.approx(everything[name])


def test_the_area_by_ranks_is_scikit_learns():
    per_class = [roc_auc_score(index == LABELS, PROBABILITIES[:, index]) for index in (0, 1, 3)]
    found = metrics.classification_metrics(PROBABILITIES, LABELS)
    assert found["auc_macro"] == pytest.approx(np.mean(per_class))
    sizes = np.bincount(LABELS)[[0, 1, 3]]
    assert found["auc_weighted"] == pytest.approx(np.average(per_class, weights=sizes))


@pytest.mark.parametrize("name", PRIMARY)
def test_answers_of_a_single_class_are_no_error(name):
    everything = metrics.classification_metrics(PROBABILITIES[:5], np.zeros(5, np.int64))
    one = metrics.primary(name, PROBABILITIES[:5], np.zeros(5, np.int64))
    assert one == pytest.approx(everything[name], nan_ok=True)


@pytest.mark.parametrize("name", PRIMARY)
def test_the_interval_of_every_metric_is_that_of_a_thousand_resamples(name):
    low, high = bootstrap_interval(name, PROBABILITIES, LABELS)
    score = metrics.primary(name, PROBABILITIES, LABELS)
    rng = np.random.default_rng(5)
    draws = [rng.integers(200, size=200) for _ in range(1000)]
    scores = [metrics.primary(name, PROBABILITIES[draw], LABELS[draw]) for draw in draws]
    width = np.subtract(*np.nanpercentile(scores, [97.5, 2.5]))
    assert low < score < high
    assert high - low == pytest.approx(width, rel=0.2)


def test_many_answers_of_many_classes_are_scored_in_few_resamples(monkeypatch):
    """The engine waits for 100 resamples of 10,000 pictures of 1,000 classes for 20 seconds."""
    rng = np.random.default_rng(0)
    labels = rng.integers(1_000, size=2_500)
    probabilities = rng.random((2_500, 1_000), dtype=np.float32)
    probabilities[np.arange(2_500), labels] += rng.normal(size=2_500)
    sizes: list[int] = []
    primary = metrics.primary

    def counted(*given):
        sizes.append(len(given[1]))
        return primary(*given)

    monkeypatch.setattr(metrics, "primary", counted)
    monkeypatch.setattr(intervals, "_MOST_SORTED", 20_000_000)
    low, high = intervals.bootstrap_interval("norm_macro_recall", probabilities, labels)
    assert sizes == [2_500] * 25
    assert low < primary("norm_macro_recall", probabilities, labels) < high


def test_answers_that_are_all_right_or_all_wrong_have_the_exact_interval():
    labels = np.array([0] * 10 + [1] * 11)
    right = np.eye(2)[labels]
    low, high = bootstrap_interval("accuracy", right, labels)
    assert (low, high) == (pytest.approx(0.839, abs=0.001), 1)  # tables of the binomial, n = 21
    wrong = bootstrap_interval("accuracy", 1 - right, labels)
    assert wrong == (0, pytest.approx(0.161, abs=0.001))


@pytest.mark.parametrize("name", PRIMARY)
def test_copies_of_pictures_make_no_interval_narrower(name):
    low, high = bootstrap_interval(name, PROBABILITIES, LABELS)
    members = np.repeat(np.arange(200), 5)
    copied = bootstrap_interval(name, PROBABILITIES[members], LABELS[members], members)
    alone = bootstrap_interval(name, PROBABILITIES[members], LABELS[members])
    assert copied[1] - copied[0] == pytest.approx(high - low, rel=0.2)
    assert alone[1] - alone[0] < 0.6 * (high - low)
    # one of another number of pictures is drawn with all of them
    halves = np.array([0] * 150 + [1] * 50)
    wide = bootstrap_interval(name, PROBABILITIES, LABELS, halves)
    each = [metrics.primary(name, PROBABILITIES[halves == n], LABELS[halves == n]) for n in (0, 1)]
    assert wide == (pytest.approx(min(each)), pytest.approx(max(each)))


def test_answers_in_groups_that_are_all_right_have_the_exact_interval_of_the_groups():
    labels = np.array([0] * 10 + [1] * 11)
    alone = bootstrap_interval("accuracy", np.eye(2)[labels], labels)
    many = np.repeat(labels, 3)
    members = np.repeat(np.arange(21), 3)
    assert bootstrap_interval("accuracy", np.eye(2)[many], many, members) == alone


def test_a_metric_that_every_resample_agrees_on_has_no_interval():
    labels = np.array([0] * 10 + [1] * 11)
    found = bootstrap_interval("auc_weighted", np.eye(2)[labels], labels)
    assert np.isnan(found).all()


def test_an_interval_needs_a_score_in_at_least_half_of_the_resamples():
    labels = np.array([1] + [0] * 59)
    probabilities = np.random.default_rng(0).dirichlet([1, 1], 60)
    low, high = bootstrap_interval("auc_weighted", probabilities, labels)  # defined in 63 %
    assert 0 <= low < high <= 1
    nothing = bootstrap_interval("auc_weighted", probabilities[:1], labels[:1])
    assert np.isnan(nothing).all()
