from automl.figures import cost_chart
from automl.figures.cost_chart import PricedTrial


def front(make_trial, costs, scores):
    trial = make_trial("t")
    pairs = zip(costs, scores, strict=True)
    return cost_chart.front([PricedTrial(trial, cost, score) for cost, score in pairs])


def test_only_trials_that_no_other_beats_in_both_are_on_the_front(make_trial):
    assert front(make_trial, [5, 1, 3, 2, 4], [0.9, 0.6, 0.8, 0.5, 0.8]) == [1, 2, 0]


def test_of_equal_trials_the_first_is_on_the_front_and_of_none_nothing(make_trial):
    assert front(make_trial, [1, 1], [0.5, 0.5]) == [0]
    assert front(make_trial, [], []) == []


def test_the_front_is_ringed(make_trial):
    priced = [PricedTrial(make_trial("a"), 1, 0.6), PricedTrial(make_trial("b", number=1), 2, 0.5)]
    ringed, drawn = cost_chart.score_and_cost(priced, "Latency (ms)", "accuracy").data
    assert ringed.x == (1,)
    assert drawn.x == (1, 2)
