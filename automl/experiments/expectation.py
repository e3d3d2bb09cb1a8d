"""Score to expect of the model that is handed out, from the trials' answers on disk."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from automl.experiments import leaderboard, store, ties
from automl.experiments.records import TrialRecord

if TYPE_CHECKING:
    from automl.evaluation.comparable_scores import Candidate


class Expectation(NamedTuple):
    """Fields of the experiment's record of the same names."""

    expected_score: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    expected_basis: str = ""


def of_best(experiment_dir: Path, trials: Sequence[TrialRecord], metric: str) -> Expectation:
    """What to expect of the best trial's model on new pictures, its choice included.

    Only the best `ties.MAX_COMPARED` trials are compared (see `ties.compared`). Without answers of
    the best one nothing is expected.
    """
    from automl.evaluation import comparable_scores, expected_score  # slow to import

    ranked = leaderboard.by_score(trials, metric)
    rows = [
        _candidate(experiment_dir, trial)
        for trial in ties.compared(experiment_dir, ranked)
        if store.predictions_path(experiment_dir, trial.trial_id).is_file()
    ]
    comparison = comparable_scores.compare(metric, rows, _groups(experiment_dir))
    if comparison is None or comparison.rows[0].trial_id != ranked[0].trial_id:
        return Expectation()
    found = expected_score.expected_score(comparison, 0)
    if found is None:
        num_pictures = len(comparison.rows[0].predictions.labels)
        return Expectation(
            expected_basis=f"It was tried on {num_pictures} pictures only: too few to say what to "
            f"expect on new ones, which takes {expected_score.MIN_PICTURES}."
        )
    among = f"; the choice among {found.num_trials} trials is included"
    basis = (
        f"Each of {found.num_pictures:,} pictures was predicted by a model that has not seen it"
        f"{among if found.num_trials > 1 else ''}."
    )
    return Expectation(found.score, found.low, found.high, basis)


def _candidate(experiment_dir: Path, trial: TrialRecord) -> "Candidate":
    from automl.evaluation.comparable_scores import Candidate

    path = store.predictions_path(experiment_dir, trial.trial_id)
    cost = float(trial.effective.get("latency_ms") or math.inf)
    return Candidate(trial.trial_id, store.load_predictions(path), cost=(cost,))


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
