"""Expected gain of further trials of a search, from the records of those that have ended."""

from typing import NamedTuple

from automl.engine.results import Results
from automl.evaluation import forecast
from automl.experiments.records import TrialRecord

_QUANTILE = 1.96


class Outlook(NamedTuple):
    """Expected gain of further trials in the primary metric, and the error of the best score."""

    gain: float
    standard_error: float
    """Half of the 95 % interval of the best score by its quantile; 0 without an interval."""

    is_perfect: bool
    """No score can be higher than the best."""

    @property
    def is_lost_in_noise(self) -> bool:
        """True if the validation pictures could hardly show the gain."""
        return forecast.is_lost_in_noise(self.gain, self.standard_error)


def usual_seconds(results: Results) -> float | None:
    """Mean time of the fine-tuned trials that have ended; None before the first."""
    seconds = [trial.seconds or 0.0 for trial in _tuned(results)]
    return sum(seconds) / len(seconds) if seconds else None


def outlook(results: Results, num_further: int) -> Outlook | None:
    """Forecast the gain of further fine-tuned trials; None while too little is known.

    Args:
        results: the records.
        num_further: number of trials that still fit into the time.
    """
    best = results.best_trial()
    if best is None:
        return None
    scores = [_comparable(results, trial) for trial in _tuned(results)]
    highest = max([*scores, _comparable(results, best)])
    gain = forecast.expected_gain(scores, highest, num_further)
    if gain is None:
        return None
    low, high = best.score_low, best.score_high
    error = 0.0 if low is None or high is None else (high - low) / (2 * _QUANTILE)
    return Outlook(gain, error, is_perfect=highest >= 1)


def _tuned(results: Results) -> list[TrialRecord]:
    return [
        trial
        for trial in sorted(results.trials.values(), key=lambda trial: trial.number)
        if trial.method == "fine_tuning" and trial.is_kept and results.score(trial) is not None
    ]


def _comparable(results: Results, trial: TrialRecord) -> float:
    """The score by which trials are ranked (see `automl.evaluation.comparable_scores`)."""
    score = trial.ranking_score(results.primary_metric)
    assert score is not None
    return score
