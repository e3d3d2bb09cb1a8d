"""The job being composed: what the form holds, as a job."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from automl import model_catalog
from automl.dataset.corrections import Corrections
from automl.job import DataSource, Job
from automl.job_errors import JobError, Problem


class Search(StrEnum):
    """How hyperparameters are found."""

    AUTOMATIC = "Automatic"
    CHOOSE = "Choose models"
    ONE = "One model"


@dataclass(frozen=True)
class Draft:
    """Form values. `models`, `learning_rates`, `epochs` and `side` count unless automatic."""

    data: DataSource
    target_column_name: str = "label"
    corrections: Corrections = field(default_factory=Corrections)
    primary_metric: str = "accuracy"
    minutes: int = 15
    max_trials: int = 8
    max_concurrent_trials: int = 1
    search: Search = Search.AUTOMATIC
    models: tuple[str, ...] = ()
    learning_rates: tuple[float, float] = (0.001, 0.03)
    epochs: int = 15
    side: int = 160
    training_parameters: Mapping[str, Any] = field(default_factory=dict)
    """Hyperparameters that every trial shares; only those that differ from the default."""

    def job(self) -> Job:
        """The job that the form asks for.

        Raises:
            JobError: what does not go together.
        """
        if self.search is not Search.AUTOMATIC and not self.models:
            message = "No model is chosen. Choose at least one model, or the automatic search."
            raise JobError([Problem(key="models", line=None, message=message)])
        return Job.from_dict(self._content())

    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = {
            "primary_metric": self.primary_metric,
            "target_column_name": self.target_column_name,
            "training_data": self.data.model_dump(exclude_none=True),
            "limits": {
                "timeout_minutes": self.minutes,
                "max_trials": 1 if self.search is Search.ONE else self.max_trials,
                "max_concurrent_trials": self.max_concurrent_trials,
            },
            "training_parameters": dict(self.training_parameters),
        }
        if self.corrections != Corrections():
            content["corrections"] = self.corrections.model_dump(exclude_defaults=True)
        if self.search is Search.CHOOSE:
            content["search_space"] = [self._sub_space(name) for name in self.models]
            content["sweep"] = {"sampling_algorithm": {"type": "random"}}
        elif self.search is Search.ONE:
            content["training_parameters"] |= self._one()
        return content

    def _one(self) -> dict[str, Any]:
        return {
            "model_name": self.models[0],
            "number_of_epochs": self.epochs,
            "learning_rate": self.learning_rates[1],
            **_sizes(self.models[0], self.side),
        }

    def _sub_space(self, model_name: str) -> dict[str, Any]:
        low, high = (math.log(rate) for rate in self.learning_rates)
        return {
            "model_name": model_name,
            "learning_rate": {"type": "loguniform", "min_value": low, "max_value": high},
            "number_of_epochs": self.epochs,
            **_sizes(model_name, self.side),
        }


def _sizes(model_name: str, side: int) -> dict[str, int]:
    """A model of fixed input size takes its own."""
    if model_catalog.fixed_input_size(model_name):
        return {}
    return {"training_crop_size": side}


def fitting_side(median_side: float) -> int:
    """A training size that keeps small pictures small: it is what training time depends on."""
    if median_side <= 40:
        return 32
    return 96 if median_side <= 100 else 160
