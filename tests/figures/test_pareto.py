from automl.figures import pareto


def test_only_trials_that_nothing_beats_in_both_are_on_the_front():
    assert pareto.front([5, 1, 3, 2, 4], [0.9, 0.6, 0.8, 0.5, 0.8]) == [1, 2, 0]


def test_of_equal_trials_the_first_counts():
    assert pareto.front([1, 1], [0.5, 0.5]) == [0]
    assert pareto.front([], []) == []
