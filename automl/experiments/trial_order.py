"""The order in which trials are handed out, from their answers on disk.

Where the data name the validation pictures, the scores are theirs. The order counts the training
pictures, too, as far as models on frozen features have answered for them out of fold: a few hundred
given pictures alone choose a worse model (`python -m benchmarks.probe_choice --given`). Where these
contradict that order, as they may if they come from elsewhere, they alone decide.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from automl.experiments import groups, own_thresholds, probe_parts, store, ties
from automl.experiments.records import TrialRecord

if TYPE_CHECKING:
    from automl.evaluation.comparable_scores import Candidate, Comparison
    from automl.evaluation.picture_groups import Groups
    from automl.evaluation.predictions import Predictions


class Order(NamedTuple):
    """Trials as they are ranked."""

    comparison: "Comparison"
    tied: list[int]
    """Rows with the best score, the one to hand out first (see `expected_score.tied`)."""

    part_ids: dict[str, str]
    """See `probe_parts.not_better`; these trials are not in the comparison."""

    scored: "dict[str, Candidate]"
    """By trial id, the answers for the pictures that the trials are scored on."""

    counts_training: bool = False
    """The answers for training pictures out of fold count, too."""

    given_decide: bool = False
    """There are such answers, and they do not count."""

    @property
    def best(self) -> "Candidate":
        """The trial to hand out."""
        return self.comparison.rows[self.tied[0]]

    def scores(self, trials: Mapping[str, TrialRecord], metric: str) -> dict[str, float]:
        """Those that rank the trials, by id.

        With training pictures they are brought to the level of the scores that are shown: the
        errors of all trials are multiplied by one factor.
        """
        ids = [row.trial_id for row in self.comparison.rows]
        scores = self.comparison.scores
        if self.counts_training:
            errors = 1 - float(scores.mean())
            shown = 1 - fmean(own_score(trials[name], metric) for name in ids)
            scores = 1 - (1 - scores) * (shown / errors if errors > 0 < shown else 1.0)
        return dict(zip(ids, scores.tolist(), strict=True))


def find(experiment_dir: Path, ranked: Sequence[TrialRecord], metric: str) -> Order | None:
    """The order of the best trials; None without answers of the best one.

    Args:
        experiment_dir: directory of the experiment.
        ranked: the trials, by what has ranked them before; `ties.compared` says how many count.
        metric: key of the primary metric.
    """
    trials = [
        trial
        for trial in ties.compared(experiment_dir, ranked)
        if store.predictions_path(experiment_dir, trial.trial_id).is_file()
    ]
    together = groups.of(experiment_dir)
    given = [candidate(experiment_dir, trial, metric) for trial in trials]
    order = _of(metric, given, trials, together)
    every = [
        _with_training(experiment_dir, trial, metric, row)
        for trial, row in zip(trials, given, strict=True)
    ]
    if order is None or all(one is other for one, other in zip(every, given, strict=True)):
        return order
    found = _of(metric, every, trials, together)
    if found is None or _contradicts(metric, order, found, together):
        return order._replace(given_decide=True)
    return found._replace(scored=order.scored, counts_training=True)


def candidate(experiment_dir: Path, trial: TrialRecord, metric: str) -> "Candidate":
    """A trial with its answers for the pictures that it is scored on."""
    answers = store.load_predictions(store.predictions_path(experiment_dir, trial.trial_id))
    return _of_answers(experiment_dir, trial, metric, answers)


def _with_training(
    experiment_dir: Path, trial: TrialRecord, metric: str, row: "Candidate"
) -> "Candidate":
    """The trial with its answers for training pictures, too; the row itself without any."""
    further = store.out_of_fold_path(experiment_dir, trial.trial_id)
    if not further.is_file():
        return row
    answers = row.as_shown.joined(store.load_predictions(further))
    return _of_answers(experiment_dir, trial, metric, answers)


def _of_answers(
    experiment_dir: Path, trial: TrialRecord, metric: str, answers: "Predictions"
) -> "Candidate":
    from automl.evaluation.comparable_scores import Candidate

    moved = own_thresholds.applied(experiment_dir, answers, metric)
    latency = float(trial.effective.get("latency_ms") or math.inf)
    learns = trial.method != "majority_class"  # a constant answer gains nothing by more pictures
    share = trial.evidence.trained_share if trial.evidence and learns else 1.0
    return Candidate(
        trial.trial_id,
        moved,
        share=share,
        cost=(latency, trial.number),
        unmoved=None if moved is answers else answers,
    )


def _of(
    metric: str,
    rows: "Sequence[Candidate]",
    trials: Iterable[TrialRecord],
    together: "Groups",
) -> Order | None:
    from automl.evaluation import comparable_scores, expected_score  # slow to import

    values: dict[str, Mapping[str, Any]] = {one.trial_id: one.hyperparameters for one in trials}
    part_ids = probe_parts.not_better(metric, rows, values, together)
    certain = [row for row in rows if row.trial_id not in part_ids]
    comparison = comparable_scores.compare(metric, certain, together)
    if comparison is None:
        return None
    scored = {row.trial_id: row for row in rows}
    return Order(comparison, expected_score.tied(comparison, together), part_ids, scored)


def _contradicts(metric: str, given: Order, other: Order, together: "Groups") -> bool:
    """True if on the given pictures their best trial is better than the other, beyond noise."""
    from automl.evaluation import significance  # slow to import

    best, chosen = given.best, given.scored[other.best.trial_id]
    if best is chosen:
        return False
    p_value = significance.p_value_of_trials(metric, best.predictions, chosen.predictions, together)
    return p_value is not None and p_value < significance.LEVEL


def own_score(trial: TrialRecord, metric: str) -> float:
    """The score of a trial on its own pictures by which it is ranked among others on the same."""
    return trial.own_scores.get(metric, trial.score(metric) or 0.0)
