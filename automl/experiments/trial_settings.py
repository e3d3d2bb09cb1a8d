"""Table of the hyperparameters that differ between trials. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from automl.experiments.records import TrialRecord

if TYPE_CHECKING:
    import pandas as pd

_LOG_RATIO = 20
_IGNORED = ("random_seed", "enable_onnx_normalization")


def varying(trials: Sequence[TrialRecord], metric: str) -> "pd.DataFrame":
    """Return one row per scored trial: `trial`, `model`, `score` and the varying hyperparameters.

    A hyperparameter varies if trials requested different values of it. The value is missing for a
    trial without that hyperparameter, for example one from another sub-space.
    """
    import pandas as pd

    scored = [trial for trial in trials if _has_score(trial, metric)]
    names = sorted({name for trial in scored for name in trial.hyperparameters} - {*_IGNORED})
    columns = {name: [trial.hyperparameters.get(name) for trial in scored] for name in names}
    different = {
        name: values
        for name, values in columns.items()
        if len({str(value) for value in values if value is not None}) > 1
    }
    first_columns = {
        "trial": [trial.number for trial in scored],
        "model": [trial.model_name for trial in scored],
        "score": [trial.score(metric) for trial in scored],
    }
    return pd.DataFrame({**first_columns, **different})


def names(table: "pd.DataFrame") -> list[str]:
    """Return the columns of `varying` that are hyperparameters."""
    return [str(name) for name in table.columns[3:]]


def is_number(values: "pd.Series") -> bool:
    known = values.dropna()
    return bool(len(known)) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in known
    )


def is_logarithmic(values: "pd.Series") -> bool:
    """True if the numbers are positive and span a factor of `_LOG_RATIO` or more."""
    if not is_number(values):
        return False
    known = values.dropna().astype("float64")
    return bool(known.min() > 0 and known.max() / known.min() >= _LOG_RATIO)


def _has_score(trial: TrialRecord, metric: str) -> bool:
    score = trial.score(metric)
    return score is not None and score == score
