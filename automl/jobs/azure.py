"""Parts of Azure's job files: sections without effect here, earlier names, earlier forms."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from automl.frozen_model import FrozenModel

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
    *("image_classification_multilabel", "image_object_detection", "image_instance_segmentation"),
    *("classification", "regression", "forecasting"),
    *("text_classification", "text_classification_multilabel", "text_ner"),
)
"""Other tasks of Azure's AutoML; none of them runs here."""


def lower_case(value: object) -> object:
    """Return a text in lower case: Azure's client ignores the case of many values."""
    return value.lower() if isinstance(value, str) else value


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

    type: Literal["user_identity", "managed", "managed_identity", "aml_token"]
    client_id: str | None = None
    object_id: str | None = None
    msi_resource_id: str | None = None


class QueueSettings(FrozenModel):
    """Priority of the job in Azure's queue."""

    job_tier: Annotated[
        Literal["spot", "basic", "standard", "premium", "null"] | None, BeforeValidator(lower_case)
    ] = None
    priority: Annotated[Literal["low", "medium", "high"] | None, BeforeValidator(lower_case)] = None


class Resources(FrozenModel):
    """Machines that Azure rents for the job."""

    instance_type: str | list[str] | None = None
    instance_count: int | None = Field(None, ge=1)
    max_instance_count: int | None = Field(None, ge=1)
    locations: list[str] | None = None
    shm_size: str | None = None
    docker_args: str | list[str] | None = None
    properties: dict[str, Any] | None = None


class BestModel(FrozenModel):
    """Location where Azure stores the best model."""

    type: Literal["mlflow_model"]
    path: str | None = None
    storage_uri: str | None = None
    mode: str | None = None
    name: str | None = None
    description: str | None = None


class Outputs(FrozenModel):
    """Results of the job on Azure."""

    best_model: BestModel | None = None
