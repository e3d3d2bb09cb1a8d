"""Which hyperparameters the score depends on, by Optuna's evaluators."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

MIN_TRIALS = 6
"""With fewer the answer is chance."""


def importances(values: "pd.DataFrame", scores: "pd.Series", *, seed: int = 0) -> dict[str, float]:
    """Share of each hyperparameter in the spread of the scores, the greatest first; they add up
    to 1. Functional ANOVA over a random forest (Hutter, Hoos and Leyton-Brown, 2014).

    Args:
        values: one row a trial, one column a hyperparameter. Columns with missing values are
            left out, as nothing can be said of a setting that only some trials have.
        scores: of the trials.
        seed: of the forest.

    Raises:
        ValueError: there are fewer than `MIN_TRIALS` trials, or all score the same.
    """
    if len(scores) < MIN_TRIALS:
        raise ValueError(
            f"Importance needs {MIN_TRIALS} trials with a score, and there are {len(scores)}."
        )
    if scores.nunique() < 2:
        raise ValueError("All trials score the same, so no hyperparameter matters.")
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
    found: dict[str, float] = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return found


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
    """From the values that were tried; a logarithmic one where they spread over sizes."""
    import optuna

    from automl.experiments.trial_settings import is_logarithmic, is_number

    if is_number(column):
        low, high = float(column.min()), float(column.max())
        return optuna.distributions.FloatDistribution(low, high, log=is_logarithmic(column))
    return optuna.distributions.CategoricalDistribution(sorted({str(value) for value in column}))
