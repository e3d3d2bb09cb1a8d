"""What the user asks for: one YAML file in Azure's schema, checked, with errors that help."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from automl.evaluation.metrics import PrimaryMetric, Task
from automl.frozen_model import FrozenModel
from automl.jobs import (
    azure,
    compatibility,
    hyperparameter_checks,
    job_errors,
    job_yaml,
    untrusted_yaml,
)
from automl.jobs.corrections import Corrections
from automl.jobs.datastores import locate
from automl.jobs.hyperparameters import NO_EFFECT_HERE
from automl.jobs.job_errors import JobError, Place
from automl.jobs.search_space import grid_size
from automl.jobs.sweep import Sweep, check_sampler

DataType = Literal[
    "mltable",
    "image_folder",
    "hf_imagefolder",
    "zip",
    "tar",
    "csv",
    "tsv",
    "parquet",
    "jsonl",
    "label_studio",
    "vertex_csv",
]

DATA_KEYS = ("training_data", "validation_data", "test_data")
_A_PIPELINE = (
    "This is a pipeline, not a job. Put the step with type: automl into a file of its own, with "
    "paths in the place of ${{parent.inputs…}}."
)
_NO_EFFECT_HERE = (
    "compute",
    "resources",
    "identity",
    "queue_settings",
    "environment_id",
    "environment_variables",
    "services",
    "outputs",
)


class DataSource(FrozenModel):
    """Where labelled pictures come from."""

    path: Path
    """A folder with one sub-folder of pictures per class, an archive of one, or a table."""

    type: DataType | None = None
    """What is at the path; found out from its name and content when it is not given."""

    image_column: str | None = None
    """Column of a table that says where each picture is; found by its name when left out."""

    split_column: str | None = None
    """Column of a table that says train, validation or test; a column named split with these
    words is taken when left out."""

    group_column: str | None = None
    """Column of a table whose equal values must stay on one side of the split."""

    mode: (
        Literal["direct", "download", "ro_mount", "rw_mount", "eval_mount", "eval_download"] | None
    ) = None
    description: str | None = None
    datastore: str | None = None

    @field_validator("path", mode="before")
    @classmethod
    def _is_local(cls, path: Any, info: ValidationInfo) -> Any:
        if isinstance(path, str) and ("://" in path or path.startswith("azureml:")):
            raise ValueError(_elsewhere(path))
        return path if not isinstance(path, str | Path) else _beside_the_job(path, info)


def _elsewhere(path: str) -> str:
    if path.startswith("azureml:") and "://" not in path:
        return (
            f"{path} is a data asset of Azure Machine Learning, which cannot be reached from here. "
            "Download it and give the local folder."
        )
    locate(path, {})  # raises for a datastore, and says how to map it
    return f"{path} is not on this machine. Download the data and give the local folder."


def _beside_the_job(path: str | Path, info: ValidationInfo) -> str | Path:
    """Relative to the folder of the job file, if there is one."""
    base_dir = (info.context or {}).get("base_dir")
    if base_dir is None:
        return path
    try:
        return Path(base_dir, Path(path).expanduser())
    except RuntimeError:
        raise ValueError(f"{path} names a user who is not known here. Write it out.") from None


def _whole_part(value: object) -> object:
    """Azure's client cuts what follows the point."""
    return int(value) if isinstance(value, float) and math.isfinite(value) else value


_Whole = Annotated[int, BeforeValidator(_whole_part)]


class Limits(FrozenModel):
    """When the search ends."""

    max_trials: _Whole = Field(1, ge=1, le=1000)
    """How many trials to run at most."""

    max_concurrent_trials: _Whole = Field(1, ge=1, le=100)
    """How many trials to train at the same time."""

    timeout_minutes: _Whole = Field(7 * 24 * 60, ge=1, le=60 * 24 * 60)
    """Minutes after which the search ends with the best model so far, start-up included."""

    exit_score: float | None = None
    """Value of the primary metric at which the whole experiment is done."""


class ResourcesPerTrial(FrozenModel):
    """What Ray sets aside for each trial; chosen from the machine when left out."""

    cpu: int | None = Field(None, ge=1)
    gpu: float | None = Field(None, ge=0)


class Job(FrozenModel):
    """One job exactly as asked for; saved as `job.yml` and never edited afterwards."""

    type: Literal["automl"] = "automl"
    task: Task = "image_classification"
    primary_metric: Annotated[PrimaryMetric, BeforeValidator(azure.lower_case)] = "accuracy"
    """The number that ranks trials; always maximised."""

    target_column_name: str = "label"
    training_data: DataSource
    validation_data: DataSource | None = None
    validation_data_size: float = Field(0.2, gt=0, lt=1)
    """Share of the training pictures held out for validation when none are given."""

    test_data: DataSource | None = None
    """Pictures that stay sealed: never used in training or ranking."""

    datastores: dict[str, str] = Field(default_factory=dict)
    """The place that stands for each of Azure's datastores: a folder, or the URL of one."""

    corrections: Corrections = Field(default_factory=Corrections)
    """What to change about the pictures and labels; the files stay as they are."""

    limits: Limits = Field(default_factory=Limits)
    training_parameters: dict[str, Any] = Field(default_factory=dict)
    """Hyperparameters that every trial shares."""

    search_space: list[dict[str, SerializeAsAny[Any]]] | None = None
    """Sub-spaces of hyperparameters to draw from."""

    sweep: Sweep | None = None
    resources_per_trial: ResourcesPerTrial = Field(default_factory=ResourcesPerTrial)
    ray_address: str | None = None
    """Ray cluster to join; a local one is started when left out."""

    storage_path: str | None = None
    """Folder or bucket that all machines of the cluster reach; the experiment's own if left out."""

    seed: int = Field(0, ge=0)
    """Seeds the split and the sampling."""

    name: str | None = None
    display_name: str | None = None
    experiment_name: str | None = None
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)
    log_verbosity: Annotated[
        Literal["not_set", "debug", "info", "warning", "error", "critical"],
        BeforeValidator(azure.lower_case),
    ] = "info"
    schema_url: str | None = Field(None, alias="$schema")
    compute: str | None = None
    resources: azure.Resources | None = None
    identity: azure.Identity | None = None
    queue_settings: azure.QueueSettings | None = None
    environment_id: str | None = None
    environment_variables: dict[str, str] | None = None
    services: dict[str, Any] | None = None
    outputs: azure.Outputs | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_written_today(cls, data: Any) -> Any:
        return _in_datastores(_with_limits(data)) if isinstance(data, dict) else data

    @field_validator("datastores")
    @classmethod
    def _places_beside_the_job(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        return {
            name: place if "://" in place else str(_beside_the_job(place, info))
            for name, place in value.items()
        }

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
        conflicts = _conflicts(self.training_parameters, self.search_space, self.sweep)
        if (
            self.training_data.type == "mltable"
            and "target_column_name" not in self.model_fields_set
        ):
            conflicts["target_column_name",] = (
                "target_column_name is missing. Add it: the column of the table with the labels."
            )
        if conflicts:
            problems: list[InitErrorDetails] = [
                {
                    "type": PydanticCustomError("value_error", "{text}", {"text": text}),
                    "loc": place,
                    "input": None,
                }
                for place, text in conflicts.items()
            ]
            raise ValidationError.from_exception_data("Job", problems)
        return self

    @property
    def is_sweep(self) -> bool:
        return bool(self.search_space or self.sweep)

    @property
    def learns(self) -> bool:
        """Whether what is tried next depends on what came of the trials so far."""
        return self.sweep is not None and self.sweep.sampling_algorithm.type == "bayesian"

    @property
    def is_automode(self) -> bool:
        """More than one trial and no word about how to search: we choose everything."""
        return self.limits.max_trials > 1 and not self.is_sweep

    @classmethod
    def from_yaml(cls, text: str, *, base_dir: Path | None = None) -> Self:
        """Parse and check.

        Args:
            text: the job file.
            base_dir: folder that relative data paths are relative to.

        Raises:
            JobError: with every problem of the file and its line.
        """
        data, lines = job_yaml.parse(text)
        return cls.from_dict(data, base_dir=base_dir, lines=lines)

    @classmethod
    def from_dict(
        cls, data: Any, *, base_dir: Path | None = None, lines: Mapping[Place, int] | None = None
    ) -> Self:
        """As `from_yaml`, from what the YAML holds; `lines` maps a key's place to its line."""
        known = _lines_as_read(lines or {})
        if isinstance(data, dict):
            _refuse_other_kinds(data, known)
        try:
            return cls.model_validate(data, context={"base_dir": base_dir})
        except ValidationError as error:
            found = job_errors.problems(error, data, cls, known)
        # what goes together is looked at once everything is in range; say both at once
        for place, message in _conflicts_of(data).items():
            problem = job_errors.problem(place, message, known)
            found += [problem] if problem not in found else []
        raise JobError(sorted(found, key=lambda problem: problem.line or 0))

    def to_yaml(self) -> str:
        """The job with what was left out left out; reads back as the same job."""
        data = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True, by_alias=True)
        head = {"type": self.type, "task": self.task, "target_column_name": self.target_column_name}
        return untrusted_yaml.dump({**head, **data})

    def notes(self) -> list[str]:
        """What the file says that has no effect here, one sentence each."""
        ignored = [key for key in _NO_EFFECT_HERE if getattr(self, key) is not None]
        ignored += [f"properties.{key}" for key in self.properties]
        ignored += [
            f"training_parameters.{key}"
            for key in self.training_parameters
            if key in NO_EFFECT_HERE
        ]
        notes = [f"{key} has no effect here." for key in ignored]
        if not self.is_sweep:
            asked = self.training_parameters
            notes += compatibility.notes(frozenset(asked), compatibility.resolve(asked))
        notes += self.sweep.notes() if self.sweep else []
        if self.search_space and self.sweep is None:
            notes.append("search_space is given without sweep: the values are drawn at random.")
        if self.limits.max_concurrent_trials > self.limits.max_trials:
            notes.append(
                f"limits.max_concurrent_trials is {self.limits.max_concurrent_trials} and counts "
                f"as {self.limits.max_trials}, which is limits.max_trials."
            )
        if self.search_space and self.sweep and self.sweep.sampling_algorithm.type == "grid":
            size, tried = grid_size(self.search_space), self.limits.max_trials
            if size > tried:
                notes.append(
                    f"The grid has {size:,} combinations: the first {tried:,} of them are tried, "
                    "as limits.max_trials says."
                )
        notes += [
            f"{key} is in training_parameters and in search_space: the search space wins "
            "where it names it."
            for key in sorted(set(self.training_parameters) & _searched_keys(self))
        ]
        return notes


def _refuse_other_kinds(data: dict[str, Any], lines: Mapping[Place, int]) -> None:
    """In one sentence: what else such a file holds is right where it runs."""
    if data.get("type") == "pipeline":
        raise JobError([job_errors.problem(("type",), _A_PIPELINE, lines)])
    if data.get("task") in azure.OTHER_TASKS:
        message = (
            f"{data['task']} does not run here. Only image_classification does, where every "
            "picture has one label."
        )
        raise JobError([job_errors.problem(("task",), message, lines)])


def _conflicts(
    shared: dict[str, Any], sub_spaces: list[dict[str, Any]] | None, sweep: Sweep | None
) -> dict[Place, str]:
    """What does not go together, by its place."""
    if sub_spaces:
        if sweep is None:
            return {}
        refused = check_sampler(sweep.sampling_algorithm.type, sub_spaces)
        return {("search_space", *place): text for place, text in refused.items()}
    conflicts: dict[Place, str] = {}
    try:
        compatibility.resolve(shared)
    except ValueError as error:
        conflicts["training_parameters",] = str(error)
    if sweep is not None:
        conflicts["sweep",] = (
            "sweep is given but search_space is not. Add a search_space, or leave out sweep "
            "for AutoMode."
        )
    return conflicts


def _conflicts_of(data: Any) -> dict[Place, str]:
    """`_conflicts` of a job that is not valid: of those of its sections that are."""
    readers: dict[str, Callable[[Any], Any]] = {
        "training_parameters": hyperparameter_checks.check_fixed,
        "search_space": hyperparameter_checks.check_search_space,
        "sweep": Sweep.model_validate,
    }
    parts = {}
    for key, read in readers.items():
        given = data.get(key) if isinstance(data, dict) else None
        try:
            parts[key] = read(given) if given else None
        except (ValidationError, TypeError, AttributeError):
            if key == "search_space":
                return {}
            parts[key] = None
    return _conflicts(parts["training_parameters"] or {}, parts["search_space"], parts["sweep"])


def _with_limits(data: dict[str, Any]) -> dict[str, Any]:
    """Older files of Azure's have the limits inside the sweep."""
    sweep = data.get("sweep")
    if not isinstance(sweep, dict) or "limits" not in sweep or "limits" in data:
        return data
    rest = {key: value for key, value in sweep.items() if key != "limits"}
    return {**data, "limits": sweep["limits"], "sweep": rest}


def _lines_as_read(lines: Mapping[Place, int]) -> dict[Place, int]:
    """With the lines of limits inside the sweep where they are looked for."""
    inside = ("sweep", "limits")
    return {place[1:]: line for place, line in lines.items() if place[:2] == inside} | dict(lines)


def _in_datastores(data: dict[str, Any]) -> dict[str, Any]:
    """A data path in a datastore that a local folder stands for becomes that path."""
    if not isinstance(data.get("datastores"), dict):
        return data
    places = {name: str(place) for name, place in data["datastores"].items()}
    found = {
        key: {**data[key], "path": _in_datastore(data[key]["path"], places)}
        for key in DATA_KEYS
        if isinstance(data.get(key), dict) and "path" in data[key]
    }
    return {**data, **found}


def _in_datastore(path: Any, places: dict[str, str]) -> Any:
    try:
        return (isinstance(path, str) and locate(path, places)) or path
    except ValueError:
        return path  # the data source says what is wrong with it, under its own key


def _searched_keys(job: Job) -> set[str]:
    return {key for sub_space in job.search_space or [] for key in sub_space}
