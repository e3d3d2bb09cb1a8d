import time
from statistics import mean

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from automl.evaluation import metrics, significance
from automl.evaluation.metrics import METRICS, primary_metrics
from automl.evaluation.predictions import Predictions
from automl.evaluation.scored_answers import ScoredAnswers
from tests.evaluation.searches import answers, search

PRIMARY = primary_metrics("image_classification")
NUM_TRIALS = 20
SEARCHES = {
    "few pictures": {"num_pictures": 60, "num_classes": 2, "level": 2.5, "correlation": 0.5},
    "nearly perfect": {"num_pictures": 60, "num_classes": 2, "level": 4, "correlation": 0.3},
    "independent": {"num_pictures": 200, "num_classes": 3, "level": 1.5, "correlation": 0},
    "alike": {"num_pictures": 300, "num_classes": 5, "level": 2.5, "correlation": 0.8},
    "rare classes": {
        "num_pictures": 100,
        "num_classes": 6,
        "level": 3,
        "correlation": 0.5,
        "rare": True,
    },
    "many classes": {"num_pictures": 100, "num_classes": 20, "level": 3.5, "correlation": 0.5},
}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def false_alarms(metric: str, kind: str, num_searches: int) -> int:
    """Searches with 20 equally good trials in which any is called worse than the best."""
    rng, given = np.random.default_rng(1), dict(SEARCHES[kind])
    levels = [given.pop("level")] * NUM_TRIALS
    count = 0
    for _ in range(num_searches):
        trials, labels = search(rng, levels=levels, **given)
        values = significance.p_values_against_best(metric, trials, labels)
        count += min(value for value in values if value is not None) <= significance.LEVEL
    return count


def allowed(num_searches: int) -> int:
    """False alarms that a test at 5 % exceeds once in a thousand simulations."""
    return int(binom.isf(0.001, num_searches, 0.05))


@pytest.mark.parametrize("metric", PRIMARY)
def test_of_equally_good_trials_hardly_ever_one_is_called_worse(metric):
    assert false_alarms(metric, "independent", 10) <= allowed(10)


@pytest.mark.nightly
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", SEARCHES)
@pytest.mark.parametrize("metric", PRIMARY)
def test_at_most_one_search_in_twenty_calls_an_equally_good_trial_worse(metric, kind):
    assert false_alarms(metric, kind, 400) <= allowed(400)


def test_trials_that_differ_from_each_other_more_or_less_keep_the_level():
    """Half of the trials are nearly copies of each other, half are independent."""
    rng, labels, count = np.random.default_rng(2), np.zeros(200, np.int64), 0
    for _ in range(20):
        family = rng.random(200) < 0.8
        right = [
            np.where(rng.random(200) < 0.9, family, rng.random(200) < 0.8)
            if number % 2
            else rng.random(200) < 0.8
            for number in range(NUM_TRIALS)
        ]
        trials = [answers(each, labels, rng) for each in right]
        values = significance.p_values_against_best("accuracy", trials, labels)
        count += min(values) <= significance.LEVEL
    assert count <= allowed(20)


@pytest.mark.parametrize("metric", PRIMARY)
def test_a_clearly_worse_trial_is_called_worse_and_its_rivals_are_not(metric, rng):
    levels = [2.5] * 18 + [1.2] * 2
    found = []
    for _ in range(5):
        trials, labels = search(
            rng, num_pictures=300, num_classes=3, levels=levels, correlation=0.5
        )
        values = significance.p_values_against_best(metric, trials, labels)
        found.append([value <= significance.LEVEL for value in values])
    called_worse = np.array(found)
    assert called_worse[:, 18:].mean() >= 0.9
    assert called_worse[:, :18].mean() <= 0.05


def test_removing_what_is_clearly_worse_leaves_a_sharper_test(rng):
    """A trial that is worse among 20 equally good ones is found more easily among a few."""
    labels = np.zeros(400, np.int64)
    best, rival = np.arange(400) >= 20, (np.arange(400) < 394) & (np.arange(400) >= 38)
    alone = [answers(each, labels, rng) for each in (best, rival)]
    hopeless = [answers(rng.random(400) < 0.3, labels, rng) for _ in range(18)]
    (_, pair), (_, among, *others) = (
        significance.p_values_against_best("accuracy", trials, labels)
        for trials in (alone, [*alone, *hopeless])
    )
    assert max(others) <= 0.001
    assert among == pytest.approx(pair, abs=0.005)


@pytest.mark.parametrize("metric", PRIMARY)
def test_a_perfect_trial_is_tied_with_those_that_make_a_few_mistakes(metric, rng):
    labels = np.tile([0, 1], 20)
    right = np.ones(40, bool)
    trials = [answers(right, labels, rng)]
    for number in range(3):
        right[number] = False
        trials.append(answers(right, labels, rng))
    coin = answers(np.arange(40) % 4 < 2, labels, rng)
    first, *few, last = significance.p_values_against_best(metric, [*trials, coin], labels)
    assert first == 1
    assert min(few) > significance.LEVEL
    assert last <= significance.LEVEL


@pytest.mark.parametrize("metric", PRIMARY)
def test_copies_of_one_trial_are_tied(metric, rng):
    (trial,), labels = search(rng, num_pictures=50, num_classes=3, levels=[1], correlation=0)
    assert significance.p_values_against_best(metric, [trial] * 3, labels) == [1, 1, 1]


def test_trials_without_a_score_have_no_p_value_and_change_none(rng):
    trials, labels = search(rng, num_pictures=80, num_classes=2, levels=[2, 1], correlation=0)
    broken = np.full_like(trials[0], np.nan)
    first, nothing, second = significance.p_values_against_best(
        "auc_weighted", [trials[0], broken, trials[1]], labels
    )
    assert nothing is None
    assert [first, second] == significance.p_values_against_best("auc_weighted", trials, labels)
    of_one_class = np.zeros(80, np.int64)
    assert significance.p_values_against_best("auc_weighted", trials, of_one_class) == [None, None]


@pytest.mark.parametrize("metric", ["auc_weighted", "precision_score_weighted"])
def test_twenty_trials_on_ten_thousand_pictures_take_seconds(metric, rng):
    trials, labels = search(
        rng, num_pictures=10_000, num_classes=10, levels=[2.0] * NUM_TRIALS, correlation=0.5
    )
    started = time.process_time()
    significance.p_values_against_best(metric, trials, labels)
    assert time.process_time() - started < 20  # about 2 on a quiet machine


@pytest.mark.parametrize("metric", PRIMARY)
def test_contributions_have_the_spread_of_the_difference_over_other_pictures(metric, rng):
    differences, spreads = [], []
    for _ in range(150):
        trials, labels = search(
            rng, num_pictures=150, num_classes=3, levels=[1.5, 1.5], correlation=0.4
        )
        first, second = (ScoredAnswers(each, labels) for each in trials)
        value, contributions = METRICS[metric].value, METRICS[metric].differences(first, second)
        differences.append(value(first) - value(second))
        spreads.append(np.sqrt((contributions**2).sum()))
    assert mean(spreads) == pytest.approx(np.std(differences), rel=0.15)


@pytest.mark.parametrize("metric", [name for name in PRIMARY if name != "precision_score_weighted"])
def test_contributions_add_up_to_the_difference(metric, rng):
    trials, labels = search(rng, num_pictures=150, num_classes=3, levels=[2, 1], correlation=0)
    trials = [np.round(each, 1) for each in trials]  # with equal probabilities
    first, second = (ScoredAnswers(each, labels) for each in trials)
    gap = METRICS[metric].value(first) - METRICS[metric].value(second)
    assert METRICS[metric].differences(first, second).sum() == pytest.approx(gap)


@pytest.mark.parametrize("metric", ["accuracy", "norm_macro_recall", "precision_score_weighted"])
def test_a_contribution_is_half_of_what_swapping_the_answers_changes(metric, rng):
    trials, labels = search(rng, num_pictures=30, num_classes=4, levels=[2, 1], correlation=0)

    def gap(first: np.ndarray, second: np.ndarray) -> float:
        return metrics.primary(metric, first, labels) - metrics.primary(metric, second, labels)

    contributions = METRICS[metric].differences(*(ScoredAnswers(each, labels) for each in trials))
    for position in range(30):
        swapped = [each.copy() for each in trials]
        swapped[0][position], swapped[1][position] = trials[1][position], trials[0][position]
        assert contributions[position] == pytest.approx((gap(*trials) - gap(*swapped)) / 2)


def test_the_difference_in_accuracy_is_tested_where_only_one_is_right(rng):
    labels = np.tile([0, 1], 50)
    one, other = np.ones(100, bool), np.ones(100, bool)
    one[:3] = False
    other[3:15] = False
    value = significance.p_value_of_difference(
        "accuracy", answers(one, labels, rng), answers(other, labels, rng), labels
    )
    assert value == pytest.approx(binomtest(12, 15).pvalue)


@pytest.mark.parametrize(("lost", "won"), [(0, 0), (1, 0), (4, 4), (5, 4), (0, 12), (900, 1100)])
def test_the_answers_that_one_alone_has_right_decide_the_exact_test(lost, won):
    first = np.arange(3000) < won
    second = (np.arange(3000) >= 2500 - lost) & (np.arange(3000) < 2500)
    p_value = significance.p_value_of_right(first, second)
    wanted = binomtest(lost, lost + won).pvalue if lost + won else 1.0
    assert p_value == pytest.approx(wanted)
    assert significance.p_value_of_right(second, first) == p_value


@pytest.mark.parametrize("metric", PRIMARY)
def test_a_trial_differs_from_a_coin_and_not_from_itself(rng, metric):
    labels = np.tile([0, 1], 100)
    good = answers(rng.random(200) < 0.95, labels, rng)
    coin = answers(rng.random(200) < 0.5, labels, rng)
    assert significance.p_value_of_difference(metric, good, good, labels) == 1
    assert significance.p_value_of_difference(metric, good, coin, labels) <= 0.001


def test_two_trials_without_a_score_are_not_tested(rng):
    (trial,), labels = search(rng, num_pictures=60, num_classes=2, levels=[1], correlation=0)
    of_one_class = np.zeros(60, np.int64)
    assert significance.p_value_of_difference("auc_weighted", trial, trial, of_one_class) is None
    broken = np.full_like(trial, np.nan)
    assert significance.p_value_of_difference("auc_weighted", broken, trial, labels) is None


def test_a_single_picture_of_a_class_decides_nothing(rng):
    """Scores of random models differ by a lot on it, and by chance."""
    labels = np.zeros(60, np.int64)
    labels[0] = 1
    for _ in range(30):
        trials = [rng.dirichlet([1, 1], 60) for _ in range(2)]
        value = significance.p_value_of_difference("auc_weighted", *trials, labels)
        assert value is not None
        assert value > significance.LEVEL


def test_trials_are_tested_on_the_pictures_and_labels_of_both(rng):
    labels = np.arange(60) % 2
    first, second = (answers(rng.random(60) < share, labels, rng) for share in (0.95, 0.6))
    ids, both = np.arange(60), slice(20, 50)
    ours = Predictions(ids[:50], labels[:50], first[:50])
    turned = ids[20:][::-1]
    theirs = Predictions(turned, labels[turned], second[turned])
    expected = significance.p_value_of_difference(
        "accuracy", first[both], second[both], labels[both]
    )
    assert significance.p_value_of_trials("accuracy", ours, theirs) == expected
    other = Predictions(ids[50:], labels[50:], second[50:])
    assert significance.p_value_of_trials("accuracy", ours, other) is None
    relabelled = Predictions(ours.sample_ids, 1 - ours.labels, ours.probabilities)
    assert significance.p_value_of_trials("accuracy", ours, relabelled) is None


def test_holm_corrects_for_the_number_of_tests():
    assert significance.holm([0.04, 0.001, 0.02, 0.2]) == [False, True, False, False]
    assert significance.holm([0.04, 0.01, 0.02]) == [True, True, True]
    assert significance.holm([]) == []


def test_signs_do_not_depend_on_how_many_are_drawn_at_once(rng, monkeypatch):
    labels = np.tile([0, 1], 60)
    trials = [answers(rng.random(120) < share, labels, rng) for share in (0.9, 0.85)]
    whole = significance.p_value_of_difference("auc_weighted", *trials, labels)
    monkeypatch.setattr(significance, "_DRAWN_AT_ONCE", 16)
    assert significance.p_value_of_difference("auc_weighted", *trials, labels) == whole
    assert 1e-4 < whole < 1  # so that it depends on the signs


@pytest.mark.parametrize("metric", PRIMARY)
def test_copies_of_pictures_make_no_difference_clearer(metric, rng):
    labels = rng.integers(2, size=60)
    first, second = (
        answers(rng.random(60) < 0.8, labels, rng),
        answers(rng.random(60) < 0.7, labels, rng),
    )
    copied = np.repeat(np.arange(60), 8)
    once = significance.p_value_of_difference(metric, first, second, labels)
    given = [metric, first[copied], second[copied], labels[copied]]
    alone = significance.p_value_of_difference(*given)
    together = significance.p_value_of_difference(*given, copied)
    assert alone < 0.5 * once
    assert together == pytest.approx(once, abs=0.15)
    several = [first[copied], second[copied]]
    best = min(significance.p_values_against_best(metric, several, labels[copied], copied))
    assert best == pytest.approx(together, abs=0.15)


def test_copies_of_pictures_make_no_loss_lower_beyond_noise():
    labels = np.arange(20) % 2
    first = np.where(np.arange(20) < 11, 0.9, 0.72)[:, None] * np.eye(2)[labels]
    second = 0.8 * np.eye(2)[labels]
    copied = np.repeat(np.arange(20), 30)
    given = [
        Predictions(np.arange(600), labels[copied], each[copied].astype(np.float32))
        for each in (first, second)
    ]
    together = dict(enumerate(copied.tolist()))
    assert significance.is_less_wrong(*given)
    assert not significance.is_less_wrong(*given, together)
