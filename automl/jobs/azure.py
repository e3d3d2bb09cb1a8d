"""Parts of Azure's job files: sections without effect here, earlier names, earlier forms."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, ValidationInfo, field_validator

from automl.frozen_model import FrozenModel
from automl.host import home
from automl.jobs.azure_values import AnySpelling, Whole
from automl.jobs.datastores import plain

RENAMED = {
    "image_model": "training_parameters",
    "arguments": "training_parameters",
    "split_ratio": "validation_data_size",
    "validation_size": "validation_data_size",
    "iterations": "limits.max_trials",
    "max_concurrent_iterations": "limits.max_concurrent_trials",
    "experiment_timeout_hours": "limits.timeout_minutes",
    "experiment_timeout_minutes": "limits.timeout_minutes",
    "hyperparameter_sampling": "sweep.sampling_algorithm and search_space",
    "early_termination_policy": "sweep.early_termination",
    "policy": "sweep.early_termination",
}
"""Earlier key -> the key of today."""

OTHER_TASKS = (
    *("image_object_detection", "image_instance_segmentation"),
    *("classification", "regression", "forecasting"),
    *("text_classification", "text_classification_multilabel", "text_ner"),
)
"""Other tasks of Azure's AutoML; none of them runs here."""


SHOWN_ONLY = ("id", "status", "creation_context", "log_files")
"""Keys that Azure adds to a job that it shows: they say nothing about a job that is to run."""


SEARCHED_WITHOUT_EFFECT = ("number_of_workers", "distributed")
"""Hyperparameters without effect here that Azure accepts in a search space too."""


def current_form(data: dict[str, Any]) -> dict[str, Any]:
    """Return a job as it would be written for this program, everything where it belongs."""
    asked = {key: value for key, value in data.items() if key not in SHOWN_ONLY}
    return _move_out_of_space(move_limits_out_of_sweep(asked))


_MAY_BE_NULL = (("sweep", "early_termination"), ("tags",), ("properties",), ("outputs",))
"""Sections in which Azure counts a key without a value as left out; elsewhere it refuses it."""

_OF_AZURE = (*SHOWN_ONLY, "services")
"""Keys with content that Azure writes."""


def nulls(data: Mapping[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the places of keys that need a value and have none."""
    for key, value in data.items():
        here = (*place, key)
        if value is None and place not in _MAY_BE_NULL:
            yield here
        elif isinstance(value, dict) and key not in _OF_AZURE:
            yield from nulls(value, here)


def _move_out_of_space(data: dict[str, Any]) -> dict[str, Any]:
    """Return a job whose hyperparameters without effect are all in `training_parameters`."""
    space, shared = data.get("search_space"), data.get("training_parameters") or {}
    if not (isinstance(space, list) and isinstance(shared, dict)):
        return data
    if not all(isinstance(sub_space, dict) for sub_space in space):
        return data
    moved = {
        name: _first_value(sub_space[name])
        for sub_space in space
        for name in SEARCHED_WITHOUT_EFFECT
        if name in sub_space
    }
    kept = [
        {name: value for name, value in sub_space.items() if name not in moved}
        for sub_space in space
    ]
    if not moved:
        return data
    return {**data, "search_space": kept, "training_parameters": {**moved, **shared}}


def _first_value(value: Any) -> Any:
    values = value.get("values") if isinstance(value, dict) else None
    return values[0] if isinstance(values, list) and values else value


def move_limits_out_of_sweep(data: dict[str, Any]) -> dict[str, Any]:
    """Return a job with its limits where they belong: earlier files have them in the sweep."""
    sweep = data.get("sweep")
    if not isinstance(sweep, dict) or "limits" not in sweep or "limits" in data:
        return data
    rest = {key: value for key, value in sweep.items() if key != "limits"}
    return {**data, "limits": sweep["limits"], "sweep": rest}


def move_lines_out_of_sweep(
    lines: Mapping[tuple[str | int, ...], int],
) -> dict[tuple[str | int, ...], int]:
    """Return the lines of all keys, those of limits in the sweep also at their new place."""
    inside = ("sweep", "limits")
    return {place[1:]: line for place, line in lines.items() if place[:2] == inside} | dict(lines)


class Identity(FrozenModel):
    """Account that reads the data on Azure."""

    type: Annotated[
        Literal["user_identity", "managed", "managed_identity", "aml_token"], AnySpelling()
    ]
    client_id: str | None = None
    object_id: str | None = None


class QueueSettings(FrozenModel):
    """Priority of the job in Azure's queue."""

    job_tier: Annotated[
        Literal["spot", "basic", "standard", "premium", "null"] | None, AnySpelling()
    ] = None
    priority: Annotated[Literal["low", "medium", "high"] | None, AnySpelling()] = None


class Resources(FrozenModel):
    """Machines that Azure rents for the job."""

    instance_type: str | None = None
    instance_count: Whole | None = None
    max_instance_count: Whole | None = None
    locations: list[str] | None = None
    shm_size: str | None = None
    docker_args: str | list[str] | None = None
    properties: dict[str, Any] | None = None


class BestModel(FrozenModel):
    """Folder that receives the best model in the format of MLflow."""

    type: Annotated[Literal["mlflow_model", "custom_model", "uri_folder"] | None, AnySpelling()] = (
        None
    )
    path: str | None = None
    """Folder beside the job; a place elsewhere has no effect."""

    storage_uri: str | None = None
    mode: Annotated[Literal["rw_mount", "upload", "direct"] | None, AnySpelling()] = None
    name: str | None = None
    version: str | None = None
    description: str | None = None

    @field_validator("path")
    @classmethod
    def _beside_the_job(cls, path: str | None, info: ValidationInfo) -> str | None:
        base_dir = (info.context or {}).get("base_dir")
        location = plain(path) if path else ""
        if not location or "://" in location or base_dir is None:
            return location or None
        return str(home.absolute(Path(base_dir, location)))

    @property
    def folder(self) -> Path | None:
        """The folder on this machine; None if there is none."""
        is_here = self.path is not None and "://" not in self.path
        return Path(self.path) if self.path and is_here else None


class Outputs(FrozenModel):
    """Results of the job on Azure, which takes any name and writes the best model only."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, BestModel | None]

    best_model: BestModel | None = None

    @property
    def others(self) -> list[str]:
        """Names of results that nothing is written to."""
        return list(self.__pydantic_extra__ or ())
