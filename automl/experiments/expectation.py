"""Score to expect of the model that is handed out, from the trials' answers on disk."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from automl.experiments import leaderboard, store, ties
from automl.experiments.records import TrialRecord

if TYPE_CHECKING:
    from automl.evaluation.comparable_scores import Candidate
    from automl.evaluation.expected_score import ExpectedScore


class Expectation(NamedTuple):
    """Fields of the experiment's record of the same names."""

    expected_score: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    expected_basis: str = ""


class Found(NamedTuple):
    """What the answers of all trials say together."""

    expectation: Expectation
    """Of the best trial's model."""

    comparable_scores: dict[str, float]
    """By trial id; empty if all trials have answered for the same pictures."""

    equally_good: list[str]
    """Ids of the trials with the best score, the cheapest first."""


def compare(experiment_dir: Path, trials: Sequence[TrialRecord], metric: str) -> Found:
    """Compare the trials, and say what to expect on new pictures, the choice included.

    Only the best `ties.MAX_COMPARED` trials are compared (see `ties.compared`). Without answers of
    the best one nothing is expected.
    """
    from automl.evaluation import comparable_scores, expected_score  # slow to import

    rows = [
        _candidate(experiment_dir, trial)
        for trial in ties.compared(experiment_dir, leaderboard.by_score(trials, metric))
        if store.predictions_path(experiment_dir, trial.trial_id).is_file()
    ]
    comparison = comparable_scores.compare(metric, rows, _groups(experiment_dir))
    if comparison is None:
        return Found(Expectation(), {}, [])
    chosen = expected_score.choose(comparison)
    expected = expected_score.expected_score(comparison, chosen)
    if expected is None:
        num_pictures = len(comparison.rows[chosen].predictions.labels)
        expectation = Expectation(
            expected_basis=f"It was tried on {num_pictures} pictures only: too few to say what to "
            f"expect on new ones, which takes {expected_score.MIN_PICTURES}."
        )
    else:
        expectation = Expectation(expected.score, expected.low, expected.high, _basis(expected))
    differ = len({len(row.predictions.labels) for row in comparison.rows}) > 1
    scores = {
        row.trial_id: score
        for row, score in zip(comparison.rows, comparison.scores.tolist(), strict=True)
    }
    best = scores[comparison.rows[chosen].trial_id]
    by_cost = sorted(comparison.rows, key=lambda row: row.cost)
    equally_good = [row.trial_id for row in by_cost if scores[row.trial_id] == best]
    return Found(expectation, scores if differ else {}, equally_good)


def _basis(expected: "ExpectedScore") -> str:
    among = f"; the choice among {expected.num_trials} trials is included"
    return (
        f"Each of {expected.num_pictures:,} pictures was predicted by a model that has not seen it"
        f"{among if expected.num_trials > 1 else ''}."
    )


def _candidate(experiment_dir: Path, trial: TrialRecord) -> "Candidate":
    from automl.evaluation.comparable_scores import Candidate

    path = store.predictions_path(experiment_dir, trial.trial_id)
    answers = store.load_predictions(path)
    latency = float(trial.effective.get("latency_ms") or math.inf)
    share = trial.evidence.trained_share if trial.evidence else 1.0
    return Candidate(trial.trial_id, answers, share=share, cost=(latency, trial.number))


def _groups(experiment_dir: Path) -> dict[int, int]:
    """Groups of pictures that are copies, nearly the same, or of one `group`, by sample id."""
    from automl.dataset import near_duplicates, split

    if not store.samples_path(experiment_dir).is_file():
        return {}
    samples = store.load_samples(experiment_dir)
    if "near_duplicate_group" not in samples:  # written by an earlier version
        return {}
    keys = [near_duplicates.sameness(samples)]
    keys += [samples["group"]] if "group" in samples else []
    groups = split.sharing(*keys).tolist()
    return dict(zip(samples["id"].tolist(), groups, strict=True))
