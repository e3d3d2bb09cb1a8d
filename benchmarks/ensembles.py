"""Gain from averaging several models. `python -m benchmarks.ensembles`.

Small experiments are drawn from real sets (see `small_experiments`). The ensemble of each is found
as the product finds it, and held against its best single row on many other pictures. A row costs
one pass of its network, and both networks count alike.
"""

import functools
import os
import sys
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # for the processes, which are two

from automl.evaluation import ensembles, metrics  # noqa: E402
from automl.evaluation.comparable_scores import compare  # noqa: E402
from automl.evaluation.expected_score import choose  # noqa: E402
from benchmarks import small_experiments  # noqa: E402
from benchmarks.expected_score import CHOSEN_ON, JUDGED_ON  # noqa: E402
from benchmarks.figures import Figures  # noqa: E402
from benchmarks.small_experiments import SmallExperiment  # noqa: E402

_DRAWS = {150: 8, 300: 8, 600: 6, 1000: 4, 2000: 3}


class Outcome(NamedTuple):
    """Ensemble of one experiment, in shares of the test pictures."""

    set_name: str
    size: int
    is_found: bool
    is_chosen: bool
    promised: float
    """Gain over the best single row as the experiment measures it; NaN without an ensemble."""

    gain: float
    """Gain on the test pictures."""

    gain_over_one: float
    """Test score of what is handed out, ensemble or row of two networks, minus that of what would
    be if only rows of one network were there."""


def main(metric: str = "accuracy") -> None:
    measured = Figures()
    judge = functools.partial(_outcome, metric)
    outcomes = small_experiments.outcomes((*JUDGED_ON, *CHOSEN_ON), _DRAWS, judge)
    table = pd.DataFrame(outcomes, columns=pd.Index(Outcome._fields))
    print(table.groupby("size").apply(_summary, include_groups=False).round(4).to_string())
    print(table.groupby("set_name").apply(_summary, include_groups=False).round(4).to_string())
    chosen = table[table["is_chosen"]]
    measured.add("experiments", len(table))
    measured.add("chosen", len(chosen))
    measured.add("gain_where_chosen", chosen["gain"].mean(), at_least=0.005)
    measured.add("standard_error_of_that", chosen["gain"].sem())
    measured.add("right_where_chosen", (chosen["gain"] > 0).mean())
    measured.add("gain_over_one_network", table["gain_over_one"].mean(), at_least=0.005)
    measured.add("gain_where_found", table[table["is_found"]]["gain"].mean())
    measured.print_last_line()


def _summary(table: pd.DataFrame) -> pd.Series:
    found, chosen = table[table["is_found"]], table[table["is_chosen"]]
    return pd.Series(
        {
            "experiments": len(table),
            "found": len(found),
            "promised": found["promised"].mean(),
            "gain": found["gain"].mean(),
            "error": found["gain"].sem(),
            "chosen": len(chosen),
            "gain_chosen": chosen["gain"].mean(),
            "error_chosen": chosen["gain"].sem(),
            "right": (chosen["gain"] > 0).mean(),
            "gain_over_one": table["gain_over_one"].mean(),
            "error_over_one": table["gain_over_one"].sem(),
        }
    )


def _outcome(metric: str, drawn: SmallExperiment) -> Outcome:
    comparison = compare(metric, [row.candidate for row in drawn.rows])
    of_one = [row.candidate for row in drawn.rows if _passes(row.candidate.trial_id) == 1]
    alone = compare(metric, of_one)
    assert comparison is not None
    assert alone is not None
    ranked = np.argsort(-comparison.scores, kind="stable").tolist()
    best = choose(comparison)
    order = [best, *(index for index in ranked if index != best)]
    answers = {comparison.rows[i].trial_id: comparison.rows[i].predictions for i in order}
    of_test = {row.candidate.trial_id: row.test for row in drawn.rows}

    def score(given: NDArray[np.floating]) -> float:
        return metrics.primary(metric, given, drawn.test_labels)

    single = score(of_test[comparison.rows[best].trial_id])
    one = score(of_test[alone.rows[choose(alone)].trial_id])
    found = ensembles.find(metric, answers, {name: _passes(name) for name in answers})
    if found is None:
        return Outcome(drawn.set_name, drawn.size, False, False, np.nan, np.nan, single - one)
    mixed = np.sum([of_test[name] * weight for name, weight in found.weights.items()], axis=0)
    gain, is_chosen = score(mixed) - single, found.is_beyond_noise
    over_one = single - one + (gain if is_chosen else 0.0)
    return Outcome(drawn.set_name, drawn.size, True, is_chosen, found.gain, gain, over_one)


def _passes(trial_id: str) -> float:
    """Number of networks that a row runs."""
    return 2.0 if trial_id.startswith("both") else 1.0


if __name__ == "__main__":
    main(*sys.argv[1:])
