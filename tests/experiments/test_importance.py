import numpy as np
import pandas as pd
import pytest

from automl.experiments.importance import importances


def table(num_trials=24):
    rng = np.random.default_rng(0)
    rate = 10 ** rng.uniform(-4, -1, num_trials)
    return pd.DataFrame(
        {
            "learning_rate": rate,
            "optimizer": rng.choice(["sgd", "adamw"], num_trials),
            "nesterov": rng.choice([True, False], num_trials),
            "momentum": [None] + [0.9] * (num_trials - 1),
        }
    )


def test_what_the_score_depends_on_is_the_most_important():
    values = table()
    scores = -((np.log10(values["learning_rate"]) + 2.5) ** 2)
    found = importances(values, scores)
    assert next(iter(found)) == "learning_rate"
    assert found["learning_rate"] > 0.8
    assert sum(found.values()) == pytest.approx(1)
    assert "momentum" not in found  # only some trials have one


def test_too_few_trials_or_equal_scores_are_explained():
    with pytest.raises(ValueError, match="needs 6 trials with a score; so far there are 3"):
        importances(table(3), pd.Series([0.1, 0.2, 0.3]))
    with pytest.raises(ValueError, match="have the same score"):
        importances(table(6), pd.Series([0.5] * 6))
