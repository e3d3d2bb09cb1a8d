"""Does the expected score hold? `python -m benchmarks.expected_score [METRIC]`.

Hundreds of small experiments are drawn from real sets (see `frozen_features` and
`small_experiments`), and what the product says of each is held against many other pictures. The
constants of `automl.evaluation` were chosen on the first sets; the others judge them.
"""

import functools
import os
import sys
from typing import NamedTuple

import numpy as np
import pandas as pd

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # for the processes, which are two

from automl.evaluation import metrics  # noqa: E402
from automl.evaluation.comparable_scores import compare  # noqa: E402
from automl.evaluation.expected_score import choose, expected_score  # noqa: E402
from benchmarks import small_experiments  # noqa: E402
from benchmarks.figures import Figures  # noqa: E402
from benchmarks.small_experiments import SmallExperiment  # noqa: E402

CHOSEN_ON = ("cifar10_10k", "cifar10_10k:cat,dog", "sign_digits", "shapes")
JUDGED_ON = ("clothing", "clothing:t-shirt,longsleeve", "trashnet", "mnist_5k", "mnist_5k:3,5,8")
_DRAWS = {40: 60, 80: 36, 150: 30, 300: 20, 600: 18, 1000: 10, 2000: 6}
"""Experiments of each set by their size: the smaller they are, the more they vary. The mean error
of 30 experiments of 600 pictures has a standard error of 0.35 points."""

_QUANTILE = 1.96
_VALUES = ["error", "width", "holds", "regret", "best_of_fifth_error", "best_of_fifth_regret"]


class Outcome(NamedTuple):
    """Prediction for one experiment, and its true score."""

    set_name: str
    size: int
    error: float
    """Expected score minus score on the test pictures; NaN if nothing was expected."""

    width: float
    holds: bool
    """The test score lies in the interval, widened by the standard error of the test score."""

    regret: float
    """Best test score of a row minus that of the chosen one."""

    best_of_fifth_error: float
    best_of_fifth_regret: float
    """The same of the rule without all this: the best score on the validation fifth."""


def main(metric: str = "accuracy") -> None:
    measured = Figures()
    judge = functools.partial(_outcome, metric)
    outcomes = small_experiments.outcomes((*JUDGED_ON, *CHOSEN_ON), _DRAWS, judge)
    table = pd.DataFrame(outcomes, columns=pd.Index(Outcome._fields))
    for title, names in (("chosen_on", CHOSEN_ON), ("judged_on", JUDGED_ON)):
        part = table[table["set_name"].isin(names)]
        if not part.empty:
            _report(title, part, measured)
    print(f"\nall sets\n{_by_size(table).round(4).to_string()}")
    measured.print_last_line()


def _outcome(metric: str, drawn: SmallExperiment) -> Outcome:
    comparison = compare(metric, [row.candidate for row in drawn.rows])
    assert comparison is not None
    came_true = {
        row.candidate.trial_id: metrics.primary(metric, row.test, drawn.test_labels)
        for row in drawn.rows
    }
    chosen = choose(comparison)
    test = came_true[comparison.rows[chosen].trial_id]
    found = expected_score(comparison, chosen)
    error, width, holds = np.nan, np.nan, False
    if found is not None:
        error, width = found.score - test, found.high - found.low
        noise = _QUANTILE * (max(test * (1 - test), 0) / len(drawn.test_labels)) ** 0.5
        reach = found.high - found.score if test > found.score else found.score - found.low
        holds = abs(error) <= np.hypot(reach, noise)
    claimed, name = max(
        (_on_fifth(metric, row, drawn), row.candidate.trial_id) for row in drawn.rows
    )
    best = max(came_true.values())
    regrets = best - test, claimed - came_true[name], best - came_true[name]
    return Outcome(drawn.set_name, drawn.size, error, width, holds, *regrets)


def _on_fifth(metric: str, row: small_experiments.Row, drawn: SmallExperiment) -> float:
    answers = row.candidate.predictions
    kept = drawn.is_validation[answers.sample_ids]
    return metrics.primary(metric, answers.probabilities[kept], answers.labels[kept])


def _report(title: str, table: pd.DataFrame, measured: Figures) -> None:
    expected, by_size = table[table["error"].notna()], _by_size(table)
    print(f"\n{title}: {len(table)} experiments, of {len(table) - len(expected)} nothing expected")
    print(by_size.round(4).to_string())
    print(expected.groupby("set_name")[_VALUES].mean().astype(float).round(4).to_string())
    measured.add(f"{title}_coverage", expected["holds"].mean(), at_least=0.93)
    measured.add(f"{title}_coverage_at_most", expected["holds"].mean(), at_most=0.97)
    worst = float(by_size["error"].abs().max())
    measured.add(f"{title}_largest_mean_error_of_a_size", worst, at_most=0.005)
    of_many = table[table["size"] >= 600]["regret"]
    measured.add(f"{title}_regret_from_600_pictures", of_many.mean(), at_most=0.005)
    measured.add(f"{title}_largest_regret_from_600_pictures", of_many.max(), at_most=0.02)


def _by_size(table: pd.DataFrame) -> pd.DataFrame:
    by_size = table[table["error"].notna()].groupby("size")
    means = by_size[_VALUES].mean().astype(float)
    means.insert(1, "standard_error", by_size["error"].sem())
    return means.assign(experiments=by_size.size())


if __name__ == "__main__":
    main(*sys.argv[1:])
