"""The fine-tuned trial that gets further folds: it may be the best, and few pictures say so."""

import math

from automl.engine.results import Results
from automl.evaluation.expected_score import wilson_interval
from automl.experiments import leaderboard
from automl.experiments.records import TrialRecord, TrialState
from automl.jobs import fold_needs
from automl.jobs.fold_needs import NUM_TURNS, WIDEST


def num_needed(trial: TrialRecord, metric: str, num_train: int) -> int:
    """Number of further folds by which the interval of its score gets narrow enough, about.

    Args:
        trial: an uncertain one.
        metric: key of the primary metric.
        num_train: number of training pictures, a fifth of which is in a fold.
    """
    if trial.evidence is None:
        return NUM_TURNS
    num_left = NUM_TURNS - trial.evidence.further_folds
    half = _half_width(trial, metric)
    return min(num_left, fold_needs.num_needed(half, trial.evidence.num_pictures, num_train))


def uncertain(results: Results) -> TrialRecord | None:
    """The best fine-tuned trial, if its score reaches the best one and is not known well.

    Both by its 95 % interval: it is wider than 0.04 to each side, and the best score lies in it. A
    trial that starts from an earlier model gets none, for that has seen the other pictures.
    """
    metric, best = results.primary_metric, results.best_trial()
    tuned = [one for one in results.trials.values() if one.method == "fine_tuning"]
    ranked = leaderboard.by_score(tuned, metric)
    if best is None or not ranked:
        return None
    trial = ranked[0]
    can_have_more = (
        trial.state is TrialState.COMPLETED
        and "checkpoint_run_id" not in trial.hyperparameters
        and (trial.evidence is None or trial.evidence.further_folds < NUM_TURNS)
    )
    score, lead = trial.ranking_score(metric), best.ranking_score(metric)
    if not can_have_more or score is None or lead is None:
        return None
    half = _half_width(trial, metric)
    is_behind = score + half < lead  # never for NaN: its pictures are too few for a score
    return trial if half > WIDEST and not is_behind else None


def _half_width(trial: TrialRecord, metric: str) -> float:
    """Half of the 95 % interval of its score; infinite if that cannot be told.

    A score that is the same in all resamples, such as an area of 1 under the ROC curve, has no
    interval of its own: that of a share of as many pictures takes its place.
    """
    if trial.score_low is not None and trial.score_high is not None:
        return (trial.score_high - trial.score_low) / 2
    score = trial.score(metric)
    if trial.evidence is None or score is None or math.isnan(score):
        return math.inf
    low, high = wilson_interval(score, trial.evidence.num_pictures)
    return (high - low) / 2
