"""Turn the values of the form into a job."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from automl.jobs import model_catalog
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.jobs.job_errors import JobError, Problem
from automl.jobs.trial_numbers import AUTOMODE_TRIALS, MOST_TRIALS
from automl.texts import _, mark


class Search(StrEnum):
    """Kind of search for hyperparameters."""

    AUTOMATIC = mark("Automatic")
    CHOOSE = mark("Choose models")
    SPACE = mark("Search space")
    ONE = mark("One model")


class Effort(StrEnum):
    """Number of trials, in three steps, or as many as the time allows."""

    QUICK = mark("Quick")
    BALANCED = mark("Balanced")
    THOROUGH = mark("Thorough")
    TIME = mark("All the time")

    @property
    def num_trials(self) -> int:
        """Largest number of trials."""
        numbers = {Effort.QUICK: 3, Effort.BALANCED: AUTOMODE_TRIALS, Effort.THOROUGH: 20}
        return numbers.get(self, MOST_TRIALS)

    @property
    def caption(self) -> str:
        """The name with the number of trials; the time limit is named beside it."""
        if self is Effort.TIME:
            return _(self.value)
        return _("{effort} ({count} trials)").format(effort=_(self.value), count=self.num_trials)


@dataclass(frozen=True)
class Draft:
    """Values of the form; `models`, `learning_rates`, `epochs`, `side` belong to chosen models."""

    data: DataSource
    about_data: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the job about its data, apart from `training_data`."""

    primary_metric: str = "accuracy"
    limits: Mapping[str, Any] = field(default_factory=dict)
    search: Search = Search.AUTOMATIC
    models: tuple[str, ...] = ()
    learning_rates: tuple[float, float] = (0.001, 0.03)
    epochs: int = 15
    side: int = 224
    search_space: tuple[dict[str, Any], ...] = ()
    sampling_algorithm: Mapping[str, Any] = field(default_factory=lambda: {"type": "random"})
    early_termination: Mapping[str, Any] | None = None
    training_parameters: Mapping[str, Any] = field(default_factory=dict)
    """Hyperparameters of every trial that differ from the default."""

    allowed_licences: tuple[str, ...] = ()
    """Licences of pretrained weights; all without any."""

    machines: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the job about where its trials run."""

    rest: Mapping[str, Any] = field(default_factory=dict)
    """Sections of a job file that have no field in the form."""

    def job(self) -> Job:
        """Return the job that the form describes.

        Raises:
            JobError: holds every conflict.
        """
        if self.search is Search.CHOOSE and not self.models:
            message = _("No model is chosen. Choose at least one model, or the automatic search.")
            raise JobError([Problem(key="models", line=None, message=message)])
        return Job.from_dict(self._content())

    def _content(self) -> dict[str, Any]:
        data = self.data.model_dump(mode="json", exclude_none=True)
        loaded = self.rest.get("training_data", {})
        if loaded.get("path") == data["path"]:
            data = {**loaded, **data}
        content: dict[str, Any] = {
            **self.rest,
            "primary_metric": self.primary_metric,
            "training_data": data,
            **self.about_data,
            **self.machines,
            "limits": dict(self.limits),
            "training_parameters": {
                **self.rest.get("training_parameters", {}),
                **self.training_parameters,
            },
        }
        if self.allowed_licences:
            content["allowed_licences"] = list(self.allowed_licences)
        if self.search in (Search.CHOOSE, Search.SPACE):
            space = [self._sub_space(name) for name in self.models]
            content["search_space"] = space or list(self.search_space)
            content["sweep"] = {"sampling_algorithm": dict(self.sampling_algorithm)}
            if self.early_termination is not None:
                content["sweep"]["early_termination"] = dict(self.early_termination)
        return content

    def _sub_space(self, model_name: str) -> dict[str, Any]:
        low, high = (math.log(rate) for rate in self.learning_rates)
        return {
            "model_name": model_name,
            "learning_rate": {"type": "loguniform", "min_value": low, "max_value": high},
            "number_of_epochs": self.epochs,
            **fitting_size(model_name, self.side),
        }


def fitting_size(model_name: str, side: int) -> dict[str, int]:
    """Return the training size, unless the model has a fixed input size of its own."""
    if model_catalog.fixed_input_size(model_name):
        return {}
    return {"training_crop_size": side}
