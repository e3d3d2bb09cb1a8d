"""A job: one YAML file in Azure's schema, checked, with errors that say what to do."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from automl.errors import UserError
from automl.evaluation.metrics import Task
from automl.frozen_model import FrozenModel
from automl.jobs import (
    azure,
    azure_pipeline,
    azure_values,
    datastores,
    hyperparameter_checks,
    job_conflicts,
    job_errors,
    job_yaml,
    licences,
    machine_share,
    model_names,
    untrusted_yaml,
)
from automl.jobs.corrections import Corrections
from automl.jobs.data_source import DataSource, beside_the_job
from automl.jobs.job_errors import JobError, Place, Problem
from automl.jobs.machine_share import ResourcesPerTrial
from automl.jobs.sweep import Sweep
from automl.jobs.tasks import IMAGE_CLASSIFICATION, TASKS
from automl.jobs.trial_numbers import MOST_TRIALS
from automl.texts import mark

DATA_KEYS = ("training_data", "validation_data", "test_data")
_MAX_VALUE = 1e37


class Limits(FrozenModel):
    """Limits at which the search ends."""

    model_config = ConfigDict(allow_inf_nan=False)

    max_trials: azure_values.Whole = Field(1, ge=1, le=MOST_TRIALS)
    """Largest number of trials."""

    max_concurrent_trials: azure_values.Whole = Field(1, ge=1, le=100)
    """Largest number of trials that train at the same time."""

    timeout_minutes: azure_values.Whole = Field(7 * 24 * 60, ge=1, le=60 * 24 * 60)
    """Minutes after which the search ends with the best model so far; start-up counts too."""

    exit_score: float | None = None
    """Value of the primary metric at which the experiment ends."""

    stop_when_no_gain: bool = False
    """End AutoMode's search when further trials are unlikely to be better than the best one."""


def _metric(value: object) -> object:
    """Read the name of a metric in any spelling; the task decides if it ranks trials."""
    metrics = [metric for task in TASKS.values() for metric in task.primary_metrics]
    return azure_values.one_of(value, metrics)


_Texts = Annotated[dict[str, str], BeforeValidator(azure_values.without_nulls)]


class Job(FrozenModel):
    """One job as it was started, or as it went on; saved as `job.yml`."""

    type: Literal["automl"] = "automl"
    task: Task = "image_classification"
    primary_metric: Annotated[str, BeforeValidator(_metric)] = IMAGE_CLASSIFICATION.default_metric
    """Metric that ranks the trials; it is maximised."""

    target_column_name: str = "label"
    training_data: DataSource
    validation_data: DataSource | None = None
    validation_data_size: float = Field(0.2, gt=0, lt=1)
    """Share of the training pictures held out for validation if there is no validation_data."""

    test_data: DataSource | None = None
    """Sealed pictures: never used in training or ranking."""

    test_data_size: float = Field(0.0, ge=0, le=0.9)
    """Share of the training pictures sealed for a test if there is no test_data;
    validation_data_size is then a share of the others."""

    datastores: dict[str, str] = Field(default_factory=dict)
    """Datastore of Azure -> the folder, or the URL of a folder, that is read instead."""

    data_assets: dict[str, str] = Field(default_factory=dict)
    """Data asset of Azure, `name` or `name:version` -> the folder that is read instead."""

    value_range: tuple[float, float] | None = None
    """Values that become black and white in pictures of more than 8 bits, such as [0, 4095];
    measured on the training pictures if left out. Pictures of 8 bits keep their values."""

    background: Literal["white", "black", "grey", "alpha"] = "white"
    """Colour behind transparent pixels; alpha: their opacity is taken as a grey picture instead of
    their colours."""

    corrections: Corrections = Field(default_factory=Corrections)
    """Changes of labels and pictures to leave out; the files themselves are not touched."""

    data_version: str | None = None
    """Saved version of the data, see `data_versions`; its corrections are used if the job has
    none."""

    allowed_licences: list[str] | None = None
    """Licences of the pretrained weights that trials may start from, as identifiers of SPDX; all if
    left out. A list allows no licence that is not known."""

    ensemble: Literal["auto", "never"] = "auto"
    """auto: AutoMode ends with the average of its best models, or of the weights of those of one
    network, if that is better."""

    refit: Literal["auto", "never"] = "auto"
    """auto: AutoMode fits the best model again, to training and validation pictures, before it is
    handed out. Validation pictures that the data name stay apart."""

    limits: Limits = Field(default_factory=Limits)
    training_parameters: dict[str, Any] = Field(default_factory=dict)
    """Hyperparameters of every trial."""

    model_aliases: dict[str, str] = Field(default_factory=dict)
    """Names of models as the job was written -> timm's names, which the rest of the job has."""

    search_space: list[dict[str, SerializeAsAny[Any]]] | None = None
    """Sub-spaces of hyperparameters to draw from."""

    sweep: Sweep | None = None
    resources_per_trial: ResourcesPerTrial = Field(default_factory=ResourcesPerTrial)
    ray_address: Annotated[str | None, AfterValidator(machine_share.check_address)] = None
    """Ray cluster to join, as host and port of its head; a local one is started if left out."""

    storage_path: Annotated[str | None, AfterValidator(machine_share.check_storage)] = None
    """Folder or bucket that all machines of the cluster can reach; the experiment's own folder if
    left out."""

    seed: int = Field(0, ge=0)
    """Seed of the split and of the sampling."""

    name: str | None = None
    display_name: str | None = None
    experiment_name: str | None = None
    description: str | None = None
    tags: _Texts = Field(default_factory=dict)
    properties: _Texts = Field(default_factory=dict)
    log_verbosity: Annotated[
        Literal["not_set", "debug", "info", "warning", "error", "critical"],
        azure_values.AnySpelling(),
    ] = "info"
    schema_url: str | None = Field(None, alias="$schema")
    compute: str | None = None
    resources: azure.Resources | None = None
    identity: azure.Identity | None = None
    queue_settings: azure.QueueSettings | None = None
    environment_id: str | None = None
    environment_variables: dict[str, str] | None = None
    services: dict[str, dict[str, Any]] | None = None
    outputs: azure.Outputs | None = None
    _notes: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _to_current_form(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        asked = model_names.in_a_job(azure.current_form(data))
        task = TASKS.get(str(asked.get("task")))
        if task is not None:
            asked = {"primary_metric": task.default_metric, **asked}
        return datastores.resolve_paths(asked, DATA_KEYS)

    @field_validator("primary_metric")
    @classmethod
    def _suits_the_task(cls, metric: str, info: ValidationInfo) -> str:
        task = TASKS.get(info.data.get("task", ""))
        if task is not None and metric not in task.primary_metrics:
            allowed = ", ".join(task.primary_metrics)
            raise UserError(
                f"primary_metric is {metric!r}; for task {task.name}, where {task.about_labels}, "
                f"allowed is one of {allowed}."
            )
        return metric

    @field_validator("value_range", mode="before")
    @classmethod
    def _rises(cls, value: Any) -> Any:
        ends = value if isinstance(value, list | tuple) and len(value) == 2 else [math.nan] * 2
        low, high = (end if isinstance(end, int | float) else math.nan for end in ends)
        if value is not None and not -_MAX_VALUE <= low < high <= _MAX_VALUE:
            raise UserError(
                f"value_range is {value!r}. It should be two rising numbers, the values that "
                "become black and white: [0, 4095]."
            )
        return value

    @field_validator("datastores", "data_assets")
    @classmethod
    def _relative_to_the_job(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        return {
            name: folder if "://" in folder else str(beside_the_job(folder, info))
            for name, folder in value.items()
        }

    @field_validator("properties")
    @classmethod
    def _number_of_machines(cls, value: dict[str, str]) -> dict[str, str]:
        machine_share.node_count(value)
        return value

    @field_validator("allowed_licences")
    @classmethod
    def _identifiers(cls, value: list[str] | None) -> list[str] | None:
        return None if value is None else licences.check(value)

    @field_validator("training_parameters")
    @classmethod
    def _known_hyperparameters(cls, value: dict[str, Any]) -> dict[str, Any]:
        return hyperparameter_checks.check_fixed(value)

    @field_validator("search_space")
    @classmethod
    def _known_sub_spaces(cls, value: list[dict[str, Any]] | None) -> Any:
        return value and hyperparameter_checks.check_search_space(value)

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        shared = self.training_parameters
        conflicts = job_conflicts.between(shared, self.search_space, self.sweep)
        conflicts |= job_conflicts.of_the_task(TASKS[self.task], shared, self.search_space)
        conflicts |= licences.conflicts(
            self.allowed_licences,
            shared if self.is_automode else licences.with_default_model(shared),
            self.search_space,
        )
        if (
            self.training_data.type == "mltable"
            and "target_column_name" not in self.model_fields_set
        ):
            conflicts["target_column_name",] = mark(
                "target_column_name is missing. Add it: the column of the table with the labels."
            )
        if conflicts:
            details: list[InitErrorDetails] = [
                {
                    "type": PydanticCustomError("value_error", "{text}", {"text": text}),
                    "loc": place,
                    "input": None,
                }
                for place, text in conflicts.items()
            ]
            raise ValidationError.from_exception_data("Job", details)
        return self

    def with_notes(self, notes: Sequence[str]) -> Self:
        """Return the job with notes on how it was written, which its YAML does not keep."""
        copy = self.model_copy()
        copy._notes = tuple(notes)
        return copy

    @property
    def written(self) -> tuple[str, ...]:
        """Notes on how the job was written, see `with_notes`."""
        return self._notes

    @property
    def is_sweep(self) -> bool:
        """True if hyperparameters are searched in a search space."""
        return bool(self.search_space)

    @property
    def learns(self) -> bool:
        """True if the sampler proposes trials from the results of earlier ones."""
        sampler = self.sweep.sampling_algorithm.type if self.sweep else "random"
        return self.is_sweep and sampler == "bayesian"

    @property
    def is_automode(self) -> bool:
        """True if there are several trials and no search: AutoMode chooses the hyperparameters."""
        return self.limits.max_trials > 1 and not self.is_sweep

    @classmethod
    def from_yaml(cls, text: str, *, base_dir: Path | None = None) -> Self:
        """Parse and check a job file.

        Args:
            text: content of the file.
            base_dir: folder that relative data paths are relative to.

        Raises:
            JobError: holds every problem of the file with its line.
        """
        data, lines, notes = job_yaml.parse(text)
        return cls.from_dict(data, base_dir=base_dir, lines=lines).with_notes(notes)

    @classmethod
    def from_dict(
        cls, data: Any, *, base_dir: Path | None = None, lines: Mapping[Place, int] | None = None
    ) -> Self:
        """Check the content of a job file.

        Args:
            data: content of the file.
            base_dir: folder that relative data paths are relative to.
            lines: line of each key, for the errors.

        Raises:
            JobError: holds every problem.
        """
        if azure_pipeline.is_pipeline(data):
            data, lines = azure_pipeline.job_of(data, lines or {})
        known = azure.move_lines_out_of_sweep(lines or {})
        problems: list[Problem] = []
        if isinstance(data, dict):
            _refuse_other_jobs(data, known)
            problems = _without_value(data, known)
        try:
            job = cls.model_validate(data, context={"base_dir": base_dir})
        except ValidationError as error:
            named = [problem.key for problem in problems]
            others = job_errors.problems(error, data, cls, known)
            problems += [problem for problem in others if problem.key not in named]
            # pydantic looks for conflicts only when every value is in range; report both at once
            for place, message in job_conflicts.between_valid_sections(data).items():
                problem = job_errors.problem(place, message, known)
                problems += [problem] if problem not in problems else []
        if problems:
            raise JobError(sorted(problems, key=lambda problem: problem.line or 0))
        return job

    @property
    def model_folder(self) -> Path | None:
        """Folder that receives the best model as an MLflow model; None if none was asked for."""
        best = self.outputs.best_model if self.outputs else None
        return best.folder if best else None

    def to_yaml(self) -> str:
        """Return the job as YAML without its defaults; it reads back as the same job."""
        data = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True, by_alias=True)
        head = {"type": self.type, "task": self.task, "target_column_name": self.target_column_name}
        return untrusted_yaml.dump({**head, **data})


def _without_value(data: dict[str, Any], lines: Mapping[Place, int]) -> list[Problem]:
    """A problem for each key of the file without a value; an override may be without one."""
    return [
        job_errors.problem(
            place, mark(f"{place[-1]} has no value. Write one, or leave the key out."), lines
        )
        for place in azure.nulls(data)
        if place in lines
    ]


def _refuse_other_jobs(data: dict[str, Any], lines: Mapping[Place, int]) -> None:
    """Refuse a job of another kind in one sentence, not with one for each of its other keys."""
    if data.get("task") in azure.OTHER_TASKS:
        known = "; ".join(
            mark(f"{task.name}, where {task.about_labels}") for task in TASKS.values()
        )
        message = mark(f"{data['task']} does not run here. Allowed is {known}.")
        raise JobError([job_errors.problem(("task",), message, lines)])
