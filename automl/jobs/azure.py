"""What only Azure's job files say: sections that are checked and have no effect, earlier names."""

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
"""Earlier key -> where its meaning is today."""

OTHER_TASKS = (
    *("image_classification_multilabel", "image_object_detection", "image_instance_segmentation"),
    *("classification", "regression", "forecasting"),
    *("text_classification", "text_classification_multilabel", "text_ner"),
)
"""What Azure's AutoML can be asked for besides, none of which runs here."""


def lower_case(value: object) -> object:
    """Return a text in lower case: Azure's client ignores the case of many values."""
    return value.lower() if isinstance(value, str) else value


class Identity(FrozenModel):
    """Whose rights read the data."""

    type: Literal["user_identity", "managed", "managed_identity", "aml_token"]
    client_id: str | None = None
    object_id: str | None = None
    msi_resource_id: str | None = None


class QueueSettings(FrozenModel):
    """How urgent the job is to Azure's queue."""

    job_tier: Annotated[
        Literal["spot", "basic", "standard", "premium", "null"] | None, BeforeValidator(lower_case)
    ] = None
    priority: Annotated[Literal["low", "medium", "high"] | None, BeforeValidator(lower_case)] = None


class Resources(FrozenModel):
    """Which machines Azure rents for the job."""

    instance_type: str | list[str] | None = None
    instance_count: int | None = Field(None, ge=1)
    max_instance_count: int | None = Field(None, ge=1)
    locations: list[str] | None = None
    shm_size: str | None = None
    docker_args: str | list[str] | None = None
    properties: dict[str, Any] | None = None


class BestModel(FrozenModel):
    """Where Azure puts the best model."""

    type: Literal["mlflow_model"]
    path: str | None = None
    storage_uri: str | None = None
    mode: str | None = None
    name: str | None = None
    description: str | None = None


class Outputs(FrozenModel):
    """What the job gives back."""

    best_model: BestModel | None = None
