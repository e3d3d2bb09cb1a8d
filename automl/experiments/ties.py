"""Trials that are statistically tied with the best one, from their answers on disk."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from automl.evaluation.predictions import Predictions, in_common
from automl.experiments import groups, leaderboard, own_thresholds, store
from automl.experiments.records import TrialRecord

if TYPE_CHECKING:
    from automl.evaluation.picture_groups import Groups

MAX_COMPARED = 20
_MAX_COMPARED_LARGE, _LARGE_BYTES = 4, 10_000_000


def p_values(
    experiment_dir: Path, trials: Sequence[TrialRecord], metric: str
) -> dict[str, float | None]:
    """P-value against the best trial, by trial id; see `against_best`.

    Only the best `MAX_COMPARED` trials are compared (see `compared`).
    """
    answers = {}
    for trial in compared(experiment_dir, leaderboard.by_score(trials, metric)):
        path = store.predictions_path(experiment_dir, trial.trial_id)
        if path.is_file():
            given = store.load_predictions(path)
            if metric in trial.own_scores:  # an earlier version ranked without
                given = own_thresholds.tested(experiment_dir, given, metric)
            answers[trial.trial_id] = given
    return against_best(answers, metric, groups.of(experiment_dir))


def compared(experiment_dir: Path, ranked: Sequence[TrialRecord]) -> Sequence[TrialRecord]:
    """The trials that are compared with the best one, which comes first.

    Empty if the answers of the best one are missing. Four if the file of its answers is larger
    than 10 MB, because reading and sorting more of them takes too long.
    """
    best = store.predictions_path(experiment_dir, ranked[0].trial_id) if ranked else None
    if best is None or not best.is_file():
        return []
    return ranked[: most_read(best)]


def most_read(predictions: Path) -> int:
    """Number of trials whose answers are read together if those in this file are the best one's."""
    return _MAX_COMPARED_LARGE if predictions.stat().st_size > _LARGE_BYTES else MAX_COMPARED


def against_best(
    answers: Mapping[str, Predictions], metric: str, together: "Groups"
) -> dict[str, float | None]:
    """P-value of each trial against the best one, without the best one itself.

    See `evaluation.significance.p_values_against_best` for the test. Trials that were scored on the
    same pictures are tested together, on those pictures that the best one was scored on, too.

    Args:
        answers: by trial id, as they rank the trials; those of the best trial come first.
        metric: key of the primary metric.
        together: groups of the pictures.

    Returns:
        By trial id; None for a trial that has no picture in common with the best one, that was
        scored by other labels, or whose score is NaN.
    """
    if not answers:
        return {}
    best_id, *other_ids = answers
    known: dict[str, float | None] = {}
    for names in _by_pictures(answers, other_ids):
        given = [answers[best_id], *(answers[name] for name in names)]
        values = _p_values(metric, given, together)
        known.update(zip(names, values, strict=True))
    return {name: known[name] for name in other_ids}


def _by_pictures(answers: Mapping[str, Predictions], names: Sequence[str]) -> list[list[str]]:
    """The trials in groups that were scored on the same pictures."""
    alike: list[list[str]] = []
    for name in names:
        for group in alike:
            if answers[name].is_about_the_same_as(answers[group[0]]):
                group.append(name)
                break
        else:
            alike.append([name])
    return alike


def _p_values(
    metric: str, answers: Sequence[Predictions], together: "Groups"
) -> list[float | None]:
    """P-value of every trial but the first, which is the best."""
    from automl.evaluation import picture_groups, significance  # slow to import

    aligned = in_common(*answers)
    best = aligned[0]
    if not len(best.labels) or not all(each.is_about_the_same_as(best) for each in aligned):
        return [None] * (len(answers) - 1)
    probabilities = [each.probabilities for each in aligned]
    members = picture_groups.members(best.sample_ids, together)
    return significance.p_values_against_best(metric, probabilities, best.labels, members)[1:]
