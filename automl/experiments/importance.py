"""Importance of the hyperparameters for the score, by Optuna's functional ANOVA."""

from typing import TYPE_CHECKING, Any

from automl.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

MIN_TRIALS = 6
"""With fewer trials the importance would be mostly noise."""


def importances(values: "pd.DataFrame", scores: "pd.Series", *, seed: int = 0) -> dict[str, float]:
    """Return the share of each hyperparameter in the variance of the scores, largest first.

    The shares add up to 1. Functional ANOVA over a random forest (Hutter, Hoos and Leyton-Brown,
    2014).

    Args:
        values: one row per trial, one column per hyperparameter. Columns with missing values are
            left out: a setting that only some trials have has no share in the variance of all.
        scores: one per trial, without NaN.
        seed: seed of the random forest.

    Raises:
        UserError: there are fewer than `MIN_TRIALS` trials, or all scores are equal.
    """
    if len(scores) < MIN_TRIALS:
        raise UserError(
            f"Importance needs {MIN_TRIALS} trials with a score; so far there are {len(scores)}."
        )
    if scores.nunique() < 2:
        raise UserError("All trials have the same score, so importance cannot be computed.")
    import optuna  # slow

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    complete = values.loc[:, values.notna().all()]
    distributions = {str(name): _distribution(complete[name]) for name in complete}
    study = optuna.create_study(direction="maximize")
    study.add_trials(
        [
            _trial(dict(zip(distributions, row, strict=True)), distributions, float(score))
            for row, score in zip(complete.astype(object).to_numpy(), scores, strict=True)
        ]
    )
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    shares: dict[str, float] = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return shares


def _trial(
    row: dict[str, Any], distributions: "dict[str, BaseDistribution]", score: float
) -> "FrozenTrial":
    import optuna

    params = {
        name: value
        if isinstance(distributions[name], optuna.distributions.FloatDistribution)
        else str(value)
        for name, value in row.items()
    }
    return optuna.trial.create_trial(params=params, distributions=distributions, value=score)


def _distribution(column: "pd.Series") -> "BaseDistribution":
    """Range of the tried values, logarithmic if they span orders of magnitude."""
    import optuna

    from automl.experiments.trial_settings import is_logarithmic, is_number

    if is_number(column):
        low, high = float(column.min()), float(column.max())
        return optuna.distributions.FloatDistribution(low, high, log=is_logarithmic(column))
    return optuna.distributions.CategoricalDistribution(sorted({str(value) for value in column}))
